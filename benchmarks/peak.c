/* The processor's peak: multiply-adds of whole vectors that stay in registers, and nothing else.
   Eight chains are apart from each other, enough to keep two units with a latency of four busy. */

#ifdef __AVX512F__
#define BYTES 64
#elif defined __AVX__
#define BYTES 32
#else
#define BYTES 16
#endif

typedef float vector __attribute__((vector_size(BYTES)));

enum { CHAINS = 8, LANES = BYTES / sizeof(float) };

/* Returns how many floating-point operations that was; the sum of all keeps the work from being
   optimized away. */
double multiply_add(long rounds, float *result)
{
    vector sum[CHAINS], factor = (vector){0} + 0.999f, term = (vector){0} + *result;
    for (int c = 0; c < CHAINS; c++) sum[c] = term * (float)c;
    for (long r = 0; r < rounds; r++)
        for (int c = 0; c < CHAINS; c++) sum[c] = sum[c] * factor + term;
    for (int c = 1; c < CHAINS; c++) sum[0] += sum[c];
    *result = sum[0][0];
    return 2.0 * LANES * CHAINS * rounds;
}
