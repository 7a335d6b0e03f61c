/* The activations, with their derivatives. To add one: its name in __init__.py, its function here,
   and a case in `curve`. */

#pragma once

#include "vector.h"

enum activation { ACTIVATIONS, IDENTITY }; /* the names in __init__.py */

/* ---- the piecewise linear ones ---- */

/* A NaN stays a NaN. */
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

INLINE int is_curved(enum activation kind)
{
    return kind != RELU && kind != LEAKY_RELU && kind != IDENTITY;
}

/* ---- the curved ones: their value at z; their derivative goes to `slope` ---- */

INLINE vector elu_at(vector z, vector *slope)
{
    vector below = exp_minus_1(z);
    *slope = choose(z <= 0, below + 1, fill(1));
    return choose(z <= 0, below, z);
}

INLINE vector tanh_at(vector z, vector *slope)
{
    vector e = exp_minus_1(z + z), a = e / (e + 2);
    *slope = 1 - a * a;
    return a;
}

INLINE vector sigmoid_at(vector z, vector *slope)
{
    vector a = 1 / (exp_minus_1(-z) + 2);
    *slope = a * (1 - a);
    return a;
}

INLINE vector silu_at(vector z, vector *slope) /* z sigmoid(z) */
{
    vector sigmoid = sigmoid_at(z, slope);
    *slope = fused(z, *slope, sigmoid);
    return z * sigmoid;
}

#ifdef DOUBLE
#define TAIL_END 37.63
enum { TAIL_TERMS = 25 };
#else
#define TAIL_END 13.2f
enum { TAIL_TERMS = 12 };
#endif

/* The normal distribution's upper tail, 1 - Phi(a) = erfc(a / sqrt(2)) / 2, for a >= 0, and its
   density; both to a few units in the last place, however small.

   1 - Phi(a) = exp(-a^2 / 2) S(t) / (a + 4), t = (a - 4) / (a + 4), and S is smooth for all t up to
   1, where a is infinite: a Chebyshev series in t (as Shepherd & Laframboise 1981 have it for erfc)
   of which double precision takes more terms. */
INLINE vector normal_tail(vector a, vector *density)
{
    static const real chebyshev[] = {
        0.970451204566076545,    -0.751708816839570531,   0.222193555675251034,
        -0.0485177532604460861,  0.00692592049624248039,  -3.20598474398149954e-4,
        -1.00547391632106784e-4, 1.89033690197069636e-5,  1.01035688547463106e-6,
        -6.14533474939782391e-7, -3.38102012006917564e-9, 2.06865080617428341e-8,
        -1.12826036324695064e-10, -7.77401522838869426e-10, -9.94142419140470748e-12,
        3.17448294985830278e-11, 1.84248068447049402e-12, -1.31286164667109654e-12,
        -1.74153626526548136e-13, 4.9072740317044241e-14, 1.29313843261655762e-14,
        -1.21806635217263413e-15, -8.05214737262093301e-16, -2.86049414426162114e-17,
        4.05706442433535415e-17};
    a = choose(a > TAIL_END, fill(TAIL_END), a); /* where both are below the normal numbers */
    vector square = a * a, lost = fused(a, a, -square);
    vector e = exponential(square * (real)-0.5);
    e = fused(e, lost * (real)-0.5, e);
    vector inverse = 1 / (a + 4), twice_t = fused(fill(-16), inverse, fill(2));
    vector next = fill(0), sum = fill(chebyshev[TAIL_TERMS - 1]); /* Clenshaw's recurrence */
    UNROLL for (int k = TAIL_TERMS - 2; k > 0; k--) {
        vector last = next;
        next = sum;
        sum = fused(twice_t, sum, chebyshev[k] - last);
    }
    sum = fused(twice_t * (real)0.5, sum, chebyshev[0] - next);
    *density = e * (real)0.398942280401432678; /* 1 / sqrt(2 pi) */
    return e * (inverse * sum);
}

INLINE vector gelu_at(vector z, vector *slope) /* z Phi(z) (Hendrycks & Gimpel 2016) */
{
    vector density, tail = normal_tail(choose(z < 0, -z, z), &density);
    vector phi = choose(z < 0, tail, 1 - tail);
    *slope = fused(z, density, phi);
    return z * phi;
}

/* Puts the activations in the place of `values`, and their derivatives into `slopes`. */
static void curve(enum activation kind, vector *values, vector *slopes, long count)
{
#define EACH(activation)                          \
    for (long i = 0; i < count; i++) {            \
        vector slope;                             \
        values[i] = activation(values[i], &slope); \
        slopes[i] = slope;                        \
    }
    switch (kind) {
    case ELU: EACH(elu_at) break;
    case TANH: EACH(tanh_at) break;
    case SIGMOID: EACH(sigmoid_at) break;
    case SILU: EACH(silu_at) break;
    case GELU: EACH(gelu_at) break;
    case RELU: case LEAKY_RELU: case IDENTITY: break; /* not curved */
    }
#undef EACH
}
