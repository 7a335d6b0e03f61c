/* Train small multilayer perceptrons: LANES models at once, one a SIMD lane, or one model alone, with
   LANES rows of the data at once. A model's bits are the same either way. */

#include "layers.h"

static const double BETA1 = 0.9, BETA2 = 0.999, ADAM_EPSILON = 1e-8, SAM_EPSILON = 1e-12;

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
    int32_t models;              /* LANES or 1 */
    const real *weights;         /* [models][parameters] */
    const double *learning_rate; /* [models][steps] */
    const double *weight_decay;  /* [models] */
    const double *rho;           /* [models], NaN: no SAM */
    const int32_t *adam;         /* [models], 0: SGD */
    const int64_t *order_of;     /* [models] */
    real *final_weights;         /* [models][parameters] */
    double *train_loss;          /* [models][epochs] */
    double *test_mse;            /* [models][epochs] */
    double *train_mse;           /* [models] */
    int32_t *epochs_run;         /* [models] */
};

/* ---- the network ---- */

/* Parameters are vectors, each of one parameter of LANES models or of LANES of one model's. */
struct state {
    const struct problem *problem;
    enum layout layout;
    long block;          /* vectors that a block of rows makes */
    long parameters;     /* of a model */
    long vectors;        /* that they make */
    vector *weights;
    vector *perturbed;   /* SAM's weights + epsilon */
    vector *gradient;
    vector *first_moment, *second_moment;
    vector *input;       /* [block][features], and LANES more */
    vector *activations; /* [hidden_layers][block][width] */
    vector *slopes;      /* their derivatives, for curved activations */
    vector *delta, *next_delta; /* dL/dz of a layer, [block][width] */
    vector *units;       /* rows in the lanes: a layer's inputs, see units_of_rows */
    vector *row_gradient; /* likewise: each layer's gradient, see row_gradient */
    vector *prediction;  /* [block] */
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
    return layer == 0 ? s->input : s->activations + (layer - 1) * s->block * s->problem->width;
}

static vector *row_gradient_of(const struct state *s, int layer)
{
    const struct problem *p = s->problem;
    const long first = outputs_of(p, 0) * columns_for(p->features);
    return s->row_gradient + (layer ? first + (layer - 1) * p->width * columns_for(p->width) : 0);
}

static long vectors_of(const struct state *s, long rows)
{
    return s->layout == MODELS ? rows : (rows + LANES - 1) / LANES;
}

/* Parameter number `at` of all models in the lanes, or of the one. */
static const real *parameter(const struct state *s, const vector *parameters, long at)
{
    return (const real *)parameters + (s->layout == MODELS ? at * LANES : at);
}

/* With rows in the lanes: what the batch's blocks have added up, as the other arrays have it. */
static void lay_out_gradient(struct state *s)
{
    const struct problem *p = s->problem;
    real *to = (real *)s->gradient;
    for (int layer = 0; layer <= p->hidden_layers; layer++) {
        int inputs = inputs_of(p, layer), outputs = outputs_of(p, layer);
        lay_out(inputs, outputs, row_gradient_of(s, layer), to);
        to += (inputs + 1) * outputs;
    }
}

static void forward(struct state *s, const vector *weights, int rows)
{
    const struct problem *p = s->problem;
    long at = 0;
    for (int layer = 0; layer <= p->hidden_layers; layer++) {
        int inputs = inputs_of(p, layer), outputs = outputs_of(p, layer);
        int last = layer == p->hidden_layers;
        forward_layer(s->layout, last ? IDENTITY : p->activation, vectors_of(s, rows), inputs,
                      outputs, activations_of(s, layer), parameter(s, weights, at),
                      last ? s->prediction : activations_of(s, layer + 1),
                      s->slopes + layer * s->block * p->width);
        at += (inputs + 1) * outputs;
    }
}

/* The gradient of a block of rows, given the last layer's delta, to which `more` adds what is
   there from earlier blocks. */
static void backward(struct state *s, const vector *weights, int more, int rows)
{
    const struct problem *p = s->problem;
    const long vectors = vectors_of(s, rows);
    long at = s->parameters;
    for (int layer = p->hidden_layers; layer >= 0; layer--) {
        int inputs = inputs_of(p, layer), outputs = outputs_of(p, layer);
        const vector *x = activations_of(s, layer);
        at -= (inputs + 1) * outputs;
        if (s->layout == MODELS) {
            weight_gradient(more, rows, inputs, outputs, x, s->delta, s->gradient + at);
        } else {
            units_of_rows(vectors, inputs, x, s->units);
            row_gradient(more, rows, inputs, outputs, s->units, s->delta,
                         row_gradient_of(s, layer));
        }
        if (layer == 0) break; /* nobody needs the gradient of the data */
        input_gradient(s->layout, p->activation, vectors, inputs, outputs, s->delta,
                       parameter(s, weights, at), x,
                       s->slopes + (layer - 1) * s->block * p->width, s->next_delta);
        vector *swap = s->delta;
        s->delta = s->next_delta;
        s->next_delta = swap;
    }
}

/* Takes rows of x and y, as each model's order has them, or one after another if there is none.
   Vectors of rows are filled up with copies of the last one, which nobody counts. */
static void gather(struct state *s, const real *x, const real *y, const int32_t *const *order,
                   int start, int rows)
{
    const struct problem *p = s->problem;
    for (int v = 0; v < vectors_of(s, rows); v++) {
        const real *row[LANES];
        for (int l = 0; l < LANES; l++) {
            int r = s->layout == MODELS ? v : v * LANES + l;
            int64_t index = start + (r < rows ? r : rows - 1);
            if (order) index = order[s->layout == MODELS ? l : 0][index];
            row[l] = x + index * p->stride;
            s->target[v][l] = y[index];
        }
        for (int i = 0; i < p->features; i += LANES) {
            vector t[LANES];
            UNROLL for (int l = 0; l < LANES; l++) memcpy(&t[l], row[l] + i, sizeof(vector));
            transpose(t);
            /* What is too much at the end of a row, the next row overwrites. */
            UNROLL for (int l = 0; l < LANES; l++) s->input[v * p->features + i + l] = t[l];
        }
    }
}

/* Adds a block's squared errors to each model's sum. */
static void add_squares(const struct state *s, int rows, double *sum)
{
    for (int r = 0; r < rows; r++) {
        if (s->layout == MODELS) {
            vector error = s->prediction[r] - s->target[r];
            for (int l = 0; l < LANES; l++) sum[l] += (double)error[l] * (double)error[l];
        } else {
            const real *prediction = (const real *)s->prediction, *y = (const real *)s->target;
            real error = prediction[r] - y[r];
            *sum += (double)error * (double)error;
        }
    }
}

/* The gradient of the batch's loss at `weights`. The squared errors are added to
   `loss` unless it is NULL. */
static void batch_gradient(struct state *s, const vector *weights, const int32_t *const *order,
                           int start, int rows, double *loss)
{
    const struct problem *p = s->problem;
    const real factor = p->summed ? 2 : (real)(2.0 / rows);
    for (int done = 0; done < rows; done += BLOCK) {
        int count = rows - done < BLOCK ? rows - done : BLOCK;
        /* SAM's second pass finds a batch of one block where its first pass left it. */
        if (loss || rows > BLOCK) gather(s, p->train_x, p->train_y, order, start + done, count);
        forward(s, weights, count);
        if (loss) add_squares(s, count, loss);
        for (int v = 0; v < vectors_of(s, count); v++)
            s->delta[v] = (s->prediction[v] - s->target[v]) * factor;
        backward(s, weights, done > 0, count);
    }
    if (s->layout == ROWS) lay_out_gradient(s);
}

/* Each model's mean squared error on the given rows. */
static void evaluate(struct state *s, const real *x, const real *y, int rows, double *mse)
{
    const int models = s->layout == MODELS ? LANES : 1;
    for (int m = 0; m < models; m++) mse[m] = 0;
    for (int done = 0; done < rows; done += BLOCK) {
        int count = rows - done < BLOCK ? rows - done : BLOCK;
        gather(s, x, y, NULL, done, count);
        forward(s, s->weights, count);
        add_squares(s, count, mse);
    }
    for (int m = 0; m < models; m++) mse[m] /= rows;
}

/* ---- the optimizers ---- */

/* The norm of each model's gradient. The squares are added up in eight sums, for speed. */
static vector gradient_norm(const struct state *s)
{
    if (s->layout == MODELS) {
        vector squares[8] = {{0}};
        for (long p = 0; p < s->parameters; p++)
            squares[p % 8] = fused(s->gradient[p], s->gradient[p], squares[p % 8]);
        for (int k = 1; k < 8; k++) squares[0] += squares[k];
        return square_root(squares[0]);
    }
    real *gradient = (real *)s->gradient, squares[8] = {0};
    for (long p = s->parameters; p % 8; p++) gradient[p] = 0;
    for (long p = 0; p < s->parameters; p += 8)
        UNROLL for (int k = 0; k < 8; k++)
            squares[k] = fused_real(gradient[p + k], gradient[p + k], squares[k]);
    for (int k = 1; k < 8; k++) squares[0] += squares[k];
    return square_root(fill(squares[0]));
}

/* Sharpness-aware minimization (Foret et al. 2021, eq. 2 and algorithm 1): the gradient of the
   step is taken at w + epsilon, epsilon = rho g / ||g||, one norm over all parameters. */
static void perturb(struct state *s, mask sam, vector rho)
{
    vector scale = rho / (gradient_norm(s) + (real)SAM_EPSILON);
    for (long p = 0; p < s->vectors; p++)
        s->perturbed[p] =
            choose(sam, fused(scale, s->gradient[p], s->weights[p]), s->weights[p]);
}

/* What a step needs to know of the model in each lane. */
struct step {
    vector size;         /* learning rate; Adam: over its first bias correction */
    vector l2;           /* weight decay that joins the gradient */
    vector shrink;       /* 1 - learning rate * weight decay, where that is decoupled */
    vector scale_second; /* 1 / sqrt of Adam's second bias correction */
    mask adam;
};

static void sgd_step(struct state *s, const struct step *step)
{
    for (long p = 0; p < s->vectors; p++) {
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
    for (long p = 0; p < s->vectors; p++) {
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
    const int models = s->layout == MODELS ? LANES : 1;
    const int64_t steps_per_epoch = (n + (int64_t)p->batch_size - 1) / p->batch_size;
    int any_adam = 0, any_sam = 0;
    mask sam;
    vector rho;
    struct step step;
    for (int l = 0; l < LANES; l++) {
        int m = l % models;
        any_adam |= group->adam[m];
        any_sam |= !isnan(group->rho[m]);
        step.adam[l] = group->adam[m] ? -1 : 0;
        sam[l] = isnan(group->rho[m]) ? 0 : -1;
        rho[l] = (real)group->rho[m];
        group->epochs_run[m] = epochs;
    }

    double beta1_power = 1, beta2_power = 1;
    int64_t t = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
        const int32_t *order[LANES];
        for (int m = 0; m < models; m++)
            order[m] = p->order + (group->order_of[m] * epochs + epoch) * n;
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
                int m = l % models;
                double rate = group->learning_rate[m * (epochs * steps_per_epoch) + t];
                double decay = group->weight_decay[m];
                step.size[l] = (real)(group->adam[m] ? rate / (1 - beta1_power) : rate);
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
        for (int m = 0; m < models; m++) {
            group->train_loss[(int64_t)m * epochs + epoch] = loss[m] / n;
            group->test_mse[(int64_t)m * epochs + epoch] = test_mse[m];
            if (epoch < group->epochs_run[m] && !(isfinite(loss[m]) && isfinite(test_mse[m])))
                group->epochs_run[m] = epoch;
            going |= group->epochs_run[m] == epochs;
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
    const size_t features = problem->features, hidden = problem->hidden_layers;
    const size_t width = hidden ? problem->width : 1;
    size_t parameters = 0;
    for (int layer = 0; layer <= problem->hidden_layers; layer++)
        parameters += (inputs_of(problem, layer) + 1) * (size_t)outputs_of(problem, layer);

    const enum layout layout = group->models == 1 ? ROWS : MODELS;
    const size_t block = layout == MODELS ? BLOCK : BLOCK / LANES;
    const size_t columns = columns_for(features > width ? features : width);
    struct state s = {
        .problem = problem,
        .layout = layout,
        .block = (long)block,
        .parameters = (long)parameters,
        .vectors = (long)(layout == MODELS ? parameters : (parameters + LANES - 1) / LANES),
    };
    const size_t vectors = s.vectors + 1 + 8 / LANES; /* some to spare: lay_out, gradient_norm */
    const struct {
        vector **array;
        size_t size;
    } arrays[] = {
        {&s.weights, vectors},
        {&s.perturbed, vectors},
        {&s.gradient, vectors},
        {&s.first_moment, vectors},
        {&s.second_moment, vectors},
        {&s.input, block * features + LANES},
        {&s.activations, hidden * block * width},
        {&s.slopes, hidden * block * width},
        {&s.delta, block * width},
        {&s.next_delta, block * width},
        {&s.units, layout == ROWS ? BLOCK * columns : 0},
        {&s.row_gradient, layout == ROWS ? (hidden + 1) * width * columns : 0},
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
        /* Parameter i of model m: one model's are in a row, those of many side by side. */
        for (size_t i = 0; i < parameters; i++)
            for (int m = 0; m < group->models; m++)
                ((real *)s.weights)[i * group->models + m] = group->weights[m * parameters + i];
        unsigned long control = flush_subnormals();
        train(&s, group);
        restore_control(control);
        for (size_t i = 0; i < parameters; i++)
            for (int m = 0; m < group->models; m++)
                group->final_weights[m * parameters + i] = ((real *)s.weights)[i * group->models + m];
    }
    for (int k = 0; k < count; k++) free(*arrays[k].array);
    return failed;
}
