/*
 * event_time.h - the time of an event, however its producer writes it.
 *
 * A number counts milliseconds, seconds, microseconds or nanoseconds since 1970
 * UTC; a text holds such a number, or a date and time of RFC 3339 with its
 * zone ("2023-11-14T22:13:20.123Z"). On a fault the output is untouched.
 */
#ifndef COMMON_EVENT_TIME_H
#define COMMON_EVENT_TIME_H

#include "common/event/cursor.h"
#include "common/event/event_codec.h"

#include <stdbool.h>
#include <stdint.h>

/* AUTO goes by magnitude: a number from 10^8 to below 10^11 counts seconds,
 * from 10^14 microseconds, from 10^17 nanoseconds, and any other milliseconds.
 * Each unit so covers the years 1973 to 5138 (nanoseconds: to 2262). */
enum event_time_unit {
    EVENT_TIME_MS,
    EVENT_TIME_S,
    EVENT_TIME_US,
    EVENT_TIME_NS,
    EVENT_TIME_AUTO,
};
#define EVENT_TIME_UNIT_WORDS "ms|s|us|ns|auto"

/* From here to a thousand times as much, AUTO is milliseconds. */
#define EVENT_TIME_SURE_MS UINT64_C(100000000000)

struct event_time {
    int64_t ms;      /* since 1970, rounded down; of a float, to the nearest */
    bool is_plain;   /* it came as whole milliseconds or msgpack's timestamp */
    bool is_guessed; /* AUTO took it for another unit than milliseconds */
};

enum event_fault event_time_of(const struct cursor_value *value,
                               enum event_time_unit unit,
                               struct event_time *out);

#endif
