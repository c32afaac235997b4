/*
 * avro_cursor.h - takes the elements of Avro's binary form off bytes that
 * nobody vouches for.
 *
 * No heap; nothing is copied: texts point into the input. One thread at a time.
 */
#ifndef COMMON_AVRO_CURSOR_H
#define COMMON_AVRO_CURSOR_H

#include "common/event/event_codec.h"
#include "common/event/writer_schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Each item of an array is one of the values that are left, and each key and
 * value of a map. */
struct avro_cursor {
    const uint8_t *at, *end;
    uint32_t values_left;
};

/* The rest of a number of more than one byte, *bits. */
enum event_fault avro_take_long_rest(struct avro_cursor *cursor,
                                     uint64_t *bits);

/* Seven bits a byte, the lowest first; the lowest bit is the sign. */
static inline enum event_fault avro_take_long(struct avro_cursor *cursor,
                                              int64_t *out)
{
    enum event_fault fault = EVENT_OK;

    if (cursor->at == cursor->end)
        return EVENT_TRUNCATED;
    uint64_t bits = *cursor->at++;
    if (bits >= 0x80)
        fault = avro_take_long_rest(cursor, &bits);
    *out = (int64_t)(bits >> 1 ^ (0 - (bits & 1)));
    return fault;
}

static inline enum event_fault avro_pass(struct avro_cursor *cursor,
                                         uint64_t size)
{
    if (size > (uint64_t)(cursor->end - cursor->at))
        return EVENT_TRUNCATED;
    cursor->at += size;
    return EVENT_OK;
}

/* A size and so many bytes, which begin at *text. */
static inline enum event_fault
avro_take_text(struct avro_cursor *cursor, const uint8_t **text, uint32_t *size)
{
    int64_t count;
    enum event_fault fault = avro_take_long(cursor, &count);

    if (fault != EVENT_OK)
        return fault;
    if (count < 0)
        return EVENT_INVALID;
    *text = cursor->at;
    *size = (uint32_t)count; /* of those that are there, a record's at most */
    return avro_pass(cursor, (uint64_t)count);
}

/* An int, a long or a time, which becomes whole milliseconds, rounded down. */
static inline enum event_fault avro_take_integer(struct avro_cursor *cursor,
                                                 enum writer_type type,
                                                 enum writer_time time,
                                                 int64_t *out)
{
    enum event_fault fault = avro_take_long(cursor, out);

    if (fault != EVENT_OK)
        return fault;
    if (type == WRITER_INT && (*out < INT32_MIN || *out > INT32_MAX))
        return EVENT_INVALID;
    if (time == WRITER_DAYS)
        *out *= 86400000;
    else if (time == WRITER_MICROS)
        *out = *out / 1000 - (*out % 1000 < 0);
    else if (time == WRITER_NANOS)
        *out = *out / 1000000 - (*out % 1000000 < 0);
    return EVENT_OK;
}

enum event_fault avro_take_float(struct avro_cursor *cursor, double *out);
enum event_fault avro_take_double(struct avro_cursor *cursor, double *out);

static inline enum event_fault avro_take_boolean(struct avro_cursor *cursor,
                                                 bool *out)
{
    if (cursor->at == cursor->end)
        return EVENT_TRUNCATED;
    if (*cursor->at > 1)
        return EVENT_INVALID;
    *out = *cursor->at++ == 1;
    return EVENT_OK;
}

/* The number of a branch or symbol, of `count`. */
static inline enum event_fault avro_take_choice(struct avro_cursor *cursor,
                                                uint32_t count, uint32_t *out)
{
    int64_t choice;
    enum event_fault fault = avro_take_long(cursor, &choice);

    if (fault != EVENT_OK)
        return fault;
    if (choice < 0 || choice >= count)
        return EVENT_INVALID;
    *out = (uint32_t)choice;
    return EVENT_OK;
}

/* A block of an array or map begins with the number of its entries: 0 at the
 * end, and negative where the number of its bytes follows, *size; else that is
 * -1. `each` is how many values an entry is. */
enum event_fault avro_take_block(struct avro_cursor *cursor, unsigned each,
                                 uint32_t *count, int64_t *size);

#endif
