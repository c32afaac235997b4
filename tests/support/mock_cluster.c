#include "support/mock_cluster.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { BROKER_ID = 1, ERRORS_MAX = 20 };

struct mock_cluster {
    rd_kafka_t *owner; /* a mock cluster lives inside some client */
    rd_kafka_mock_cluster_t *brokers;
};

/* The owner itself has nowhere to connect to, and says so. */
static void keep_quiet(const rd_kafka_t *owner, int level, const char *kind,
                       const char *text)
{
    (void)owner;
    (void)level;
    (void)kind;
    (void)text;
}

struct mock_cluster *mock_cluster_new(void)
{
    char why[256] = "";
    struct mock_cluster *cluster = calloc(1, sizeof(*cluster));

    ck_assert_ptr_nonnull(cluster);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, keep_quiet);
    cluster->owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    ck_assert_msg(cluster->owner != NULL, "mock cluster: %s", why);
    cluster->brokers = rd_kafka_mock_cluster_new(cluster->owner, 1);
    ck_assert_ptr_nonnull(cluster->brokers);
    return cluster;
}

void mock_cluster_free(struct mock_cluster *cluster)
{
    if (!cluster)
        return;
    rd_kafka_mock_cluster_destroy(cluster->brokers);
    rd_kafka_destroy(cluster->owner);
    free(cluster);
}

void mock_cluster_add_topic(struct mock_cluster *cluster, const char *name,
                            int partitions)
{
    ck_assert_int_eq(
        rd_kafka_mock_topic_create(cluster->brokers, name, partitions, 1), 0);
}

const char *mock_cluster_brokers(const struct mock_cluster *cluster)
{
    return rd_kafka_mock_cluster_bootstraps(cluster->brokers);
}

struct kafka_settings mock_cluster_settings(const struct mock_cluster *cluster)
{
    struct kafka_settings settings = {.embedded = true, .client_id = "test"};

    snprintf(settings.brokers, sizeof(settings.brokers), "%s",
             mock_cluster_brokers(cluster));
    return settings;
}

void mock_cluster_fail(struct mock_cluster *cluster, enum mock_request request,
                       int error, size_t count)
{
    rd_kafka_resp_err_t errors[ERRORS_MAX];

    ck_assert_uint_le(count, ERRORS_MAX);
    for (size_t i = 0; i < count; i++)
        errors[i] = (rd_kafka_resp_err_t)error;
    rd_kafka_mock_push_request_errors_array(cluster->brokers, (int16_t)request,
                                            count, errors);
}

void mock_cluster_fail_topic(struct mock_cluster *cluster, const char *topic,
                             int error)
{
    rd_kafka_mock_topic_set_error(cluster->brokers, topic,
                                  (rd_kafka_resp_err_t)error);
}

void mock_cluster_go_down(struct mock_cluster *cluster)
{
    ck_assert_int_eq(rd_kafka_mock_broker_set_down(cluster->brokers, BROKER_ID),
                     0);
}

void mock_cluster_come_up(struct mock_cluster *cluster)
{
    ck_assert_int_eq(rd_kafka_mock_broker_set_up(cluster->brokers, BROKER_ID),
                     0);
}

void mock_cluster_set_rtt(struct mock_cluster *cluster, int rtt_ms)
{
    ck_assert_int_eq(
        rd_kafka_mock_broker_set_rtt(cluster->brokers, BROKER_ID, rtt_ms), 0);
}
