/*
 * avro_msgpack.h - a whole record in Avro as msgpack.
 *
 * Fields and entries become those of maps; a logical time is its milliseconds,
 * a symbol its text, a fixed is bin. The limits are those of events. No state:
 * any thread.
 */
#ifndef COMMON_AVRO_MSGPACK_H
#define COMMON_AVRO_MSGPACK_H

#include "common/base/buffer.h"
#include "common/event/event_codec.h"
#include "common/event/writer_schema.h"

/* Appends the value, which is the whole of the bytes. A lack of memory stays in
 * the buffer; after a fault, what was appended is of no use. */
enum event_fault avro_msgpack(const struct writer_schema *schema,
                              const uint8_t *bytes, size_t size,
                              struct buffer *out);

#endif
