/*
 * scorer_metrics.h - what a scorer counts: the table behind /metrics.
 */
#ifndef CONSUMER_SCORER_METRICS_H
#define CONSUMER_SCORER_METRICS_H

#include "common/base/metrics.h"
#include "common/event/event_codec.h"
#include "common/kafka/kafka_watch.h"
#include "common/registry/schema_registry.h"

enum scorer_metric {
    SCORER_BUILD_INFO,
    SCORER_CONSUMED,
    SCORER_PREDICTIONS,
    SCORER_DEAD_LETTERS,
    SCORER_FLOODED,
    SCORER_UNITS,
    SCORER_UNIT_FAILURES,
    SCORER_GUESSED_TIMES,
    SCORER_UNIT_SECONDS,
    SCORER_SCORE_SECONDS,
    SCORER_LATENCY_SECONDS,
    SCORER_AGE_SECONDS,
    SCORER_BUSY_TIME,
    SCORER_COMMIT_TIME,
    SCORER_WAIT_TIME,
    SCORER_ASSIGNED,
    SCORER_LAG,
    SCORER_LOST_OFFSETS,
    SCORER_SKIPPED,
    SCORER_LAST_COMMIT,
    SCORER_REBALANCES,
    SCORER_MODEL_INFO,
    SCORER_MODEL_SERVED,
    SCORER_MODEL_DELTA,
    SCORER_MODEL_WANTED,
    SCORER_MODEL_AGE,
    SCORER_MODEL_SWAPS,
    SCORER_MODEL_REJECTED,
    SCORER_PASSED_OVER,
    SCORER_REGISTRY, /* the first of REGISTRY_METRICS */
    SCORER_KAFKA = SCORER_REGISTRY + REGISTRY_METRICS, /* of KAFKA_METRICS */
};

/* A dead letter that is an event, but was refused by the broker. */
enum { DEAD_LETTER_REFUSED = EVENT_FAULT_COUNT };
/* What is sound or passed over is no dead letter. */
#define DEAD_LETTER_WORDS                                                      \
    "|" EVENT_FAULT_OF_BYTES "||" EVENT_FAULT_OF_SCHEMA "||refused"

enum unit_result { UNIT_COMMITTED, UNIT_ABORTED, UNIT_REBUILT, UNIT_FENCED };
/* By enum error_code. */
#define UNIT_FAILURE_WORDS                                                     \
    "|failed|usage|format|limit|input|unavailable|io|temporary|memory|"        \
    "auth|config|fenced|stopped"

#define UNIT_RESULT_WORDS "committed|aborted|rebuilt|fenced"

extern const struct metric_family scorer_metric_families[];

#endif
