/*
 * replay_range.h - a range by offsets of the topic of rows, and the labels that
 * belong to it.
 *
 * Only partitions that are named in `from` or `to` are read. A bound that is
 * not given is the oldest record, or the end that there is now. Labels count
 * from the earliest record time of the range on, until so long after the
 * latest one as a click may take. One thread.
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

/* Is it "PARTITION:@OFFSET,...", and no time? */
bool replay_offsets_is(const char *text);

/* "" is an empty list. A partition twice is refused. */
int replay_offsets_parse(const char *text, struct replay_offsets *out,
                         struct error *err) MUST_CHECK;

struct replay_range_query {
    struct kafka_settings kafka;
    const char *rows;   /* the topic that the offsets are of; borrowed */
    const char *labels; /* of those rows, in a topic of their own; NULL: none */
    struct replay_offsets from, to; /* `from` is in it, `to` is not */
    int64_t reach_ms; /* so long after its impression a label counts */
    size_t buffer_bytes;
    unsigned timeout_ms;
};

struct replay_range {
    struct offset_range *ranges; /* of all topics; owned */
    size_t count;
    int64_t from_ms; /* the earliest record time; INT64_MIN: it is empty */
    size_t expired;  /* partitions whose first offset is there no longer */
};

int replay_range_find(const struct replay_range_query *query,
                      struct replay_range *out, struct error *err) MUST_CHECK;

void replay_range_free(struct replay_range *range);

#endif
