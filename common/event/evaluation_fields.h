/*
 * evaluation_fields.h - the table that says what an evaluation holds: it is
 * written and read by it.
 */
#ifndef COMMON_EVALUATION_FIELDS_H
#define COMMON_EVALUATION_FIELDS_H

#include "common/event/evaluation_event.h"

#include <stddef.h>

enum evaluation_kind {
    EVALUATION_NAME,    /* char[size], terminated, printable */
    EVALUATION_NUMBER,  /* uint64_t */
    EVALUATION_TIME,    /* int64_t, ms: from 0 to the year 9999 */
    EVALUATION_SPAN,    /* likewise, but no moment */
    EVALUATION_VERSION, /* uint64_t; nil: of all */
    EVALUATION_FIGURE,  /* double; NaN is nil */
    EVALUATION_BOOL,
};

struct evaluation_field {
    const char *name;
    enum evaluation_kind kind;
    size_t offset, size;
    const char *meaning;
};

enum { EVALUATION_FIELD_COUNT = 16 };

/* All of them must be there. */
extern const struct evaluation_field evaluation_fields[EVALUATION_FIELD_COUNT];

#endif
