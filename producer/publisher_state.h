/*
 * publisher_state.h - what a publisher consists of, for the files that make it
 * up; owners see publisher.h only.
 */
#ifndef PRODUCER_PUBLISHER_STATE_H
#define PRODUCER_PUBLISHER_STATE_H

#include "producer/publisher.h"

#include <librdkafka/rdkafka.h>

struct deliveries;

struct publisher_topic {
    rd_kafka_topic_t *handle;
    int32_t partitions;
};

struct publisher {
    struct publisher_config config;
    rd_kafka_t *client;
    struct deliveries *deliveries;
    size_t run_bytes_max; /* key and value of what may be sent in a run */
    struct publisher_topic topics[PUBLISHER_TOPICS_MAX];
    size_t topic_count;
    uint64_t sent; /* messages */
    bool in_transaction;
};

/* Fences whoever had our transactional id. */
int publisher_init_transactions(struct publisher *publisher,
                                struct error *err) MUST_CHECK;

/* A transaction fails as a whole, and every later call only says that it has
 * failed. The first message that was not delivered says why, and whether it is
 * a matter of rights. */
void publisher_blame_first(struct publisher *publisher, struct error *err);

/* A transaction that has failed refuses messages without a reason: the reason,
 * and its words in `why`. */
rd_kafka_resp_err_t publisher_why_failed(struct publisher *publisher, char *why,
                                         size_t size);

#endif
