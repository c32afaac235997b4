/*
 * event_find.h - finds the fields of a plan in a record.
 *
 * One walk over the whole record checks its form and notes where the values
 * are; the caller says what they mean. So a fault of the form is told before a
 * fault of a field, whatever the order of the fields. There is one finder for
 * each format, and all of them have the same outcome.
 */
#ifndef COMMON_EVENT_FIND_H
#define COMMON_EVENT_FIND_H

#include "common/event/cursor.h"
#include "common/event/event.h"
#include "common/event/event_codec.h"
#include "common/event/event_plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_found {
    unsigned seen;  /* the paths that lead to a value */
    unsigned in_ms; /* those whose value counts milliseconds, as their schema
                       says; the finder in Avro alone writes it */
    unsigned about; /* of a fault: the path that it is about; of EVENT_REPEATED
                       the one that leads to two values */
    /* Of a container, the head. Valid where `seen` has the path's bit. */
    struct cursor_value values[EVENT_PLAN_MAX];
    struct span raw[EVENT_PLAN_MAX]; /* the bytes of the value, as they are */
};

struct event_scratch;

/* Does it begin as a JSON object or array does? No map of msgpack does. */
static inline bool event_find_is_json(const uint8_t *bytes, size_t size)
{
    while (size > 0 && (*bytes == ' ' || *bytes == '\n' || *bytes == '\r' ||
                        *bytes == '\t'))
        bytes++, size--;
    return size > 0 && (*bytes == '{' || *bytes == '[');
}

/* Looks for the paths of the plan that lead into the value; the others are not
 * seen. A path that leads nowhere is not seen either. */
enum event_fault event_find_in_msgpack(const struct event_plan *plan,
                                       const uint8_t *bytes, size_t size,
                                       struct event_found *out);

/* The same of a JSON object. What is found stands in scratch->found. A text
 * that holds escapes is unescaped into the scratch, where it stays as long as
 * that; of a text of more than ID_TEXT_MAX bytes one byte more than that is
 * kept, since no field may be so long. A number that is whole and within int64
 * is an integer, however it is written. The scratch must be ready. */
enum event_fault event_find_in_json(const struct event_plan *plan,
                                    const uint8_t *bytes, size_t size,
                                    struct event_scratch *scratch);

struct avro_program;

/* The same of a record in Avro, behind its head, by the program of its schema
 * and this plan. A logical time comes as whole milliseconds, rounded down; a
 * symbol of an enum as text, which belongs to the schema. */
enum event_fault event_find_in_avro(const struct event_plan *plan,
                                    const struct avro_program *program,
                                    const uint8_t *bytes, size_t size,
                                    struct event_found *out);

#endif
