/*
 * worker_batch.h - one batch of messages to predictions and dead letters, sent.
 *
 * The part of a worker between poll and commit. Counts into the unit's tally
 * and stops at the breaker. One thread.
 */
#ifndef CONSUMER_SCORING_H
#define CONSUMER_SCORING_H

#include "common/base/error.h"

#include "consumer/models/model_board.h"
#include "consumer/read/subscriber.h"
#include "consumer/score/culprit.h"
#include "consumer/score/delivery.h"
#include "consumer/score/scorer.h"
#include "consumer/score/tally.h"

struct scoring;

/* The topics of the delivery's publisher, in this order. */
enum scoring_topic { SCORING_PREDICTIONS, SCORING_DEAD_LETTERS };

/* The config must outlive it. */
int scoring_new(const struct scorer_config *config, struct scoring **out,
                struct error *err) MUST_CHECK;

/* What one batch is scored and sent with; all borrowed. */
struct scoring_means {
    const struct served_model *model; /* NULL: the prior */
    struct delivery *delivery;
    const struct culprit *culprit; /* to be buried whatever it is */
    struct tally *unit;
    struct metrics *metrics;
};

/* A failure of the delivery: delivery_verdict() of `err` says what to do. */
int scoring_run(struct scoring *scoring, const struct scoring_means *with,
                const struct message_batch *batch,
                struct error *err) MUST_CHECK;

/* Fails (ERROR_FORMAT) when too many of the last records were bad. */
int scoring_check(const struct scoring *scoring, struct error *err) MUST_CHECK;

/* NULL is fine. */
void scoring_free(struct scoring *scoring);

#endif
