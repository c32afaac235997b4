/*
 * subscriber_handle.h - what the parts of a subscriber share.
 */
#ifndef CONSUMER_SUBSCRIBER_HANDLE_H
#define CONSUMER_SUBSCRIBER_HANDLE_H

#include "consumer/read/subscriber.h"

#include <librdkafka/rdkafka.h>

enum { UNKNOWN_OFFSET = -1 };

/* One partition of the topic. */
struct position {
    bool assigned, at_end;
    int64_t next;      /* to be handed out; UNKNOWN_OFFSET before the first */
    int64_t committed; /* as `next`, at the last commit */
};

enum pending {
    PENDING_NOTHING,
    PENDING_OFFERED,
    PENDING_REVOKED,
    PENDING_LOST
};

struct subscriber {
    struct subscriber_config config;
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;

    rd_kafka_message_t **taken; /* (batch_max), destroyed at the next poll */
    struct message *messages;   /* (batch_max) */
    size_t taken_count, limit;
    bool was_full; /* so much was fetched ahead that fetching may sleep */

    struct position *positions; /* (position_count), by partition */
    int32_t position_count;
    bool has_assignment;

    enum pending pending;
    rd_kafka_topic_partition_list_t *offered;
    int64_t offered_since_ms;
    bool rewinding; /* `offered` is what we had: no event */
    bool waiting;   /* inside the call that a callback may cut short */
    bool closing;

    rd_kafka_topic_partition_list_t *next;
    rd_kafka_consumer_group_metadata_t *group;
};

/* librdkafka's callbacks; their context is the subscriber. */
void subscriber_on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t what,
                             rd_kafka_topic_partition_list_t *partitions,
                             void *context);
void subscriber_on_commit(rd_kafka_t *client, rd_kafka_resp_err_t failed,
                          rd_kafka_topic_partition_list_t *offsets,
                          void *context);

/* 1: assigned; 0: the broker cannot say yet, ask again; -1: it never will. */
int subscriber_assign_offered(struct subscriber *subscriber, struct error *err);

/* One batch of what was fetched ahead, and its end. */
void subscriber_take(struct subscriber *subscriber, unsigned wait_ms);
void subscriber_drop(struct subscriber *subscriber);

#endif
