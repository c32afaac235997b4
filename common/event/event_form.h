/*
 * event_form.h - the form in which impressions and labels are written: where
 * their fields stand and what values mean, so that a reader with the same
 * settings (event_reader.h) takes the same events off the records.
 *
 * Fields stand at the end of their paths, in maps and arrays. A time is in the
 * unit of field.ts.unit, a click is the word of field.click.values where there
 * is one for it, and the field of the filter has the value that it lets
 * through. What a record has beside its value is the sender's: its key may be
 * the user (@key), and its time the event's (@timestamp).
 *
 * A plain value, which does not change once it is read: any thread.
 */
#ifndef COMMON_EVENT_FORM_H
#define COMMON_EVENT_FORM_H

#include "common/base/attributes.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/event/event_codec.h"
#include "common/event/event_layout.h"
#include "common/event/event_rules.h"
#include "common/event/flat_schema.h"

#include <stdbool.h>
#include <stddef.h>

struct event_form {
    struct event_rules rules;
    struct event_layout layout;
    unsigned places[EVENT_LAYOUT_MAX]; /* in the layout, by number in rules */
    enum flat_type types[EVENT_LAYOUT_MAX]; /* of Avro, by place */
    uint32_t schema; /* of Avro: its number; set by event_form_set_schema() */
    bool has_schema;
};

/* `kind` is not EVENT_PREDICTIONS. Fails with ERROR_CONFIG where a setting
 * makes no sense, or where records cannot be written so; the form is of no use
 * then. */
int event_form_read(struct event_form *form, const struct event_fields *fields,
                    enum event_kind kind, struct error *err) MUST_CHECK;

/* Of the format Avro: appends the schema of the records, of which the extras
 * have these names. Fails with ERROR_CONFIG where Avro has no such record: a
 * field stands at a path of more than one name, or has a name that is none of
 * Avro's, or two extras have one name. */
int event_form_schema(const struct event_form *form, const char *const *extras,
                      size_t extra_count, struct buffer *out,
                      struct error *err) MUST_CHECK;

/* Before the first record of the format Avro is written: the number that a
 * registry gave to its schema. */
void event_form_set_schema(struct event_form *form, uint32_t schema);

/* Is the user the record's key? */
bool event_form_has_user_key(const struct event_form *form);

/* Has the record's map an entry of that name already? */
bool event_form_has(const struct event_form *form, const char *name);

/* As event_encode_impression() and event_encode_label() do. In Avro the extras
 * must be those of the schema, in their order. */
void event_form_impression(const struct event_form *form,
                           const struct impression *event,
                           const struct event_extra *extras, size_t extra_count,
                           struct buffer *out);
void event_form_label(const struct event_form *form, const struct label *event,
                      struct buffer *out);

#endif
