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

#include "common/base/word.h"
#include "common/event/cursor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/* --- The rare cases, out of line -------------------------------------- */

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

/* --- The common cases, inline ----------------------------------------- */

static inline void json_skip_blanks(struct json_cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at <= ' ' &&
           (*cursor->at == ' ' || *cursor->at == '\n' || *cursor->at == '\r' ||
            *cursor->at == '\t'))
        cursor->at++;
}

/* Flags the bytes that are a quote, a backslash, a control character or above
 * 0x7f. */
static inline uint64_t json_not_plain(uint64_t word)
{
    const uint64_t quote = word ^ word_of('"');
    const uint64_t slash = word ^ word_of('\\');

    return ((quote - WORD_ONES) | (slash - WORD_ONES) | (word - word_of(' ')) |
            word) &
           word_of(0x80);
}

#ifdef __SSE2__
/* A bit for each of sixteen bytes, as json_not_plain() flags them. As signed
 * numbers, those above 0x7f are below a blank too. */
static inline unsigned json_not_plain_16(const uint8_t *at)
{
    const __m128i bytes = _mm_loadu_si128((const __m128i *)at);
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i other = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));

    return (unsigned)_mm_movemask_epi8(
        _mm_or_si128(_mm_or_si128(quote, slash), other));
}
#endif

/* The first byte from `at` on that is not plain, or the end. */
static inline const uint8_t *json_plain_end(const uint8_t *at,
                                            const uint8_t *end)
{
#ifdef __SSE2__
    for (; end - at >= 16; at += 16) {
        const unsigned flags = json_not_plain_16(at);
        if (flags)
            return at + __builtin_ctz(flags);
    }
#endif
    for (; end - at >= 8; at += 8) {
        const uint64_t flags = json_not_plain(word_at(at));
        if (flags)
            return at + word_lowest(flags);
    }
    if (at == end)
        return at;
    /* A zero behind the end is not plain either. */
    return at +
           word_lowest(json_not_plain(word_within(at, (size_t)(end - at))));
}

/* Takes a text whose opening quote has been taken. */
static inline enum cursor_fault json_take_text(struct json_cursor *cursor,
                                               struct json_text *out)
{
    const uint8_t *const start = cursor->at;
    const uint8_t *const stop = json_plain_end(start, cursor->end);

    if (stop < cursor->end && *stop == '"') {
        *out = (struct json_text){start, (uint32_t)(stop - start), false};
        cursor->at = stop + 1;
        return CURSOR_OK;
    }
    cursor->at = stop;
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

/* How many bytes the usual number at `at` has: a whole one from 0, of at most
 * 15 digits, with a comma or the end of an object right behind it. 0: it is
 * another one, or none. */
static inline unsigned json_usual_number(const uint8_t *at, const uint8_t *end)
{
    const size_t left = (size_t)(end - at);
    uint64_t flags = word_no_digits(word_within(at, left));
    unsigned count = 0;

    if (!flags) {
        flags = word_no_digits(word_within(at + 8, left - 8));
        if (!flags)
            return 0;
        count = 8;
    }
    count += word_lowest(flags);
    if (count >= left)
        return 0;
    const uint8_t stop = at[count];
    if ((stop != ',' && stop != '}') || (*at == '0' && count > 1))
        return 0;
    return count;
}

/* The number that json_usual_number() has found. */
static inline int64_t json_number(const uint8_t *at, const uint8_t *end,
                                  unsigned count)
{
    const size_t left = (size_t)(end - at);
    static const uint32_t powers[8] = {1,     10,     100,     1000,
                                       10000, 100000, 1000000, 10000000};

    if (count < 8)
        return (int64_t)word_number(word_within(at, left), count);
    const uint64_t high = word_number(word_at(at), 8);
    if (count == 8)
        return (int64_t)high;
    return (int64_t)(high * powers[count - 8] +
                     word_number(word_within(at + 8, left - 8), count - 8));
}

/* Takes a number; the usual ones without a call. */
static inline enum cursor_fault json_take_any_number(struct json_cursor *cursor,
                                                     struct cursor_value *out)
{
    const unsigned count = json_usual_number(cursor->at, cursor->end);

    if (count == 0)
        return json_take_number(cursor, out);
    out->type = CURSOR_INTEGER;
    out->integer = json_number(cursor->at, cursor->end, count);
    cursor->at += count;
    return CURSOR_OK;
}

/* The end of the value at `at` if it is one of those that nearly every event is
 * made of, a plain text or a usual number; NULL: it is another one. */
static inline const uint8_t *json_usual_end(const uint8_t *at,
                                            const uint8_t *end)
{
    if (at == end)
        return NULL;
    if (*at == '"') {
        const uint8_t *const stop = json_plain_end(at + 1, end);
        return stop < end && *stop == '"' ? stop + 1 : NULL;
    }
    const unsigned count = json_usual_number(at, end);
    return count ? at + count : NULL;
}

/* The value whose end `stop` json_usual_end() has found. */
static inline void json_usual_value(const uint8_t *at, const uint8_t *stop,
                                    const uint8_t *end,
                                    struct cursor_value *out)
{
    if (*at == '"') {
        out->type = CURSOR_TEXT;
        out->size = (uint32_t)(stop - at - 2);
        out->bytes = at + 1;
    } else {
        out->type = CURSOR_INTEGER;
        out->integer = json_number(at, end, (unsigned)(stop - at));
    }
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
