#include "common/event/event_plain.h"

#include "common/event/avro_msgpack.h"
#include "common/event/event_find.h"

/* The value behind the head. */
static enum event_fault of_schema(const uint8_t *bytes, size_t size,
                                  bool has_aliases, struct buffer *memory,
                                  struct event_plain *out)
{
    enum event_fault fault = EVENT_OK;

    switch (out->schema->kind) {
    case EVENT_SCHEMA_JSON:
        out->bytes = bytes;
        out->size = size;
        return EVENT_OK;
    case EVENT_SCHEMA_AVRO:
        buffer_clear(memory);
        fault =
            avro_msgpack(out->schema->avro, bytes, size, has_aliases, memory);
        if (fault == EVENT_OK && !buffer_failed(memory)) {
            out->bytes = memory->bytes;
            out->size = memory->size;
        }
        return fault;
    default:
        return EVENT_SCHEMA_UNFIT;
    }
}

enum event_fault event_plain_of(const struct event_schemas *schemas,
                                const uint8_t *bytes, size_t size,
                                bool has_aliases, struct buffer *memory,
                                struct event_plain *out)
{
    *out = (struct event_plain){.bytes = bytes, .size = size};
    if (!event_schema_has_head(bytes, size))
        return EVENT_OK;
    const uint8_t *behind = bytes + EVENT_SCHEMA_HEAD;
    const size_t left = size - EVENT_SCHEMA_HEAD;
    if (!schemas) {
        if (event_find_is_json(behind, left)) {
            out->bytes = behind;
            out->size = left;
        }
        return EVENT_OK;
    }
    out->schema = schemas->find(schemas->context, event_schema_number(bytes));
    return out->schema ? of_schema(behind, left, has_aliases, memory, out)
                       : EVENT_SCHEMA_UNKNOWN;
}
