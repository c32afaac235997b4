/*
 * registry_world.h - a schema registry of this process, and a client of it.
 * There is one; a failure ends the test.
 */
#ifndef SUPPORT_REGISTRY_WORLD_H
#define SUPPORT_REGISTRY_WORLD_H

#include "support/registry_stub.h"

#include "common/base/metrics.h"
#include "common/registry/schema_registry.h"

#include <stdint.h>

#define REGISTRY_RECORD(field)                                                 \
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"" field       \
    "\",\"type\":\"int\"}]}"

enum { REGISTRY_LONG_MS = 30000 };

struct registry_world {
    struct registry_stub *stub; /* has schema 7, with the field a */
    struct metrics *metrics;
    struct schema_registry *registry; /* NULL: none is open */
    char folder[32];                  /* of copies */
};

extern struct registry_world registry_world;

void registry_world_open(void);
void registry_world_close(void);

/* Settings by which readers wait so long. */
struct schema_registry_config registry_world_config(uint32_t wait_ms);

/* Opens the client, in the place of the one before. */
void registry_world_open_with(const struct schema_registry_config *config);
void registry_world_open_waiting(uint32_t wait_ms);

const struct event_schema *registry_world_find(uint32_t number);

/* It is Avro, and this is its first field. */
void registry_world_check_field(const struct event_schema *schema,
                                const char *name);

/* How often the registry was asked with this result; and waits for that. */
double registry_world_asked(enum registry_result result);
void registry_world_await(enum registry_result result, double count);

#endif
