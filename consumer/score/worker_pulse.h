/*
 * worker_pulse.h - the signs of life of a worker: what other threads see of it
 * while it runs, and where its time goes.
 *
 * The worker's thread calls the functions; any thread may read `status`. A
 * plain value that must stay where it is.
 */
#ifndef CONSUMER_WORKER_PULSE_H
#define CONSUMER_WORKER_PULSE_H

#include "common/base/metrics.h"

#include "consumer/score/worker_time.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct worker_status {
    atomic_int_least64_t beat_ms; /* monotonic time of the last sign of life */
    atomic_int_least64_t silence_ms; /* until the next, as promised */
    atomic_uint_least64_t beats;     /* signs of life so far */
    atomic_bool is_member;           /* has an assignment, if an empty one */
    atomic_bool is_holding;          /* waits for the newest model */
    /* Monotonic time since when records are there that were not committed; 0:
     * there are none. */
    atomic_int_least64_t pending_ms;
    atomic_bool at_end;
    atomic_uint_least64_t predictions, dead_letters;
    atomic_uint_least64_t commits, aborts, rebuilds, swaps;
};

struct worker_pulse {
    struct worker_status status;
    struct worker_time time;
    const atomic_bool *stop; /* NULL until the worker runs */
};

/* The metrics (may be NULL) must outlive it. */
void worker_pulse_start(struct worker_pulse *pulse, struct metrics *metrics,
                        unsigned worker);

/* A sign of life, and the promise of another one soon. */
void worker_pulse_beat(struct worker_pulse *pulse);

bool worker_pulse_must_stop(const struct worker_pulse *pulse);

/* Waits in slices, with a sign of life each, so that a stop is noticed. */
void worker_pulse_rest(struct worker_pulse *pulse, int64_t wait_ms);

/* Around a call that waits for the broker to commit, abort or begin anew: the
 * worker may be silent for as long as librdkafka needs. */
void worker_pulse_enter_broker(struct worker_pulse *pulse);
void worker_pulse_leave_broker(struct worker_pulse *pulse);

#endif
