#include "common/base/json_writer.h"

#include "common/base/number_text.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_WIDTH = 20 };

static void put(struct json_writer *writer, const char *text)
{
    buffer_append(writer->to, text, strlen(text));
}

/* One character, mostly into room that is there. */
static void put_character(struct json_writer *writer, char character)
{
    struct buffer *to = writer->to;

    if (to->size < to->room)
        to->bytes[to->size++] = (uint8_t)character;
    else
        buffer_append(to, &character, 1);
}

/* Writes what stands in front of a value: a comma or nothing. */
static void separate(struct json_writer *writer)
{
    if (writer->comma)
        put_character(writer, ',');
    writer->comma = true;
}

/* Is the next value a member of an object that is written in lines? */
static bool is_line(const struct json_writer *writer)
{
    return writer->in_lines && writer->depth == 1;
}

void json_writer_open(struct json_writer *writer, char bracket)
{
    separate(writer);
    if (!writer->in_lines || writer->depth > 0)
        put_character(writer, bracket);
    writer->depth++;
    writer->comma = false;
}

void json_writer_close(struct json_writer *writer, char bracket)
{
    writer->depth--;
    if (!writer->in_lines || writer->depth > 0)
        put_character(writer, bracket);
    writer->comma = true;
}

void json_writer_null(struct json_writer *writer)
{
    separate(writer);
    put(writer, is_line(writer) ? "-" : "null");
}

void json_writer_boolean(struct json_writer *writer, bool value)
{
    separate(writer);
    put(writer, value ? "true" : "false");
}

void json_writer_integer(struct json_writer *writer, int64_t value)
{
    separate(writer);
    char *at = (char *)buffer_reserve(writer->to, NUMBER_TEXT_SIZE);
    if (at)
        writer->to->size += number_text_integer(value, at);
}

void json_writer_unsigned(struct json_writer *writer, uint64_t value)
{
    separate(writer);
    char *at = (char *)buffer_reserve(writer->to, NUMBER_TEXT_SIZE);
    if (at)
        writer->to->size += number_text_unsigned(value, at);
}

/* 17 digits, as Jansson writes them: with a point or an exponent, which has
 * neither a plus nor leading zeros. */
static size_t print_in_full(double value, char text[NUMBER_TEXT_SIZE])
{
    snprintf(text, NUMBER_TEXT_SIZE, "%.17g", value);
    char *at = strchr(text, 'e');
    if (!at && !strchr(text, '.'))
        strcat(text, ".0");
    if (at) {
        at++;
        char *digits = at + (*at == '+' || *at == '-');
        at += *at == '-';
        digits += strspn(digits, "0");
        memmove(at, digits, strlen(digits) + 1);
    }
    return strlen(text);
}

void json_writer_real(struct json_writer *writer, double value)
{
    if (!isfinite(value)) {
        json_writer_null(writer);
        return;
    }
    separate(writer);
    char *at = (char *)buffer_reserve(writer->to, NUMBER_TEXT_SIZE);
    if (at)
        writer->to->size += writer->in_full ? print_in_full(value, at)
                                            : number_text_real(value, at);
}

/* --- Strings ---------------------------------------------------------- */

static void put_escape(struct json_writer *writer, unsigned character)
{
    char text[16];

    if (character == '"' || character == '\\')
        snprintf(text, sizeof(text), "\\%c", (int)character);
    else if (character == '\n')
        snprintf(text, sizeof(text), "\\n");
    else
        snprintf(text, sizeof(text), "\\u%04x", character);
    put(writer, text);
}

/* How many bytes at the beginning are ASCII that needs no escape? */
static size_t plain_bytes(const uint8_t *text, size_t size)
{
    size_t count = 0;

    while (count < size && text[count] >= ' ' && text[count] < 0x7f &&
           text[count] != '"' && text[count] != '\\')
        count++;
    return count;
}

/* Most strings need no escape: those are copied in one piece. */
static void put_string(struct json_writer *writer, const uint8_t *text,
                       size_t size)
{
    const size_t ascii = plain_bytes(text, size);
    size_t plain = 0; /* where the bytes that need no escape begin */

    if (ascii == size) {
        uint8_t *at = buffer_reserve(writer->to, size + 2);
        if (!at)
            return;
        at[0] = '"';
        memcpy(at + 1, text, size);
        at[size + 1] = '"';
        writer->to->size += size + 2;
        return;
    }
    put(writer, "\"");
    for (size_t i = ascii, step; i < size; i += step) {
        step = utf8_sequence(text + i, size - i);
        int escaped = step > 0 ? utf8_control(text + i, step) : 0xfffd;
        if (text[i] == '"' || text[i] == '\\')
            escaped = text[i];
        step = step > 0 ? step : 1;
        if (escaped < 0)
            continue;
        buffer_append(writer->to, text + plain, i - plain);
        put_escape(writer, (unsigned)escaped);
        plain = i + step;
    }
    buffer_append(writer->to, text + plain, size - plain);
    put(writer, "\"");
}

/* Writes a text for people: safe on a terminal, without quotes. */
static void put_line_text(struct json_writer *writer, const uint8_t *text,
                          size_t size)
{
    char *at = (char *)buffer_reserve(writer->to, UTF8_PRINT_SIZE(size));

    if (at)
        writer->to->size += utf8_print(text, size, at);
}

void json_writer_text_sized(struct json_writer *writer, const uint8_t *text,
                            size_t size)
{
    separate(writer);
    if (is_line(writer))
        put_line_text(writer, text, size);
    else
        put_string(writer, text, size);
}

void json_writer_text(struct json_writer *writer, const char *text)
{
    json_writer_text_sized(writer, (const uint8_t *)text, strlen(text));
}

void json_writer_name_sized(struct json_writer *writer, const char *name,
                            size_t size)
{
    if (is_line(writer)) {
        static const char blanks[] = "                     ";
        if (writer->comma)
            put(writer, "\n");
        put_line_text(writer, (const uint8_t *)name, size);
        put(writer, blanks + (size < NAME_WIDTH ? size : NAME_WIDTH));
    } else {
        separate(writer);
        put_string(writer, (const uint8_t *)name, size);
        put_character(writer, ':');
    }
    writer->comma = false;
}

void json_writer_name(struct json_writer *writer, const char *name)
{
    json_writer_name_sized(writer, name, strlen(name));
}

/* --- Bytes ------------------------------------------------------------ */

void json_writer_base64(struct json_writer *writer, const uint8_t *bytes,
                        size_t size)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

    separate(writer);
    put(writer, "\"");
    for (size_t at = 0; at < size; at += 3) {
        size_t left = size - at;
        uint32_t group = (uint32_t)bytes[at] << 16 |
                         (left > 1 ? (uint32_t)bytes[at + 1] << 8 : 0) |
                         (left > 2 ? (uint32_t)bytes[at + 2] : 0);
        const char four[4] = {digits[group >> 18], digits[group >> 12 & 63],
                              digits[left > 1 ? group >> 6 & 63 : 64],
                              digits[left > 2 ? group & 63 : 64]};
        buffer_append(writer->to, four, sizeof(four));
    }
    put(writer, "\"");
}

void json_writer_hex(struct json_writer *writer, const uint8_t *bytes,
                     size_t size)
{
    static const char digits[] = "0123456789abcdef";

    separate(writer);
    uint8_t *at = buffer_reserve(writer->to, 2 * size + 2);
    if (!at)
        return;
    *at++ = '"';
    for (size_t i = 0; i < size; i++) {
        *at++ = (uint8_t)digits[bytes[i] >> 4];
        *at++ = (uint8_t)digits[bytes[i] & 15];
    }
    *at = '"';
    writer->to->size += 2 * size + 2;
}

void json_writer_bytes(struct json_writer *writer, const uint8_t *bytes,
                       size_t size)
{
    if (utf8_is_valid(bytes, size)) {
        json_writer_text_sized(writer, bytes, size);
        return;
    }
    json_writer_open(writer, '{');
    json_writer_name(writer, "bin");
    json_writer_base64(writer, bytes, size);
    json_writer_close(writer, '}');
}

void json_writer_id(struct json_writer *writer, const struct id *id)
{
    char text[ID_PRINT_SIZE];
    size_t size = id_print(id, text);

    json_writer_bytes(writer, (const uint8_t *)text, size);
}

/* --- Members ---------------------------------------------------------- */

void json_writer_member_boolean(struct json_writer *writer, const char *name,
                                bool value)
{
    json_writer_name(writer, name);
    json_writer_boolean(writer, value);
}

void json_writer_member_integer(struct json_writer *writer, const char *name,
                                int64_t value)
{
    json_writer_name(writer, name);
    json_writer_integer(writer, value);
}

void json_writer_member_unsigned(struct json_writer *writer, const char *name,
                                 uint64_t value)
{
    json_writer_name(writer, name);
    json_writer_unsigned(writer, value);
}

void json_writer_member_real(struct json_writer *writer, const char *name,
                             double value)
{
    json_writer_name(writer, name);
    json_writer_real(writer, value);
}

void json_writer_member_text(struct json_writer *writer, const char *name,
                             const char *text)
{
    json_writer_name(writer, name);
    json_writer_text(writer, text);
}

/* --- Lines ------------------------------------------------------------ */

int json_writer_print_line(struct json_writer *writer, FILE *out,
                           struct error *err)
{
    struct buffer *line = writer->to;

    buffer_append(line, "\n", 1);
    bool has_failed = buffer_failed(line);
    size_t wrote = has_failed ? 0 : fwrite(line->bytes, 1, line->size, out);
    bool is_whole = wrote == line->size;
    buffer_clear(line);
    writer->comma = false;
    if (has_failed)
        return error_no_memory(err, "a line of JSON");
    return is_whole
               ? 0
               : error_set(err, ERROR_IO, "write JSON: %s", strerror(errno));
}
