/*
 * event_path.h - where a field is: a path that is read once and followed for
 * every record.
 *
 * People write `user`, `context.user.id`, `$.context.user.id`, `items[0].id`,
 * `$['a name with a . in it'].id`, and for what stands beside the value `@key`,
 * `@timestamp`, `@partition` (the record's own) and `header:NAME`. A step that
 * is a number is an index where the container is an array and a name where it
 * is a map. A path is a plain value: it may be copied.
 */
#ifndef COMMON_EVENT_PATH_H
#define COMMON_EVENT_PATH_H

#include "common/base/attributes.h"
#include "common/base/error.h"

#include <stdint.h>

enum {
    EVENT_PATH_SIZE = 128,    /* of the text, with its terminating zero */
    EVENT_PATH_STEPS_MAX = 8, /* the record is the first container of eight */
};
#define EVENT_PATH_NO_INDEX UINT32_MAX

enum event_place {
    EVENT_IN_VALUE,
    EVENT_IN_KEY,
    EVENT_IN_TIMESTAMP,
    EVENT_IN_PARTITION,
    EVENT_IN_HEADER, /* the name is the only step */
};

struct event_step {
    uint8_t at, size; /* of the name in the text */
    uint32_t index;   /* EVENT_PATH_NO_INDEX: not a number */
};

struct event_path {
    enum event_place place;
    uint8_t count; /* of steps */
    struct event_step steps[EVENT_PATH_STEPS_MAX];
    char text[EVENT_PATH_SIZE]; /* as it was written */
};

/* Fails with ERROR_CONFIG and says where the text stops being a path; the
 * output is untouched then. */
int event_path_parse(const char *text, struct event_path *out,
                     struct error *err) MUST_CHECK;

#endif
