/*
 * scorer.h - turns impressions into predictions: N workers of one consumer
 * group, as threads of this process.
 *
 * Every impression gives one prediction or one dead letter, in the order of
 * its partition. The models come from a board that a model watcher fills; a
 * batch is scored with one model. start/stop/join from one thread; the
 * questions from any.
 */
#ifndef CONSUMER_SCORER_H
#define CONSUMER_SCORER_H

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/event/event.h"
#include "common/kafka/kafka_client.h"

#include "consumer/models/model_board.h"
#include "consumer/models/model_watcher.h"
#include "consumer/read/subscriber.h"
#include "consumer/score/crash_plan.h"
#include "consumer/score/delivery.h"
#include "consumer/score/score_question.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scorer;

enum { SCORER_WORKERS_MAX = 64 };

enum no_model { NO_MODEL_PRIOR, NO_MODEL_WAIT };
#define NO_MODEL_WORDS "prior|wait"

struct scorer_config {
    struct kafka_settings kafka;
    char group[128];
    char slot[32]; /* stable over restarts, unique per process of the group */
    uint32_t workers;
    char impressions[250], predictions[250], dead_letters[250]; /* topics */
    struct event_fields fields;

    enum delivery_mode delivery;
    uint32_t commit_interval_ms, commit_max_events;
    uint32_t transaction_timeout_ms;
    uint32_t batch_max_events, linger_ms;
    char compression[8];

    enum no_model no_model;
    double no_model_p;              /* the prior */
    uint32_t model_catch_up_ms;     /* 0: partitions do not wait for a model */
    double dead_letters_max_share;  /* above it a partition is flooded */
    uint32_t dead_letters_rate_max; /* of a flooded partition, in a second */
    enum subscriber_start offset_start, offset_lost;
    bool watch_end; /* scorer_at_end() will be asked */
    struct crash_plan plan;
};

/* Borrowed: all must outlive the scorer. */
struct scorer_parts {
    struct model_board *board;
    struct metrics *metrics;       /* of scorer_metric_families; may be NULL */
    struct model_watcher *watcher; /* fills the board; NULL: the caller does */
};

/* What all workers together committed and did. */
struct scorer_counts {
    uint64_t predictions, dead_letters;
    uint64_t commits, aborts, rebuilds, swaps;
    uint64_t beats; /* signs of life: rounds, and slices of a wait */
};

/* Opens every worker's clients before it returns: no broker, no topic and a
 * broken setting are told here. */
int scorer_start(const struct scorer_config *config,
                 const struct scorer_parts *parts, struct scorer **out,
                 struct error *err) MUST_CHECK;

/* Asks the workers to commit what they have and to leave. */
void scorer_stop(struct scorer *scorer);

/* Waits for all workers and frees the scorer; *total (may be NULL) is what it
 * did. The first failure of a worker, which also stopped the others, comes
 * back here. */
int scorer_join(struct scorer *scorer, struct scorer_counts *total,
                struct error *err) MUST_CHECK;

/* False when the workers are on their way out, told or not. */
bool scorer_is_running(const struct scorer *scorer);

/* Everything that is on the topic is scored and committed. */
bool scorer_at_end(const struct scorer *scorer);

/* The two answers to probes. `why` gets one line when the answer is no.
 *
 * Live: every worker's thread moves. A broker that is away does not stop them.
 * Ready: every worker is a member of the group (also one that got no
 * partition), commits what it is given, and serves the model that is wanted. */
bool scorer_is_live(const struct scorer *scorer, char *why, size_t size);
bool scorer_is_ready(const struct scorer *scorer, char *why, size_t size);

struct scorer_counts scorer_counts(const struct scorer *scorer);

/* For questions outside of any batch. The model in service, NULL where there is
 * none yet; it is given back. */
const struct served_model *scorer_take_model(const struct scorer *scorer);
void scorer_put_model(const struct scorer *scorer,
                      const struct served_model *model);

/* The rules by which impressions are scored. They are valid as long as the
 * scorer. */
struct score_rules scorer_rules(const struct scorer *scorer);

/* Impressions do not wait for a first model. */
bool scorer_answers_without_model(const struct scorer *scorer);

#endif
