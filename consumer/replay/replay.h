/*
 * replay.h - past traffic through several models, each with the knowledge of
 * that time.
 *
 * One pass over impressions and labels in the order of their records' times.
 * All contenders answer an impression before any of them learns from it, and a
 * label counts from its own record on: a model knows what it would have known
 * then. The join, the training log and the fits are the code of the trainer,
 * the answers are that of the scorer. A replay joins no group, commits nothing
 * and ends by itself; the same records give the same result. One thread, and
 * one for each fit.
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
    int64_t history_ms; /* time before from_ms that is learned from only */
    const struct replay_range
        *range; /* offsets instead of to_ms and history_ms,
                   beginning at from_ms; borrowed. NULL */
    uint64_t buffer_bytes;

    struct contender_spec contenders[CONTENDERS_MAX];
    size_t contender_count;
    char answers[250];        /* topic for every answer; "": none */
    bool answers_forced;      /* it may be the topic of predictions */
    double prior;             /* the answer while there is no model */
    int64_t refit_every_ms;   /* event time */
    int64_t publish_every_ms; /* event time; of contenders that go on learning
                                 and say nothing else */
    uint64_t refit_rows_min;  /* rows without which there is no fit */
    double holdout;           /* as in trainer.h */
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
    uint64_t bad_impressions, bad_labels; /* records that are not events */
    uint64_t history;    /* impressions that were learned from only */
    uint64_t disordered; /* impressions so far behind the newest event that
                            their window and its grace were over on arrival:
                            without a label, so in no figure */
    uint64_t fits;
    size_t expired; /* partitions whose beginning retention took */
    struct live_models_counts live;
    uint64_t fieldless; /* answers of a field that the impression lacks */
    double fit_seconds;
};

struct replay {
    struct replay_log *log;
    int64_t stream_ms;                 /* the end of event time */
    uint64_t versions[CONTENDERS_MAX]; /* of contenders that are one published
                                          version; else 0 */
    struct replay_counts counts;
};

/* Are the rows impressions, to which labels are joined? */
static inline bool replay_joins(const struct replay_config *config)
{
    return config->intake.mode == JOIN_IMPRESSIONS;
}

/* The topic whose records are the rows. */
static inline const char *replay_rows_topic(const struct replay_config *config)
{
    return replay_joins(config) ? config->impressions : config->labels;
}

/* The caller frees *out. ERROR_STOPPED: the program is asked to stop;
 * ERROR_LIMIT: more than rows_max rows, or a contender's model would not fit
 * its limits; ERROR_UNAVAILABLE: no broker, topic or version; ERROR_IO: a sink
 * or spool_folder is full. *out is then untouched. */
int replay_run(const struct replay_config *config, struct replay *out,
               struct error *err) MUST_CHECK;

void replay_free(struct replay *replay);

#endif
