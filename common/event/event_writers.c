#include "common/event/event_writers.h"

static const struct event_writer *find(struct event_writers *writers,
                                       uint32_t number)
{
    if (writers->last && writers->last->number == number)
        return writers->last;
    for (unsigned i = 0; i < EVENT_WRITERS_MAX; i++)
        if (writers->all[i].schema && writers->all[i].number == number)
            return writers->last = &writers->all[i];
    return NULL;
}

/* Puts a writer in a free place, or in that of another. */
static const struct event_writer *keep(struct event_writers *writers,
                                       const struct event_writer *writer)
{
    struct event_writer *place = &writers->all[writers->next];

    writers->next = (writers->next + 1) % EVENT_WRITERS_MAX;
    avro_program_free(place->program);
    *place = *writer;
    return writers->last = place;
}

/* Compiles what is not known yet. */
static enum event_fault meet(struct event_writers *writers,
                             const struct event_schemas *schemas,
                             const struct event_plan *plan, uint32_t number,
                             const struct event_writer **out)
{
    struct event_writer writer = {
        .number = number, .schema = schemas->find(schemas->context, number)};
    struct error err;

    if (!writer.schema)
        return EVENT_SCHEMA_UNKNOWN;
    if (writer.schema->kind == EVENT_SCHEMA_AVRO &&
        avro_program_compile(writer.schema->avro, plan, &writer.program, &err) <
            0 &&
        err.code == ERROR_MEMORY)
        return EVENT_SCHEMA_UNKNOWN;
    *out = keep(writers, &writer);
    return EVENT_OK;
}

enum event_fault event_writers_find(struct event_writers *writers,
                                    const struct event_schemas *schemas,
                                    const struct event_plan *plan,
                                    const uint8_t *head,
                                    const struct event_writer **out)
{
    const uint32_t number = event_schema_number(head);
    const unsigned version =
        atomic_load_explicit(schemas->version, memory_order_acquire);
    enum event_fault fault = EVENT_OK;

    if (version != writers->version) {
        event_writers_clear(writers);
        writers->version = version;
    }
    *out = find(writers, number);
    if (!*out)
        fault = meet(writers, schemas, plan, number, out);
    if (fault != EVENT_OK)
        return fault;
    return (*out)->program || (*out)->schema->kind == EVENT_SCHEMA_JSON
               ? EVENT_OK
               : EVENT_SCHEMA_UNFIT;
}

void event_writers_clear(struct event_writers *writers)
{
    for (unsigned i = 0; i < EVENT_WRITERS_MAX; i++)
        avro_program_free(writers->all[i].program);
    *writers = (struct event_writers){.last = NULL};
}
