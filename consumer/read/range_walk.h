/*
 * range_walk.h - the committed records of a topic's ranges, one after the other
 * in the order of their time, without a group.
 */
#ifndef CONSUMER_RANGE_WALK_H
#define CONSUMER_RANGE_WALK_H

#include "common/base/error.h"
#include "common/base/offset_range.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/merge_reader.h"

#include <stdbool.h>
#include <stddef.h>

enum walk_moment { WALK_RECORD_CAME, WALK_IDLE };

struct range_walk {
    const struct kafka_settings *kafka;
    const char *topic;
    bool grows;          /* see merge_reader.h */
    unsigned timeout_ms; /* for the questions at the start */
    int (*on_record)(void *context, const struct message *message,
                     struct error *err);
    /* Asked after each record, and when none has come for STOP_SLICE_MS: false
     * ends the walk. NULL: the walk goes on. */
    bool (*goes_on)(void *context, enum walk_moment moment);
    void *context;
};

/* Until the ranges end (a next of -1 has no end) or the program is asked to
 * stop. One thread. */
int range_walk_run(const struct range_walk *walk,
                   const struct offset_range *ranges, size_t count,
                   struct error *err) MUST_CHECK;

/* The same for a caller that has opened a reader which ends: waits for the next
 * record as long as that takes. *found is false at the end. The record is
 * borrowed until the next call. ERROR_STOPPED: the program is asked to stop;
 * else the codes of merge_reader_next(). */
int range_walk_next(struct merge_reader *reader, struct merge_record *record,
                    bool *found, struct error *err) MUST_CHECK;

#endif
