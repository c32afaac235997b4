#include "consumer/letters/letter_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *reason, *text;
} texts[] = {
    {"empty", "the record has no value"},
    {"truncated", "the msgpack value ends too early"},
    {"trailing", "there are bytes behind the msgpack value"},
    {"invalid", "the value is not msgpack"},
    {"not_a_map", "the value is msgpack, but not a map of fields"},
    {"too_deep", "maps and arrays are nested too deep"},
    {"too_many", "the map has too many values"},
    {"missing", "it is missing"},
    {"type", "its type does not fit: ids are whole numbers or text, times "
             "whole numbers of milliseconds"},
    {"range", "its value is out of range"},
    {"id_length", "an id must have 1 to 255 bytes"},
    {"repeated", "it occurs twice"},
    {"too_large", "the value is larger than an event may be"},
};

static bool is_text(const uint8_t *value, size_t size)
{
    for (size_t i = 0; i < size && i < 256; i++)
        if (value[i] < 0x20 ? !strchr("\t\r\n", value[i]) || !value[i]
                            : value[i] == 0x7f)
            return false;
    return size > 0 && value[0] < 0x80;
}

static bool has_byte(const uint8_t *value, size_t size, char byte)
{
    return memchr(value, byte, size < 256 ? size : 256) != NULL;
}

/* A map whose first key is of msgpack's type bin: some encoders write text so.
 */
static bool has_binary_keys(const uint8_t *value, size_t size)
{
    size_t at = size > 0 && value[0] >= 0x80 && value[0] <= 0x8f ? 1
                : size > 0 && value[0] == 0xde                   ? 3
                                                                 : size;

    return at < size && value[at] >= 0xc4 && value[at] <= 0xc6;
}

/* What a value is that is no msgpack map; NULL where it does not show. */
static const char *looks_like(const uint8_t *value, size_t size)
{
    if (size >= 2 && value[0] == 0x1f && value[1] == 0x8b)
        return "the value is gzip, not msgpack: compress by the producer's "
               "setting instead";
    if (!is_text(value, size))
        return NULL;
    size_t first = 0;
    while (first < size && strchr(" \t\r\n", value[first]))
        first++;
    if (first < size && (value[first] == '{' || value[first] == '['))
        return "the value is JSON, not msgpack: encode the same map as msgpack";
    if (first < size && value[first] == '<')
        return "the value is XML or HTML, not msgpack";
    if (has_byte(value, size, ',') || has_byte(value, size, ';') ||
        has_byte(value, size, '\t'))
        return "the value is a line of CSV, not msgpack";
    return "the value is plain text, not msgpack";
}

static bool is_of_form(const char *reason)
{
    static const char *const forms[] = {"truncated", "trailing", "invalid",
                                        "not_a_map"};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strcmp(reason, forms[i]) == 0)
            return true;
    return false;
}

void letter_text(const char *reason, const char *field, const uint8_t *value,
                 size_t size, char out[LETTER_TEXT_SIZE])
{
    const char *text = NULL;

    if (is_of_form(reason) && size > 5 && value[0] == 0) {
        uint32_t id = (uint32_t)value[1] << 24 | (uint32_t)value[2] << 16 |
                      (uint32_t)value[3] << 8 | value[4];
        snprintf(out, LETTER_TEXT_SIZE,
                 "the value begins like a schema registry's (a zero byte and "
                 "schema %" PRIu32 "): write plain msgpack",
                 id);
        return;
    }
    if (is_of_form(reason))
        text = looks_like(value, size);
    if (strcmp(reason, "missing") == 0 && has_binary_keys(value, size))
        text = "the keys of the map are msgpack bin, not str";
    for (size_t i = 0; !text && i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strcmp(texts[i].reason, reason) == 0)
            text = texts[i].text;
    if (!text)
        text = reason;
    if (field)
        snprintf(out, LETTER_TEXT_SIZE, "field '%.200s': %s", field, text);
    else
        snprintf(out, LETTER_TEXT_SIZE, "%s", text);
}
