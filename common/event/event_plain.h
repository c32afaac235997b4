/*
 * event_plain.h - the value of any record as msgpack or JSON, for people who
 * look at it.
 *
 * Readers of events do not need it: they read each format in place.
 */
#ifndef COMMON_EVENT_PLAIN_H
#define COMMON_EVENT_PLAIN_H

#include "common/base/buffer.h"
#include "common/event/event_codec.h"
#include "common/event/event_schemas.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value, and what said its schema. */
struct event_plain {
    const uint8_t *bytes;
    size_t size;
    const struct event_schema *schema; /* NULL: none is named, or known */
};

/* Returns the value itself where it names no schema; without the head where it
 * is JSON behind one; and in `memory`, as msgpack, where it is Avro: a logical
 * time as milliseconds, a symbol as text. On a fault *out is the value itself,
 * and says its schema. Without schemas (NULL) a head is one where JSON is
 * behind it. With aliases a field of Avro stands below its aliases, too
 * (avro_msgpack.h). A lack of memory stays in the buffer. */
enum event_fault event_plain_of(const struct event_schemas *schemas,
                                const uint8_t *bytes, size_t size,
                                bool has_aliases, struct buffer *memory,
                                struct event_plain *out);

#endif
