/*
 * replay_range.h - a range by offsets of the topic of rows, and the labels that
 * belong to it.
 *
 * Only partitions that `from` or `to` names are read. A missing `from` is the
 * oldest record, a missing `to` the end that there is now. Labels count from
 * the earliest record time of the range on, until reach_ms after the latest.
 * One thread.
 */
#ifndef CONSUMER_REPLAY_RANGE_H
#define CONSUMER_REPLAY_RANGE_H

#include "common/base/error.h"
#include "common/event/manifest.h"
#include "common/kafka/kafka_client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLAY_OFFSETS_MAX = 256 };

struct replay_offsets {
    size_t count;
    struct {
        int32_t partition;
        int64_t offset;
    } at[REPLAY_OFFSETS_MAX];
};

/* Is the text "PARTITION:@OFFSET,...", and not a time? */
bool replay_offsets_is(const char *text);

/* Parses such a text; "" is an empty list. ERROR_CONFIG; *out is then
 * untouched. */
int replay_offsets_parse(const char *text, struct replay_offsets *out,
                         struct error *err) MUST_CHECK;

struct replay_range_query {
    struct kafka_settings kafka;
    const char *rows;   /* topic that the offsets belong to; borrowed */
    const char *labels; /* topic of the labels of those rows; NULL: none */
    struct replay_offsets from, to; /* `from` is in it, `to` is not */
    int64_t reach_ms; /* time after its impression in which a label counts */
    size_t buffer_bytes;
    unsigned timeout_ms;
};

struct replay_range {
    struct offset_range *ranges; /* of all topics; owned */
    size_t count;
    int64_t from_ms; /* earliest record time; INT64_MIN: the range is empty */
    size_t expired;  /* partitions whose first offset retention took */
};

/* The caller frees *out. ERROR_CONFIG: a partition is named that the topic does
 * not have; ERROR_STOPPED: the program is asked to stop; else the codes of
 * merge_reader_open(). *out is then untouched. */
int replay_range_find(const struct replay_range_query *query,
                      struct replay_range *out, struct error *err) MUST_CHECK;

void replay_range_free(struct replay_range *range);

#endif
