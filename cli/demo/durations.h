/*
 * durations.h - how long things took, by whole milliseconds: the time within
 * which a share of them was over.
 */
#ifndef CLI_DURATIONS_H
#define CLI_DURATIONS_H

#include <stddef.h>
#include <stdint.h>

enum { DURATIONS_MAX_MS = 60000 }; /* longer ones count as this */

/* Zeroed is empty and valid. */
struct durations {
    size_t count;
    uint32_t at[DURATIONS_MAX_MS + 1];
};

/* One below 0, by clocks that differ, counts as 0. */
void durations_add(struct durations *durations, int64_t ms);

/* NaN where there are none. */
double durations_within(const struct durations *durations, double share);

#endif
