/*
 * event_value.h - what one msgpack value means as an id, a time, a click.
 *
 * On a fault the output is untouched.
 */
#ifndef COMMON_EVENT_VALUE_H
#define COMMON_EVENT_VALUE_H

#include "common/event/cursor.h"
#include "common/event/event_codec.h"

#include <stdint.h>

/* An int64, or text or bytes of 1 to ID_TEXT_MAX. */
enum event_fault event_value_id(const struct cursor_value *value,
                                struct id *out);

/* Whole milliseconds, or a msgpack timestamp, rounded down. */
enum event_fault event_value_ms(const struct cursor_value *value, int64_t *out);

/* A boolean, a number from 0 to 1, or a text: "1", "0", "true", "false". */
enum event_fault event_value_click(const struct cursor_value *value,
                                   double *out);

#endif
