#include "common/event/avro_msgpack.h"

#include "common/event/avro_cursor.h"
#include "common/event/cursor.h"
#include "common/event/packer.h"

enum {
    HEAD_SIZE = 5,
    MAP_32 = 0xdf,
    ARRAY_32 = 0xdd,
    ALIASES_MAX = 32, /* of one record that are shown */
};

struct packing {
    const struct writer_schema *schema;
    bool has_aliases;
    struct avro_cursor cursor;
    struct buffer *out;
    msgpack_packer to;
};

static enum event_fault pack(struct packing *with, uint32_t at, unsigned depth);

static void pack_name(struct packing *with, struct writer_name name)
{
    packer_text(&with->to, writer_schema_text(with->schema, name), name.size);
}

/* --- Single values ---------------------------------------------------- */

static enum event_fault pack_real(struct packing *with, enum writer_type type)
{
    double real = 0;
    const enum event_fault fault = type == WRITER_FLOAT
                                       ? avro_take_float(&with->cursor, &real)
                                       : avro_take_double(&with->cursor, &real);

    msgpack_pack_double(&with->to, real);
    return fault;
}

static enum event_fault pack_boolean(struct packing *with)
{
    bool is_true = false;
    const enum event_fault fault = avro_take_boolean(&with->cursor, &is_true);

    if (is_true)
        msgpack_pack_true(&with->to);
    else
        msgpack_pack_false(&with->to);
    return fault;
}

static enum event_fault pack_text(struct packing *with, enum writer_type type)
{
    const uint8_t *text = NULL;
    uint32_t size = 0;
    const enum event_fault fault = avro_take_text(&with->cursor, &text, &size);

    if (fault != EVENT_OK)
        return fault;
    if (type == WRITER_STRING)
        packer_text(&with->to, (const char *)text, size);
    else
        packer_bytes(&with->to, text, size);
    return EVENT_OK;
}

static enum event_fault pack_fixed(struct packing *with, uint32_t size)
{
    const uint8_t *const bytes = with->cursor.at;
    const enum event_fault fault = avro_pass(&with->cursor, size);

    if (fault == EVENT_OK)
        packer_bytes(&with->to, bytes, size);
    return fault;
}

static enum event_fault pack_enum(struct packing *with,
                                  const struct writer_node *node)
{
    uint32_t symbol = 0;
    const enum event_fault fault =
        avro_take_choice(&with->cursor, node->size, &symbol);

    if (fault == EVENT_OK)
        pack_name(with, with->schema->symbols[node->first + symbol]);
    return fault;
}

static enum event_fault pack_integer(struct packing *with,
                                     const struct writer_node *node)
{
    int64_t number = 0;
    const enum event_fault fault =
        avro_take_integer(&with->cursor, node->type, node->time, &number);

    msgpack_pack_int64(&with->to, number);
    return fault;
}

/* --- Values with parts ------------------------------------------------ */

/* The aliases below which fields of one record are written once more. */
struct shown_aliases {
    uint32_t count;
    struct {
        uint32_t field, alias;
    } at[ALIASES_MAX];
};

/* Is there an entry of that name? A reader takes the field of that name, or the
 * first of that alias. */
static bool is_taken(const struct writer_schema *schema,
                     const struct writer_node *node,
                     const struct shown_aliases *shown, struct writer_name name)
{
    const char *text = writer_schema_text(schema, name);

    for (uint32_t i = 0; i < node->size; i++)
        if (writer_name_is(schema->names, schema->fields[node->first + i].name,
                           text, name.size))
            return true;
    for (uint32_t i = 0; i < shown->count; i++)
        if (writer_name_is(schema->names, schema->aliases[shown->at[i].alias],
                           text, name.size))
            return true;
    return false;
}

static void list_aliases(const struct writer_schema *schema,
                         const struct writer_node *node,
                         struct shown_aliases *shown)
{
    for (uint32_t i = 0; i < node->size; i++) {
        const struct writer_field *field = &schema->fields[node->first + i];
        for (uint32_t a = 0; a < field->alias_count; a++) {
            const uint32_t alias = field->alias_first + a;
            if (shown->count == ALIASES_MAX)
                return;
            if (is_taken(schema, node, shown, schema->aliases[alias]))
                continue;
            shown->at[shown->count].field = i;
            shown->at[shown->count++].alias = alias;
        }
    }
}

/* Writes the value of a field, which stands behind `start`, below its aliases.
 * What a schema makes of a record so stays below the limit of records. */
static enum event_fault repeat(struct packing *with,
                               const struct shown_aliases *shown,
                               uint32_t field, size_t start)
{
    const size_t size = with->out->size - start;

    for (uint32_t i = 0; i < shown->count; i++) {
        if (shown->at[i].field != field)
            continue;
        pack_name(with, with->schema->aliases[shown->at[i].alias]);
        if (with->out->size + size > EVENT_BYTES_MAX)
            return EVENT_TOO_LARGE;
        if (buffer_reserve(with->out, size)) /* the bytes may move here only */
            buffer_append(with->out, with->out->bytes + start, size);
    }
    return EVENT_OK;
}

static enum event_fault pack_record(struct packing *with,
                                    const struct writer_node *node,
                                    unsigned depth)
{
    struct shown_aliases shown = {.count = 0};
    enum event_fault fault = EVENT_OK;

    if (node->size > with->cursor.values_left)
        return EVENT_TOO_MANY;
    with->cursor.values_left -= node->size;
    if (with->has_aliases)
        list_aliases(with->schema, node, &shown);
    msgpack_pack_map(&with->to, node->size + shown.count);
    for (uint32_t i = 0; i < node->size && fault == EVENT_OK; i++) {
        const struct writer_field *field =
            &with->schema->fields[node->first + i];
        pack_name(with, field->name);
        const size_t start = with->out->size;
        fault = pack(with, field->node, depth);
        if (fault == EVENT_OK)
            fault = repeat(with, &shown, i, start);
    }
    return fault;
}

/* How many entries there are is known at the end: the head is of a fixed size,
 * and its number is written then. */
static enum event_fault
pack_items(struct packing *with, const struct writer_node *node, unsigned depth)
{
    const bool is_map = node->type == WRITER_MAP;
    uint8_t head[HEAD_SIZE] = {is_map ? MAP_32 : ARRAY_32};
    const size_t place = with->out->size;
    uint32_t total = 0, count;
    enum event_fault fault;
    int64_t size;

    buffer_append(with->out, head, sizeof(head));
    while ((fault = avro_take_block(&with->cursor, is_map ? 2 : 1, &count,
                                    &size)) == EVENT_OK &&
           count > 0) {
        for (total += count; count > 0 && fault == EVENT_OK; count--) {
            if (is_map)
                fault = pack_text(with, WRITER_STRING);
            if (fault == EVENT_OK)
                fault = pack(with, node->first, depth);
        }
        if (fault != EVENT_OK)
            return fault;
    }
    for (unsigned i = 1; i < HEAD_SIZE; i++)
        head[i] = (uint8_t)(total >> (32 - 8 * i));
    if (!buffer_failed(with->out))
        memcpy(with->out->bytes + place, head, sizeof(head));
    return fault;
}

static enum event_fault
pack_union(struct packing *with, const struct writer_node *node, unsigned depth)
{
    uint32_t branch = 0;
    const enum event_fault fault =
        avro_take_choice(&with->cursor, node->size, &branch);

    return fault == EVENT_OK
               ? pack(with, with->schema->branches[node->first + branch], depth)
               : fault;
}

/* `depth` containers are open around the value. */
static enum event_fault pack(struct packing *with, uint32_t at, unsigned depth)
{
    const struct writer_node *node = &with->schema->nodes[at];

    if (node->type >= WRITER_ARRAY && node->type != WRITER_UNION &&
        depth == CURSOR_DEPTH_MAX)
        return EVENT_TOO_DEEP;
    switch (node->type) {
    case WRITER_NULL:
        msgpack_pack_nil(&with->to);
        return EVENT_OK;
    case WRITER_BOOLEAN:
        return pack_boolean(with);
    case WRITER_INT:
    case WRITER_LONG:
        return pack_integer(with, node);
    case WRITER_FLOAT:
    case WRITER_DOUBLE:
        return pack_real(with, node->type);
    case WRITER_BYTES:
    case WRITER_STRING:
        return pack_text(with, node->type);
    case WRITER_FIXED:
        return pack_fixed(with, node->size);
    case WRITER_ENUM:
        return pack_enum(with, node);
    case WRITER_ARRAY:
    case WRITER_MAP:
        return pack_items(with, node, depth + 1);
    case WRITER_UNION:
        return pack_union(with, node, depth);
    case WRITER_RECORD:
        return pack_record(with, node, depth + 1);
    }
    return EVENT_INVALID;
}

enum event_fault avro_msgpack(const struct writer_schema *schema,
                              const uint8_t *bytes, size_t size,
                              bool has_aliases, struct buffer *out)
{
    struct packing with = {.schema = schema,
                           .has_aliases = has_aliases,
                           .cursor = {bytes, bytes + size, EVENT_VALUES_MAX},
                           .out = out,
                           .to = packer_into(out)};

    if (size > EVENT_BYTES_MAX)
        return EVENT_TOO_LARGE;
    const enum event_fault fault = pack(&with, 0, 0);
    if (fault != EVENT_OK)
        return fault;
    return with.cursor.at == with.cursor.end ? EVENT_OK : EVENT_TRAILING;
}
