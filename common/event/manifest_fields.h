/*
 * manifest_fields.h - the table that says what a manifest holds: it is written
 * and read by it.
 */
#ifndef COMMON_MANIFEST_FIELDS_H
#define COMMON_MANIFEST_FIELDS_H

#include "common/event/manifest.h"

#include <stddef.h>

enum manifest_kind {
    MANIFEST_TEXT,  /* char[size], terminated, printable */
    MANIFEST_U32,   /* uint32_t */
    MANIFEST_U64,   /* uint64_t */
    MANIFEST_I64,   /* int64_t, not negative */
    MANIFEST_F64,   /* double; NaN is nil */
    MANIFEST_BYTES, /* exactly size bytes */
};

struct manifest_field {
    const char *name;
    enum manifest_kind kind;
    size_t offset, size;
    const char *meaning;
};

enum {
    MANIFEST_FIELD_COUNT = 26,
    MANIFEST_RANGE_PARTS = 4, /* topic, partition, first, next */
};

/* All of them must be there; `ranges` is one more. The first is the format. */
extern const struct manifest_field manifest_fields[MANIFEST_FIELD_COUNT];

#endif
