/*
 * embedded_broker.h - a broker inside this process, on a loopback port, for a
 * first look: librdkafka's mock.
 *
 * It knows no transactions and no times of records, keeps 5 MiB a partition
 * (older records vanish), and forgets all when it stops. Clients must be at
 * least once; settings with `embedded` set see to it.
 */
#ifndef CLI_EMBEDDED_BROKER_H
#define CLI_EMBEDDED_BROKER_H

#include "common/kafka/kafka_client.h"

#include <stddef.h>

struct embedded_broker;

struct embedded_topic {
    const char *name;
    int partitions;
};

int embedded_broker_start(const struct embedded_topic *topics, size_t count,
                          struct embedded_broker **out,
                          struct error *err) MUST_CHECK;

/* Fills in the address and `embedded`; the rest stays. */
void embedded_broker_settings(const struct embedded_broker *broker,
                              struct kafka_settings *settings);

/* All clients must be closed. NULL is fine. */
void embedded_broker_stop(struct embedded_broker *broker);

#endif
