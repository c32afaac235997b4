/*
 * event_rules.h - what the settings of events come to, for one kind of event.
 *
 * A part of the reader (event_reader.h). The first paths of the plan are the
 * fields of the event, in the order below; the filter's path is behind them,
 * and then come the fields that others want. A plain value that does not change
 * once it is made.
 */
#ifndef COMMON_EVENT_RULES_H
#define COMMON_EVENT_RULES_H

#include "common/base/attributes.h"
#include "common/base/error.h"
#include "common/event/event_plan.h"
#include "common/event/event_reader.h"
#include "common/event/event_time.h"

#include <stdbool.h>

enum {
    AT_ID,
    AT_TS,
    AT_USER,
    AT_AD,
    IMPRESSION_FIELDS,

    AT_CLICK = IMPRESSION_FIELDS,
    LABEL_FIELDS,

    AT_P = IMPRESSION_FIELDS,
    AT_MODEL,
    AT_BASIS,
    AT_SRC,
    PREDICTION_FIELDS,
    AT_SUPPORT = PREDICTION_FIELDS, /* which not every prediction has */

    /* A prediction in JSON or Avro has objects where msgpack has arrays. */
    AT_VERSION = PREDICTION_FIELDS,
    AT_HASH,
    AT_PARTITION,
    AT_OFFSET,
    NESTED_PREDICTION_NEEDS,
    AT_ID_BIN = NESTED_PREDICTION_NEEDS,
    AT_USER_BIN,
    AT_AD_BIN,
    AT_DELTA,
    AT_DELTA_HASH,
    AT_NESTED_SUPPORT,

    CLICK_VALUES_MAX = 16,
};

/* One word of field.click.values. */
struct click_value {
    char text[48];
    double click;
};

struct event_rules {
    struct event_plan plan;
    struct event_plan nested; /* of predictions in JSON or Avro */
    unsigned fields; /* of the event: IMPRESSION_FIELDS, LABEL_FIELDS, ... */
    bool has_headers;
    unsigned beside; /* paths that do not lead into the value */
    enum event_format format;
    const struct event_schemas *schemas; /* NULL: there is no registry */
    enum event_time_unit ts_unit;
    bool has_plain_ts; /* in the value, and ms or AUTO */
    bool has_filter;   /* the path behind the fields */
    char wanted[EVENT_FILTER_SIZE];
    unsigned click_value_count;
    struct click_value click_values[CLICK_VALUES_MAX];
};

/* Reads the settings; those of a prediction are fixed, and of `fields`, which
 * may be NULL then, only the schemas are taken. The rules must be zeroed. Fails
 * with ERROR_CONFIG where a setting makes no sense; the rules are of no use
 * then. */
int event_rules_read(struct event_rules *rules,
                     const struct event_fields *fields, enum event_kind kind,
                     struct error *err) MUST_CHECK;

/* Adds a path, for which `setting` is blamed. Fails as event_plan_add(). */
int event_rules_add(struct event_rules *rules, const char *setting,
                    const char *path, struct error *err) MUST_CHECK;

#endif
