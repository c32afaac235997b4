/*
 * merge_lanes.h - which partitions a merge reads, and from where to where.
 */
#ifndef CONSUMER_MERGE_LANES_H
#define CONSUMER_MERGE_LANES_H

#include "consumer/read/merge_lane.h"
#include "consumer/read/merge_reader.h"

/* Zeroed is empty. By topic, then partition. The owner frees `list`. */
struct merge_lanes {
    struct merge_lane *list;
    size_t count;
};

/* Asks for the topics' partitions. */
int merge_lanes_list(struct merge_lanes *lanes,
                     const struct merge_reader_config *config,
                     struct error *err) MUST_CHECK;

/* Asks where they begin and end, and sets first, next, end and known. */
int merge_lanes_bound(struct merge_lanes *lanes, rd_kafka_t *client,
                      const struct merge_reader_config *config,
                      struct error *err) MUST_CHECK;

/* Adds a lane for each partition of the topic behind those that it has, up to
 * `partitions`: read from its beginning, without an end. */
int merge_lanes_grow(struct merge_lanes *lanes, const char *name, size_t topic,
                     int32_t partitions, struct error *err) MUST_CHECK;

/* Nothing is left to read. */
bool merge_lanes_ended(const struct merge_lanes *lanes);

/* All that was there at the start has been read. */
bool merge_lanes_caught_up(const struct merge_lanes *lanes);

/* Records on the broker that were not read yet, as far as is known. */
uint64_t merge_lanes_lag(const struct merge_lanes *lanes, rd_kafka_t *client);

#endif
