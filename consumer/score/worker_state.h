/*
 * worker_state.h - what scorer_worker.c and worker_recovery.c share.
 */
#ifndef CONSUMER_WORKER_STATE_H
#define CONSUMER_WORKER_STATE_H

#include "common/base/backoff.h"

#include "consumer/read/subscriber.h"
#include "consumer/score/culprit.h"
#include "consumer/score/delivery.h"
#include "consumer/score/scorer_worker.h"
#include "consumer/score/tally.h"
#include "consumer/score/worker_batch.h"

/* A second fence this soon after the first is a twin of ours. */
enum { FENCED_AGAIN_MS = 600000 };

struct scorer_worker {
    const struct scorer_config *config;
    const struct scorer_parts *parts;
    const atomic_bool *stop;
    unsigned number;
    struct worker_status status;

    struct subscriber *subscriber; /* NULL until there may be a model */
    struct delivery *delivery;
    struct scoring *scoring;
    const struct served_model *model; /* taken from the board; may be NULL */
    uint64_t epoch;                   /* of it */

    struct tally unit;
    bool quiet; /* everything sent is delivered */
    struct culprit culprit;
    struct backoff backoff;      /* between two tries of the unit */
    struct record_position last; /* of the unit */
    int64_t fenced_ms, tick_ms;
};

bool worker_must_stop(const struct scorer_worker *worker);
void worker_beat(struct scorer_worker *worker);

/* In slices, so that a stop is not kept waiting. */
void worker_rest(struct scorer_worker *worker, int64_t wait_ms);

/* Undoes the unit at the broker. */
enum publisher_verdict worker_abort(struct scorer_worker *worker,
                                    struct error *err);

/* The unit failed with this verdict: undoes it, so that the next round begins
 * at the committed positions. Fails when nothing can go on. */
int worker_recover(struct scorer_worker *worker, enum publisher_verdict verdict,
                   const struct error *why, struct error *err) MUST_CHECK;

#endif
