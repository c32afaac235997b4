#include "support/chance.h"

#include "common/base/clock.h"
#include "common/base/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t chance_seed(void)
{
    const char *given = getenv("PCTR_SEED");
    const uint64_t seed =
        given ? strtoull(given, NULL, 10) : (uint64_t)clock_wall_ms();

    unsetenv("PCTR_SEED");
    printf("seed=%" PRIu64 "\n", seed);
    fflush(stdout);
    return seed;
}

int64_t chance_below(uint64_t *state, int64_t most)
{
    return (int64_t)(random_uniform(state) * (double)most);
}

void chance_pause(uint64_t *state, int64_t most_ms)
{
    clock_sleep_ms(chance_below(state, most_ms));
}
