#include "support/honest_world.h"

#include "common/base/random.h"

int64_t honest_user(int64_t number)
{
    uint64_t state = HONEST_SEED + (uint64_t)number;

    return (int64_t)(random_next(&state) % HONEST_USERS);
}

int64_t honest_ad(int64_t number)
{
    uint64_t state = 2 * HONEST_SEED + (uint64_t)number;

    return (int64_t)(random_next(&state) % HONEST_ADS);
}

bool honest_is_clicked(int64_t number)
{
    uint64_t state = 3 * HONEST_SEED + (uint64_t)number;
    double p = 0.02 + 0.04 * (double)honest_ad(number) +
               0.004 * (double)(honest_user(number) % 40);

    return random_uniform(&state) < p;
}
