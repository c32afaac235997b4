/*
 * publisher_handle.h - what publisher.c and publisher_transaction.c share.
 * Private to producer/.
 */
#ifndef PRODUCER_PUBLISHER_HANDLE_H
#define PRODUCER_PUBLISHER_HANDLE_H

#include "producer/publisher.h"

#include <librdkafka/rdkafka.h>

struct publisher_topic {
    rd_kafka_topic_t *handle;
    int32_t partitions;
    int64_t *last_offset; /* (partitions) -1 before the first */
};

struct publisher {
    struct publisher_config config;
    rd_kafka_t *client;
    struct publisher_topic topics[PUBLISHER_TOPICS_MAX];
    size_t topic_count;
    struct publisher_counts counts;
    rd_kafka_resp_err_t first_failure; /* of a delivery, since the last flush */
    bool in_transaction;
};

/* Fences whoever had our transactional id. */
int publisher_init_transactions(struct publisher *publisher,
                                struct error *err) MUST_CHECK;

/* Takes ownership of `error`, which is not NULL; fills `err`. */
enum publisher_verdict publisher_judge(rd_kafka_error_t *error,
                                       const char *what, struct error *err);

#endif
