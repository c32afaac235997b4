/*
 * open_registry.h - the schema registry of a command that reads events.
 */
#ifndef CLI_OPEN_REGISTRY_H
#define CLI_OPEN_REGISTRY_H

#include "common/event/event.h"
#include "common/registry/schema_registry.h"

/* Opens the registry that the settings name, if they do, and lets readers of
 * the fields ask it. Copies are kept in registry.dir, else in state_dir (may be
 * NULL). Metrics may be NULL. Fails as schema_registry_open() does. */
static inline int open_registry(const struct registry_settings *settings,
                                const char *state_dir, struct metrics *metrics,
                                int metrics_first, struct event_fields *fields,
                                struct schema_registry **out, struct error *err)
{
    const struct schema_registry_config config = {
        .settings = *settings,
        .folder = settings->dir[0] ? settings->dir : state_dir,
        .metrics = metrics,
        .metrics_first = metrics_first};

    if (schema_registry_open(&config, out, err) < 0)
        return -1;
    fields->schemas = schema_registry_schemas(*out);
    return 0;
}

#endif
