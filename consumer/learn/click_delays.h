/*
 * click_delays.h - how long after their impressions clicks come.
 *
 * Clicks beyond the reach of a join are lost for good: their impressions stay
 * negatives, and no figure shows it, as evaluations use the same labels. But a
 * distribution of delays that is not over well within the reach is not over
 * beyond it either. Zeroed is empty; a plain value.
 */
#ifndef CONSUMER_CLICK_DELAYS_H
#define CONSUMER_CLICK_DELAYS_H

#include "common/base/metrics.h"

#include <stdbool.h>
#include <stdint.h>

struct click_delays {
    uint64_t counts[METRIC_DELAY_BOUNDS + 1]; /* as in a histogram of delays */
    double sum_s;
    uint64_t clicks, long_after; /* later than half of the reach */
};

/* A click before its impression, by clocks that differ, counts as at once. */
void click_delays_add(struct click_delays *delays, int64_t delay_ms,
                      int64_t reach_ms);

/* Of a thousand clicks at least, more than one in twenty comes in the second
 * half of the reach. */
bool click_delays_are_long(const struct click_delays *delays);

#endif
