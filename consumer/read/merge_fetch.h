/*
 * merge_fetch.h - how far librdkafka fetches ahead of a merge: in bounded
 * memory, and without sleeping while there is room.
 */
#ifndef CONSUMER_MERGE_FETCH_H
#define CONSUMER_MERGE_FETCH_H

#include "common/base/backoff.h"
#include "common/base/error.h"

#include "consumer/read/merge_lanes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rd_kafka_conf_s rd_kafka_conf_t;

/* Fetches ahead about config->buffer_bytes of `lanes` partitions together,
 * with what librdkafka itself takes for each record. */
int merge_fetch_conf(rd_kafka_conf_t *conf,
                     const struct merge_reader_config *config, size_t lanes,
                     struct error *err) MUST_CHECK;

/* When fetching is woken; zeroed at first. */
struct merge_waker {
    bool is_starving;
    int64_t woken_ms, next_ms; /* monotonic: the last time; not before */
    struct backoff backoff;
};

/* There is a record. */
static inline void merge_waker_feed(struct merge_waker *waker)
{
    waker->is_starving = false;
}

/* There is none: wakes fetching once that has lasted for some ms, where a lane
 * holds the others back and more is there; then later and later, as it was
 * something else. Returns when to call again. */
int64_t merge_waker_starve(struct merge_waker *waker,
                           const struct merge_lanes *lanes, rd_kafka_t *client,
                           int64_t now_ms);

#endif
