/*
 * event_codec.h - events to msgpack bytes, and why bytes are no event.
 *
 * event_reader.h has the way back. Encoding appends to a buffer. No state: any
 * thread.
 */
#ifndef COMMON_EVENT_CODEC_H
#define COMMON_EVENT_CODEC_H

#include "common/base/buffer.h"
#include "common/event/event.h"

/* Why a record is not an event. The words are part of the dead letter and of
 * a metric: only ever add to the end. */
enum event_fault {
    EVENT_OK,
    EVENT_EMPTY,       /* no bytes: a tombstone, or nothing */
    EVENT_TRUNCATED,   /* ends inside a value */
    EVENT_TRAILING,    /* goes on behind the event */
    EVENT_INVALID,     /* a byte that msgpack does not have */
    EVENT_NOT_A_MAP,   /* well formed, but not a map */
    EVENT_TOO_DEEP,    /* nested more than EVENT_DEPTH_MAX */
    EVENT_TOO_MANY,    /* more than EVENT_VALUES_MAX values */
    EVENT_MISSING,     /* a field that must be there is not */
    EVENT_TYPE,        /* a field has the wrong type */
    EVENT_RANGE,       /* not finite, a time before 1970 or after 9999, a click
   outside 0..1, an integer id above INT64_MAX */
    EVENT_ID_LENGTH,   /* an id is empty or longer than ID_TEXT_MAX */
    EVENT_REPEATED,    /* a field that is used occurs twice */
    EVENT_TOO_LARGE,   /* more than EVENT_BYTES_MAX bytes */
    EVENT_PASSED_OVER, /* an event of another kind: filter.impressions or
                          filter.labels does not let it through */
    EVENT_SCHEMA_UNKNOWN, /* the registry did not tell the schema that the
                             record names, or not in time */
    EVENT_SCHEMA_UNFIT,   /* records of that schema cannot be read: Protobuf */
    EVENT_NO_REGISTRY,    /* a prediction names a schema, and no registry is
                             set */
    EVENT_FAULT_COUNT
};
#define EVENT_FAULT_OF_BYTES                                                   \
    "empty|truncated|trailing|invalid|not_a_map|too_deep|too_many|missing|"    \
    "type|range|id_length|repeated|too_large"
#define EVENT_FAULT_OF_SCHEMA "schema_unknown|schema_unfit"
#define EVENT_FAULT_WORDS                                                      \
    "ok|" EVENT_FAULT_OF_BYTES "|passed_over|" EVENT_FAULT_OF_SCHEMA           \
    "|no_registry"

enum {
    EVENT_DEPTH_MAX = 8,
    EVENT_VALUES_MAX = 4096,
    EVENT_BYTES_MAX = 1 << 20,
};
#define EVENT_TIME_MAX_MS INT64_C(253402300799999) /* the end of year 9999 */

const char *event_fault_name(enum event_fault fault);

/* The id that a span holds. The span must come from a reader of events. */
struct id event_span_id(struct span span);
/* The time that a span holds, in ms since 1970; likewise. */
int64_t event_span_ms(struct span span);

/* A further field of an impression, passed on for other readers. */
struct event_extra {
    const char *name;
    struct id value; /* a whole number or text; or, where is_real: */
    bool is_real;
    double real;
};

/* A raw span that is there is copied; without one the id or time is written
 * (text as str). An extra keeps its name as it is; one of a name that is
 * already there is left out. The settings must be such that event_form_read()
 * takes them; who writes many events uses event_form.h, which reads them once.
 */
void event_encode_impression(const struct event_fields *fields,
                             const struct impression *event,
                             const struct event_extra *extras,
                             size_t extra_count, struct buffer *out);
void event_encode_label(const struct event_fields *fields,
                        const struct label *event, struct buffer *out);
void event_encode_prediction(const struct prediction_event *event,
                             struct buffer *out);

#endif
