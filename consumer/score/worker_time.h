/*
 * worker_time.h - what a worker spends its time on: together all of it, so that
 * the share of waiting says how much more it could do.
 *
 * A plain value. One thread.
 */
#ifndef CONSUMER_WORKER_TIME_H
#define CONSUMER_WORKER_TIME_H

#include "common/base/metrics.h"

#include <stdint.h>

enum worker_activity {
    WORKER_WAITS,   /* for records, or for a model */
    WORKER_SCORES,  /* takes records, scores and sends them */
    WORKER_COMMITS, /* waits for the broker to commit, abort or begin anew */
};

struct worker_time {
    struct metrics *metrics; /* borrowed; may be NULL */
    int worker;
    int64_t since_ns; /* monotonic; what was before is accounted for */
};

void worker_time_start(struct worker_time *time, struct metrics *metrics,
                       unsigned worker);

/* The time since the last call was spent on this. */
void worker_time_spent(struct worker_time *time, enum worker_activity on);

/* The time since the last call was spent on `on`, but for waited_ns of it. */
void worker_time_spent_beside(struct worker_time *time, enum worker_activity on,
                              int64_t waited_ns);

#endif
