/*
 * kafka_files.h - the files that clients of Kafka read once, when they begin:
 * certificates, keys, authorities, and secrets that are given as file:PATH.
 *
 * A renewed certificate is of no use to a client that runs: librdkafka goes on
 * with the old one, and connects with it until it has expired. So a process
 * that works for long looks whether a file became another one, and ends then,
 * to be started again. One thread.
 */
#ifndef COMMON_KAFKA_FILES_H
#define COMMON_KAFKA_FILES_H

#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include <stdint.h>

enum {
    KAFKA_FILES_LOOK_MS = 2000,   /* between two looks */
    KAFKA_FILES_SETTLE_MS = 5000, /* a key and its certificate are written one
                                     after the other */
};

struct kafka_files;

/* Takes what the files hold; call it before the first client begins. A file
 * that cannot be read is the client's to complain about. ERROR_MEMORY. */
int kafka_files_note(const struct kafka_settings *settings,
                     struct kafka_files **out, struct error *err) MUST_CHECK;

/* Looks, where the last look is long enough ago. Fails with ERROR_TEMPORARY,
 * which names the file, when one has held something else for a while; a file
 * that is away, or was written again with the same bytes, is the same. now_ms
 * is monotonic. */
int kafka_files_look(struct kafka_files *files, int64_t now_ms,
                     struct error *err) MUST_CHECK;

/* NULL is fine. */
void kafka_files_free(struct kafka_files *files);

#endif
