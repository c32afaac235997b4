/*
 * trouble.h - something that fails again and again: when to say so.
 *
 * The first failure is told at once, and then one line a minute says how often
 * it was tried. A minute without a failure ends the trouble. A plain value;
 * zeroed is no trouble. One thread.
 */
#ifndef COMMON_TROUBLE_H
#define COMMON_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

struct trouble {
    uint64_t attempts; /* that failed; 0: none */
    int64_t since_ms;  /* monotonic time of the first */
    int64_t last_ms, told_ms;
};

/* One more attempt failed, at this monotonic time. Returns whether that is to
 * be told now. */
bool trouble_again(struct trouble *trouble, int64_t now_ms);

/* An attempt succeeded. */
void trouble_end(struct trouble *trouble);

#endif
