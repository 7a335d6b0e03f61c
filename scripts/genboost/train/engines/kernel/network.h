/* A multilayer perceptron: what it is trained on, its parameters and activations in memory, the
   gradient of a batch and the error on some rows. */

#pragma once

#include "layers.h"
#include "losses.h"

struct problem {
    int32_t features, hidden_layers, width, outputs, activation;
    int32_t loss;         /* of a row: enum loss */
    int32_t batch_size, epochs;
    int32_t summed;       /* a batch's loss is the sum of its rows', not their mean */
    int32_t train_rows, test_rows, validation_rows;
    int32_t snapshots;    /* epochs after which weights are handed out */
    int32_t stride;       /* reals from a row of x to the next: features, rounded up to LANES */
    const real *train_x;  /* [train_rows][stride] */
    const real *train_y;  /* [train_rows] */
    const real *test_x;   /* [test_rows][stride] */
    const real *test_y;   /* [test_rows] */
    const real *validation_x; /* [validation_rows][stride] */
    const real *validation_y; /* [validation_rows] */
    const int32_t *order; /* [orders][epochs][train_rows], or NULL: as they are */
    const int32_t *is_weight; /* [parameters], 0: a bias */
    const int32_t *snapshot_epochs; /* [snapshots], counted from 1 */
};

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
    vector *first_moment, *second_moment; /* what the optimizers keep */
    int any_adaptive;    /* whether any model has adaptive SAM, which then has in */
    vector *scaled;      /* 1 for the parameters that it scales, 0 for the others */
    vector *input;       /* [block][features], and LANES more */
    vector *activations; /* [hidden_layers][block][width] */
    vector *slopes;      /* their derivatives, for curved activations */
    vector *delta, *next_delta; /* dL/dz of a layer, [block][the most units of any] */
    vector *units;       /* rows in the lanes: a layer's inputs, see units_of_rows */
    vector *row_gradient; /* likewise: each layer's gradient, see row_gradient */
    vector *outputs, *expected; /* [block][outputs], [block] */
    vector target[BLOCK], surprise[BLOCK];
    struct rows rows;    /* all four, for the loss */
};

static int inputs_of(const struct problem *p, int layer)
{
    return layer == 0 ? p->features : p->width;
}

static int outputs_of(const struct problem *p, int layer)
{
    return layer == p->hidden_layers ? p->outputs : p->width;
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

/* A block's rows through the network. */
static void forward(struct state *s, const vector *weights, int rows)
{
    const struct problem *p = s->problem;
    long at = 0;
    for (int layer = 0; layer <= p->hidden_layers; layer++) {
        int inputs = inputs_of(p, layer), outputs = outputs_of(p, layer);
        int last = layer == p->hidden_layers;
        forward_layer(s->layout, last ? IDENTITY : p->activation, vectors_of(s, rows), inputs,
                      outputs, activations_of(s, layer), parameter(s, weights, at),
                      last ? s->rows.outputs : activations_of(s, layer + 1),
                      s->slopes + layer * s->block * p->width);
        at += (inputs + 1) * outputs;
    }
    conclude(p->loss, &s->rows, vectors_of(s, rows), p->outputs);
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

/* Adds the squared errors of a block's predictions to each model's sum. */
static void add_squares(const struct state *s, int rows, double *sum)
{
    for (int r = 0; r < rows; r++) {
        if (s->layout == MODELS) {
            vector error = s->rows.prediction[r] - s->target[r];
            for (int l = 0; l < LANES; l++) sum[l] += (double)error[l] * (double)error[l];
        } else {
            const real *prediction = (const real *)s->rows.prediction;
            real error = prediction[r] - ((const real *)s->target)[r];
            *sum += (double)error * (double)error;
        }
    }
}

/* Adds the losses of a block's rows to each model's sum. */
static void add_losses(const struct state *s, int rows, double *sum)
{
    const real *surprise = (const real *)s->surprise;
    const int models = s->layout == MODELS ? LANES : 1;
    switch ((enum loss)s->problem->loss) {
    case MSE: add_squares(s, rows, sum); break;
    case CROSS_ENTROPY:
        for (int r = 0; r < rows; r++)
            for (int m = 0; m < models; m++) sum[m] += (double)surprise[r * models + m];
        break;
    }
}

/* The gradient of the batch's loss at `weights`. The rows' losses are added to
   `loss` unless it is NULL. */
static void batch_gradient(struct state *s, const vector *weights, const int32_t *const *order,
                           int start, int rows, double *loss)
{
    const struct problem *p = s->problem;
    const double share = p->summed ? 1 : 1.0 / rows;
    for (int done = 0; done < rows; done += BLOCK) {
        int count = rows - done < BLOCK ? rows - done : BLOCK;
        /* SAM's second pass finds a batch of one block where its first pass left it. */
        if (loss || rows > BLOCK) gather(s, p->train_x, p->train_y, order, start + done, count);
        forward(s, weights, count);
        if (loss) add_losses(s, count, loss);
        slopes(p->loss, &s->rows, vectors_of(s, count), p->outputs, share, s->delta);
        backward(s, weights, done > 0, count);
    }
    if (s->layout == ROWS) lay_out_gradient(s);
}

/* The mean squared error of each model's predictions on the given rows. */
static void evaluate(struct state *s, const real *x, const real *y, int rows, double *mse)
{
    const struct problem *p = s->problem;
    const int models = s->layout == MODELS ? LANES : 1;
    for (int m = 0; m < models; m++) mse[m] = 0;
    for (int done = 0; done < rows; done += BLOCK) {
        int count = rows - done < BLOCK ? rows - done : BLOCK;
        gather(s, x, y, NULL, done, count);
        forward(s, s->weights, count);
        predict(p->loss, &s->rows, vectors_of(s, count), p->outputs);
        add_squares(s, count, mse);
    }
    for (int m = 0; m < models; m++) mse[m] /= rows;
}
