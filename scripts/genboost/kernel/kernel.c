/* Train a group of small multilayer perceptrons, one model per SIMD lane.

   Every array has the models as its last axis: one `vector` holds the same number of LANES models,
   and an expression such as `a * b` works on all of them. Lanes never mix, so what becomes of a
   model cannot depend on its neighbours.

   The compiler must not contract, reassociate or approximate (see kernel_build.py). A multiply-add
   to be rounded once is written `fused`; +, -, *, / and sqrt are rounded correctly by IEEE 754.
   So the bits of a result are those of this source, whatever the compiler, the vector length or
   the optimization level, on every processor that has a fused multiply-add. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#ifdef DOUBLE /* for tests against float64 references */
typedef double real;
typedef int64_t mask_lane;
typedef uint64_t bits_lane;
#define ROUND 6755399441055744.0 /* 1.5 * 2^52: adding it rounds to an integer */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
enum { FRACTION_BITS = 52, EXPONENT_BIAS = 1023, EXPONENT_LIMIT = 1022, EXP_TERMS = 14 };
#else
typedef float real;
typedef int32_t mask_lane;
typedef uint32_t bits_lane;
#define ROUND 12582912.0f /* 1.5 * 2^23 */
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
enum { FRACTION_BITS = 23, EXPONENT_BIAS = 127, EXPONENT_LIMIT = 126, EXP_TERMS = 8 };
#endif

#if defined __AVX512F__
#define VECTOR_BYTES 64
#elif defined __AVX2__
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

typedef real vector __attribute__((vector_size(VECTOR_BYTES)));
typedef mask_lane mask __attribute__((vector_size(VECTOR_BYTES))); /* -1: true, 0: false */
typedef bits_lane bits __attribute__((vector_size(VECTOR_BYTES)));

enum { LANES = VECTOR_BYTES / sizeof(real) };

/* Rows that go through the network together; their activations stay in the cache. */
enum { BLOCK = 32 };

/* Tiles of sums that are held in registers: as many as there are, less those for the operands. */
#if defined __AVX512F__ || defined __aarch64__ /* 32 registers */
enum { TILE_ROWS = 4, TILE_OUTPUTS = 6, GRADIENT_OUTPUTS = 5, GRADIENT_INPUTS = 5 };
#else /* 16 */
enum { TILE_ROWS = 4, TILE_OUTPUTS = 3, GRADIENT_OUTPUTS = 4, GRADIENT_INPUTS = 3 };
#endif

#define INLINE static inline __attribute__((always_inline))

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* Says that a value is needed as a whole, in a register; without it GCC takes some chains of
   expressions lane by lane apart into scalar instructions. */
#if defined __x86_64__
#define WHOLE(value) __asm__("" : "+v"(value))
#elif defined __aarch64__
#define WHOLE(value) __asm__("" : "+w"(value))
#else
#define WHOLE(value)
#endif

/* CALL(start, width) for tiles that cover [0, count), as equal as can be, at most `limit` wide. */
#define TILES(count, limit, CALL)                                                   \
    for (long start = 0, tiles = ((count) + (limit)-1) / (limit); tiles > 0; tiles--) { \
        long width = ((count)-start) / tiles;                                       \
        switch (width) {                                                            \
        case 1: CALL(start, 1); break;                                              \
        case 2: CALL(start, 2); break;                                              \
        case 3: CALL(start, 3); break;                                              \
        case 4: if ((limit) >= 4) CALL(start, 4); break;                            \
        case 5: if ((limit) >= 5) CALL(start, 5); break;                            \
        case 6: if ((limit) >= 6) CALL(start, 6); break;                            \
        }                                                                           \
        start += width;                                                             \
    }

static const double BETA1 = 0.9, BETA2 = 0.999, ADAM_EPSILON = 1e-8, SAM_EPSILON = 1e-12;

enum activation { RELU, LEAKY_RELU, ELU, TANH, SIGMOID, SILU, IDENTITY };

struct problem {
    int32_t features, hidden_layers, width, activation;
    int32_t batch_size, epochs, decoupled;
    int32_t summed;       /* the loss is the sum of a batch's squared errors, not their mean */
    int32_t train_rows, test_rows;
    int32_t stride;       /* reals from a row of x to the next: features, rounded up to LANES */
    const real *train_x;  /* [train_rows][stride] */
    const real *train_y;  /* [train_rows] */
    const real *test_x;   /* [test_rows][stride] */
    const real *test_y;   /* [test_rows] */
    const int32_t *order; /* [orders][epochs][train_rows] */
};

struct group {
    const real *weights;         /* [LANES][parameters] */
    const double *learning_rate; /* [LANES][steps] */
    const double *weight_decay;  /* [LANES] */
    const double *rho;           /* [LANES], NaN: no SAM */
    const int32_t *adam;         /* [LANES], 0: SGD */
    const int64_t *order_of;     /* [LANES] */
    real *final_weights;         /* [LANES][parameters] */
    double *train_loss;          /* [LANES][epochs] */
    double *test_mse;            /* [LANES][epochs] */
    double *train_mse;           /* [LANES] */
    int32_t *epochs_run;         /* [LANES] */
};

/* ---- arithmetic on lanes ---- */

#ifdef DOUBLE
#define SCALAR_FMA __builtin_fma
#define SCALAR_SQRT __builtin_sqrt
#else
#define SCALAR_FMA __builtin_fmaf
#define SCALAR_SQRT __builtin_sqrtf
#endif

INLINE vector fill(real value)
{
    return (vector){0} + value;
}

INLINE vector fused(vector a, vector b, vector c) /* a b + c, rounded once */
{
#if defined __FMA__ || defined __aarch64__
    vector result;
    UNROLL for (int l = 0; l < LANES; l++) result[l] = SCALAR_FMA(a[l], b[l], c[l]);
    WHOLE(result);
    return result;
#else /* a processor without it: other bits, and no call per lane */
    return a * b + c;
#endif
}

INLINE vector square_root(vector a)
{
    vector result;
    UNROLL for (int l = 0; l < LANES; l++) result[l] = SCALAR_SQRT(a[l]);
    WHOLE(result);
    return result;
}

INLINE vector choose(mask condition, vector yes, vector no)
{
    return (vector)((condition & (mask)yes) | (~condition & (mask)no));
}

/* exp(x) - 1 without cancellation: exp(x) = 2^n exp(r), |r| <= ln(2) / 2, exp(r) - 1 as a Taylor
   series, whose remainder is below half a unit in the last place. */
INLINE vector exp_minus_1(vector x)
{
    static const real inverse_factorial[] = {
        1.0,           1.0 / 2,         1.0 / 6,          1.0 / 24,         1.0 / 120,
        1.0 / 720,     1.0 / 5040,      1.0 / 40320,      1.0 / 362880,     1.0 / 3628800,
        1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800, 1.0 / 87178291200};
    const vector limit = fill(EXPONENT_LIMIT * (real)LN2_HIGH);
    x = choose(x > limit, limit, x);
    x = choose(x < -limit, -limit, x);
    vector shifted = fused(x, fill((real)1.4426950408889634), fill(ROUND));
    vector n = shifted - ROUND;
    vector r = fused(-n, fill(LN2_LOW), fused(-n, fill(LN2_HIGH), x));
    vector series = fill(inverse_factorial[EXP_TERMS - 1]);
    UNROLL for (int k = EXP_TERMS - 2; k >= 0; k--)
        series = fused(series, r, fill(inverse_factorial[k]));
    vector power = (vector)(((bits)shifted + EXPONENT_BIAS) << FRACTION_BITS); /* 2^n */
    return fused(power, series * r, power - 1);
}

/* ---- activations ---- */

/* The piecewise linear ones. A NaN stays a NaN. */
INLINE vector rectify(enum activation kind, vector z)
{
    switch (kind) {
    case RELU: return choose(z < 0, fill(0), z);
    case LEAKY_RELU: return choose(z < 0, z * (real)0.01, z);
    default: return z;
    }
}

/* gradient times the derivative of `rectify`, given its output a. */
INLINE vector rectify_gradient(enum activation kind, vector a, vector gradient)
{
    switch (kind) {
    case RELU: return choose(a <= 0, fill(0), gradient);
    case LEAKY_RELU: return choose(a <= 0, gradient * (real)0.01, gradient);
    default: return gradient;
    }
}

/* The curved ones, in place; their derivative goes to `slope`. */
static void curve(enum activation kind, vector *values, vector *slopes, int count)
{
    for (int i = 0; i < count; i++) {
        vector z = values[i], a = z, slope = fill(1);
        if (kind == ELU) {
            vector below = exp_minus_1(z);
            a = choose(z <= 0, below, z);
            slope = choose(z <= 0, below + 1, slope);
        } else if (kind == TANH) {
            vector e = exp_minus_1(z + z);
            a = e / (e + 2);
            slope = 1 - a * a;
        } else { /* sigmoid, and SiLU: z sigmoid(z) */
            vector sigmoid = 1 / (exp_minus_1(-z) + 2);
            a = kind == SILU ? z * sigmoid : sigmoid;
            slope = sigmoid * (1 - sigmoid);
            if (kind == SILU) slope = fused(z, slope, sigmoid);
        }
        values[i] = a;
        slopes[i] = slope;
    }
}

/* ---- the linear layers ----
   Widths of tiles are constants to the compiler, which keeps the sums in registers. */

/* y[r][o] = activation of b[o] + sum over i of x[r][i] W[o][i] */
INLINE void forward_tile(const long width, enum activation kind, long inputs, long outputs,
                         const vector *x, const vector *w, const vector *b, vector *y)
{
    vector sum[TILE_ROWS][TILE_OUTPUTS];
    UNROLL for (long r = 0; r < TILE_ROWS; r++)
        UNROLL for (long o = 0; o < width; o++) sum[r][o] = b[o];
    for (long i = 0; i < inputs; i++)
        UNROLL for (long r = 0; r < TILE_ROWS; r++)
            UNROLL for (long o = 0; o < width; o++)
                sum[r][o] = fused(x[r * inputs + i], w[o * inputs + i], sum[r][o]);
    UNROLL for (long r = 0; r < TILE_ROWS; r++)
        UNROLL for (long o = 0; o < width; o++) y[r * outputs + o] = rectify(kind, sum[r][o]);
}

INLINE void forward_layer_of(enum activation kind, long rows, long inputs, long outputs,
                             const vector *x, const vector *w, vector *y)
{
    const vector *b = w + inputs * outputs;
    for (long r = 0; r < rows; r += TILE_ROWS, x += TILE_ROWS * inputs, y += TILE_ROWS * outputs) {
#define TILE(o, n) \
    forward_tile(n, kind, inputs, outputs, x, w + (o) * inputs, b + (o), y + (o))
        TILES(outputs, TILE_OUTPUTS, TILE);
#undef TILE
    }
}

static void forward_layer(enum activation kind, long rows, long inputs, long outputs,
                          const vector *x, const vector *w, vector *y, vector *slopes)
{
    switch (kind) {
    case RELU: forward_layer_of(RELU, rows, inputs, outputs, x, w, y); break;
    case LEAKY_RELU: forward_layer_of(LEAKY_RELU, rows, inputs, outputs, x, w, y); break;
    default:
        forward_layer_of(IDENTITY, rows, inputs, outputs, x, w, y);
        if (kind != IDENTITY) curve(kind, y, slopes, rows * outputs);
    }
}

/* dL/dW[o][i] = sum over r of delta[r][o] x[r][i], to which `more` adds what is there. */
INLINE void weight_gradient_tile(const long height, const long width, int more, long rows,
                                 long inputs, long outputs, const vector *x, const vector *delta,
                                 vector *gradient)
{
    vector sum[GRADIENT_OUTPUTS][GRADIENT_INPUTS];
    UNROLL for (long o = 0; o < height; o++)
        UNROLL for (long i = 0; i < width; i++)
            sum[o][i] = more ? gradient[o * inputs + i] : fill(0);
    for (long r = 0; r < rows; r++)
        UNROLL for (long o = 0; o < height; o++)
            UNROLL for (long i = 0; i < width; i++)
                sum[o][i] = fused(delta[r * outputs + o], x[r * inputs + i], sum[o][i]);
    UNROLL for (long o = 0; o < height; o++)
        UNROLL for (long i = 0; i < width; i++) gradient[o * inputs + i] = sum[o][i];
}

INLINE void weight_gradient_columns(const long columns, int more, long rows, long inputs,
                                    long outputs, const vector *x, const vector *delta,
                                    vector *gradient)
{
#define TILE(o, n)                                                                 \
    weight_gradient_tile(n, columns, more, rows, inputs, outputs, x, delta + (o), \
                         gradient + (o) * inputs)
    TILES(outputs, GRADIENT_OUTPUTS, TILE);
#undef TILE
}

static void weight_gradient(int more, long rows, long inputs, long outputs, const vector *x,
                            const vector *delta, vector *gradient)
{
#define TILE(i, n) \
    weight_gradient_columns(n, more, rows, inputs, outputs, x + (i), delta, gradient + (i))
    TILES(inputs, GRADIENT_INPUTS, TILE);
#undef TILE
}

/* dL/db[o] = sum over r of delta[r][o], to which `more` adds what is there. */
INLINE void bias_gradient_tile(const long width, int more, long rows, long outputs,
                               const vector *delta, vector *gradient)
{
    vector sum[TILE_OUTPUTS];
    UNROLL for (long o = 0; o < width; o++) sum[o] = more ? gradient[o] : fill(0);
    for (long r = 0; r < rows; r++)
        UNROLL for (long o = 0; o < width; o++) sum[o] += delta[r * outputs + o];
    UNROLL for (long o = 0; o < width; o++) gradient[o] = sum[o];
}

static void bias_gradient(int more, long rows, long outputs, const vector *delta, vector *gradient)
{
#define TILE(o, n) bias_gradient_tile(n, more, rows, outputs, delta + (o), gradient + (o))
    TILES(outputs, TILE_OUTPUTS, TILE);
#undef TILE
}

/* dL/dz[r][i] of the layer before = its activation's derivative at z, times
   dL/da[r][i] = sum over o of delta[r][o] W[o][i] */
INLINE void input_gradient_tile(const long width, enum activation kind, long inputs, long outputs,
                                const vector *delta, const vector *w, const vector *a,
                                const vector *slopes, vector *input_delta)
{
    vector sum[TILE_ROWS][TILE_OUTPUTS];
    UNROLL for (long r = 0; r < TILE_ROWS; r++)
        UNROLL for (long i = 0; i < width; i++) sum[r][i] = fill(0);
    for (long o = 0; o < outputs; o++)
        UNROLL for (long r = 0; r < TILE_ROWS; r++)
            UNROLL for (long i = 0; i < width; i++)
                sum[r][i] = fused(delta[r * outputs + o], w[o * inputs + i], sum[r][i]);
    UNROLL for (long r = 0; r < TILE_ROWS; r++)
        UNROLL for (long i = 0; i < width; i++) {
            long at = r * inputs + i;
            input_delta[at] = kind == IDENTITY ? sum[r][i] * slopes[at]
                                               : rectify_gradient(kind, a[at], sum[r][i]);
        }
}

INLINE void input_gradient_of(enum activation kind, long rows, long inputs, long outputs,
                              const vector *delta, const vector *w, const vector *a,
                              const vector *slopes, vector *input_delta)
{
    for (long r = 0; r < rows; r += TILE_ROWS) {
        long at = r * inputs;
#define TILE(i, n)                                                                      \
    input_gradient_tile(n, kind, inputs, outputs, delta + r * outputs, w + (i),         \
                        a + at + (i), slopes + at + (i), input_delta + at + (i))
        TILES(inputs, TILE_OUTPUTS, TILE);
#undef TILE
    }
}

static void input_gradient(enum activation kind, long rows, long inputs, long outputs,
                           const vector *delta, const vector *w, const vector *a,
                           const vector *slopes, vector *input_delta)
{
    switch (kind) {
    case RELU:
        input_gradient_of(RELU, rows, inputs, outputs, delta, w, a, slopes, input_delta);
        break;
    case LEAKY_RELU:
        input_gradient_of(LEAKY_RELU, rows, inputs, outputs, delta, w, a, slopes, input_delta);
        break;
    default: /* curved */
        input_gradient_of(IDENTITY, rows, inputs, outputs, delta, w, a, slopes, input_delta);
    }
}

/* ---- the network ---- */

struct state {
    const struct problem *problem;
    int parameters;
    vector *weights;
    vector *perturbed;   /* SAM's weights + epsilon */
    vector *gradient;
    vector *first_moment, *second_moment;
    vector *input;       /* [BLOCK][features], and LANES more */
    vector *activations; /* [hidden_layers][BLOCK][width] */
    vector *slopes;      /* their derivatives, for curved activations */
    vector *delta, *next_delta; /* dL/dz of a layer, [BLOCK][width] */
    vector *prediction;  /* [BLOCK] */
    vector target[BLOCK];
};

static int inputs_of(const struct problem *p, int layer)
{
    return layer == 0 ? p->features : p->width;
}

static int outputs_of(const struct problem *p, int layer)
{
    return layer == p->hidden_layers ? 1 : p->width;
}

static vector *activations_of(const struct state *s, int layer) /* a layer's input */
{
    return layer == 0 ? s->input : s->activations + (layer - 1) * BLOCK * s->problem->width;
}

static void forward(struct state *s, const vector *weights, int rows)
{
    const struct problem *p = s->problem;
    for (int layer = 0; layer <= p->hidden_layers; layer++) {
        int inputs = inputs_of(p, layer), outputs = outputs_of(p, layer);
        int last = layer == p->hidden_layers;
        forward_layer(last ? IDENTITY : p->activation, rows, inputs, outputs,
                      activations_of(s, layer), weights,
                      last ? s->prediction : activations_of(s, layer + 1),
                      s->slopes + layer * BLOCK * p->width);
        weights += (inputs + 1) * outputs;
    }
}

/* The gradient of a block of rows, given the last layer's delta, to which `more` adds what is
   there from earlier blocks. */
static void backward(struct state *s, const vector *weights, int more, int rows)
{
    const struct problem *p = s->problem;
    int offset = s->parameters;
    for (int layer = p->hidden_layers; layer >= 0; layer--) {
        int inputs = inputs_of(p, layer), outputs = outputs_of(p, layer);
        const vector *x = activations_of(s, layer);
        offset -= (inputs + 1) * outputs;
        weight_gradient(more, rows, inputs, outputs, x, s->delta, s->gradient + offset);
        bias_gradient(more, rows, outputs, s->delta, s->gradient + offset + inputs * outputs);
        if (layer == 0) break; /* nobody needs the gradient of the data */
        input_gradient(p->activation, rows, inputs, outputs, s->delta, weights + offset, x,
                       s->slopes + (layer - 1) * BLOCK * p->width, s->next_delta);
        vector *swap = s->delta;
        s->delta = s->next_delta;
        s->next_delta = swap;
    }
}

/* The lanes of a, and then of b, that `lanes` names. */
INLINE vector pick(vector a, vector b, bits lanes)
{
#ifdef __clang__
    vector result;
    UNROLL for (int l = 0; l < LANES; l++)
        result[l] = lanes[l] < LANES ? a[lanes[l] % LANES] : b[lanes[l] % LANES];
    return result;
#else
    return __builtin_shuffle(a, b, lanes);
#endif
}

/* Transposes LANES vectors of LANES reals: log2(LANES) perfect shuffles. */
INLINE void transpose(vector t[LANES])
{
    bits low, high;
    UNROLL for (int l = 0; l < LANES; l++) {
        low[l] = l / 2 + (l % 2) * LANES;
        high[l] = low[l] + LANES / 2;
    }
    UNROLL for (int stage = 1; stage < LANES; stage *= 2) {
        vector u[LANES];
        UNROLL for (int l = 0; l < LANES / 2; l++) {
            u[2 * l] = pick(t[l], t[l + LANES / 2], low);
            u[2 * l + 1] = pick(t[l], t[l + LANES / 2], high);
        }
        UNROLL for (int l = 0; l < LANES; l++) t[l] = u[l];
    }
}

static int padded(int rows)
{
    return (rows + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
}

/* Each lane takes its own rows of the training data, as its own order has them. A block is filled
   up to whole tiles with copies of its last row, which count for nothing. */
static void gather(struct state *s, const int32_t *const order[LANES], int start, int rows)
{
    const struct problem *p = s->problem;
    for (int r = 0; r < padded(rows); r++) {
        const real *row[LANES];
        for (int l = 0; l < LANES; l++) {
            int32_t index = order[l][start + (r < rows ? r : rows - 1)];
            row[l] = p->train_x + (int64_t)index * p->stride;
            s->target[r][l] = p->train_y[index];
        }
        for (int i = 0; i < p->features; i += LANES) {
            vector t[LANES];
            UNROLL for (int l = 0; l < LANES; l++) memcpy(&t[l], row[l] + i, sizeof(vector));
            transpose(t);
            /* What is too much at the end of a row, the next row overwrites. */
            UNROLL for (int l = 0; l < LANES; l++) s->input[r * p->features + i + l] = t[l];
        }
    }
}

static void add_squares(double sum[LANES], vector error)
{
    for (int l = 0; l < LANES; l++) sum[l] += (double)error[l] * (double)error[l];
}

/* The gradient of the batch's loss at `weights`. The squared errors are added to
   `loss` unless it is NULL. */
static void batch_gradient(struct state *s, const vector *weights,
                           const int32_t *const order[LANES], int start, int rows, double *loss)
{
    const real factor = s->problem->summed ? 2 : (real)(2.0 / rows);
    for (int done = 0; done < rows; done += BLOCK) {
        int count = rows - done < BLOCK ? rows - done : BLOCK;
        /* SAM's second pass finds a batch of one block where its first pass left it. */
        if (loss || rows > BLOCK) gather(s, order, start + done, count);
        forward(s, weights, padded(count));
        for (int r = 0; r < padded(count); r++) {
            vector error = s->prediction[r] - s->target[r];
            s->delta[r] = r < count ? error * factor : fill(0);
            if (loss && r < count) add_squares(loss, error);
        }
        backward(s, weights, done > 0, padded(count));
    }
}

/* Mean squared error on rows that all lanes see in the same order. */
static void evaluate(struct state *s, const real *x, const real *y, int rows, double mse[LANES])
{
    const struct problem *p = s->problem;
    double sum[LANES] = {0};
    for (int done = 0; done < rows; done += BLOCK) {
        int count = rows - done < BLOCK ? rows - done : BLOCK;
        for (int r = 0; r < padded(count); r++) {
            const real *row = x + (int64_t)(done + (r < count ? r : count - 1)) * p->stride;
            for (int i = 0; i < p->features; i++) s->input[r * p->features + i] = fill(row[i]);
        }
        forward(s, s->weights, padded(count));
        for (int r = 0; r < count; r++) add_squares(sum, s->prediction[r] - y[done + r]);
    }
    for (int l = 0; l < LANES; l++) mse[l] = sum[l] / rows;
}

/* ---- the optimizers ---- */

/* Sharpness-aware minimization (Foret et al. 2021, eq. 2 and algorithm 1): the gradient of the
   step is taken at w + epsilon, epsilon = rho g / ||g||, one norm over all parameters. */
static void perturb(struct state *s, mask sam, vector rho)
{
    vector squares[8] = {{0}};
    for (int p = 0; p < s->parameters; p++)
        squares[p % 8] = fused(s->gradient[p], s->gradient[p], squares[p % 8]);
    for (int k = 1; k < 8; k++) squares[0] += squares[k];
    vector scale = rho / (square_root(squares[0]) + (real)SAM_EPSILON);
    for (int p = 0; p < s->parameters; p++)
        s->perturbed[p] =
            choose(sam, fused(scale, s->gradient[p], s->weights[p]), s->weights[p]);
}

/* What a step needs to know of each lane. */
struct step {
    vector size;         /* learning rate; Adam: over its first bias correction */
    vector l2;           /* weight decay that joins the gradient */
    vector shrink;       /* 1 - learning rate * weight decay, where that is decoupled */
    vector scale_second; /* 1 / sqrt of Adam's second bias correction */
    mask adam;
};

static void sgd_step(struct state *s, const struct step *step)
{
    for (int p = 0; p < s->parameters; p++) {
        vector g = fused(step->l2, s->weights[p], s->gradient[p]);
        s->weights[p] = fused(-step->size, g, step->shrink * s->weights[p]);
    }
}

/* Adam (Kingma & Ba 2015, algorithm 1, with epsilon where torch.optim.Adam has it); lanes of SGD
   take g itself as their direction. */
static void adam_step(struct state *s, const struct step *step)
{
    const vector one_minus_beta1 = fill((real)(1 - BETA1));
    const vector beta2 = fill((real)BETA2), one_minus_beta2 = fill((real)(1 - BETA2));
    for (int p = 0; p < s->parameters; p++) {
        vector g = fused(step->l2, s->weights[p], s->gradient[p]);
        vector m = fused(one_minus_beta1, g - s->first_moment[p], s->first_moment[p]);
        vector v = fused(one_minus_beta2, g * g, beta2 * s->second_moment[p]);
        vector denominator = fused(square_root(v), step->scale_second, fill((real)ADAM_EPSILON));
        vector direction = choose(step->adam, m / denominator, g);
        s->first_moment[p] = m;
        s->second_moment[p] = v;
        s->weights[p] = fused(-step->size, direction, step->shrink * s->weights[p]);
    }
}

/* ---- training ---- */

static void train(struct state *s, const struct group *group)
{
    const struct problem *p = s->problem;
    const int n = p->train_rows, epochs = p->epochs;
    const int64_t steps_per_epoch = (n + (int64_t)p->batch_size - 1) / p->batch_size;
    int any_adam = 0, any_sam = 0;
    mask sam;
    vector rho;
    struct step step;
    for (int l = 0; l < LANES; l++) {
        any_adam |= group->adam[l];
        any_sam |= !isnan(group->rho[l]);
        step.adam[l] = group->adam[l] ? -1 : 0;
        sam[l] = isnan(group->rho[l]) ? 0 : -1;
        rho[l] = (real)group->rho[l];
        group->epochs_run[l] = epochs;
    }

    double beta1_power = 1, beta2_power = 1;
    int64_t t = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
        const int32_t *order[LANES];
        for (int l = 0; l < LANES; l++)
            order[l] = p->order + (group->order_of[l] * epochs + epoch) * n;
        double loss[LANES] = {0};
        for (int start = 0; start < n; start += p->batch_size, t++) {
            int rows = n - start < p->batch_size ? n - start : p->batch_size;
            batch_gradient(s, s->weights, order, start, rows, loss);
            if (any_sam) {
                perturb(s, sam, rho);
                batch_gradient(s, s->perturbed, order, start, rows, NULL);
            }
            beta1_power *= BETA1;
            beta2_power *= BETA2;
            for (int l = 0; l < LANES; l++) {
                double rate = group->learning_rate[l * (epochs * steps_per_epoch) + t];
                double decay = group->weight_decay[l];
                step.size[l] = (real)(group->adam[l] ? rate / (1 - beta1_power) : rate);
                step.l2[l] = (real)(p->decoupled ? 0 : decay);
                step.shrink[l] = (real)(p->decoupled ? 1 - rate * decay : 1);
            }
            step.scale_second = fill((real)(1 / sqrt(1 - beta2_power)));
            if (any_adam)
                adam_step(s, &step);
            else
                sgd_step(s, &step);
        }

        double test_mse[LANES];
        evaluate(s, p->test_x, p->test_y, p->test_rows, test_mse);
        int going = 0;
        for (int l = 0; l < LANES; l++) {
            group->train_loss[(int64_t)l * epochs + epoch] = loss[l] / n;
            group->test_mse[(int64_t)l * epochs + epoch] = test_mse[l];
            if (epoch < group->epochs_run[l] && !(isfinite(loss[l]) && isfinite(test_mse[l])))
                group->epochs_run[l] = epoch;
            going |= group->epochs_run[l] == epochs;
        }
        if (!going) break;
    }
    evaluate(s, p->train_x, p->train_y, n, group->train_mse);
}

/* Sub-normal numbers are flushed to zero: dead ReLUs would decay into them, and arithmetic on them
   is tens of times slower. */
static unsigned long flush_subnormals(void)
{
    unsigned long before = 0;
#if defined __SSE__
    before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* flush to zero, denormals are zero */
#elif defined __aarch64__
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | 1ul << 24));
#endif
    return before;
}

static void restore_control(unsigned long before)
{
#if defined __SSE__
    _mm_setcsr((unsigned)before);
#elif defined __aarch64__
    __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
    (void)before;
#endif
}

int genboost_lanes(void)
{
    return LANES;
}

/* Returns 0, or 1 if there is not enough memory. */
int genboost_train(const struct problem *problem, const struct group *group)
{
    const size_t hidden = problem->hidden_layers, width = problem->width;
    size_t parameters = 0;
    for (int layer = 0; layer <= problem->hidden_layers; layer++)
        parameters += (inputs_of(problem, layer) + 1) * (size_t)outputs_of(problem, layer);

    struct state s = {.problem = problem, .parameters = (int)parameters};
    const size_t block = BLOCK, delta = block * (hidden ? width : 1);
    const struct {
        vector **array;
        size_t size;
    } arrays[] = {
        {&s.weights, parameters},
        {&s.perturbed, parameters},
        {&s.gradient, parameters},
        {&s.first_moment, parameters},
        {&s.second_moment, parameters},
        {&s.input, block * problem->features + LANES},
        {&s.activations, hidden * block * width},
        {&s.slopes, hidden * block * width},
        {&s.delta, delta},
        {&s.next_delta, delta},
        {&s.prediction, block},
    };
    const int count = sizeof arrays / sizeof *arrays;
    int failed = 0;
    for (int k = 0; k < count; k++) {
        size_t bytes = (arrays[k].size ? arrays[k].size : 1) * sizeof(vector);
        if ((*arrays[k].array = aligned_alloc(sizeof(vector), bytes)))
            memset(*arrays[k].array, 0, bytes);
        else
            failed = 1;
    }
    if (!failed) {
        for (size_t i = 0; i < parameters; i++)
            for (int l = 0; l < LANES; l++) s.weights[i][l] = group->weights[l * parameters + i];
        unsigned long control = flush_subnormals();
        train(&s, group);
        restore_control(control);
        for (size_t i = 0; i < parameters; i++)
            for (int l = 0; l < LANES; l++)
                group->final_weights[l * parameters + i] = s.weights[i][l];
    }
    for (int k = 0; k < count; k++) free(*arrays[k].array);
    return failed;
}
