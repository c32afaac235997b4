/*
 * published_output.h - how a command writes records of its own: where that is
 * Avro, by a schema whose number the registry tells.
 */
#ifndef CLI_PUBLISHED_OUTPUT_H
#define CLI_PUBLISHED_OUTPUT_H

#include "cli/online/online_check.h"

#include "common/base/attributes.h"
#include "common/base/error.h"
#include "common/event/event.h"
#include "common/registry/registry_settings.h"

/* Records of one kind. Everything is borrowed. */
struct published_output {
    const char *setting; /* "format.predictions" */
    const char *file;    /* of the schema, for people */
    void (*schema)(struct buffer *out);
    const struct buffer *text; /* of the schema, in the place of the function */
    const char *topic; /* that the records go to; "": none are written */
    const struct registry_settings *registry;
    const char *state_dir; /* for a copy where registry.dir is not set; NULL */
};

struct published_output
published_predictions(const char *topic,
                      const struct registry_settings *registry,
                      const char *state_dir);
struct published_output
published_evaluations(const char *topic,
                      const struct registry_settings *registry);
/* Those that feed writes, by a schema of the run. */
struct published_output
published_impressions(const char *topic,
                      const struct registry_settings *registry,
                      const struct buffer *text);
struct published_output
published_labels(const char *topic, const struct registry_settings *registry,
                 const struct buffer *text);

/* Do the settings suffice? ERROR_CONFIG: Avro, and no registry. */
int published_output_check(const struct published_output *of,
                           const struct event_output *output,
                           struct error *err) MUST_CHECK;

/* Where the format is Avro, finds out the number of the schema. To be called
 * before the first record is read, and before the process has threads. Fails as
 * published_schema_number() does. */
int published_output_find(const struct published_output *of,
                          struct event_output *output,
                          struct error *err) MUST_CHECK;

/* A question of --check-config --online; nothing is registered. */
void published_output_ask(const struct published_output *of,
                          const struct event_output *output,
                          struct online_check *check);

#endif
