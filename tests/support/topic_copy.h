/*
 * topic_copy.h - everything on a topic, copied, for the mock brokers as well.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_TOPIC_COPY_H
#define SUPPORT_TOPIC_COPY_H

#include "common/kafka/kafka_client.h"

#include <stddef.h>
#include <stdint.h>

enum { COPIED_HEADERS_MAX = 160 };

struct copied_header {
    char *name;
    uint8_t *value;
    size_t size;
};

struct copied_record {
    int32_t partition;
    int64_t offset;
    uint8_t *key, *value;
    size_t key_size, value_size;
    struct copied_header headers[COPIED_HEADERS_MAX];
    size_t header_count;
};

struct topic_copy {
    struct copied_record *at; /* in order within a partition */
    size_t count, room;
};

struct topic_copy topic_copy_read(const struct kafka_settings *kafka,
                                  const char *topic, int partitions);
void topic_copy_free(struct topic_copy *copy);

/* The last header of that name; NULL where there is none. */
const struct copied_header *
copied_record_header(const struct copied_record *record, const char *name);

#endif
