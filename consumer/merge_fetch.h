/*
 * merge_fetch.h - how far librdkafka fetches ahead of a merge: in bounded
 * memory, and without sleeping while there is room.
 */
#ifndef CONSUMER_MERGE_FETCH_H
#define CONSUMER_MERGE_FETCH_H

#include "common/error.h"

#include "consumer/merge_lanes.h"

#include <stddef.h>

typedef struct rd_kafka_conf_s rd_kafka_conf_t;

/* Fetches ahead about buffer_bytes of `lanes` partitions together, with what
 * librdkafka itself takes for each record. */
int merge_fetch_conf(rd_kafka_conf_t *conf, size_t lanes, size_t buffer_bytes,
                     struct error *err) MUST_CHECK;

/* Nothing has come for a while: wakes fetching where a lane holds the others
 * back and more is there. */
void merge_fetch_wake(const struct merge_lanes *lanes, rd_kafka_t *client);

#endif
