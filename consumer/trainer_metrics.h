/*
 * trainer_metrics.h - what a trainer counts: the table behind /metrics.
 */
#ifndef CONSUMER_TRAINER_METRICS_H
#define CONSUMER_TRAINER_METRICS_H

#include "common/metrics.h"

#include "consumer/join.h"

enum trainer_metric {
    TRAINER_BUILD_INFO,
    TRAINER_CONSUMED,
    TRAINER_BAD,
    TRAINER_DEAD_LETTERS,
    TRAINER_LAG,
    TRAINER_IMPRESSIONS,
    TRAINER_PENDING,
    TRAINER_LABELS,
    TRAINER_WAITING,
    TRAINER_SKEWED,
    TRAINER_LOG_ROWS,
    TRAINER_MEMORY,
    TRAINER_FIT_SECONDS,
    TRAINER_SAMPLES,
    TRAINER_FITS,
    TRAINER_PUBLISHED,
    TRAINER_EPOCH,
    TRAINER_LAST_PUBLICATION,
    TRAINER_HOLDOUT_ROWS,
    TRAINER_HOLDOUT_RMSE,
    TRAINER_HOLDOUT_MAE,
    TRAINER_HOLDOUT_LOGLOSS,
    TRAINER_HOLDOUT_AUC,
    TRAINER_HOLDOUT_ENTROPY,
};

enum trainer_topic { TRAINER_TOPIC_IMPRESSIONS, TRAINER_TOPIC_LABELS };
#define TRAINER_TOPIC_WORDS "impressions|labels"

enum fit_outcome { FIT_PUBLISHED, FIT_CANCELLED, FIT_FAILED };
#define FIT_OUTCOME_WORDS "published|cancelled|failed"

extern const struct metric_family trainer_metric_families[];

/* Brings the join's families from what they were to what they are. */
void trainer_metrics_join(struct metrics *metrics,
                          const struct join_books *before,
                          const struct join_books *now);

#endif
