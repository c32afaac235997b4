/*
 * worker_batch.h - one batch of messages becomes predictions and dead letters,
 * which are sent.
 *
 * It is the part of a worker between poll and commit. It counts into the unit's
 * tally and tells the flood guard which records were bad. One thread.
 */
#ifndef CONSUMER_WORKER_BATCH_H
#define CONSUMER_WORKER_BATCH_H

#include "common/base/error.h"

#include "consumer/models/model_board.h"
#include "consumer/read/subscriber.h"
#include "consumer/score/culprit.h"
#include "consumer/score/delivery.h"
#include "consumer/score/flood.h"
#include "consumer/score/scorer.h"
#include "consumer/score/tally.h"

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
    struct flood *flood;
    struct metrics *metrics;
};

/* After a failure some of the batch may have been sent: the unit has to be
 * undone, and delivery_verdict() of `err` says how. */
int worker_batch_run(struct worker_batch *self,
                     const struct worker_batch_inputs *with,
                     const struct message_batch *batch,
                     struct error *err) MUST_CHECK;

/* NULL is fine. */
void worker_batch_free(struct worker_batch *self);

#endif
