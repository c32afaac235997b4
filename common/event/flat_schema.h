/*
 * flat_schema.h - an Avro schema of one record whose fields are those that
 * settings and files name, and values in the order of its fields.
 *
 *   flat_schema_begin(&text, "Label", "whether an impression was clicked");
 *   flat_schema_add(&text, "id", 2, FLAT_ID);
 *   flat_schema_end(&text);
 *
 * Values come as msgpack, as they are put into records of other formats. No
 * state: any thread.
 */
#ifndef COMMON_FLAT_SCHEMA_H
#define COMMON_FLAT_SCHEMA_H

#include "common/base/buffer.h"
#include "common/event/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a field may hold. */
enum flat_type {
    FLAT_ID,    /* long, string or bytes */
    FLAT_MAYBE, /* the same, or null */
    FLAT_TIME,  /* milliseconds since 1970 */
    FLAT_CLICK, /* boolean, double or string */
    FLAT_TEXT,  /* string */
    FLAT_EXTRA, /* null, long, double, string or bytes */
};

/* Is it a name that Avro has for fields: letters, digits and underscores, and
 * no digit first? */
bool flat_schema_is_name(const char *name, size_t size);

/* Appends the head of a schema of our namespace, a field behind those that are
 * there, and the end. Names must be names of Avro. A failure of memory stays in
 * the buffer. */
void flat_schema_begin(struct buffer *out, const char *name, const char *doc);
void flat_schema_add(struct buffer *out, const char *name, size_t size,
                     enum flat_type type);
void flat_schema_end(struct buffer *out);

/* Appends a value. A value without bytes is null, which FLAT_MAYBE and
 * FLAT_EXTRA alone may be; the others must be of a type that the field may
 * hold. A text that is no UTF-8 is written as bytes, where there may be bytes.
 * A failure of memory stays in the buffer. */
void flat_schema_write(enum flat_type type, struct span value,
                       struct buffer *out);

#endif
