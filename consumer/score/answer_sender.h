/*
 * answer_sender.h - one batch of messages becomes predictions and dead letters,
 * which are sent.
 *
 * It is the part of a worker between poll and commit. It counts into the unit's
 * tally and tells the flood guard which records were bad. One thread.
 */
#ifndef CONSUMER_ANSWER_SENDER_H
#define CONSUMER_ANSWER_SENDER_H

#include "common/base/error.h"

#include "consumer/models/model_board.h"
#include "consumer/read/subscriber.h"
#include "consumer/score/culprit.h"
#include "consumer/score/delivery.h"
#include "consumer/score/flood.h"
#include "consumer/score/scorer.h"
#include "consumer/score/tally.h"

struct answer_sender;

/* The topics of the delivery's publisher, in this order. */
enum answer_topic { ANSWER_PREDICTIONS, ANSWER_DEAD_LETTERS };

/* The config must outlive it. */
int answer_sender_new(const struct scorer_config *config,
                      struct answer_sender **out, struct error *err) MUST_CHECK;

/* One batch is scored with the model and sent by the delivery; all borrowed. */
struct answer_sender_parts {
    const struct served_model *model; /* NULL: the prior */
    struct delivery *delivery;
    const struct culprit *culprit; /* becomes a dead letter in any case */
    struct tally *tally;           /* of the unit */
    struct flood *flood;
    struct metrics *metrics;
};

/* After a failure some of the batch may have been sent: the unit has to be
 * undone, and delivery_verdict() of `err` says how. */
int answer_sender_run(struct answer_sender *self,
                      const struct answer_sender_parts *with,
                      const struct message_batch *batch,
                      struct error *err) MUST_CHECK;

/* NULL is fine. */
void answer_sender_free(struct answer_sender *self);

#endif
