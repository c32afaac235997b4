#include "cli/json/json_writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 40 };

static void put(struct json_writer *writer, const char *text)
{
    buffer_append(writer->to, text, strlen(text));
}

/* In front of a value. */
static void separate(struct json_writer *writer)
{
    if (writer->comma)
        put(writer, ",");
    writer->comma = true;
}

void json_writer_open(struct json_writer *writer, char bracket)
{
    separate(writer);
    buffer_append(writer->to, &bracket, 1);
    writer->comma = false;
}

void json_writer_close(struct json_writer *writer, char bracket)
{
    buffer_append(writer->to, &bracket, 1);
    writer->comma = true;
}

void json_writer_null(struct json_writer *writer)
{
    separate(writer);
    put(writer, "null");
}

void json_writer_boolean(struct json_writer *writer, bool value)
{
    separate(writer);
    put(writer, value ? "true" : "false");
}

void json_writer_integer(struct json_writer *writer, int64_t value)
{
    char text[NUMBER_SIZE];

    separate(writer);
    snprintf(text, sizeof(text), "%" PRId64, value);
    put(writer, text);
}

void json_writer_unsigned(struct json_writer *writer, uint64_t value)
{
    char text[NUMBER_SIZE];

    separate(writer);
    snprintf(text, sizeof(text), "%" PRIu64, value);
    put(writer, text);
}

/* As few digits as lead back to it. */
void json_writer_real(struct json_writer *writer, double value)
{
    char text[NUMBER_SIZE];

    if (!isfinite(value)) {
        json_writer_null(writer);
        return;
    }
    separate(writer);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    put(writer, text);
}

/* --- Strings ---------------------------------------------------------- */

/* Bytes of the UTF-8 sequence at `at`; 0 where there is none. Neither longer
 * than needed, nor half of a surrogate pair, nor above U+10FFFF. */
static size_t sequence(const uint8_t *at, size_t left)
{
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    if (size == 1)
        return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < size)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return size;
}

bool json_writer_is_text(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0, step; at < size; at += step) {
        step = sequence(bytes + at, size - at);
        if (step == 0)
            return false;
    }
    return true;
}

static bool needs_escape(uint8_t byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f;
}

static void put_escape(struct json_writer *writer, uint8_t byte)
{
    char text[8];

    if (byte == '"' || byte == '\\')
        snprintf(text, sizeof(text), "\\%c", byte);
    else if (byte == '\n')
        snprintf(text, sizeof(text), "\\n");
    else
        snprintf(text, sizeof(text), "\\u%04x", byte);
    put(writer, text);
}

static void put_string(struct json_writer *writer, const uint8_t *text,
                       size_t size)
{
    size_t plain = 0; /* where the bytes that need no escape begin */

    put(writer, "\"");
    for (size_t i = 0; i < size; i++) {
        if (!needs_escape(text[i]))
            continue;
        buffer_append(writer->to, text + plain, i - plain);
        put_escape(writer, text[i]);
        plain = i + 1;
    }
    buffer_append(writer->to, text + plain, size - plain);
    put(writer, "\"");
}

void json_writer_text_sized(struct json_writer *writer, const uint8_t *text,
                            size_t size)
{
    separate(writer);
    put_string(writer, text, size);
}

void json_writer_text(struct json_writer *writer, const char *text)
{
    json_writer_text_sized(writer, (const uint8_t *)text, strlen(text));
}

void json_writer_name_sized(struct json_writer *writer, const char *name,
                            size_t size)
{
    json_writer_text_sized(writer, (const uint8_t *)name, size);
    put(writer, ":");
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
    put(writer, "\"");
    for (size_t i = 0; i < size; i++) {
        const char two[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        buffer_append(writer->to, two, sizeof(two));
    }
    put(writer, "\"");
}

void json_writer_bytes(struct json_writer *writer, const uint8_t *bytes,
                       size_t size)
{
    if (json_writer_is_text(bytes, size)) {
        json_writer_text_sized(writer, bytes, size);
        return;
    }
    json_writer_open(writer, '{');
    json_writer_name(writer, "bin");
    json_writer_base64(writer, bytes, size);
    json_writer_close(writer, '}');
}
