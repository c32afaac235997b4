/*
 * json_writer.h - JSON onto a buffer, one value after the other.
 *
 *   json_writer_open(&w, '{');
 *   json_writer_name(&w, "p");
 *   json_writer_real(&w, 0.5);
 *   json_writer_close(&w, '}');
 *
 * Commas come by themselves. A number reads back as the same number; one that
 * is none is null. Failures stay in the buffer. One thread.
 */
#ifndef CLI_JSON_WRITER_H
#define CLI_JSON_WRITER_H

#include "common/base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
    struct buffer *to;
    bool comma; /* the next value or name needs one */
};

void json_writer_open(struct json_writer *writer, char bracket);
void json_writer_close(struct json_writer *writer, char bracket);

/* Of the entry that follows; terminated UTF-8, or `size` bytes of it. */
void json_writer_name(struct json_writer *writer, const char *name);
void json_writer_name_sized(struct json_writer *writer, const char *name,
                            size_t size);

void json_writer_null(struct json_writer *writer);
void json_writer_boolean(struct json_writer *writer, bool value);
void json_writer_integer(struct json_writer *writer, int64_t value);
void json_writer_unsigned(struct json_writer *writer, uint64_t value);
void json_writer_real(struct json_writer *writer, double value);
void json_writer_text(struct json_writer *writer, const char *text);

/* A string of bytes that are text (see json_writer_is_text). */
void json_writer_text_sized(struct json_writer *writer, const uint8_t *text,
                            size_t size);
/* Strings for bytes that may be anything. */
void json_writer_base64(struct json_writer *writer, const uint8_t *bytes,
                        size_t size);
void json_writer_hex(struct json_writer *writer, const uint8_t *bytes,
                     size_t size);

/* Text that is there as itself, other bytes as {"bin": "<base64>"}. */
void json_writer_bytes(struct json_writer *writer, const uint8_t *bytes,
                       size_t size);

/* Well-formed UTF-8? */
bool json_writer_is_text(const uint8_t *bytes, size_t size);

#endif
