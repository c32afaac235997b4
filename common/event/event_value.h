/*
 * event_value.h - what one msgpack value means as an id, a time, a click.
 *
 * On a fault the output is untouched.
 */
#ifndef COMMON_EVENT_VALUE_H
#define COMMON_EVENT_VALUE_H

#include "common/event/cursor.h"
#include "common/event/event_codec.h"

#include <stdbool.h>
#include <stdint.h>

/* An id is an int64, or text or bytes of 1 to ID_TEXT_MAX. */
enum event_fault event_value_id(const struct cursor_value *value,
                                struct id *out);

static inline bool event_value_is_id(const struct cursor_value *value)
{
    return value->type == CURSOR_INTEGER ||
           ((value->type == CURSOR_TEXT || value->type == CURSOR_BYTES) &&
            value->size - 1 < ID_TEXT_MAX);
}

/* The id that a value is, which must be one. */
static inline struct id event_value_as_id(const struct cursor_value *value)
{
    return value->type == CURSOR_INTEGER
               ? id_from_number(value->integer)
               : id_from_text((const char *)value->bytes, value->size);
}

/* Whole milliseconds, or a msgpack timestamp, rounded down. */
enum event_fault event_value_ms(const struct cursor_value *value, int64_t *out);

/* A boolean, a number from 0 to 1, or a text: "1", "0", "true", "false". */
enum event_fault event_value_click(const struct cursor_value *value,
                                   double *out);

#endif
