/*
 * registry_answer.h - the answer of a schema registry about one schema.
 *
 * {"schema": "<text>", "schemaType": "AVRO"}: no type is Avro. Where it refers
 * to others, "definitions" has their texts (registry_references.h).
 */
#ifndef COMMON_REGISTRY_ANSWER_H
#define COMMON_REGISTRY_ANSWER_H

#include "common/base/attributes.h"
#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/event/event_schemas.h"

#include <stddef.h>

struct registry_answer {
    struct event_schema schema;
    struct digest digest; /* of the text of the schema and its definitions */
    size_t memory;        /* bytes that it takes */
    char why[256]; /* of EVENT_SCHEMA_OTHER: why records cannot be read */
};

/* Fails with ERROR_FORMAT where the bytes are no answer, and with ERROR_MEMORY.
 * A schema that cannot be read is an answer. */
int registry_answer_read(const void *bytes, size_t size,
                         struct registry_answer **out,
                         struct error *err) MUST_CHECK;

/* NULL is fine. */
void registry_answer_free(struct registry_answer *answer);

#endif
