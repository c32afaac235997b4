/*
 * replay.h - the history of the topics through several models, as of then.
 *
 * One pass over impressions and labels in the order of their records' times.
 * Every impression is first answered by all contenders and then learned from;
 * a label counts from its own record on. So a model sees what it would have
 * seen. The join, the training log and the fits are the trainer's, the answers
 * are the scorer's. Joins no group, commits nothing, ends by itself; the same
 * records give the same result. One thread, and one per fit.
 */
#ifndef CONSUMER_REPLAY_H
#define CONSUMER_REPLAY_H

#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include "consumer/learn/intake.h"
#include "consumer/read/merge_reader.h"
#include "consumer/replay/contender.h"
#include "consumer/replay/live_models.h"
#include "consumer/replay/replay_range.h"
#include "consumer/report/replay_log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay_config {
    struct kafka_settings kafka;
    char name[64];                                        /* of the model */
    char impressions[250], labels[250], predictions[250]; /* topics */
    char models[250], chunks[250];
    char trusted[1024]; /* files of public keys; empty: unsigned models will do
                         */

    struct intake_config intake; /* JOIN_LABELS: a row for each label with user
                                    and ad, whose bytes are the impression's;
                                    impressions are not read */
    int64_t from_ms;             /* record time; MERGE_FROM_BEGINNING */
    int64_t to_ms;               /* 0: the ends that the topics have now */
    int64_t history_ms; /* so long before from_ms is learned from already */
    const struct replay_range
        *range; /* offsets instead of to_ms and history_ms,
                   beginning at from_ms; borrowed. NULL */
    uint64_t buffer_bytes;

    struct contender_spec contenders[CONTENDERS_MAX];
    size_t contender_count;
    char answers[250];       /* topic for every answer; "": none */
    bool answers_forced;     /* it may be the topic of predictions */
    double prior;            /* the answer while there is no model */
    int64_t refit_every_ms;  /* event time */
    uint64_t refit_rows_min; /* no fit with fewer */
    double holdout;          /* as in trainer.h */
    bool calibrate;
    struct scale scale;

    char fields[REPLAY_SLICES_MAX][REPLAY_FIELD_SIZE]; /* to slice by */
    uint64_t rows_max;
    char spool_folder[512]; /* for what memory does not hold; "": $TMPDIR */
    struct replay_sink sinks[REPLAY_SINKS_MAX]; /* take NULL ends */
};

struct replay_counts {
    struct intake_counts events;
    struct join_books books;
    uint64_t bad_impressions, bad_labels; /* no events: passed over */
    uint64_t history;                     /* impressions only learned from */
    uint64_t disordered; /* impressions so far behind the newest event that
                            their window and its grace were over on arrival:
                            without a label, so in no figure */
    uint64_t fits;
    size_t expired; /* partitions whose beginning retention took */
    struct live_models_counts live;
    uint64_t fieldless; /* answers that the impression did not carry */
    double fit_seconds;
};

struct replay {
    struct replay_log *log;
    int64_t stream_ms;                 /* how far event time came */
    uint64_t versions[CONTENDERS_MAX]; /* that a contender is throughout; 0 */
    struct replay_counts counts;
};

/* Are rows impressions, which labels have to be joined to? */
static inline bool replay_joins(const struct replay_config *config)
{
    return config->intake.mode == JOIN_IMPRESSIONS;
}

/* The topic whose records are the rows. */
static inline const char *replay_rows_topic(const struct replay_config *config)
{
    return replay_joins(config) ? config->impressions : config->labels;
}

/* The caller frees what *out owns. Ends early, with ERROR_TEMPORARY, when the
 * program is asked to stop. */
int replay_run(const struct replay_config *config, struct replay *out,
               struct error *err) MUST_CHECK;

void replay_free(struct replay *replay);

#endif
