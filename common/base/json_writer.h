/*
 * json_writer.h - JSON onto a buffer, one value after the other.
 *
 *   struct buffer line = {0};
 *   struct json_writer w = {.to = &line};
 *
 *   json_writer_open(&w, '{');
 *   json_writer_member_text(&w, "contender", "live");
 *   json_writer_name(&w, "p");
 *   json_writer_real(&w, 0.5);
 *   json_writer_close(&w, '}');
 *   if (json_writer_print_line(&w, stdout, err) < 0) ...
 *   buffer_free(&line);
 *
 * The writer sets the commas. A number reads back as the same number; a NaN or
 * an infinity is null. Strings are safe on a terminal: control characters
 * (U+0000 to U+001F, U+007F to U+009F) are escaped, and each byte that is not
 * UTF-8 becomes U+FFFD. A failure of memory stays in the buffer until
 * json_writer_print_line() tells it. One thread.
 */
#ifndef COMMON_JSON_WRITER_H
#define COMMON_JSON_WRITER_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_writer {
    struct buffer *to;
    bool comma;    /* the next value or name needs one */
    bool in_full;  /* reals have 17 digits; else as few as lead back to the same
                      number */
    bool in_lines; /* for people: the members of the outermost object stand on
                      a line each, "name   value", without brackets and quotes;
                      a null is a dash */
    unsigned depth; /* brackets that are open */
};

void json_writer_open(struct json_writer *writer, char bracket);
void json_writer_close(struct json_writer *writer, char bracket);

/* The name of the entry that follows. */
void json_writer_name(struct json_writer *writer, const char *name);
void json_writer_name_sized(struct json_writer *writer, const char *name,
                            size_t size);

void json_writer_null(struct json_writer *writer);
void json_writer_boolean(struct json_writer *writer, bool value);
void json_writer_integer(struct json_writer *writer, int64_t value);
void json_writer_unsigned(struct json_writer *writer, uint64_t value);
void json_writer_real(struct json_writer *writer, double value);
void json_writer_text(struct json_writer *writer, const char *text);

void json_writer_text_sized(struct json_writer *writer, const uint8_t *text,
                            size_t size);

/* A name and its value. */
void json_writer_member_boolean(struct json_writer *writer, const char *name,
                                bool value);
void json_writer_member_integer(struct json_writer *writer, const char *name,
                                int64_t value);
void json_writer_member_unsigned(struct json_writer *writer, const char *name,
                                 uint64_t value);
void json_writer_member_real(struct json_writer *writer, const char *name,
                             double value);
void json_writer_member_text(struct json_writer *writer, const char *name,
                             const char *text);

/* Strings that encode bytes. */
void json_writer_base64(struct json_writer *writer, const uint8_t *bytes,
                        size_t size);
void json_writer_hex(struct json_writer *writer, const uint8_t *bytes,
                     size_t size);

/* UTF-8 is written as a string, other bytes as {"bin": "<base64>"}. */
void json_writer_bytes(struct json_writer *writer, const uint8_t *bytes,
                       size_t size);

/* An id as a string; one that is not UTF-8 as json_writer_bytes() has it. */
void json_writer_id(struct json_writer *writer, const struct id *id);

/* Writes the buffer and the end of a line, and clears the buffer, so that the
 * writer can write the next line; also after a failure. ERROR_MEMORY: the
 * buffer could not grow; ERROR_IO: the file did not take it. */
int json_writer_print_line(struct json_writer *writer, FILE *out,
                           struct error *err) MUST_CHECK;

#endif
