/*
 * kafka_close.h - a client is destroyed within a time.
 */
#ifndef COMMON_KAFKA_CLOSE_H
#define COMMON_KAFKA_CLOSE_H

#include <stdbool.h>

typedef struct rd_kafka_s rd_kafka_t;

/* Destroys a client without leaving its group; any thread. librdkafka 2.0.2 may
 * wait for ever for the partitions of a topic that was deleted. After
 * timeout_ms the client is left to a thread of its own, which ends with the
 * process, and the answer is false. */
bool kafka_close(rd_kafka_t *client, unsigned timeout_ms);

#endif
