/*
 * published_schema.h - the number that a schema of ours has in the registry.
 *
 * A schema belongs to a subject, "<topic>-value". The registry is asked once,
 * before the first record is written, and what it says is checked: below the
 * number that it names it must have a schema by which our records are read as
 * they were written. Without that no record is written.
 */
#ifndef COMMON_PUBLISHED_SCHEMA_H
#define COMMON_PUBLISHED_SCHEMA_H

#include "common/base/attributes.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/registry/registry_settings.h"

#include <stdint.h>

struct published_schema {
    const struct registry_settings *settings; /* with a URL */
    const char *folder;        /* of copies; NULL or "": there are none */
    const char *topic;         /* that the records are written to */
    const struct buffer *text; /* of the schema */
    const char *file; /* that has the text too: "docs/schemas/label.avsc" */
};

/* Asks the registry for the number, or registers the schema first where
 * settings->registers says so. While it does not answer it is asked again for
 * settings->wait_ms; then the number that it gave before counts, if there is a
 * copy of that. May be called before the process has threads only, as
 * registry_client_new(). Fails with ERROR_CONFIG where the registry does not
 * have the schema or does not take it; ERROR_AUTH where it does not let the
 * program in; ERROR_UNAVAILABLE where it does not answer, or makes no sense;
 * ERROR_STOPPED; and as registry_client_new(). *number is set on success only.
 */
int published_schema_number(const struct published_schema *schema,
                            uint32_t *number, struct error *err) MUST_CHECK;

#endif
