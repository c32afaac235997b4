/*
 * message.h - a record that was read, whoever read it.
 *
 * Borrowed from the reader that hands it out; that reader says for how long.
 */
#ifndef CONSUMER_MESSAGE_H
#define CONSUMER_MESSAGE_H

#include "common/base/error.h"
#include "common/kafka/record_header.h"

#include <stddef.h>
#include <stdint.h>

struct rd_kafka_message_s; /* librdkafka's rd_kafka_message_t */

struct message {
    const uint8_t *value; /* NULL: a tombstone */
    const uint8_t *key;   /* NULL: none */
    size_t value_size, key_size;
    int64_t offset, timestamp_ms; /* timestamp_ms is -1 where there is none */
    int32_t partition;
    const struct rd_kafka_message_s *handle; /* for message_headers() */
};

/* librdkafka's word that a record, or the batch it came in, cannot be read:
 * ERROR_FORMAT with topic, partition, offset, and the setting that heals it.
 * Returns -1. */
int message_unreadable(const struct rd_kafka_message_s *report,
                       const char *topic, struct error *err);

/* A view of a record without an error. */
struct message message_of(const struct rd_kafka_message_s *from);

/* Takes the first `max` headers of a message and returns how many it has.
 * Names and values are borrowed as the message is. */
size_t message_headers(const struct message *message, struct record_header *out,
                       size_t max);

#endif
