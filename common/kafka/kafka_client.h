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

struct kafka_watch;

struct kafka_settings {
    char brokers[512];
    char client_id[64];
    bool embedded; /* the in-process mock: no transactions, no topic configs */
    const struct config_property *properties; /* borrowed: -X */
    size_t property_count;
    struct kafka_watch *watch; /* gets the statistics of those clients that
                                  somebody polls all the time; may be NULL */
};

/* What a consumer fetches ahead, unless told otherwise: at most so many
 * records, and so many KiB of them. Macros, since librdkafka takes text. */
#define KAFKA_AHEAD_RECORDS 100000
#define KAFKA_AHEAD_KIB 49152

/* A client that asks questions has the role KAFKA_ADMIN, and is a consumer of
 * librdkafka: only a consumer can ask for a topic without creating it. */
enum kafka_role { KAFKA_CONSUMER, KAFKA_PRODUCER, KAFKA_ADMIN };

/* One of librdkafka's properties. A list of them ends with a NULL name; a
 * property whose value is NULL keeps its default. */
struct kafka_property {
    const char *name, *value;
};

/* The embedded broker has neither; see embedded_broker.h. */
static inline bool kafka_has_transactions(const struct kafka_settings *settings)
{
    return !settings->embedded;
}

/* Can the broker say which offset belongs to a time? */
static inline bool kafka_has_times(const struct kafka_settings *settings)
{
    return !settings->embedded;
}

/* Connects a client of that role: our defaults, then the user's -X properties
 * ("consumer.", "producer." and "admin." in front apply to one role only),
 * then `properties` (may be NULL). An unknown property, or a Java name, is an
 * ERROR_CONFIG that names the right one; ERROR_TEMPORARY: the system has no
 * thread or descriptor left. After a failure *out is untouched. */
int kafka_client_new(const struct kafka_settings *settings,
                     enum kafka_role role,
                     const struct kafka_property *properties, rd_kafka_t **out,
                     struct error *err) MUST_CHECK;

/* The same in two steps, for a caller that sets callbacks in between.
 * kafka_conf() gives the configuration to the caller, and kafka_client_of()
 * takes it, also where it fails. */
int kafka_conf(const struct kafka_settings *settings, enum kafka_role role,
               const struct kafka_property *properties, rd_kafka_conf_t **out,
               struct error *err) MUST_CHECK;
int kafka_client_of(rd_kafka_conf_t *conf, enum kafka_role role,
                    rd_kafka_t **out, struct error *err) MUST_CHECK;

/* How many file descriptors so many clients have open at most, where the
 * cluster has so many brokers. */
uint64_t kafka_descriptors(uint32_t clients, int32_t brokers);

/* Would kafka_conf() accept the settings, for every role? */
int kafka_check(const struct kafka_settings *settings,
                struct error *err) MUST_CHECK;

/* Would librdkafka make clients of the settings, in a group and without? It
 * compares properties with each other, and reads certificates. No broker is
 * asked. */
int kafka_check_clients(const struct kafka_settings *settings,
                        struct error *err) MUST_CHECK;

/* Is there a codec of that name in this librdkafka? ERROR_CONFIG. */
int kafka_check_codec(const char *name, struct error *err) MUST_CHECK;

/* Sets one property more; ERROR_CONFIG. */
int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                   struct error *err) MUST_CHECK;

/* The version of librdkafka that the program runs with. */
const char *kafka_library_version(void);

/* The Markdown table of our defaults. */
void kafka_describe(FILE *out);

/* Which of our error codes a librdkafka error (rd_kafka_resp_err_t) is:
 * ERROR_AUTH, ERROR_UNAVAILABLE, ERROR_FENCED, ... */
enum error_code kafka_error_code(int rd_kafka_error);

/* librdkafka's words for one of its errors, or ours where they say more of what
 * to do. */
const char *kafka_error_words(int rd_kafka_error);

/* Why a question to a consumer's group has failed: one whose coordinator may
 * not be asked for is a time-out (RD_KAFKA_RESP_ERR__TIMED_OUT) to the caller,
 * and the refusal waits in the consumer's queue, which is read for it. Only for
 * consumers that are assigned nothing. */
int kafka_group_error(rd_kafka_t *client, int rd_kafka_error);

/* What a topic is like. A retention of -1 keeps for ever; `configured` is
 * false where the broker cannot say (the embedded one). */
struct kafka_topic {
    char name[250];
    int32_t partitions;
    int32_t replicas; /* copies of the partition that has least of them */
    int32_t insync_replicas; /* the same of copies that are in sync */
    int32_t leaderless;      /* partitions that no broker leads now */
    int32_t brokers;         /* of the cluster, that are up */
    bool is_missing; /* beside ERROR_UNAVAILABLE: the broker knows none */
    bool configured;
    int64_t retention_ms;
    int64_t max_message_bytes;
    int64_t min_insync_replicas;
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
