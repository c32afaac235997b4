/*
 * redrive.h - dead letters back to the topics they came from, each once.
 *
 * A letter says which topic it came from, but whoever may write letters must
 * not write elsewhere through redrive: records go to the topics that the
 * settings name, and to no others.
 *
 * The letters that were dealt with are kept in the committed offsets of a group
 * (see redrive_account.h), in the same transaction as the records that are
 * published again. So a run that dies anywhere leaves nothing half done, and
 * the next one goes on behind it; two at once fence each other. One thread.
 */
#ifndef CONSUMER_REDRIVE_H
#define CONSUMER_REDRIVE_H

#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/extent.h"

#include "producer/publisher.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redrive;

enum { REDRIVE_REASONS_MAX = 16 };

struct redrive_config {
    struct kafka_settings kafka;
    const char *dead_letters; /* topic; borrowed */
    /* Topics that records may go back to, NULL ends; borrowed. */
    const char *targets[PUBLISHER_TOPICS_MAX];
    const char *group;   /* borrowed */
    const char *reasons; /* "missing,type"; empty: all. Borrowed */
    struct extent_bound from, to;
    uint32_t batch_max; /* letters in one transaction */
    bool plan_only;     /* fences nobody; redrive_run() may not follow */
    unsigned timeout_ms;
};

/* What became of a letter. A refused one counts as dealt with. */
enum redrive_fate {
    REDRIVE_SENT,      /* or, of a plan, would be */
    REDRIVE_DONE,      /* by an earlier run */
    REDRIVE_OTHER,     /* another reason than asked for: left for later */
    REDRIVE_TRUNCATED, /* refused: not all of it is there */
    REDRIVE_HOMELESS,  /* refused: does not say where it came from */
    REDRIVE_FOREIGN,   /* refused: came from a topic that is no target */
    REDRIVE_GONE,      /* refused: its topic is not there any more */
    REDRIVE_FATES
};
#define REDRIVE_FATE_WORDS "sent|done|other|truncated|homeless|foreign|gone"

struct redrive_counts {
    uint64_t letters; /* looked at */
    uint64_t fates[REDRIVE_FATES];
    /* By place in redrive_config.targets; those that are there. */
    const char *topics[PUBLISHER_TOPICS_MAX];
    uint64_t per_topic[PUBLISHER_TOPICS_MAX];
    size_t topic_count;
};

int redrive_open(const struct redrive_config *config, struct redrive **out,
                 struct error *err) MUST_CHECK;

/* Looks at all letters and says what a run would do. */
int redrive_plan(struct redrive *redrive, struct redrive_counts *out,
                 struct error *err) MUST_CHECK;

/* Does what a plan said, up to where the plan ended. A stop
 * (common/base/stop.h) ends it after a transaction. */
int redrive_run(struct redrive *redrive, struct redrive_counts *out,
                struct error *err) MUST_CHECK;

/* NULL is fine. */
void redrive_close(struct redrive *redrive);

#endif
