/*
 * version_evaluation.h - how good the predictions on the queue are, by model
 * version, as their labels arrive.
 *
 * Predictions meet labels with the trainer's own join. Keeps the newest
 * rows_max predictions; knows no clock and no Kafka. One thread.
 */
#ifndef CONSUMER_VERSION_EVALUATION_H
#define CONSUMER_VERSION_EVALUATION_H

#include "common/base/error.h"
#include "common/event/event.h"

#include "consumer/learn/join.h"

#include "model/measure/evaluation.h"

#include <stddef.h>
#include <stdint.h>

struct version_evaluation;

struct version_evaluation_config {
    struct join_config join;
    size_t rows_max;
};

int version_evaluation_new(const struct version_evaluation_config *config,
                           struct version_evaluation **out,
                           struct error *err) MUST_CHECK;
void version_evaluation_free(struct version_evaluation *evaluation);

/* `user` is a number that the caller has for the user. */
int version_evaluation_prediction(struct version_evaluation *evaluation,
                                  const struct prediction_event *event,
                                  uint32_t user, struct error *err) MUST_CHECK;
int version_evaluation_label(struct version_evaluation *evaluation,
                             const struct label *event,
                             struct error *err) MUST_CHECK;

/* The user of the click that the last label was; INDEX_UNKNOWN: it was none, or
 * its prediction has not come. */
uint32_t
version_evaluation_clicked(const struct version_evaluation *evaluation);

/* Predictions made for impressions of before this time minus the window are
 * without a click for good. INT64_MAX closes all. */
void version_evaluation_advance(struct version_evaluation *evaluation,
                                int64_t stream_ms);

/* Versions among the rows kept, in the order of their numbers; returns how
 * many there are, fills in at most `max`. */
size_t version_evaluation_versions(const struct version_evaluation *evaluation,
                                   uint64_t *versions, size_t max);

/* The newest rows_max rows that a version predicted and whose windows are
 * closed. */
int version_evaluation_measure(const struct version_evaluation *evaluation,
                               uint64_t version, size_t rows_max,
                               struct evaluation *out,
                               struct error *err) MUST_CHECK;

struct join_books
version_evaluation_books(const struct version_evaluation *evaluation);

#endif
