/*
 * event_scan.h - finds the fields of interest in a msgpack map.
 *
 * One walk over the whole record checks its form and notes where the values
 * are; what they mean is for the caller to say. So a fault of the form is
 * told before a fault of a field, whatever the order of the fields.
 *
 * A caller that needs more than an event from a record prepares a scan once
 * and reads every record in one walk:
 *
 *   struct event_scan scan = {.count = 0};
 *   event_scan_impression_fields(&scan, fields);
 *   unsigned at = event_scan_want(&scan, "price");
 *   ...
 *   event_scan_impression(&scan, bytes, size, &impression, &field)
 *   scan.seen >> at & 1 ? &scan.values[at] : NULL
 */
#ifndef COMMON_EVENT_SCAN_H
#define COMMON_EVENT_SCAN_H

#include "common/event/cursor.h"
#include "common/event/event_codec.h"

#include <stddef.h>
#include <stdint.h>

/* The limit is below the bits of `seen`. */
enum { EVENT_SCAN_MAX = 28, EVENT_NAME_SIZE = 64 };

struct event_scan {
    const char *names[EVENT_SCAN_MAX]; /* in; shorter than EVENT_NAME_SIZE */
    unsigned count;                    /* in: how many names */
    unsigned firm; /* in: of the first `firm` names, each may occur once; a
                      later one that occurs twice is not seen */
    unsigned seen; /* bit by position in names */
    struct cursor_value values[EVENT_SCAN_MAX]; /* of a container, the head */
    struct span raw[EVENT_SCAN_MAX];
};

/* *field is set only for a fault that is about one. */
enum event_fault event_scan_record(struct event_scan *scan,
                                   const uint8_t *bytes, size_t size,
                                   const char **field);

/* Makes the names of the scan those of an impression or of a label, which have
 * to be firm. The names are borrowed. */
void event_scan_impression_fields(struct event_scan *scan,
                                  const struct event_fields *fields);
void event_scan_label_fields(struct event_scan *scan,
                             const struct event_fields *fields);

/* Adds a name, unless the scan has it already, and returns its position. The
 * name is borrowed. The caller keeps to EVENT_SCAN_MAX names. */
unsigned event_scan_want(struct event_scan *scan, const char *name);

/* event_decode_impression() and event_decode_label() with a scan of the caller:
 * what the other names of the scan are in the record is in the scan then. */
enum event_fault event_scan_impression(struct event_scan *scan,
                                       const uint8_t *bytes, size_t size,
                                       struct impression *out,
                                       const char **field);
enum event_fault event_scan_label(struct event_scan *scan, const uint8_t *bytes,
                                  size_t size, struct label *out,
                                  const char **field);

#endif
