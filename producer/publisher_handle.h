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
    rd_kafka_queue_t *reports; /* of deliveries */
    size_t run_bytes_max;      /* key and value of what may be sent in a run */
    struct publisher_topic topics[PUBLISHER_TOPICS_MAX];
    size_t topic_count;
    struct publisher_counts counts;
    rd_kafka_resp_err_t first_failure; /* of a delivery, since the last flush */
    bool in_transaction;
};

/* Fences whoever had our transactional id. */
int publisher_init_transactions(struct publisher *publisher,
                                struct error *err) MUST_CHECK;

/* Waits for the first report, and takes what else is there. */
void publisher_take_reports(struct publisher *publisher, unsigned wait_ms);

/* Sends what lingers and waits until nothing is under way, delivered or not:
 * RD_KAFKA_RESP_ERR__TIMED_OUT where something still is. */
rd_kafka_resp_err_t publisher_drain(struct publisher *publisher,
                                    int64_t deadline_ms);

/* Takes ownership of `error`, which is not NULL; fills `err`. */
enum publisher_verdict publisher_judge(rd_kafka_error_t *error,
                                       const char *what, struct error *err);

#endif
