/*
 * pipeline.h - feed, scorers and trainer as processes of the real program, on
 * topics, a group and a model name that no other run has.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_PIPELINE_H
#define SUPPORT_PIPELINE_H

#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/topic_ends.h"
#include "support/verifier.h"

#include <stdint.h>

enum pipeline_name {
    PIPE_IMPRESSIONS,
    PIPE_LABELS,
    PIPE_PREDICTIONS,
    PIPE_DEAD_LETTERS,
    PIPE_MODELS,
    PIPE_CHUNKS,
    PIPE_EVALUATIONS,
    PIPE_TOPICS, /* how many; the others are no topics */
    PIPE_GROUP = PIPE_TOPICS,
    PIPE_MODEL,
    PIPE_NAMES
};

enum { PIPELINE_OPTION_SIZE = FIXTURE_NAME_SIZE + 32 };

struct pipeline {
    int32_t partitions; /* of the topics of events */
    char brokers[512];
    char names[PIPE_NAMES][FIXTURE_NAME_SIZE];
    char options[PIPE_NAMES][PIPELINE_OPTION_SIZE]; /* "--topic.labels=..." */
};

/* The names that are there without a setting, which docs/rights.md has; the
 * topics are somebody else's to create. */
void pipeline_name_defaults(struct pipeline *pipe, int32_t partitions);

/* Creates the topics, which keep everything. */
void pipeline_create(struct pipeline *pipe, int32_t partitions);

/* Another model name, on topics and with a group of its own but for the
 * impressions and labels, which are those of `first`. */
void pipeline_create_beside(const struct pipeline *first,
                            struct pipeline *pipe);

/* `pctr COMMAND` with the options that lead it here and then `more`, which
 * NULL ends. Commands: feed, score, train, snapshot,
 * verify, replay, predict, cat. */
void pipeline_start(const struct pipeline *pipe, const char *command,
                    const char *const more[], struct child_process *child);

/* The same until its end, which must be good. Returns what it wrote on
 * standard output; the caller frees. */
char *pipeline_run(const struct pipeline *pipe, const char *command,
                   const char *const more[], unsigned timeout_ms);

/* SIGTERM, and then the exit status must be 0. */
void pipeline_stop(struct child_process *child, unsigned timeout_ms);

/* Waits until the group has dealt with every impression. */
void pipeline_await_scored(const struct pipeline *pipe, unsigned timeout_ms);

/* Waits until a trainer with that --http.port has read every impression and
 * every label. */
void pipeline_await_learned(const struct pipeline *pipe, unsigned trainer_port,
                            unsigned timeout_ms);

/* What went in and what came out, as it is now. */
struct proceedings {
    struct fixture_records impressions, predictions, dead_letters;
    int64_t committed[TOPIC_ENDS_MAX];
    struct evidence evidence;
};

/* First waits until no transaction is open on the outputs. */
void pipeline_read(const struct pipeline *pipe, struct proceedings *out);
void proceedings_free(struct proceedings *proceedings);

/* pipeline_read() and the verdict, printed. The caller frees `out`. */
struct verdict pipeline_judge(const struct pipeline *pipe, const char *run,
                              struct proceedings *out);

#endif
