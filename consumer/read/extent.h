/*
 * extent.h - a part of a topic, by time or by offsets, as the ranges
 * that a merge_reader reads.
 *
 * Bounds are cut to what is there at the time of asking; how much of what was
 * asked for is there no longer is told, not refused. One thread.
 */
#ifndef CONSUMER_TOPIC_EXTENT_H
#define CONSUMER_TOPIC_EXTENT_H

#include "common/base/error.h"
#include "common/base/offset_range.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/offsets.h"

#include <stddef.h>
#include <stdint.h>

enum extent_kind { EXTENT_OPEN, EXTENT_TIME, EXTENT_OFFSET };

struct extent_bound {
    enum extent_kind kind;
    int64_t at; /* ms since 1970, or an offset */
};

/* "" is open; "@123" an offset; "-90s", "-15m", "-24h", "-7d" so long before
 * now_ms; else a time as clock_parse() reads it. */
int extent_bound_parse(const char *text, int64_t now_ms,
                       struct extent_bound *out, struct error *err) MUST_CHECK;

enum { EXTENT_ALL_PARTITIONS = -1 };

struct extent_query {
    const char *topic;
    int32_t partition;            /* or EXTENT_ALL_PARTITIONS */
    struct extent_bound from, to; /* from is in it, to is not */
    unsigned timeout_ms;
};

/* Sets both bounds as extent_bound_parse() reads them; an error names the one
 * that it is about. */
int extent_query_bound(struct extent_query *query, const char *from,
                       const char *to, int64_t now_ms,
                       struct error *err) MUST_CHECK;

struct topic_extent {
    struct offset_range *ranges;    /* owned; by partition */
    struct partition_offsets *ends; /* (count) all there is; owned */
    size_t count;
    uint64_t gone; /* offsets asked for that are there no longer */
};

int topic_extent_find(const struct kafka_settings *kafka,
                      const struct extent_query *query,
                      struct topic_extent *out, struct error *err) MUST_CHECK;

/* Offsets in it: records, and the markers of transactions. */
uint64_t topic_extent_size(const struct topic_extent *extent);

void topic_extent_free(struct topic_extent *extent);

#endif
