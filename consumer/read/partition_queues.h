/*
 * partition_queues.h - the queues of the partitions that a member has, kept so
 * that they can be emptied before its client ends.
 *
 * librdkafka 2.0.2 waits for ever for what lies in the queue of a partition
 * that is gone (its issue 4724), and such a partition cannot be asked for any
 * more: so the queues are asked for when partitions come. One thread.
 */
#ifndef CONSUMER_PARTITION_QUEUES_H
#define CONSUMER_PARTITION_QUEUES_H

#include "common/base/error.h"

#include <stddef.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_queue_s rd_kafka_queue_t;
typedef struct rd_kafka_topic_partition_list_s rd_kafka_topic_partition_list_t;

/* Zeroed is empty. */
struct partition_queues {
    rd_kafka_queue_t **list; /* (count) */
    size_t count;
};

/* Keeps the queues of these partitions in place of those before. After a
 * failure (ERROR_MEMORY) there are none. */
int partition_queues_keep(struct partition_queues *queues, rd_kafka_t *client,
                          const rd_kafka_topic_partition_list_t *partitions,
                          struct error *err) MUST_CHECK;

/* Throws away what lies in them, and gives them back. Before the client ends.
 */
void partition_queues_drain(struct partition_queues *queues);

#endif
