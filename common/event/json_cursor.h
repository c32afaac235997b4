/*
 * json_cursor.h - takes JSON values (RFC 8259) off bytes that are not trusted.
 *
 * The sibling of cursor.h: no heap, no recursion, nothing is copied, depth and
 * number of values are bounded. A container is taken by its bracket; then
 * json_next() leads from entry to entry, and json_take_name() takes the name
 * of a member. Texts point into the input, escapes and all; json_unescape()
 * says what they mean. Everything that is taken has been checked: UTF-8,
 * escapes, pairs of surrogates, the form of numbers. One thread at a time.
 */
#ifndef COMMON_JSON_CURSOR_H
#define COMMON_JSON_CURSOR_H

#include "common/event/cursor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct json_cursor {
    const uint8_t *at, *end;
    uint32_t values_left; /* names are values, as in msgpack */
};

/* A text between its quotes. */
struct json_text {
    const uint8_t *bytes;
    uint32_t size;
    bool has_escapes;
};

enum json_step {
    JSON_ENTRY,  /* an entry comes */
    JSON_CLOSED, /* the container ended; its bracket is taken */
    JSON_FAULT,
};

static inline struct json_cursor
json_cursor_over(const uint8_t *bytes, size_t size, uint32_t values_max)
{
    return (struct json_cursor){bytes, bytes + size, values_max};
}

/* --- The rare cases, out of line --------------------------------------- */

/* Takes the rest of a text from its first byte that is not plain. */
enum cursor_fault json_take_hard_text(struct json_cursor *cursor,
                                      const uint8_t *start,
                                      struct json_text *out);

/* Takes true, false, null, or says that a value is none. */
enum cursor_fault json_take_word(struct json_cursor *cursor,
                                 struct cursor_value *out);

/* Takes a number. It is an INTEGER when it is whole and within int64, however
 * it is written ("1.0", "1e3"); HUGE when it is whole and beyond; else FLOAT,
 * the nearest double. */
enum cursor_fault json_take_number(struct json_cursor *cursor,
                                   struct cursor_value *out);

/* Passes over the contents of a container whose bracket has been taken, and
 * its closing bracket. `depth` is the number of open containers, that one
 * included. */
enum cursor_fault json_skip_contents(struct json_cursor *cursor,
                                     enum cursor_type container,
                                     unsigned depth);

/* Writes what a checked text means and returns its size, of which at most
 * `room` bytes are written. */
size_t json_unescape(const uint8_t *bytes, size_t size, uint8_t *out,
                     size_t room);

/* --- The common cases, inline ------------------------------------------- */

static inline void json_skip_blanks(struct json_cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at <= ' ' &&
           (*cursor->at == ' ' || *cursor->at == '\n' || *cursor->at == '\r' ||
            *cursor->at == '\t'))
        cursor->at++;
}

static inline uint64_t json_word(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 |
           (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 |
           (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

#define JSON_ONES UINT64_C(0x0101010101010101)

/* Has a 0x80 at the lowest byte that is a quote, a backslash, a control
 * character or above 0x7f; bytes above that one may have one too. */
static inline uint64_t json_not_plain(uint64_t word)
{
    const uint64_t quote = word ^ ('"' * JSON_ONES);
    const uint64_t slash = word ^ ('\\' * JSON_ONES);

    return ((quote - JSON_ONES) | (slash - JSON_ONES) |
            (word - ' ' * JSON_ONES) | word) &
           (JSON_ONES << 7);
}

/* The number of bytes below the lowest 0x80 of a word that is not 0. */
static inline unsigned json_lowest_byte(uint64_t highs)
{
    const uint64_t lows = highs >> 7;

    return (unsigned)((((lows - 1) & ~lows & JSON_ONES) * JSON_ONES) >> 56);
}

/* Takes a text whose opening quote has been taken. */
static inline enum cursor_fault json_take_text(struct json_cursor *cursor,
                                               struct json_text *out)
{
    const uint8_t *const start = cursor->at;
    const uint8_t *at = start;

    while (cursor->end - at >= 8) {
        const uint64_t stops = json_not_plain(json_word(at));
        if (stops == 0) {
            at += 8;
            continue;
        }
        at += json_lowest_byte(stops);
        if (*at != '"')
            break;
        *out = (struct json_text){start, (uint32_t)(at - start), false};
        cursor->at = at + 1;
        return CURSOR_OK;
    }
    cursor->at = at;
    return json_take_hard_text(cursor, start, out);
}

/* Goes to the first entry of a container, or from an entry to the next one.
 * Behind the last one it takes the closing bracket. */
static inline enum json_step json_next(struct json_cursor *cursor,
                                       enum cursor_type container,
                                       bool is_first, enum cursor_fault *fault)
{
    const uint8_t close = container == CURSOR_MAP ? '}' : ']';

    json_skip_blanks(cursor);
    if (cursor->at == cursor->end) {
        *fault = CURSOR_TRUNCATED;
        return JSON_FAULT;
    }
    if (*cursor->at == close) {
        cursor->at++;
        return JSON_CLOSED;
    }
    if (is_first)
        return JSON_ENTRY;
    if (*cursor->at != ',') {
        *fault = CURSOR_INVALID;
        return JSON_FAULT;
    }
    cursor->at++;
    json_skip_blanks(cursor);
    return JSON_ENTRY;
}

/* Takes the name of a member and the colon behind it. */
static inline enum cursor_fault json_take_name(struct json_cursor *cursor,
                                               struct json_text *out)
{
    if (cursor->at == cursor->end)
        return CURSOR_TRUNCATED;
    if (*cursor->at != '"')
        return CURSOR_INVALID;
    if (cursor->values_left == 0)
        return CURSOR_TOO_MANY;
    cursor->values_left--;
    cursor->at++;
    enum cursor_fault fault = json_take_text(cursor, out);
    if (fault != CURSOR_OK)
        return fault;
    json_skip_blanks(cursor);
    if (cursor->at == cursor->end)
        return CURSOR_TRUNCATED;
    if (*cursor->at != ':')
        return CURSOR_INVALID;
    cursor->at++;
    return CURSOR_OK;
}

/* Takes a number; whole ones of up to 18 digits without a call. */
static inline enum cursor_fault json_take_any_number(struct json_cursor *cursor,
                                                     struct cursor_value *out)
{
    const uint8_t *at = cursor->at;
    const size_t left = (size_t)(cursor->end - at);
    const uint8_t *const stop = at + (left < 19 ? left : 19);
    uint64_t value = 0; /* 19 digits fit */

    if (*at >= '1' && *at <= '9') {
        while (at < stop && (uint8_t)(*at - '0') < 10)
            value = value * 10 + (uint64_t)(*at++ - '0');
        if (at < stop && *at != '.' && (*at | 0x20) != 'e') {
            out->type = CURSOR_INTEGER;
            out->integer = (int64_t)value;
            cursor->at = at;
            return CURSOR_OK;
        }
    }
    return json_take_number(cursor, out);
}

/* Takes a value; of a container only its bracket. A text is given with its
 * escapes, and *has_escapes says whether there are any. */
static inline enum cursor_fault json_take(struct json_cursor *cursor,
                                          struct cursor_value *out,
                                          bool *has_escapes)
{
    json_skip_blanks(cursor);
    *has_escapes = false;
    if (cursor->at == cursor->end)
        return CURSOR_TRUNCATED;
    if (cursor->values_left == 0)
        return CURSOR_TOO_MANY;
    cursor->values_left--;
    const uint8_t head = *cursor->at;
    if (head == '"') {
        struct json_text text;
        cursor->at++;
        enum cursor_fault fault = json_take_text(cursor, &text);
        if (fault != CURSOR_OK)
            return fault;
        out->type = CURSOR_TEXT;
        out->size = text.size;
        out->bytes = text.bytes;
        *has_escapes = text.has_escapes;
        return CURSOR_OK;
    }
    if ((uint8_t)(head - '0') < 10 || head == '-')
        return json_take_any_number(cursor, out);
    if (head == '{' || head == '[') {
        cursor->at++;
        out->type = head == '{' ? CURSOR_MAP : CURSOR_ARRAY;
        out->size = 0;
        return CURSOR_OK;
    }
    return json_take_word(cursor, out);
}

#endif
