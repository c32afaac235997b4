/*
 * kafka_watch.h - the state of all clients of a process, as metrics.
 *
 * Every client that has somebody who polls it hands its statistics in; the
 * watch combines what the clients that live say of each broker. Clients that
 * are not polled must not produce statistics: nobody would take them. Any
 * thread.
 */
#ifndef COMMON_KAFKA_WATCH_H
#define COMMON_KAFKA_WATCH_H

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/kafka/kafka_client.h"

#include <stddef.h>

/* The families follow each other in a program's table, from `first` on:
 *     [SCORER_KAFKA] = KAFKA_METRIC_FAMILIES,
 */
enum kafka_metric {
    KAFKA_BROKER_UP,
    KAFKA_BROKER_RTT,
    KAFKA_BROKER_THROTTLE,
    KAFKA_REQUESTS,
    KAFKA_RECORDS,
    KAFKA_BYTES,
    KAFKA_METRICS, /* their number */
};

enum kafka_queue { KAFKA_QUEUE_SEND, KAFKA_QUEUE_FETCH };
#define KAFKA_QUEUE_WORDS "send|fetch"

enum { KAFKA_BROKERS_SHOWN_MAX = 2048 }; /* by node.id */

/* clang-format off */
#define KAFKA_METRIC_FAMILIES \
    {"pctr_kafka_broker_up", METRIC_GAUGE, "broker", NULL, KAFKA_BROKERS_SHOWN_MAX, "1 while a client of this process is connected with the broker, 0 while one tries in vain; by node.id."}, \
    {"pctr_kafka_broker_rtt_seconds", METRIC_GAUGE, "broker", NULL, KAFKA_BROKERS_SHOWN_MAX, "Mean time from a request to its answer, of the client that waits least (a fetch waits for records)."}, \
    {"pctr_kafka_broker_throttle_seconds", METRIC_GAUGE, "broker", NULL, KAFKA_BROKERS_SHOWN_MAX, "Mean time that the broker's quotas held an answer back, of the client that is held most."}, \
    {"pctr_kafka_requests", METRIC_GAUGE, NULL, NULL, 0, "Requests that wait to be sent or for their answers, of all clients."}, \
    {"pctr_kafka_queue_records", METRIC_GAUGE, "queue", KAFKA_QUEUE_WORDS, 0, "Records in the clients' queues: to be sent, or fetched ahead."}, \
    {"pctr_kafka_queue_bytes", METRIC_GAUGE, "queue", KAFKA_QUEUE_WORDS, 0, "Their bytes."}
/* clang-format on */

struct kafka_watch;

/* The metrics must outlive it. Without metrics (NULL) there is no watch, and
 * *out is NULL, which all functions here take. */
int kafka_watch_new(struct metrics *metrics, int first,
                    struct kafka_watch **out, struct error *err) MUST_CHECK;

/* Has the client that will be made of `conf` produce statistics. Its owner
 * hands them to kafka_watch_take(), out of librdkafka's callback or event. */
int kafka_watch_conf(const struct kafka_watch *watch, rd_kafka_conf_t *conf,
                     struct error *err) MUST_CHECK;

/* Statistics that cannot be read are said in the log at level debug. */
void kafka_watch_take(struct kafka_watch *watch, const char *json, size_t size);

void kafka_watch_free(struct kafka_watch *watch);

#endif
