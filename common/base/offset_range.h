/*
 * offset_range.h - records of one partition, from an offset up to another.
 */
#ifndef COMMON_OFFSET_RANGE_H
#define COMMON_OFFSET_RANGE_H

#include "common/base/error.h"

#include <stddef.h>
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

/* A copy of `count` ranges, which the caller frees; there may be none.
 * ERROR_MEMORY alone. */
int offset_ranges_copy(const struct offset_range *from, size_t count,
                       struct offset_range **out, struct error *err) MUST_CHECK;

#endif
