/*
 * kafka_client.h - one way to set up librdkafka, and one way to read its
 * errors.
 *
 * Settings fixed here (check.crcs, no auto-create, no Nagle, eager assignor,
 * ...) each carry their reason in kafka_client.c. librdkafka's log lines come
 * out through log.h. Any thread.
 */
#ifndef COMMON_KAFKA_CLIENT_H
#define COMMON_KAFKA_CLIENT_H

#include "common/base/config.h"
#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* librdkafka's own names, so that this header needs none of its headers. */
typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_conf_s rd_kafka_conf_t;

struct kafka_settings {
    char brokers[512];
    char client_id[64];
    bool embedded; /* the in-process mock: no transactions, no topic configs */
    const struct config_property *properties; /* borrowed: -X */
    size_t property_count;
};

/* What a consumer fetches ahead, unless told otherwise: at most so many
 * records, and so many KiB of them. Macros, since librdkafka takes text. */
#define KAFKA_AHEAD_RECORDS 100000
#define KAFKA_AHEAD_KIB 49152

enum kafka_role { KAFKA_CONSUMER, KAFKA_PRODUCER, KAFKA_ADMIN };

/* Our defaults for the role, then the user's -X properties ("consumer.",
 * "producer." and "admin." in front apply to one role only). An unknown
 * property, or a Java name, is an ERROR_CONFIG that names the right one. The
 * caller owns *out. */
int kafka_conf(const struct kafka_settings *settings, enum kafka_role role,
               rd_kafka_conf_t **out, struct error *err) MUST_CHECK;

/* Would kafka_conf() accept the settings, for every role? */
int kafka_check(const struct kafka_settings *settings,
                struct error *err) MUST_CHECK;

int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                   struct error *err) MUST_CHECK;

/* The Markdown table of our defaults. */
void kafka_describe(FILE *out);

/* Which of our error codes a librdkafka error (rd_kafka_resp_err_t) is:
 * ERROR_AUTH, ERROR_UNAVAILABLE, ERROR_FENCED, ... */
enum error_code kafka_error_code(int rd_kafka_error);

/* What a topic is like. A retention of -1 keeps for ever; `configured` is
 * false where the broker cannot say (the embedded one). */
struct kafka_topic {
    char name[250];
    int32_t partitions;
    bool configured;
    int64_t retention_ms;
    int64_t max_message_bytes;
    bool compacted;
};

/* Asks the broker, for at most timeout_ms. No broker: ERROR_UNAVAILABLE
 * "no broker at ...: ..."; no such topic: ERROR_UNAVAILABLE that says how to
 * create it. */
int kafka_topic_describe(const struct kafka_settings *settings,
                         const char *topic, unsigned timeout_ms,
                         struct kafka_topic *out, struct error *err) MUST_CHECK;

struct kafka_topic_plan {
    const char *name;
    int32_t partitions;
    int32_t replicas;
    const char *configs[8][2]; /* {"retention.ms", "-1"}, ends with NULL */
};

/* Creates it; already there is fine (*created is false then). */
int kafka_topic_create(const struct kafka_settings *settings,
                       const struct kafka_topic_plan *plan, unsigned timeout_ms,
                       bool *created, struct error *err) MUST_CHECK;

#endif
