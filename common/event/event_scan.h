/*
 * event_scan.h - finds the fields of interest in a msgpack map.
 *
 * One walk over the whole record checks its form and notes where the values
 * are; what they mean is for the caller to say. So a fault of the form is
 * told before a fault of a field, whatever the order of the fields.
 */
#ifndef COMMON_EVENT_SCAN_H
#define COMMON_EVENT_SCAN_H

#include "common/event/cursor.h"
#include "common/event/event_codec.h"

#include <stddef.h>
#include <stdint.h>

enum { EVENT_SCAN_MAX = 8, EVENT_NAME_SIZE = 64 };

struct event_scan {
    const char *names[EVENT_SCAN_MAX]; /* in; shorter than EVENT_NAME_SIZE */
    unsigned count;                    /* in: how many names */
    unsigned seen;                     /* bit by position in names */
    struct cursor_value values[EVENT_SCAN_MAX]; /* of a container, the head */
    struct span raw[EVENT_SCAN_MAX];
};

/* *field is set only for a fault that is about one. */
enum event_fault event_scan_record(struct event_scan *scan,
                                   const uint8_t *bytes, size_t size,
                                   const char **field);

#endif
