/*
 * offset_range.h - records of one partition, from an offset up to another.
 */
#ifndef COMMON_OFFSET_RANGE_H
#define COMMON_OFFSET_RANGE_H

#include <stdint.h>

enum {
    TOPIC_NAME_SIZE = 250, /* Kafka's longest name, terminated */
    PARTITIONS_MAX = 1024, /* of all topics that one reader reads together */
};

/* Offsets first up to next - 1. */
struct offset_range {
    char topic[TOPIC_NAME_SIZE];
    int32_t partition;
    int64_t first, next;
};

#endif
