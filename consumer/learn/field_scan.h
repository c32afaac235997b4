/*
 * field_scan.h - the fields of an impression as the keys that a model of fields
 * is asked with, found in the same walk over the record as the event itself.
 *
 *   struct field_scan fields;
 *   field_scan_start(&fields, names, list);
 *   fault = event_scan_impression(&fields.scan, bytes, size, &event, &about);
 *   if (fault == EVENT_OK)
 *       field_scan_values(&fields, values);
 *
 * The values "user" and "ad" are the event's own, whatever its fields are
 * called; others are fields of the record by name. Text, bytes and integers are
 * values, and so are booleans (0 and 1) and real numbers that are whole. A
 * field that is not there, that is there twice, nil, empty, longer than an id
 * or of another type is absent. One thread.
 */
#ifndef CONSUMER_FIELD_SCAN_H
#define CONSUMER_FIELD_SCAN_H

#include "common/event/event_scan.h"

#include "model/rows/field_list.h"

#include <stdint.h>

struct field_scan {
    struct event_scan scan;
    const struct field_list *list;    /* borrowed */
    uint8_t places[FIELD_VALUES_MAX]; /* (list->values) in the scan */
};

/* Borrows `names` and `list` as long as the scan is used. */
void field_scan_start(struct field_scan *self, const struct event_fields *names,
                      const struct field_list *list);

/* Of the record that was scanned last: values (list->values). */
void field_scan_values(const struct field_scan *self, uint64_t *values);

#endif
