/*
 * publisher.h - puts messages on Kafka.
 *
 * Idempotent always; transactional when a transactional id is given. Nothing
 * is lost silently: a message that cannot be delivered fails the flush or the
 * commit that follows it. One thread.
 */
#ifndef PRODUCER_PUBLISHER_H
#define PRODUCER_PUBLISHER_H

#include "common/base/error.h"
#include "common/kafka/kafka_client.h"
#include "common/kafka/record_header.h"
#include "common/kafka/transactional_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rd_kafka_topic_partition_list_s rd_kafka_topic_partition_list_t;
typedef struct rd_kafka_consumer_group_metadata_s
    rd_kafka_consumer_group_metadata_t;

struct publisher;

enum { PUBLISHER_TOPICS_MAX = 8, PUBLISH_BY_KEY = -1 };

struct publisher_config {
    struct kafka_settings kafka; /* with a watch: call publisher_serve() */
    char transactional_id[TRANSACTIONAL_ID_SIZE]; /* empty: no transactions */
    uint32_t transaction_timeout_ms;
    uint32_t linger_ms;
    char compression[8];                      /* none, lz4, zstd, ... */
    const char *topics[PUBLISHER_TOPICS_MAX]; /* borrowed; NULL ends */
    bool wants_offsets; /* for publisher_last_offset(); costs half the speed */
};

/* Borrowed for the call: the bytes are copied. */
struct outgoing {
    size_t topic;      /* index in publisher_config.topics */
    int32_t partition; /* or PUBLISH_BY_KEY (murmur2, as Java's default) */
    const void *key;   /* NULL: none */
    size_t key_size;
    const void *value; /* NULL: a tombstone */
    size_t value_size;
    int64_t timestamp_ms; /* 0: now */
    const struct record_header *headers;
    size_t header_count;
};

/* What a failed transaction call asks its caller to do. */
enum publisher_verdict {
    PUBLISHER_OK,
    PUBLISHER_ABORT,   /* abort, rewind, try again */
    PUBLISHER_REBUILD, /* close, open again with the same id, rewind to the
                          committed offsets: the outcome is unknown */
    PUBLISHER_FENCED,  /* another live producer has our id */
};

struct publisher_counts {
    uint64_t sent, delivered, failed;
};

/* Connects, asks for the topics (a missing one is an error that says how to
 * create it; asking also spares the first message a second), and for a
 * transactional id fences whoever had it. */
int publisher_open(const struct publisher_config *config,
                   struct publisher **out, struct error *err) MUST_CHECK;

/* Waits while the queue is full. */
int publisher_send(struct publisher *publisher, const struct outgoing *message,
                   struct error *err) MUST_CHECK;

/* As publisher_send() for each, in order, and several times as fast for
 * neighbours of one partition that have neither headers nor a time. Returns how
 * many were sent; when not all, `err` is about the next one. */
size_t publisher_send_many(struct publisher *publisher,
                           const struct outgoing *messages, size_t count,
                           struct error *err);

/* Serves delivery reports without waiting; call it at least every second. */
void publisher_serve(struct publisher *publisher);

/* Until everything sent is delivered. Undelivered messages are an error. */
int publisher_flush(struct publisher *publisher, unsigned timeout_ms,
                    struct error *err) MUST_CHECK;

/* The same for a program that does not come again: where a stop is overdue (see
 * stop.h) and messages are undelivered, it has failed (ERROR_UNAVAILABLE). */
int publisher_finish(struct publisher *publisher, unsigned timeout_ms,
                     struct error *err) MUST_CHECK;

/* After a failure, without a transaction: what is under way has a bounded time
 * to be delivered; the rest is thrown away, and has failed. */
void publisher_give_up(struct publisher *publisher);

/* Messages for the topic that the broker has not acknowledged, of those whose
 * end is known. It may have some of them all the same. */
uint64_t publisher_failed(const struct publisher *publisher, size_t topic);

/* The offset that the last flushed or committed message of the topic's
 * partition got; -1 before. */
int64_t publisher_last_offset(const struct publisher *publisher, size_t topic,
                              int32_t partition);

/* Transactions. Do not begin before there is something to send. `err` has the
 * reason for every verdict but PUBLISHER_OK. */
enum publisher_verdict publisher_begin(struct publisher *publisher,
                                       struct error *err);
enum publisher_verdict publisher_send_offsets(
    struct publisher *publisher, const rd_kafka_topic_partition_list_t *next,
    const rd_kafka_consumer_group_metadata_t *group, struct error *err);
enum publisher_verdict publisher_commit(struct publisher *publisher,
                                        struct error *err);
/* Flushes, then aborts. */
enum publisher_verdict publisher_abort(struct publisher *publisher,
                                       struct error *err);

/* The partition for what answers a record of `partition`: the same one where
 * the topic has it, so that order is kept; else PUBLISH_BY_KEY. */
int32_t publisher_place(const struct publisher *publisher, size_t topic,
                        int32_t partition);

int32_t publisher_partitions(const struct publisher *publisher, size_t topic);
struct publisher_counts publisher_counts(struct publisher *publisher);

/* Waits a bounded time for what is under way; NULL is fine. */
void publisher_close(struct publisher *publisher);

#endif
