/* The update rules: what a step makes of the parameters, given the gradient.

   The models in the lanes may follow different rules. Each rule moves the lanes that follow it and
   leaves the others, with what these keep, as they are. To add a rule: its name in __init__.py, its
   function here, and a case in `move_lanes`. */

#pragma once

#include "vector.h"

enum optimizer { OPTIMIZERS }; /* the names in __init__.py */
enum { RULES = sizeof((int[]){OPTIMIZERS}) / sizeof(int) };

static const double BETA1 = 0.9, BETA2 = 0.999, ADAM_EPSILON = 1e-8;
static const double LION_BETA1 = 0.9, LION_BETA2 = 0.99;

/* What a step needs to know of the models in the lanes. */
struct step {
    mask followers[RULES]; /* the lanes that follow a rule */
    int count[RULES];      /* how many these are */
    vector momentum;
    mask nesterov;
    int any_momentum;
    vector size;         /* learning rate; Adam: over its first bias correction */
    vector l2;           /* weight decay that joins the gradient */
    vector shrink;       /* 1 - learning rate * weight decay, where that is decoupled */
    vector scale_second; /* 1 / sqrt of Adam's second bias correction */
};

/* a + share (b - a) */
INLINE vector between(vector a, vector b, double share)
{
    return fused(fill((real)share), b - a, a);
}

/* The rules: the direction of a step, given g. What they keep is m, and v, of the given lanes. */

INLINE void keep(mask lanes, vector value, vector *at)
{
    *at = choose(lanes, value, *at);
}

/* SGD with momentum, as in torch.optim.SGD without dampening; Nesterov's by Sutskever et al. 2013.
   A momentum of zero leaves g as it is. */
INLINE vector sgd_direction(const struct step *step, mask lanes, vector g, vector *m)
{
    vector velocity = fused(step->momentum, *m, g);
    keep(lanes, velocity, m);
    velocity = choose(step->nesterov, fused(step->momentum, velocity, g), velocity);
    return choose(step->momentum == 0, g, velocity);
}

/* Adam (Kingma & Ba 2015, algorithm 1), with epsilon where torch.optim.Adam has it. */
INLINE vector adam_direction(const struct step *step, mask lanes, vector g, vector *m, vector *v)
{
    vector first = between(*m, g, 1 - BETA1);
    vector second = fused(fill((real)(1 - BETA2)), g * g, fill((real)BETA2) * *v);
    keep(lanes, first, m);
    keep(lanes, second, v);
    return first / fused(square_root(second), step->scale_second, fill((real)ADAM_EPSILON));
}

/* Lion (Chen et al. 2023, algorithm 2): the sign of what lies between m and g. */
INLINE vector lion_direction(mask lanes, vector g, vector *m)
{
    vector c = between(*m, g, 1 - LION_BETA1);
    keep(lanes, between(*m, g, 1 - LION_BETA2), m);
    return choose(c > 0, fill(1), choose(c < 0, fill(-1), c)); /* zero, and NaN, as they are */
}

/* The step of the lanes `moved`: those that follow a rule, and others, whose direction is g. There
   are `count` vectors of weights, with their gradient. */
INLINE void move_lanes(const struct step *step, int rule, const mask followers, const mask moved,
                       long count, const vector *gradient, vector *weights, vector *m, vector *v)
{
#define EACH(of_rule)                                                                \
    for (long p = 0; p < count; p++) {                                               \
        vector w = weights[p], g = fused(step->l2, w, gradient[p]);                  \
        vector direction = choose(followers, of_rule, g);                            \
        keep(moved, fused(-step->size, direction, step->shrink * w), &weights[p]);   \
    }
    switch ((enum optimizer)rule) {
    case SGD:
        if (step->any_momentum)
            EACH(sgd_direction(step, moved, g, &m[p]))
        else
            EACH(g)
        break;
    case ADAM: case ADAMW: EACH(adam_direction(step, moved, g, &m[p], &v[p])) break;
    case LION: EACH(lion_direction(moved, g, &m[p])) break;
    }
#undef EACH
}

static void move(const struct step *step, long count, const vector *gradient, vector *weights,
                 vector *m, vector *v)
{
    const mask all = ~(mask){0}; /* a constant, which makes `keep` a plain store */
    /* Plain SGD goes along with another rule at no cost: its direction is g, and it keeps nothing. */
    const int along = step->any_momentum ? 0 : step->count[SGD];
    for (int rule = RULES - 1; rule >= 0; rule--) {
        const int own = step->count[rule];
        const mask followers = step->followers[rule];
        if (own == LANES) {
            move_lanes(step, rule, all, all, count, gradient, weights, m, v);
        } else if (own && rule != SGD && own + along == LANES) {
            move_lanes(step, rule, followers, all, count, gradient, weights, m, v);
            return;
        } else if (own) {
            move_lanes(step, rule, followers, followers, count, gradient, weights, m, v);
        }
    }
}
