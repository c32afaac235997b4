/*
 * avro_msgpack.h - a whole record in Avro as msgpack.
 *
 * Fields and entries become those of maps; a logical time is its milliseconds,
 * a symbol its text, a fixed is bin. The limits are those of events. With
 * aliases a field stands below its name and below the first aliases of its
 * record, as far as no other field has that name: a path through an alias then
 * leads where a reader of events goes. No state: any thread.
 */
#ifndef COMMON_AVRO_MSGPACK_H
#define COMMON_AVRO_MSGPACK_H

#include "common/base/buffer.h"
#include "common/event/event_codec.h"
#include "common/event/writer_schema.h"

#include <stdbool.h>

/* Appends the value, which is the whole of the bytes. A lack of memory stays in
 * the buffer; after a fault, what was appended is of no use. */
enum event_fault avro_msgpack(const struct writer_schema *schema,
                              const uint8_t *bytes, size_t size,
                              bool has_aliases, struct buffer *out);

#endif
