/*
 * range_scorer.h - the impressions of a part of a topic, scored with one
 * model: the predictions that a scorer with that model makes.
 *
 * Reads committed records, in the order of their time, without a group. What
 * is no impression is counted and passed over. One thread.
 */
#ifndef CONSUMER_RANGE_SCORER_H
#define CONSUMER_RANGE_SCORER_H

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/extent.h"
#include "consumer/read/message.h"

#include "model/snapshot.h"

#include <stdint.h>

/* One impression and what is said about it. Borrowed for the call. */
struct range_scored {
    const struct message *message;
    const struct impression *impression;
    struct prediction prediction;
};

struct range_scorer_config {
    struct kafka_settings kafka;
    struct extent_query query;
    struct event_fields fields;
    struct snapshot *snapshot; /* borrowed; not changed */
    int (*on_scored)(void *context, const struct range_scored *scored,
                     struct error *err);
    void *context;
};

struct range_counts {
    uint64_t scored, faulty;
    uint64_t gone; /* offsets asked for that are there no longer */
};

/* Ends early, and well, when the program is asked to stop. *counts is set on
 * failure too. */
int range_scorer_run(const struct range_scorer_config *config,
                     struct range_counts *counts, struct error *err) MUST_CHECK;

#endif
