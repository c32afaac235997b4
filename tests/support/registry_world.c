#include "support/registry_world.h"

#include "support/run_suite.h"

#include "common/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct metric_family families[] = {REGISTRY_METRIC_FAMILIES, {0}};

struct registry_world registry_world;
static struct error err;

void registry_world_open(void)
{
    strcpy(registry_world.folder, "/tmp/pctr-schemas-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(registry_world.folder));
    ck_assert_ok(metrics_new(families, &registry_world.metrics, &err), err);
    registry_world.stub = registry_stub_start();
    registry_stub_put(registry_world.stub, 7, NULL, REGISTRY_RECORD("a"));
}

void registry_world_close(void)
{
    char command[128];

    schema_registry_close(registry_world.registry);
    registry_world.registry = NULL;
    registry_stub_stop(registry_world.stub);
    metrics_free(registry_world.metrics);
    snprintf(command, sizeof(command), "rm -rf %s", registry_world.folder);
    ck_assert_int_eq(system(command), 0);
}

struct schema_registry_config registry_world_config(uint32_t wait_ms)
{
    struct schema_registry_config config = {
        .settings = {.wait_ms = wait_ms, .timeout_ms = REGISTRY_LONG_MS},
        .folder = registry_world.folder,
        .metrics = registry_world.metrics};

    strcpy(config.settings.url, registry_stub_url(registry_world.stub));
    return config;
}

void registry_world_open_with(const struct schema_registry_config *config)
{
    schema_registry_close(registry_world.registry);
    ck_assert_ok(schema_registry_open(config, &registry_world.registry, &err),
                 err);
}

void registry_world_open_waiting(uint32_t wait_ms)
{
    const struct schema_registry_config config = registry_world_config(wait_ms);

    registry_world_open_with(&config);
}

const struct event_schema *registry_world_find(uint32_t number)
{
    const struct event_schemas *schemas =
        schema_registry_schemas(registry_world.registry);

    return schemas->find(schemas->context, number);
}

void registry_world_check_field(const struct event_schema *schema,
                                const char *name)
{
    ck_assert_ptr_nonnull(schema);
    ck_assert_int_eq(schema->kind, EVENT_SCHEMA_AVRO);
    const struct writer_name field = schema->avro->fields[0].name;
    ck_assert_uint_eq(field.size, strlen(name));
    ck_assert_mem_eq(writer_schema_text(schema->avro, field), name, field.size);
}

double registry_world_asked(enum registry_result result)
{
    return metrics_value(registry_world.metrics, REGISTRY_QUESTIONS,
                         (int)result);
}

/* Waits until the registry was asked so often with this result. */
void registry_world_await(enum registry_result result, double count)
{
    const int64_t end_ms = clock_monotonic_ms() + REGISTRY_LONG_MS;

    while (registry_world_asked(result) < count &&
           clock_monotonic_ms() < end_ms)
        usleep(10000);
    ck_assert_double_ge(registry_world_asked(result), count);
}
