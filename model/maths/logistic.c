/*
 * logistic.c - e^x as 2^k e^r with |r| <= ln 2 / 2 (Cody and Waite 1980), and
 * e^r by its series up to r^13, the rest of which is below 4e-18.
 */
#include "model/maths/logistic.h"

#include <stdint.h>
#include <string.h>

/* 2^k, for k in the range of normal numbers. */
static double power_of_two(int64_t k)
{
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static double exponential(double x)
{
    static const double log2_e = 1.4426950408889634;
    static const double ln2_high = 6.93147180369123816490e-01;
    static const double ln2_low = 1.90821492927058770002e-10;
    const double turns = x * log2_e;
    const int64_t k = (int64_t)(turns + (turns < 0 ? -0.5 : 0.5));
    const double n = (double)k;
    const double r = (x - n * ln2_high) - n * ln2_low;
    const double r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;

    /* The terms are added in pairs, so that few steps wait for one another. */
    const double a = (1 + r) + r2 * (1.0 / 2 + r * (1.0 / 6));
    const double b =
        (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040));
    const double c = (1.0 / 40320 + r * (1.0 / 362880)) +
                     r2 * (1.0 / 3628800 + r * (1.0 / 39916800));
    const double d = 1.0 / 479001600 + r * (1.0 / 6227020800.0);
    return ((a + r4 * b) + r8 * (c + r4 * d)) * power_of_two(k);
}

double logistic(double x)
{
    return 1 / (1 + exponential(-x));
}
