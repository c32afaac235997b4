#include "model/maths/numpy_random.h"

#include <math.h>

enum { MT_SHIFT = 397 };

void numpy_random_seed(struct numpy_random *random, uint32_t seed)
{
    random->state[0] = seed;
    for (uint32_t k = 1; k < MT_SIZE; k++) {
        uint32_t before = random->state[k - 1];
        random->state[k] = 1812433253u * (before ^ (before >> 30)) + k;
    }
    random->at = MT_SIZE;
    random->has_spare = false;
}

static void refill(struct numpy_random *random)
{
    uint32_t *state = random->state;

    for (int k = 0; k < MT_SIZE; k++) {
        uint32_t y =
            (state[k] & 0x80000000u) | (state[(k + 1) % MT_SIZE] & 0x7fffffffu);
        state[k] = state[(k + MT_SHIFT) % MT_SIZE] ^ (y >> 1) ^
                   (y & 1 ? 0x9908b0dfu : 0);
    }
    random->at = 0;
}

uint32_t numpy_random_u32(struct numpy_random *random)
{
    if (random->at == MT_SIZE)
        refill(random);

    uint32_t y = random->state[random->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

double numpy_random_double(struct numpy_random *random)
{
    uint32_t high = numpy_random_u32(random) >> 5;
    uint32_t low = numpy_random_u32(random) >> 6;

    return (high * 67108864.0 + low) / 9007199254740992.0;
}

double numpy_random_uniform(struct numpy_random *random, double low,
                            double high)
{
    return low + (high - low) * numpy_random_double(random);
}

double numpy_random_normal(struct numpy_random *random, double mean,
                           double deviation)
{
    double x1, x2, s;

    if (random->has_spare) {
        random->has_spare = false;
        return mean + deviation * random->spare;
    }
    do {
        x1 = 2 * numpy_random_double(random) - 1;
        x2 = 2 * numpy_random_double(random) - 1;
        s = x1 * x1 + x2 * x2;
    } while (s >= 1 || s == 0);
    double f = sqrt(-2 * log(s) / s);
    random->spare = f * x1;
    random->has_spare = true;
    return mean + deviation * (f * x2);
}

uint32_t numpy_random_below(struct numpy_random *random, uint32_t n)
{
    uint32_t last = n - 1, mask = last, value;

    if (last == 0)
        return 0;
    for (int shift = 1; shift < 32; shift *= 2)
        mask |= mask >> shift;
    do
        value = numpy_random_u32(random) & mask;
    while (value > last);
    return value;
}

void numpy_random_shuffle(struct numpy_random *random, size_t *order, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        size_t j = numpy_random_below(random, (uint32_t)i + 1);
        size_t moved = order[i];
        order[i] = order[j];
        order[j] = moved;
    }
}
