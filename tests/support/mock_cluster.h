/*
 * mock_cluster.h - librdkafka's mock brokers as a fixture.
 *
 * They know no transactions: committed and aborted records look the same, and
 * nobody is fenced. Use them for error paths and plain producing and
 * consuming.
 */
#ifndef SUPPORT_MOCK_CLUSTER_H
#define SUPPORT_MOCK_CLUSTER_H

#include "common/kafka/kafka_client.h"

#include <stddef.h>
#include <stdint.h>

struct mock_cluster;

/* Requests that can be made to fail, by Kafka's own numbers. */
enum mock_request {
    MOCK_PRODUCE = 0,
    MOCK_FETCH = 1,
    MOCK_METADATA = 3,
    MOCK_OFFSET_COMMIT = 8,
    MOCK_JOIN_GROUP = 11,
    MOCK_HEARTBEAT = 12,
    MOCK_INIT_PRODUCER_ID = 22,
};

/* One broker. Never fails: a test without its fixture ends here. */
struct mock_cluster *mock_cluster_new(void);
void mock_cluster_free(struct mock_cluster *cluster);

void mock_cluster_add_topic(struct mock_cluster *cluster, const char *name,
                            int partitions);

/* "127.0.0.1:PORT" */
const char *mock_cluster_brokers(const struct mock_cluster *cluster);

/* Settings for clients of this cluster, with `embedded` set. */
struct kafka_settings mock_cluster_settings(const struct mock_cluster *cluster);

/* The next `count` (at most 20) requests of the kind fail with the error, an
 * rd_kafka_resp_err_t. */
void mock_cluster_fail(struct mock_cluster *cluster, enum mock_request request,
                       int error, size_t count);

/* The topic answers every question about it with the error. */
void mock_cluster_fail_topic(struct mock_cluster *cluster, const char *topic,
                             int error);

/* The only broker goes away, and comes back. */
void mock_cluster_go_down(struct mock_cluster *cluster);
void mock_cluster_come_up(struct mock_cluster *cluster);

/* From now on an answer takes so long. */
void mock_cluster_set_rtt(struct mock_cluster *cluster, int rtt_ms);

#endif
