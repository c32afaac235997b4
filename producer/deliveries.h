/*
 * deliveries.h - what became of the messages that a producer was handed.
 *
 * librdkafka tells it on the producer's queue of events: of each message, or,
 * where that is not wanted, of each message that failed. A message that failed
 * is not over before its report is taken, so whoever waits for a producer takes
 * reports meanwhile. Statistics come on the same queue and go to the watch. One
 * thread.
 */
#ifndef PRODUCER_DELIVERIES_H
#define PRODUCER_DELIVERIES_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_topic_s rd_kafka_topic_t;

struct kafka_watch; /* common/kafka/kafka_watch.h */

enum { DELIVERIES_TOPICS_MAX = 8 };

struct deliveries;

/* Both are borrowed: the client, whose events are enabled (RD_KAFKA_EVENT_DR),
 * and the watch, which may be NULL. ERROR_MEMORY. */
int deliveries_new(rd_kafka_t *client, struct kafka_watch *watch,
                   struct deliveries **out, struct error *err) MUST_CHECK;

/* Topics are numbered from 0 on, in the order of these calls, of which there
 * are DELIVERIES_TOPICS_MAX at most. The topic is borrowed. ERROR_MEMORY. */
int deliveries_add_topic(struct deliveries *deliveries, rd_kafka_topic_t *topic,
                         int32_t partitions, struct error *err) MUST_CHECK;

/* Takes the reports that are there; where there are none, waits for one. */
void deliveries_take(struct deliveries *deliveries, unsigned wait_ms);

/* Takes reports until no message is under way, or until the deadline
 * (monotonic), or until a stop is overdue (stop.h). Returns librdkafka's error:
 * 0, or that it timed out. */
int deliveries_drain(struct deliveries *deliveries, int64_t deadline_ms);

/* The same, but ends where nothing moves either: a transaction that failed
 * keeps its messages, and only the next call about it tells. */
void deliveries_settle(struct deliveries *deliveries, int64_t deadline_ms);

/* librdkafka's error of the first message that failed since the last
 * deliveries_forget_failures(); 0: there was none. */
int deliveries_first_failure(const struct deliveries *deliveries);
/* The topic that it was for; "" without one. */
const char *deliveries_first_failed_topic(const struct deliveries *deliveries);
void deliveries_forget_failures(struct deliveries *deliveries);

uint64_t deliveries_failed(const struct deliveries *deliveries); /* in all */
uint64_t deliveries_failed_for(const struct deliveries *deliveries,
                               size_t topic);

/* Of the newest message on the partition that was reported as delivered; -1
 * before the first one. */
int64_t deliveries_last_offset(const struct deliveries *deliveries,
                               size_t topic, int32_t partition);

/* Before the client is closed. NULL is fine. */
void deliveries_free(struct deliveries *deliveries);

#endif
