#include "common/base/random.h"

#include <math.h>

uint64_t random_next(uint64_t *state)
{
    return random_mix(*state += 0x9e3779b97f4a7c15u);
}

double random_uniform(uint64_t *state)
{
    return (double)(random_next(state) >> 11) * 0x1p-53;
}

double random_normal(uint64_t *state)
{
    static const double two_pi = 6.283185307179586;
    double radius = sqrt(-2 * log(1 - random_uniform(state)));

    return radius * cos(two_pi * random_uniform(state));
}

double random_exponential(uint64_t *state)
{
    return -log(1 - random_uniform(state));
}
