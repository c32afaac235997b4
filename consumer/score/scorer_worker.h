/*
 * scorer_worker.h - one scoring loop: one consumer, one producer, one thread.
 *
 * Internal to scorer.c, which owns the threads.
 */
#ifndef CONSUMER_SCORER_WORKER_H
#define CONSUMER_SCORER_WORKER_H

#include "common/base/error.h"

#include "consumer/score/lag_watch.h"
#include "consumer/score/scorer.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct scorer_worker;

/* What other threads may look at while the worker runs. */
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

/* The config, the parts and the lag watch (may be NULL) must outlive it. */
int scorer_worker_open(const struct scorer_config *config,
                       const struct scorer_parts *parts, unsigned number,
                       struct lag_watch *lags, struct scorer_worker **out,
                       struct error *err) MUST_CHECK;

/* Works until *stop, or until it cannot go on: `err` then says why, with the
 * code that decides the exit status. */
int scorer_worker_run(struct scorer_worker *worker, const atomic_bool *stop,
                      struct error *err) MUST_CHECK;

const struct worker_status *
scorer_worker_status(const struct scorer_worker *worker);

/* NULL is fine. */
void scorer_worker_close(struct scorer_worker *worker);

#endif
