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
#include "consumer/score/worker_pulse.h"

#include <stdatomic.h>

struct scorer_worker;

/* The config, the parts and the lag watch (may be NULL) must outlive it. */
int scorer_worker_open(const struct scorer_config *config,
                       const struct scorer_parts *parts, unsigned number,
                       struct lag_watch *lags, struct scorer_worker **out,
                       struct error *err) MUST_CHECK;

/* Works until *stop, or until it cannot go on: `err` then says why, with the
 * code that decides the exit status. */
int scorer_worker_run(struct scorer_worker *worker, const atomic_bool *stop,
                      struct error *err) MUST_CHECK;

/* Any thread. */
const struct worker_status *
scorer_worker_status(const struct scorer_worker *worker);

/* NULL is fine. */
void scorer_worker_close(struct scorer_worker *worker);

#endif
