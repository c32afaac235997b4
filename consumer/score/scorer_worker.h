/*
 * scorer_worker.h - one scoring loop: one consumer, one producer, one thread.
 *
 * Internal to scorer.c, which owns the threads.
 */
#ifndef CONSUMER_SCORER_WORKER_H
#define CONSUMER_SCORER_WORKER_H

#include "common/base/error.h"

#include "consumer/score/scorer.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct scorer_worker;

/* What other threads may look at while the worker runs. */
struct worker_status {
    atomic_int_least64_t beat_ms; /* monotonic time of the last sign of life */
    atomic_uint_least64_t beats;  /* signs of life so far */
    atomic_bool member;           /* has had an assignment */
    atomic_bool at_end;
    atomic_uint_least64_t predictions, dead_letters;
    atomic_uint_least64_t commits, aborts, rebuilds, swaps;
};

int scorer_worker_open(const struct scorer_config *config,
                       const struct scorer_parts *parts, unsigned number,
                       const atomic_bool *stop, struct scorer_worker **out,
                       struct error *err) MUST_CHECK;

/* Until *stop, or until nothing can go on. */
int scorer_worker_run(struct scorer_worker *worker,
                      struct error *err) MUST_CHECK;

const struct worker_status *
scorer_worker_status(const struct scorer_worker *worker);

/* NULL is fine. */
void scorer_worker_close(struct scorer_worker *worker);

#endif
