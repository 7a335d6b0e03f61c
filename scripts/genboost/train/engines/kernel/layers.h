/* The linear layers of multilayer perceptrons, with their gradients.

   Lanes hold the same row of LANES models, or LANES rows of one model. Either way a layer's input
   x[v][i] and output y[v][o] are vectors, v being a row or LANES rows, and a sum runs over the same
   numbers in the same order: a model's bits do not depend on the layout. */

#pragma once

#include "activations.h"

enum layout {
    MODELS, /* every weight is a vector, too */
    ROWS    /* weights are reals */
};

/* Rows that go through the network together; their activations stay in the cache. */
enum { BLOCK = 32 };

/* Tiles of sums that are held in registers: as many as there are, less those for the operands. */
#if defined __AVX512F__ || defined __aarch64__ /* 32 registers */
enum { TILE_VECTORS = 4, TILE_OUTPUTS = 6, GRADIENT_OUTPUTS = 5, GRADIENT_INPUTS = 5 };
enum { ROW_OUTPUTS = 9, ROW_COLUMNS = 2 };
#else /* 16 */
enum { TILE_VECTORS = 3, TILE_OUTPUTS = 3, GRADIENT_OUTPUTS = 4, GRADIENT_INPUTS = 3 };
enum { ROW_OUTPUTS = 4, ROW_COLUMNS = 3 };
#endif
enum { TILE_OF_ROWS = BLOCK / LANES < TILE_VECTORS ? BLOCK / LANES : TILE_VECTORS };

/* CALL(start, size) for tiles that cover [0, count), as equal as can be, of at most `limit`. */
#define TILES(count, limit, CALL)                                                      \
    for (long tile = 0, left = ((count) + (limit)-1) / (limit); left > 0; left--) {    \
        long size = ((count)-tile) / left;                                             \
        switch (size) {                                                                \
        case 1: CALL(tile, 1); break;                                                  \
        case 2: if ((limit) >= 2) CALL(tile, 2); break;                                \
        case 3: if ((limit) >= 3) CALL(tile, 3); break;                                \
        case 4: if ((limit) >= 4) CALL(tile, 4); break;                                \
        case 5: if ((limit) >= 5) CALL(tile, 5); break;                                \
        case 6: if ((limit) >= 6) CALL(tile, 6); break;                                \
        case 7: if ((limit) >= 7) CALL(tile, 7); break;                                \
        case 8: if ((limit) >= 8) CALL(tile, 8); break;                                \
        case 9: if ((limit) >= 9) CALL(tile, 9); break;                                \
        }                                                                              \
        tile += size;                                                                  \
    }

/* ---- forward, and back to the inputs ----
   Heights and widths of tiles are constants to the compiler, which keeps the sums in registers. */

/* Weight number `at`, for all lanes. */
INLINE vector weight(const enum layout layout, const real *w, long at)
{
    return layout == MODELS ? ((const vector *)w)[at] : fill(w[at]);
}

/* y[v][o] = activation of b[o] + sum over i of x[v][i] W[o][i], for the outputs from `first` on */
INLINE void forward_tile(const enum layout layout, const long height, const long width,
                         enum activation kind, long inputs, long outputs, long first,
                         const vector *x, const real *w, vector *y)
{
    vector sum[TILE_VECTORS][TILE_OUTPUTS];
    UNROLL for (long v = 0; v < height; v++)
        UNROLL for (long o = 0; o < width; o++)
            sum[v][o] = weight(layout, w, inputs * outputs + first + o);
    for (long i = 0; i < inputs; i++)
        UNROLL for (long v = 0; v < height; v++)
            UNROLL for (long o = 0; o < width; o++)
                sum[v][o] = fused(x[v * inputs + i], weight(layout, w, (first + o) * inputs + i),
                                  sum[v][o]);
#define STORE(kind)                                   \
    UNROLL for (long v = 0; v < height; v++)          \
        UNROLL for (long o = 0; o < width; o++)       \
            y[v * outputs + first + o] = rectify(kind, sum[v][o])
    switch (kind) {
    case RELU: STORE(RELU); break;
    case LEAKY_RELU: STORE(LEAKY_RELU); break;
    default: STORE(IDENTITY);
    }
#undef STORE
}

INLINE void forward_strip(const enum layout layout, const long height, enum activation kind,
                          long inputs, long outputs, const vector *x, const real *w, vector *y)
{
#define TILE(first, width) \
    forward_tile(layout, height, width, kind, inputs, outputs, first, x, w, y)
    TILES(outputs, TILE_OUTPUTS, TILE);
#undef TILE
}

INLINE void forward_layer_in(const enum layout layout, enum activation kind, long vectors,
                             long inputs, long outputs, const vector *x, const real *w, vector *y)
{
#define STRIP(v, height) \
    forward_strip(layout, height, kind, inputs, outputs, x + (v)*inputs, w, y + (v)*outputs)
    TILES(vectors, layout == MODELS ? TILE_VECTORS : TILE_OF_ROWS, STRIP);
#undef STRIP
}

static void forward_layer(enum layout layout, enum activation kind, long vectors, long inputs,
                          long outputs, const vector *x, const real *w, vector *y, vector *slopes)
{
    if (layout == MODELS)
        forward_layer_in(MODELS, kind, vectors, inputs, outputs, x, w, y);
    else
        forward_layer_in(ROWS, kind, vectors, inputs, outputs, x, w, y);
    if (is_curved(kind)) curve(kind, y, slopes, vectors * outputs);
}

/* dL/dz[v][i] of the layer before = its activation's derivative at z, times
   dL/da[v][i] = sum over o of delta[v][o] W[o][i], for the inputs from `first` on */
INLINE void input_gradient_tile(const enum layout layout, const long height, const long width,
                                enum activation kind, long inputs, long outputs, long first,
                                const vector *delta, const real *w, const vector *a,
                                const vector *slopes, vector *input_delta)
{
    vector sum[TILE_VECTORS][TILE_OUTPUTS];
    UNROLL for (long v = 0; v < height; v++)
        UNROLL for (long i = 0; i < width; i++) sum[v][i] = fill(0);
    for (long o = 0; o < outputs; o++)
        UNROLL for (long v = 0; v < height; v++)
            UNROLL for (long i = 0; i < width; i++)
                sum[v][i] = fused(delta[v * outputs + o],
                                  weight(layout, w, o * inputs + first + i), sum[v][i]);
#define STORE(derivative)                                  \
    UNROLL for (long v = 0; v < height; v++)               \
        UNROLL for (long i = 0; i < width; i++) {          \
            long at = v * inputs + first + i;              \
            input_delta[at] = derivative;                  \
        }
    switch (kind) {
    case RELU: STORE(rectify_gradient(RELU, a[at], sum[v][i])); break;
    case LEAKY_RELU: STORE(rectify_gradient(LEAKY_RELU, a[at], sum[v][i])); break;
    default: STORE(sum[v][i] * slopes[at]); /* curved */
    }
#undef STORE
}

INLINE void input_gradient_strip(const enum layout layout, const long height, enum activation kind,
                                 long inputs, long outputs, const vector *delta, const real *w,
                                 const vector *a, const vector *slopes, vector *input_delta)
{
#define TILE(first, width)                                                                   \
    input_gradient_tile(layout, height, width, kind, inputs, outputs, first, delta, w, a, slopes, \
                        input_delta)
    TILES(inputs, TILE_OUTPUTS, TILE);
#undef TILE
}

INLINE void input_gradient_in(const enum layout layout, enum activation kind, long vectors,
                              long inputs, long outputs, const vector *delta, const real *w,
                              const vector *a, const vector *slopes, vector *input_delta)
{
#define STRIP(v, height)                                                                       \
    input_gradient_strip(layout, height, kind, inputs, outputs, delta + (v)*outputs, w,        \
                         a + (v)*inputs, slopes + (v)*inputs, input_delta + (v)*inputs)
    TILES(vectors, layout == MODELS ? TILE_VECTORS : TILE_OF_ROWS, STRIP);
#undef STRIP
}

static void input_gradient(enum layout layout, enum activation kind, long vectors, long inputs,
                           long outputs, const vector *delta, const real *w, const vector *a,
                           const vector *slopes, vector *input_delta)
{
    if (layout == MODELS)
        input_gradient_in(MODELS, kind, vectors, inputs, outputs, delta, w, a, slopes, input_delta);
    else
        input_gradient_in(ROWS, kind, vectors, inputs, outputs, delta, w, a, slopes, input_delta);
}

/* ---- the weights' gradient, models in the lanes ---- */

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
                         gradient + (o)*inputs)
    TILES(outputs, GRADIENT_OUTPUTS, TILE);
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

/* The gradient of a layer's W[outputs][inputs] and b[outputs]. */
static void weight_gradient(int more, long rows, long inputs, long outputs, const vector *x,
                            const vector *delta, vector *gradient)
{
#define TILE(i, n) \
    weight_gradient_columns(n, more, rows, inputs, outputs, x + (i), delta, gradient + (i))
    TILES(inputs, GRADIENT_INPUTS, TILE);
#undef TILE
    gradient += inputs * outputs;
#define TILE(o, n) bias_gradient_tile(n, more, rows, outputs, delta + (o), gradient + (o))
    TILES(outputs, TILE_OUTPUTS, TILE);
#undef TILE
}

/* ---- the weights' gradient, rows in the lanes ----
   The sum runs over the rows one after another, so here the lanes hold a row's units: its inputs,
   a one, whose weight is the bias, and zeros that fill the last vector. */

static long columns_for(long inputs)
{
    return (inputs + 1 + LANES - 1) / LANES;
}

/* x[v][i], LANES rows a vector, as units[r][column], LANES units a vector. */
static void units_of_rows(long vectors, long inputs, const vector *x, vector *units)
{
    const long columns = columns_for(inputs);
    const vector one = {1};
    for (long v = 0; v < vectors; v++, x += inputs, units += LANES * columns)
        for (long c = 0; c < columns; c++) {
            const long there = inputs - c * LANES;
            vector t[LANES];
            UNROLL for (int l = 0; l < LANES; l++)
                t[l] = l < there ? x[c * LANES + l] : fill(l == there);
            if (there > 0) transpose(t);
            UNROLL for (int l = 0; l < LANES; l++)
                units[l * columns + c] = there > 0 ? t[l] : one;
        }
}

INLINE void row_gradient_tile(const long height, const long width, int more, long rows,
                              long columns, long outputs, const vector *units, const vector *delta,
                              vector *gradient)
{
    vector sum[ROW_OUTPUTS][ROW_COLUMNS];
    UNROLL for (long o = 0; o < height; o++)
        UNROLL for (long c = 0; c < width; c++)
            sum[o][c] = more ? gradient[o * columns + c] : fill(0);
    for (long r = 0; r < rows; r++) {
        const real *of_row = (const real *)(delta + r / LANES * outputs) + r % LANES;
        UNROLL for (long o = 0; o < height; o++) {
            const real *d = of_row + o * LANES;
            SEPARATE(d);
            UNROLL for (long c = 0; c < width; c++)
                sum[o][c] = fused(fill(*d), units[r * columns + c], sum[o][c]);
        }
    }
    UNROLL for (long o = 0; o < height; o++)
        UNROLL for (long c = 0; c < width; c++) gradient[o * columns + c] = sum[o][c];
}

INLINE void row_gradient_strip(const long width, int more, long rows, long columns, long outputs,
                               const vector *units, const vector *delta, vector *gradient)
{
#define TILE(o, n)                                                                   \
    row_gradient_tile(n, width, more, rows, columns, outputs, units, delta + (o), \
                      gradient + (o)*columns)
    TILES(outputs, ROW_OUTPUTS, TILE);
#undef TILE
}

/* gradient[o][column] = sum over r of delta[r][o] units[r][column], to which `more` adds what is
   there. */
static void row_gradient(int more, long rows, long inputs, long outputs, const vector *units,
                         const vector *delta, vector *gradient)
{
    const long columns = columns_for(inputs);
#define TILE(c, n) \
    row_gradient_strip(n, more, rows, columns, outputs, units + (c), delta, gradient + (c))
    TILES(columns, ROW_COLUMNS, TILE);
#undef TILE
}

/* Lays a layer's gradient[o][column] out like its W[outputs][inputs] and b[outputs]. What is too
   much at the end of a row is overwritten by the next, or by the biases; beyond these it reaches
   LANES reals at most. */
static void lay_out(long inputs, long outputs, const vector *gradient, real *to)
{
    const long columns = columns_for(inputs);
    for (long o = 0; o < outputs; o++)
        for (long c = 0; c < columns; c++)
            memcpy(to + o * inputs + c * LANES, gradient + o * columns + c, sizeof(vector));
    for (long o = 0; o < outputs; o++)
        to[inputs * outputs + o] = ((const real *)(gradient + o * columns))[inputs];
}
