/*
 * fetched_batch.h - the records that a member of a group took off its queue in
 * one go, and owns until it takes the next ones.
 *
 * librdkafka fetches ahead into that queue. Where the queue was nearly full,
 * fetching may sleep although there is room again: the batch notices that, and
 * its owner wakes it (fetch_wake.h). One thread.
 */
#ifndef CONSUMER_FETCHED_BATCH_H
#define CONSUMER_FETCHED_BATCH_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_queue_s rd_kafka_queue_t;
typedef struct rd_kafka_message_s rd_kafka_message_t;

struct fetched_batch;

/* Room for `most` records. ERROR_MEMORY. */
int fetched_batch_new(uint32_t most, struct fetched_batch **out,
                      struct error *err) MUST_CHECK;

/* Batches have at most `count` records from now on; 0: as many as there is
 * room for. */
void fetched_batch_limit(struct fetched_batch *batch, size_t count);

/* Waits at most wait_ms for a first record of the consumer, whose queue `queue`
 * is, then takes what is there. *waited_ns is how long it waited. The batch has
 * to be empty. */
void fetched_batch_take(struct fetched_batch *batch, rd_kafka_t *consumer,
                        rd_kafka_queue_t *queue, unsigned wait_ms,
                        int64_t *waited_ns);

/* For callbacks of librdkafka: it waits inside fetched_batch_take(), and may be
 * told to come back at once. */
bool fetched_batch_is_waiting(const struct fetched_batch *batch);

/* After fetched_batch_take(): fetching may sleep, and there is room again. */
bool fetched_batch_has_room_again(struct fetched_batch *batch,
                                  rd_kafka_queue_t *queue);

/* The records (*count), reports of librdkafka among them. Borrowed until
 * fetched_batch_drop(). */
rd_kafka_message_t *const *
fetched_batch_records(const struct fetched_batch *batch, size_t *count);

bool fetched_batch_is_full(const struct fetched_batch *batch);

/* Gives the records back; the batch is empty. */
void fetched_batch_drop(struct fetched_batch *batch);

/* Before the consumer is closed. NULL is fine. */
void fetched_batch_free(struct fetched_batch *batch);

#endif
