/*
 * trainer.h - learns from the clicks and publishes models.
 *
 * One thread reads impressions and labels in the order of their times, joins
 * them and keeps the training log; a second one fits, never two at once. Beside
 * that the first one judges the models in service by what they predicted.
 * Nothing is kept outside Kafka: a trainer that starts reads the topics again.
 * It joins no group. start/stop/join from one thread; the questions from any.
 */
#ifndef CONSUMER_TRAINER_H
#define CONSUMER_TRAINER_H

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/kafka/kafka_client.h"

#include "consumer/learn/fit_need.h"
#include "consumer/learn/intake.h"
#include "consumer/train/bad_records.h"
#include "consumer/train/learner.h"
#include "consumer/train/live_evaluation.h"
#include "consumer/train/model_outlet.h"

#include "model/rows/ratings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trainer;

struct trainer_config {
    struct kafka_settings kafka;
    char name[64];                                         /* of the model */
    char impressions[250], labels[250], dead_letters[250]; /* topics */
    char models[250], chunks[250];
    char predictions[250], evaluations[250];

    struct intake_config intake;
    int64_t history_ms; /* begin so long ago; 0: at the beginning */
    uint32_t linger_ms; /* as in merge_reader.h */
    uint64_t buffer_bytes;

    int64_t retrain_every_ms; /* as in retrain_policy.h */
    uint64_t retrain_rows, retrain_rows_min;
    int64_t publish_every_ms; /* between two deltas of a model that goes on
                                 learning; 0: there are none, and biases stay
                                 as they were fitted */
    double holdout;           /* share of the newest rows */
    bool calibrate;           /* fit_job.h; needs the scale 0..1 */
    bool once;                /* read what is there, learn, publish, done */

    struct fit_need limits; /* 0: those of fit_need_limits() */

    char algorithm[32];
    char params[512]; /* "factors=20 epochs=20"; the model's defaults else */
    uint64_t seed;
    struct scale scale;

    enum bad_records_policy bad_records;
    double bad_share_max;
    uint32_t chunk_bytes;
    char signing_key[512]; /* file of the key; empty: models are unsigned */
    struct event_output evaluation_output; /* how evaluations are written */

    bool evaluate; /* the models in service; where there are predictions */
    int64_t evaluation_window_ms;
    uint32_t evaluation_rows; /* of windows that are not closed, at most */
};

struct trainer_counts {
    struct intake_counts events;
    struct join_books books;
    struct click_delays delays;
    struct training_log_counts log;
    uint64_t bad;
    struct bad_records_counts letters;
    struct learner_counts fits;
    struct model_outlet_counts models;
    uint64_t deltas; /* published */
    struct live_evaluation_counts evaluation;
};

/* Do the settings fit each other, is there such a model with such parameters,
 * and can the key be read? */
int trainer_check(const struct trainer_config *config,
                  struct error *err) MUST_CHECK;

/* Opens all clients before it returns: no broker, no topic and a broken
 * setting are told here. `metrics` (of trainer_metric_families; may be NULL)
 * must outlive the trainer. */
int trainer_start(const struct trainer_config *config, struct metrics *metrics,
                  struct trainer **out, struct error *err) MUST_CHECK;

/* Learn now, whatever the policy says. */
void trainer_request(struct trainer *trainer);

/* A fit under way is cancelled. */
void trainer_stop(struct trainer *trainer);

/* Waits and frees it; *total may be NULL. What ended it comes back here. */
int trainer_join(struct trainer *trainer, struct trainer_counts *total,
                 struct error *err) MUST_CHECK;

/* False when it is on its way out, told or not. */
bool trainer_is_running(const struct trainer *trainer);

/* Everything that was on the topics at the start is read. */
bool trainer_caught_up(const struct trainer *trainer);

struct trainer_counts trainer_counts(struct trainer *trainer);

/* For probes; `why` gets one line when the answer is no. */
bool trainer_is_live(const struct trainer *trainer, char *why, size_t size);
bool trainer_is_ready(const struct trainer *trainer, char *why, size_t size);

#endif
