/*
 * event_schemas.h - the schemas that the records of a queue name by number, as
 * whoever knows them hands them to readers.
 *
 * A producer with a schema registry writes a zero, the number in four bytes
 * (big endian) and then its bytes. Readers ask for the number; how the answer
 * is come by is the concern of the one who gives it.
 */
#ifndef COMMON_EVENT_SCHEMAS_H
#define COMMON_EVENT_SCHEMAS_H

#include "common/event/writer_schema.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVENT_SCHEMA_HEAD = 5 }; /* the zero and the number */

enum event_schema_kind {
    EVENT_SCHEMA_AVRO,
    EVENT_SCHEMA_JSON,
    EVENT_SCHEMA_PROTOBUF,
    EVENT_SCHEMA_OTHER, /* another kind, or no schema that can be read */
};

struct event_schema {
    enum event_schema_kind kind;
    struct writer_schema *avro; /* of Avro only */
};

/* All of it may be used by any thread. */
struct event_schemas {
    /* NULL: nobody knows it, or not in the time that the owner allows. What is
     * returned stays for as long as the owner. */
    const struct event_schema *(*find)(void *context, uint32_t number);
    /* Whether the owner goes on to look for schemas. Else a record whose schema
     * is unknown is not to blame, and must be read again another time. */
    int (*check)(void *context, struct error *err);
    const atomic_uint *version; /* it changes where a schema that was found is
                                   another from then on */
    void *context;
};

static inline bool event_schema_has_head(const uint8_t *bytes, size_t size)
{
    return size >= EVENT_SCHEMA_HEAD && bytes[0] == 0;
}

static inline uint32_t event_schema_number(const uint8_t *bytes)
{
    return (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 8 | bytes[4];
}

#endif
