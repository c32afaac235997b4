/*
 * worker_batch.h - one batch of messages becomes predictions and dead letters,
 * which are sent.
 *
 * It is the part of a worker between poll and commit. It counts into the unit's
 * tally, and it owns the breaker that ends a scorer whose topic is no longer
 * made of impressions. One thread.
 */
#ifndef CONSUMER_WORKER_BATCH_H
#define CONSUMER_WORKER_BATCH_H

#include "common/base/error.h"

#include "consumer/models/model_board.h"
#include "consumer/read/subscriber.h"
#include "consumer/score/culprit.h"
#include "consumer/score/delivery.h"
#include "consumer/score/scorer.h"
#include "consumer/score/tally.h"

#include <stdbool.h>

struct worker_batch;

/* The topics of the delivery's publisher, in this order. */
enum worker_topic { WORKER_PREDICTIONS, WORKER_DEAD_LETTERS };

/* The config must outlive it. */
int worker_batch_new(const struct scorer_config *config,
                     struct worker_batch **out, struct error *err) MUST_CHECK;

/* One batch is scored with the model and sent by the delivery; all borrowed. */
struct worker_batch_inputs {
    const struct served_model *model; /* NULL: the prior */
    struct delivery *delivery;
    const struct culprit *culprit; /* becomes a dead letter in any case */
    struct tally *unit;
    struct metrics *metrics;
};

/* After a failure some of the batch may have been sent: the unit has to be
 * undone. delivery_verdict() of `err` says how, unless
 * worker_batch_is_broken(). */
int worker_batch_run(struct worker_batch *self,
                     const struct worker_batch_inputs *with,
                     const struct message_batch *batch,
                     struct error *err) MUST_CHECK;

/* The last run failed (ERROR_FORMAT) because more of the last records than
 * dead_letters.max_share were no impressions. */
bool worker_batch_is_broken(const struct worker_batch *self);

/* NULL is fine. */
void worker_batch_free(struct worker_batch *self);

#endif
