/*
 * trainer_parts.h - opens what a trainer works with, as its settings say.
 *
 * Private to the trainer. Each function opens one part, which its caller
 * closes, and fails as the part's own opening does.
 */
#ifndef CONSUMER_TRAINER_PARTS_H
#define CONSUMER_TRAINER_PARTS_H

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/event/manifest.h"
#include "common/kafka/kafka_watch.h"

#include "consumer/train/bad_records.h"
#include "consumer/train/learner.h"
#include "consumer/train/live_evaluation.h"
#include "consumer/train/model_outlet.h"
#include "consumer/train/online_learner.h"
#include "consumer/train/record_source.h"
#include "consumer/train/trainer.h"

#include <stdint.h>

/* How models are learned. *out borrows nothing. */
int trainer_parts_learning(const struct trainer_config *from,
                           struct learner_config *out,
                           struct error *err) MUST_CHECK;

/* A model that learns online, so. */
int trainer_parts_online(const struct trainer_config *from,
                         const struct learner_config *learning,
                         struct metrics *metrics, struct online_learner **out,
                         struct error *err) MUST_CHECK;

int trainer_parts_outlet(const struct trainer_config *from,
                         struct metrics *metrics, struct model_outlet **out,
                         struct error *err) MUST_CHECK;

/* `covered` is the newest model published; NULL: there is none. */
int trainer_parts_bad_records(const struct trainer_config *from,
                              const struct manifest *covered,
                              struct bad_records **out,
                              struct error *err) MUST_CHECK;

/* From records of from_ms on (0: from the beginning), or behind what the model
 * `resumed` (NULL: none) has learned. Borrows `from` and `clients`, which
 * watches the reading and may be NULL. */
int trainer_parts_source(const struct trainer_config *from,
                         struct kafka_watch *clients, int64_t from_ms,
                         const struct manifest *resumed,
                         struct record_source **out,
                         struct error *err) MUST_CHECK;

/* From impressions of from_ms on (0: all); *out stays NULL where the settings
 * switch it off. */
int trainer_parts_evaluation(const struct trainer_config *from, int64_t from_ms,
                             struct record_source *source,
                             struct live_evaluation **out,
                             struct error *err) MUST_CHECK;

#endif
