/*
 * trainer_metrics.h - what a trainer counts: the table behind /metrics.
 */
#ifndef CONSUMER_TRAINER_METRICS_H
#define CONSUMER_TRAINER_METRICS_H

#include "common/base/metrics.h"
#include "common/kafka/kafka_watch.h"
#include "common/registry/schema_registry.h"

#include "consumer/learn/click_delays.h"
#include "consumer/learn/intake.h"
#include "consumer/learn/join.h"
#include "consumer/train/live_evaluation.h"

enum trainer_metric {
    TRAINER_BUILD_INFO,
    TRAINER_CONSUMED,
    TRAINER_BAD,
    TRAINER_DEAD_LETTERS,
    TRAINER_HELD_LETTERS,
    TRAINER_LAG,
    TRAINER_IMPRESSIONS,
    TRAINER_PENDING,
    TRAINER_LABELS,
    TRAINER_WAITING,
    TRAINER_CLICK_DELAY,
    TRAINER_ODD_TIMES,
    TRAINER_GUESSED_TIMES,
    TRAINER_LOG_ROWS,
    TRAINER_MEMORY,
    TRAINER_FIT_SECONDS,
    TRAINER_SAMPLES,
    TRAINER_FITS,
    TRAINER_UNKNOWN_IDS,
    TRAINER_LEFT_OUT_ROWS,
    TRAINER_PUBLISHED,
    TRAINER_PUBLICATION_FAILURES,
    TRAINER_DELTAS,
    TRAINER_DELTA_BYTES,
    TRAINER_GATE,
    TRAINER_EPOCH,
    TRAINER_LAST_PUBLICATION,
    TRAINER_HOLDOUT_ROWS,
    TRAINER_HOLDOUT_RMSE,
    TRAINER_HOLDOUT_MAE,
    TRAINER_HOLDOUT_LOGLOSS,
    TRAINER_HOLDOUT_AUC,
    TRAINER_HOLDOUT_ENTROPY,
    TRAINER_EVALUATED_ROWS,
    TRAINER_EVALUATED_PREDICTIONS,
    TRAINER_EVALUATED_WINDOWS,
    TRAINER_EVALUATIONS,
    TRAINER_EVALUATION_READABLE,
    TRAINER_EVALUATIONS_WAITING,
    TRAINER_EVALUATION_OPEN,
    TRAINER_EVALUATION_MEMORY,
    TRAINER_WINDOW_START,
    TRAINER_WINDOW_EPOCH,
    TRAINER_WINDOW_ROWS,
    TRAINER_WINDOW_CLICK_RATE,
    TRAINER_WINDOW_RMSE,
    TRAINER_WINDOW_MAE,
    TRAINER_WINDOW_LOGLOSS,
    TRAINER_WINDOW_ENTROPY,
    TRAINER_WINDOW_AUC,
    TRAINER_WINDOW_CALIBRATION,
    TRAINER_WINDOW_ECE,
    TRAINER_REGISTRY, /* the first of REGISTRY_METRICS */
    TRAINER_KAFKA = TRAINER_REGISTRY + REGISTRY_METRICS, /* of KAFKA_METRICS */
};

enum trainer_topic {
    TRAINER_TOPIC_IMPRESSIONS,
    TRAINER_TOPIC_LABELS,
    TRAINER_TOPIC_PREDICTIONS,
};
#define TRAINER_TOPIC_WORDS "impressions|labels|predictions"

enum fit_outcome { FIT_PUBLISHED, FIT_CANCELLED, FIT_FAILED, FIT_SKIPPED };
#define FIT_OUTCOME_WORDS "published|cancelled|failed|skipped"

enum trainer_side { TRAINER_SIDE_USER, TRAINER_SIDE_AD };
#define TRAINER_SIDE_WORDS "user|ad"

enum gate_outcome { GATE_PASSED, GATE_UNGATED, GATE_REFUSED };
#define GATE_OUTCOME_WORDS "passed|ungated|refused"

extern const struct metric_family trainer_metric_families[];

/* How long after their impressions clicks come. Warns, once, where so many come
 * late that others come too late. */
void trainer_metrics_delays(struct metrics *metrics,
                            const struct click_delays *before,
                            const struct click_delays *now);

/* Adds to the join's families what the books have gained since `before`. */
void trainer_metrics_join(struct metrics *metrics,
                          const struct join_books *before,
                          const struct join_books *now);

/* Likewise those of the events' times; logs the first odd one of each kind. */
void trainer_metrics_odd_times(struct metrics *metrics,
                               const struct intake_counts *before,
                               const struct intake_counts *now);

/* Likewise all that are of a trainer's counts. */
struct trainer_counts;
void trainer_metrics_counts(struct metrics *metrics,
                            const struct trainer_counts *before,
                            const struct trainer_counts *now);

/* Likewise those of the live evaluation. */
void trainer_metrics_evaluation(struct metrics *metrics,
                                const struct live_evaluation_counts *before,
                                const struct live_evaluation_counts *now);

#endif
