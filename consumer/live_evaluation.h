/*
 * live_evaluation.h - how good the predictions on the queue are, by model
 * version, as their labels arrive.
 *
 * Predictions meet labels with the trainer's own join. Keeps the newest
 * rows_max predictions; knows no clock and no Kafka. One thread.
 */
#ifndef CONSUMER_LIVE_EVALUATION_H
#define CONSUMER_LIVE_EVALUATION_H

#include "common/error.h"
#include "common/event.h"

#include "consumer/join.h"

#include "model/evaluation.h"

#include <stddef.h>
#include <stdint.h>

struct live_evaluation;

struct live_evaluation_config {
    struct join_config join;
    size_t rows_max;
};

int live_evaluation_new(const struct live_evaluation_config *config,
                        struct live_evaluation **out,
                        struct error *err) MUST_CHECK;
void live_evaluation_free(struct live_evaluation *evaluation);

int live_evaluation_prediction(struct live_evaluation *evaluation,
                               const struct prediction_event *event,
                               struct error *err) MUST_CHECK;
int live_evaluation_label(struct live_evaluation *evaluation,
                          const struct label *event,
                          struct error *err) MUST_CHECK;

/* Predictions made for impressions of before this time minus the window are
 * without a click for good. INT64_MAX closes all. */
void live_evaluation_advance(struct live_evaluation *evaluation,
                             int64_t stream_ms);

/* Versions among the rows kept, in the order of their numbers; returns how
 * many there are, fills in at most `max`. */
size_t live_evaluation_versions(const struct live_evaluation *evaluation,
                                uint64_t *versions, size_t max);

/* The newest rows_max rows that a version predicted and whose windows are
 * closed. */
int live_evaluation_measure(const struct live_evaluation *evaluation,
                            uint64_t version, size_t rows_max,
                            struct evaluation *out,
                            struct error *err) MUST_CHECK;

struct join_books
live_evaluation_books(const struct live_evaluation *evaluation);

#endif
