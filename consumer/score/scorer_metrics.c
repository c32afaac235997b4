#include "consumer/score/scorer_metrics.h"

#include "common/base/basis.h"

#include "consumer/models/snapshot_refusal.h"
#include "consumer/score/scorer.h"

enum { PARTITIONS_SHOWN_MAX = 1024 };

const struct metric_family scorer_metric_families[] = {
    [SCORER_BUILD_INFO] = {"pctr_build_info", METRIC_GAUGE, NULL, NULL, 0,
                           "Always 1; the labels say which program this is."},
    [SCORER_CONSUMED] = {"pctr_records_consumed_total", METRIC_COUNTER, NULL,
                         NULL, 0,
                         "Impressions dealt with: predictions and dead "
                         "letters."},
    [SCORER_PREDICTIONS] = {"pctr_predictions_total", METRIC_COUNTER, "basis",
                            BASIS_WORDS, 0,
                            "Predictions committed, by how much was learned."},
    [SCORER_DEAD_LETTERS] = {"pctr_dead_letters_total", METRIC_COUNTER,
                             "reason", DEAD_LETTER_WORDS, 0,
                             "Records that could not be scored."},
    [SCORER_FLOODED] = {"pctr_partition_flooded", METRIC_GAUGE, "partition",
                        NULL, PARTITIONS_SHOWN_MAX,
                        "1 while most records of the partition are no "
                        "impressions and its dead letters are slowed down."},
    [SCORER_UNITS] = {"pctr_transactions_total", METRIC_COUNTER, "result",
                      UNIT_RESULT_WORDS, 0,
                      "Transactions; at least once: commits of positions."},
    [SCORER_UNIT_FAILURES] = {"pctr_unit_failures_total", METRIC_COUNTER,
                              "code", UNIT_FAILURE_WORDS, 0,
                              "Transactions that failed and were tried again, "
                              "by the cause."},
    [SCORER_GUESSED_TIMES] = {"pctr_guessed_times_total", METRIC_COUNTER, NULL,
                              NULL, 0,
                              "Event times that are not in milliseconds and "
                              "whose unit was guessed (field.ts.unit=auto)."},
    [SCORER_UNIT_SECONDS] = {"pctr_transaction_duration_seconds",
                             METRIC_HISTOGRAM, NULL, NULL, 0,
                             "From the first record to the commit."},
    [SCORER_SCORE_SECONDS] = {"pctr_score_duration_seconds", METRIC_HISTOGRAM,
                              NULL, NULL, 0,
                              "One batch: decode, look up, predict, encode."},
    [SCORER_LATENCY_SECONDS] = {"pctr_end_to_end_latency_seconds",
                                METRIC_HISTOGRAM, NULL, NULL, 0,
                                "From the event time of the oldest impression "
                                "of a commit to the commit."},
    [SCORER_AGE_SECONDS] = {"pctr_prediction_latency_seconds", METRIC_HISTOGRAM,
                            NULL, NULL, 0,
                            "From the time of an impression's record to the "
                            "commit of its prediction, for each prediction."},
    [SCORER_BUSY_TIME] = {"pctr_worker_busy_seconds_total", METRIC_TIME,
                          "worker", NULL, SCORER_WORKERS_MAX,
                          "Time that a worker took records, scored and sent "
                          "them. The three times of a worker make up all of "
                          "its time, each told when it is over."},
    [SCORER_COMMIT_TIME] = {"pctr_worker_commit_seconds_total", METRIC_TIME,
                            "worker", NULL, SCORER_WORKERS_MAX,
                            "Time that a worker waited for the broker to "
                            "commit, to abort, or to take a new producer."},
    [SCORER_WAIT_TIME] = {"pctr_worker_wait_seconds_total", METRIC_TIME,
                          "worker", NULL, SCORER_WORKERS_MAX,
                          "Time that a worker waited for records, or for a "
                          "model; near 0 the worker is saturated."},
    [SCORER_ASSIGNED] = {"pctr_assigned_partitions", METRIC_GAUGE, "worker",
                         NULL, SCORER_WORKERS_MAX,
                         "Partitions that a worker has."},
    [SCORER_LAG] = {"pctr_consumer_lag_records", METRIC_GAUGE, "partition",
                    NULL, PARTITIONS_SHOWN_MAX,
                    "Records between the last commit and the partition's end "
                    "(a transaction's mark counts as one)."},
    [SCORER_LOST_OFFSETS] = {"pctr_lost_offsets_total", METRIC_COUNTER, NULL,
                             NULL, 0,
                             "Offsets that the broker did not have any more; "
                             "offset.lost says where reading went on."},
    [SCORER_SKIPPED] = {"pctr_skipped_records_total", METRIC_COUNTER, NULL,
                        NULL, 0,
                        "Records that were passed over after an offset was "
                        "lost (a transaction's mark counts as one)."},
    [SCORER_LAST_COMMIT] = {"pctr_last_commit_timestamp_seconds", METRIC_GAUGE,
                            NULL, NULL, 0, "Time of the last commit."},
    [SCORER_REBALANCES] = {"pctr_rebalances_total", METRIC_COUNTER, NULL, NULL,
                           0, "Assignments of partitions, over all workers."},
    [SCORER_MODEL_INFO] = {"pctr_model_info", METRIC_GAUGE, NULL, NULL, 0,
                           "Always 1; the labels say which model serves."},
    [SCORER_MODEL_SERVED] = {"pctr_model_served_version", METRIC_GAUGE, NULL,
                             NULL, 0, "Version of the model in service."},
    [SCORER_MODEL_DELTA] =
        {"pctr_model_served_delta", METRIC_GAUGE, NULL, NULL, 0,
         "Number of the newest delta that was applied to it; "
         "0: none."},
    [SCORER_MODEL_WANTED] =
        {"pctr_model_wanted_version", METRIC_GAUGE, NULL, NULL, 0,
         "Version that should serve: the pinned or else the "
         "newest published one."},
    [SCORER_MODEL_AGE] = {"pctr_model_age_seconds", METRIC_GAUGE, NULL, NULL, 0,
                          "Time since the serving model was made."},
    [SCORER_MODEL_SWAPS] = {"pctr_model_swaps_total", METRIC_COUNTER, NULL,
                            NULL, 0, "Model changes, over all workers."},
    [SCORER_MODEL_REJECTED] = {"pctr_model_rejected_total", METRIC_COUNTER,
                               "reason", SNAPSHOT_REFUSAL_WORDS, 0,
                               "Published models that were not accepted."},
    [SCORER_PASSED_OVER] = {"pctr_records_passed_over_total", METRIC_COUNTER,
                            NULL, NULL, 0,
                            "Records that filter.impressions does not take for "
                            "impressions."},
    [SCORER_REGISTRY] = REGISTRY_METRIC_FAMILIES,
    [SCORER_KAFKA] = KAFKA_METRIC_FAMILIES,
    {NULL, METRIC_COUNTER, NULL, NULL, 0, NULL},
};
