/*
 * kafka_close.h - every client is destroyed within a time.
 */
#ifndef COMMON_KAFKA_CLOSE_H
#define COMMON_KAFKA_CLOSE_H

#include <stdbool.h>

typedef struct rd_kafka_s rd_kafka_t;

/* Destroys a client without leaving its group; any thread; NULL is fine.
 * librdkafka waits for its threads, and those may hang: in a name server that
 * does not answer, or (2.0.2) for the partitions of a topic that was deleted.
 * After three seconds the client is left to a thread of its own, which ends
 * with the process; that is logged, and the answer is false. What the client
 * was told to write to (a file descriptor) must stay open then. */
bool kafka_close(rd_kafka_t *client);

/* The same for a client that uses `context` as long as it lives: after(context)
 * is called when it has ended, also when that is late, and then on a thread of
 * its own. */
bool kafka_close_then(rd_kafka_t *client, void (*after)(void *context),
                      void *context);

#endif
