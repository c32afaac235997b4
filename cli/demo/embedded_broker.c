#include "cli/demo/embedded_broker.h"

#include "common/kafka/kafka_log.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <stdio.h>
#include <stdlib.h>

struct embedded_broker {
    rd_kafka_t *owner; /* the mock lives inside some client */
    rd_kafka_mock_cluster_t *cluster;
};

static int create_topics(struct embedded_broker *broker,
                         const struct embedded_topic *topics, size_t count,
                         struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t error = rd_kafka_mock_topic_create(
            broker->cluster, topics[i].name, topics[i].partitions, 1);
        if (error)
            return error_set(err, ERROR_CONFIG,
                             "embedded broker: topic '%s': %s", topics[i].name,
                             rd_kafka_err2str(error));
    }
    return 0;
}

static int start(struct embedded_broker *broker, struct error *err)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    /* The owner itself has nowhere to connect to, and would say so. */
    rd_kafka_conf_set_log_cb(conf, kafka_log_quiet);
    broker->owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!broker->owner) {
        rd_kafka_conf_destroy(conf);
        return error_set(err, ERROR_FAILED, "embedded broker: %s", why);
    }
    broker->cluster = rd_kafka_mock_cluster_new(broker->owner, 1);
    if (!broker->cluster)
        return error_set(err, ERROR_FAILED,
                         "embedded broker: no port on 127.0.0.1");
    return 0;
}

int embedded_broker_start(const struct embedded_topic *topics, size_t count,
                          struct embedded_broker **out, struct error *err)
{
    struct embedded_broker *broker = calloc(1, sizeof(*broker));

    if (!broker)
        return error_no_memory(err, "the embedded broker");
    if (start(broker, err) < 0 ||
        create_topics(broker, topics, count, err) < 0) {
        embedded_broker_stop(broker);
        return -1;
    }
    *out = broker;
    return 0;
}

void embedded_broker_settings(const struct embedded_broker *broker,
                              struct kafka_settings *settings)
{
    settings->embedded = true;
    snprintf(settings->brokers, sizeof(settings->brokers), "%s",
             rd_kafka_mock_cluster_bootstraps(broker->cluster));
}

void embedded_broker_stop(struct embedded_broker *broker)
{
    if (!broker)
        return;
    if (broker->cluster)
        rd_kafka_mock_cluster_destroy(broker->cluster);
    if (broker->owner)
        rd_kafka_destroy(broker->owner);
    free(broker);
}
