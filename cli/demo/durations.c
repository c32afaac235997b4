#include "cli/demo/durations.h"

#include <math.h>

void durations_add(struct durations *self, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    if (ms > DURATIONS_MAX_MS)
        ms = DURATIONS_MAX_MS;
    self->at[ms]++;
    self->count++;
}

double durations_within(const struct durations *self, double share)
{
    size_t below = 0;

    for (int ms = 0; ms <= DURATIONS_MAX_MS && self->count > 0; ms++) {
        below += self->at[ms];
        if ((double)below >= share * (double)self->count)
            return ms;
    }
    return NAN;
}
