/*
 * kafka_stats.h - what a client of librdkafka says of itself and its brokers.
 *
 * librdkafka writes its statistics as JSON (its STATISTICS.md); this takes out
 * what an operator needs. Any thread.
 */
#ifndef COMMON_KAFKA_STATS_H
#define COMMON_KAFKA_STATS_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { KAFKA_STATS_BROKERS_MAX = 64 };

enum kafka_link {
    KAFKA_LINK_UNUSED, /* nothing was asked of the broker yet */
    KAFKA_LINK_DOWN,   /* not connected, or not through with it */
    KAFKA_LINK_UP,
};

struct kafka_broker_stats {
    int32_t id; /* node.id */
    enum kafka_link link;
    double rtt_s;      /* from request to answer, mean; 0: nothing was asked */
    double throttle_s; /* how long the broker's quotas held us, mean */
};

struct kafka_stats {
    char client[64]; /* "pctr#consumer-3": one name for each client */
    struct kafka_broker_stats brokers[KAFKA_STATS_BROKERS_MAX];
    size_t broker_count; /* those beyond the maximum are left out */
    uint64_t requests;   /* waiting to be sent, and for their answers */
    uint64_t to_send, to_send_bytes; /* records that wait for the broker */
    uint64_t fetched, fetched_bytes; /* records that wait for us */
};

/* ERROR_FORMAT where the text is no such JSON; *out is untouched then. */
int kafka_stats_read(const char *json, size_t size, struct kafka_stats *out,
                     struct error *err) MUST_CHECK;

#endif
