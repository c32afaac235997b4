/*
 * field_scan.h - the fields of an event as the keys that a model of fields is
 * asked with, found in the same walk over the record as the event itself.
 *
 *   field_scan_want(&fields, names, list, reader, err)
 *   fault = event_reader_impression(reader, &record, &scratch, &event, &about);
 *   if (fault == EVENT_OK)
 *       field_scan_values(&fields, &scratch.found, values);
 *
 * The values "user" and "ad" are the event's own, wherever its fields are;
 * others are fields of the record by path. Text, bytes and integers are values,
 * and so are booleans (0 and 1) and real numbers that are whole. A field that
 * is not there, that is there twice, nil, empty, longer than an id or of
 * another type is absent. One thread.
 */
#ifndef CONSUMER_FIELD_SCAN_H
#define CONSUMER_FIELD_SCAN_H

#include "common/event/event_reader.h"

#include "model/rows/field_list.h"

#include <stdbool.h>
#include <stdint.h>

struct field_scan {
    const struct field_list *list;    /* borrowed */
    uint8_t places[FIELD_VALUES_MAX]; /* (list->values) in what is found */
};

/* Makes the reader of impressions, or of labels, find the fields of the list,
 * which is borrowed as long as the scan is used. Fails with ERROR_CONFIG where
 * a name of the list is no path; the reader may then want some of them. */
int field_scan_want(struct field_scan *self, const struct event_fields *names,
                    const struct field_list *list, struct event_reader *reader,
                    struct error *err) MUST_CHECK;

/* Of the record that was read last: values (list->values). */
void field_scan_values(const struct field_scan *self,
                       const struct event_found *found, uint64_t *values);

/* The id that a value of a field is; false: such a value is absent. */
bool field_scan_id(const struct cursor_value *value, struct id *out);

#endif
