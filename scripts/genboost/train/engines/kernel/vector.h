/* Arithmetic on vectors, whose lanes never mix.

   The compiler must not contract, reassociate or approximate (see kernel_build.py). A multiply-add
   to be rounded once is written `fused`; +, -, *, / and sqrt are rounded correctly by IEEE 754.
   So the bits of a result are those of this source, whatever the compiler, the vector length or
   the optimization level, on every processor that has a fused multiply-add. */

#pragma once

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
enum { LOG_TERMS = 11 };
#else
typedef float real;
typedef int32_t mask_lane;
typedef uint32_t bits_lane;
#define ROUND 12582912.0f /* 1.5 * 2^23 */
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
enum { FRACTION_BITS = 23, EXPONENT_BIAS = 127, EXPONENT_LIMIT = 126, EXP_TERMS = 8 };
enum { LOG_TERMS = 5 };
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

/* Hides where a pointer comes from; without it GCC loads whole vectors for a few spread reals. */
#define SEPARATE(pointer) __asm__("" : "+r"(pointer))

#ifdef DOUBLE
#define REAL_FMA __builtin_fma
#define REAL_SQRT __builtin_sqrt
#else
#define REAL_FMA __builtin_fmaf
#define REAL_SQRT __builtin_sqrtf
#endif

INLINE real fused_real(real a, real b, real c) /* a b + c, rounded once */
{
#if defined __FMA__ || defined __aarch64__
    return REAL_FMA(a, b, c);
#else /* a processor without it: other bits, and no call of a function */
    return a * b + c;
#endif
}

INLINE vector fused(vector a, vector b, vector c)
{
    vector result;
    UNROLL for (int l = 0; l < LANES; l++) result[l] = fused_real(a[l], b[l], c[l]);
    WHOLE(result);
    return result;
}

INLINE vector fill(real value)
{
    return value - (vector){0}; /* not +, which makes a +0 of a -0 */
}

INLINE vector square_root(vector a)
{
    vector result;
    UNROLL for (int l = 0; l < LANES; l++) result[l] = REAL_SQRT(a[l]);
    WHOLE(result);
    return result;
}

INLINE vector choose(mask condition, vector yes, vector no)
{
    return (vector)((condition & (mask)yes) | (~condition & (mask)no));
}

/* exp(x) = power (1 + rest), power = 2^n, 1 + rest = exp(r), |r| <= ln(2) / 2; rest is a Taylor series,
   whose remainder is below half a unit in the last place. */
INLINE vector exp_rest(vector x, vector *power)
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
    *power = (vector)(((bits)shifted + EXPONENT_BIAS) << FRACTION_BITS);
    return series * r;
}

INLINE vector exponential(vector x)
{
    vector power, rest = exp_rest(x, &power);
    return fused(power, rest, power);
}

INLINE vector exp_minus_1(vector x) /* without cancellation */
{
    vector power, rest = exp_rest(x, &power);
    return fused(power, rest, power - 1);
}

/* ln(x) for normal x > 0; a NaN stays a NaN. With x = 2^n m, sqrt(1/2) < m <= sqrt(2), and
   s = (m - 1) / (m + 1), it is n ln(2) + 2 (s + s^3 / 3 + s^5 / 5 + ...). */
INLINE vector logarithm(vector x)
{
    const bits fraction = (((bits){0} + 1) << FRACTION_BITS) - 1;
    vector n = (vector)((bits)fill(ROUND) + ((bits)x >> FRACTION_BITS) - EXPONENT_BIAS) - ROUND;
    vector m = (vector)(((bits)x & fraction) | (bits)fill(1));
    mask large = m > (real)1.4142135623730951;
    m = choose(large, m * (real)0.5, m);
    n = choose(large, n + 1, n);
    vector s = (m - 1) / (m + 1), square = s * s;
    vector series = fill((real)1 / (2 * LOG_TERMS - 1));
    UNROLL for (int k = LOG_TERMS - 1; k > 0; k--)
        series = fused(series, square, fill((real)1 / (2 * k - 1)));
    vector small = fused(n, fill(LN2_LOW), (s + s) * series);
    return choose(x == x, fused(n, fill(LN2_HIGH), small), x);
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
