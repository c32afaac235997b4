/*
 * schema_registry.h - schemas by number: out of memory, out of the registry, or
 * out of a copy on disk.
 *
 * A thread asks the registry, one question at a time; whoever wants a schema
 * that is not known yet waits for it, for wait_ms from when it is asked for,
 * but for no more than 20 seconds in line. That time is counted once for all
 * from when the registry stopped to answer, so that a registry that is away
 * delays a reader once and not for each record; it is asked again, with pauses
 * that grow to ten seconds, while somebody wants a schema. What the registry
 * says it does not have is not waited for, and is asked for again ten seconds
 * later at the soonest. Where it takes its time to say so, wait_ms in a minute
 * is what readers wait for such words in all, and a fifth of that in short
 * rests: records full of random numbers do not hold a reader for longer than
 * its group and its probes allow.
 *
 * The registry's word counts before that of a copy: a copy is taken only where
 * the registry does not answer, and is compared when it does. Where it says
 * another schema for a number, that is logged and counted, and readers use the
 * new one from then on.
 */
#ifndef COMMON_SCHEMA_REGISTRY_H
#define COMMON_SCHEMA_REGISTRY_H

#include "common/base/metrics.h"
#include "common/event/event_schemas.h"
#include "common/registry/registry_client.h"
#include "common/registry/registry_settings.h"

/* The families follow each other in a program's table, from `first` on. */
enum registry_metric {
    REGISTRY_QUESTIONS,
    REGISTRY_KNOWN,
    REGISTRY_CHANGED,
    REGISTRY_METRICS, /* their number */
};

/* clang-format off */
#define REGISTRY_METRIC_FAMILIES \
    {"pctr_registry_questions_total", METRIC_COUNTER, "result", REGISTRY_RESULT_WORDS, 0, "Questions to the schema registry, by what came of them."}, \
    {"pctr_registry_schemas", METRIC_GAUGE, NULL, NULL, 0, "Schemas that are known."}, \
    {"pctr_registry_changed_total", METRIC_COUNTER, NULL, NULL, 0, "Schemas that were another than before under the same number."}
/* clang-format on */

struct schema_registry;

struct schema_registry_config {
    struct registry_settings settings;
    const char *folder;      /* for copies, copied; NULL or "": none */
    struct metrics *metrics; /* NULL: nothing is counted */
    int metrics_first;
};

/* Starts the thread. Without a URL there is no registry: *out is NULL, which
 * all functions here take. Fails with ERROR_CONFIG, ERROR_MEMORY and
 * ERROR_FAILED. */
int schema_registry_open(const struct schema_registry_config *config,
                         struct schema_registry **out,
                         struct error *err) MUST_CHECK;

/* For readers of events; NULL without a registry. It lives as long as the
 * registry. */
const struct event_schemas *
schema_registry_schemas(const struct schema_registry *registry);

/* No reader may use its schemas any more. */
void schema_registry_close(struct schema_registry *registry);

#endif
