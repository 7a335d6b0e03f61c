/* What a network's outputs are trained by, and what number they predict. To add a loss: its name in
   __init__.py, a case in each function, and one in `add_losses`. */

#pragma once

#include "vector.h"

enum loss { LOSSES }; /* the names in __init__.py */

/* What a block's rows have; v is a row of all models in the lanes, or LANES rows of one model. */
struct rows {
    vector *outputs;    /* [v][outputs]; the same as `prediction` if there is one output */
    vector *prediction; /* [v] */
    vector *surprise;   /* [v], -ln of the probability of the class */
    vector *target;     /* [v], the labels */
};

/* Puts the probabilities of softmax in the place of the outputs, and -ln p of the class beside. */
static void softmax(const struct rows *of, long vectors, int classes)
{
    for (long v = 0; v < vectors; v++) {
        vector *z = of->outputs + v * classes, largest = z[0], total = fill(0), own = fill(0);
        for (int k = 1; k < classes; k++) largest = choose(z[k] > largest, z[k], largest);
        for (int k = 0; k < classes; k++) {
            vector below = z[k] - largest;
            own = choose(of->target[v] == (real)k, below, own);
            total += z[k] = exponential(below);
        }
        for (int k = 0; k < classes; k++) z[k] /= total;
        of->surprise[v] = logarithm(total) - own;
    }
}

/* Makes of the outputs what the others below read, after every pass forward. */
static void conclude(enum loss loss, const struct rows *of, long vectors, int outputs)
{
    switch (loss) {
    case MSE: break;
    case CROSS_ENTROPY: softmax(of, vectors, outputs); break;
    }
}

/* The number that each row's outputs predict: the one output, or the expected class. */
static void predict(enum loss loss, const struct rows *of, long vectors, int outputs)
{
    switch (loss) {
    case MSE: break;
    case CROSS_ENTROPY:
        for (long v = 0; v < vectors; v++) {
            vector sum = fill(0);
            for (int k = 1; k < outputs; k++)
                sum = fused(of->outputs[v * outputs + k], fill(k), sum);
            of->prediction[v] = sum;
        }
        break;
    }
}

/* delta[v][output] = dL/d output, of a batch's loss that is the sum of its rows' times `share`. */
static void slopes(enum loss loss, const struct rows *of, long vectors, int outputs, double share,
                   vector *delta)
{
    switch (loss) {
    case MSE:
        for (long v = 0; v < vectors; v++)
            delta[v] = (of->prediction[v] - of->target[v]) * (real)(2 * share);
        break;
    case CROSS_ENTROPY:
        for (long v = 0; v < vectors; v++)
            for (int k = 0; k < outputs; k++) {
                vector p = of->outputs[v * outputs + k];
                p -= choose(of->target[v] == (real)k, fill(1), fill(0));
                delta[v * outputs + k] = p * (real)share;
            }
        break;
    }
}
