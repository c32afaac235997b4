#include "support/published_evaluations.h"

#include "support/run_suite.h"

#include <stdlib.h>
#include <string.h>

static struct error err;

static void take(const struct pipeline *pipe,
                 const struct event_schemas *schemas,
                 const struct fixture_record *record,
                 struct evaluation_event *event)
{
    char key[EVALUATION_KEY_SIZE];

    ck_assert_ok(evaluation_event_decode(schemas, record->value,
                                         record->value_size, event, &err),
                 err);
    ck_assert_str_eq(event->name, pipe->names[PIPE_MODEL]);
    evaluation_event_key(event, key);
    ck_assert_uint_eq(record->key_size, strlen(key));
    ck_assert_mem_eq(record->key, key, strlen(key));
}

struct published read_published(const struct pipeline *pipe)
{
    return read_published_by(pipe, NULL);
}

struct published read_published_by(const struct pipeline *pipe,
                                   const struct event_schemas *schemas)
{
    struct fixture_records records =
        kafka_fixture_read(pipe->names[PIPE_EVALUATIONS]);
    struct published published = {
        calloc(records.count + 1, sizeof(*published.events)), records.count};

    ck_assert_ptr_nonnull(published.events);
    for (size_t i = 0; i < records.count; i++)
        take(pipe, schemas, &records.at[i], &published.events[i]);
    fixture_records_free(&records);
    return published;
}

void assert_unique(const struct published *published)
{
    for (size_t i = 0; i < published->count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct evaluation_event *a = &published->events[i],
                                          *b = &published->events[j];
            ck_assert(a->start_ms != b->start_ms ||
                      a->has_version != b->has_version ||
                      a->version != b->version);
        }
}
