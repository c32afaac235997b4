/*
 * record_header.h - one header of a Kafka record.
 */
#ifndef COMMON_RECORD_HEADER_H
#define COMMON_RECORD_HEADER_H

#include <stddef.h>

struct record_header {
    const char *name; /* terminated */
    const void *value;
    size_t size;
};

#endif
