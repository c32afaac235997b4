#include "common/event/writer_schema.h"

#include "common/base/buffer.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A name with its namespace, and what it stands for. */
struct named {
    struct writer_name name;
    uint32_t node;
};

/* Arrays that grow while a schema is read. */
struct making {
    struct buffer names, nodes, fields, symbols, aliases, branches;
    struct buffer named; /* struct named */
    struct error *err;
};

/* What encloses the type that is read. */
struct scope {
    const char *space; /* the namespace, "" where there is none */
    unsigned depth;
};

static int read_type(struct making *making, const json_t *json,
                     struct scope scope, uint32_t at);

static struct writer_node *node_at(struct making *making, uint32_t at)
{
    return (struct writer_node *)(void *)making->nodes.bytes + at;
}

static int add(struct making *making, struct buffer *to, const void *item,
               size_t size)
{
    buffer_append(to, item, size);
    return buffer_failed(to) ? error_no_memory(making->err, "an Avro schema")
                             : 0;
}

/* Adds nodes without a type yet; *at is the first. */
static int add_nodes(struct making *making, size_t count, uint32_t *at)
{
    const struct writer_node node = {.type = WRITER_NULL};
    const size_t before = making->nodes.size / sizeof(node);

    if (count > WRITER_NODES_MAX - before)
        return error_set(making->err, ERROR_LIMIT,
                         "the Avro schema has more than %d types",
                         WRITER_NODES_MAX);
    *at = (uint32_t)before;
    for (size_t i = 0; i < count; i++)
        if (add(making, &making->nodes, &node, sizeof(node)) < 0)
            return -1;
    return 0;
}

static int add_name(struct making *making, const char *text, size_t size,
                    struct writer_name *out)
{
    *out = (struct writer_name){(uint32_t)making->names.size, (uint32_t)size};
    return add(making, &making->names, text, size);
}

/* --- Names ------------------------------------------------------------ */

static const char *names_of(const struct making *making)
{
    return (const char *)making->names.bytes;
}

static int find_named(const struct making *making, const char *name,
                      uint32_t *node)
{
    const struct named *all = (const void *)making->named.bytes;
    const size_t size = strlen(name);

    for (size_t i = 0; i < making->named.size / sizeof(*all); i++) {
        if (!writer_name_is(names_of(making), all[i].name, name, size))
            continue;
        *node = all[i].node;
        return 0;
    }
    return -1;
}

/* SPACE.NAME, where the name has no namespace of its own. */
static int full_name(struct making *making, const char *space, const char *name,
                     char out[WRITER_NAME_MAX])
{
    const bool is_plain = strchr(name, '.') || *space == '\0';
    const size_t head = is_plain ? 0 : strlen(space) + 1;
    const size_t size = strlen(name);

    if (size == 0 || head + size >= WRITER_NAME_MAX)
        return error_set(making->err, ERROR_FORMAT,
                         "the Avro schema has a name of %zu bytes",
                         head + size);
    if (head > 0) {
        memcpy(out, space, head - 1);
        out[head - 1] = '.';
    }
    memcpy(out + head, name, size + 1);
    return 0;
}

/* Defines the name of a record, an enum or a fixed. `space` becomes the
 * namespace of what it encloses. */
static int define(struct making *making, const json_t *json, struct scope scope,
                  uint32_t at, char space[WRITER_NAME_MAX])
{
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *own = json_string_value(json_object_get(json, "namespace"));
    char full[WRITER_NAME_MAX];
    struct named named = {.node = at};
    uint32_t before;

    if (!name)
        return error_set(making->err, ERROR_FORMAT,
                         "the Avro schema has a %s without a name",
                         json_string_value(json_object_get(json, "type")));
    if (full_name(making, own ? own : scope.space, name, full) < 0)
        return -1;
    if (find_named(making, full, &before) == 0)
        return error_set(making->err, ERROR_FORMAT,
                         "the Avro schema defines '%s' twice", full);
    const char *dot = strrchr(full, '.');
    const size_t size = dot ? (size_t)(dot - full) : 0;
    memcpy(space, full, size);
    space[size] = '\0';
    if (add_name(making, full, strlen(full), &named.name) < 0)
        return -1;
    return add(making, &making->named, &named, sizeof(named));
}

static bool is_primitive(const char *name, enum writer_type *out)
{
    static const char *const names[] = {
        [WRITER_NULL] = "null",   [WRITER_BOOLEAN] = "boolean",
        [WRITER_INT] = "int",     [WRITER_LONG] = "long",
        [WRITER_FLOAT] = "float", [WRITER_DOUBLE] = "double",
        [WRITER_BYTES] = "bytes", [WRITER_STRING] = "string",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        *out = (enum writer_type)i;
        return true;
    }
    return false;
}

/* A primitive type, or a copy of the node of one that was defined before. A
 * record that is still being read has the names of all its fields already. */
static int read_name(struct making *making, const char *name,
                     struct scope scope, uint32_t at)
{
    char full[WRITER_NAME_MAX];
    enum writer_type type;
    uint32_t node = 0;

    if (is_primitive(name, &type)) {
        node_at(making, at)->type = type;
        return 0;
    }
    if (full_name(making, scope.space, name, full) < 0)
        return -1;
    if (find_named(making, full, &node) < 0 &&
        find_named(making, name, &node) < 0)
        return error_set(making->err, ERROR_FORMAT,
                         "the Avro schema uses '%s' and does not define it",
                         full);
    *node_at(making, at) = *node_at(making, node);
    return 0;
}

/* --- Types with parts ------------------------------------------------- */

/* Adds the texts of a list; *first is the place of the first one. */
static int read_texts(struct making *making, const json_t *list,
                      const char *what, struct buffer *to, uint32_t *first)
{
    *first = (uint32_t)(to->size / sizeof(struct writer_name));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        struct writer_name name;
        if (!text)
            return error_set(making->err, ERROR_FORMAT,
                             "the Avro schema has %s that is no text", what);
        if (add_name(making, text, strlen(text), &name) < 0 ||
            add(making, to, &name, sizeof(name)) < 0)
            return -1;
    }
    return 0;
}

static int read_aliases(struct making *making, const json_t *json,
                        struct writer_field *field)
{
    const json_t *aliases = json_object_get(json, "aliases");

    field->alias_count = (uint32_t)json_array_size(aliases);
    return read_texts(making, aliases, "an alias", &making->aliases,
                      &field->alias_first);
}

static bool has_field(const struct making *making,
                      const struct writer_node *record, const char *name)
{
    const struct writer_field *fields = (const void *)making->fields.bytes;
    const size_t size = strlen(name);

    for (uint32_t i = record->first; i < record->first + record->size; i++)
        if (writer_name_is(names_of(making), fields[i].name, name, size))
            return true;
    return false;
}

/* The record's fields come one behind the other: those of records within it are
 * read behind them. */
static int read_record(struct making *making, const json_t *json,
                       struct scope scope, uint32_t at)
{
    const json_t *fields = json_object_get(json, "fields");
    const size_t count = json_array_size(fields);
    char space[WRITER_NAME_MAX];
    uint32_t node = 0;

    if (!json_is_array(fields))
        return error_set(making->err, ERROR_FORMAT,
                         "the Avro schema has a record without fields");
    if (define(making, json, scope, at, space) < 0 ||
        add_nodes(making, count, &node) < 0)
        return -1;
    struct writer_node *record = node_at(making, at);
    record->type = WRITER_RECORD;
    record->first =
        (uint32_t)(making->fields.size / sizeof(struct writer_field));
    for (size_t i = 0; i < count; i++) {
        const json_t *each = json_array_get(fields, i);
        const char *name = json_string_value(json_object_get(each, "name"));
        struct writer_field field = {.node = node + (uint32_t)i};
        if (!name || !*name || strlen(name) >= WRITER_NAME_MAX ||
            has_field(making, record, name))
            return error_set(making->err, ERROR_FORMAT,
                             "the Avro schema has a field without a name, or "
                             "two of one name");
        if (add_name(making, name, strlen(name), &field.name) < 0 ||
            read_aliases(making, each, &field) < 0 ||
            add(making, &making->fields, &field, sizeof(field)) < 0)
            return -1;
        record->size++;
    }
    for (size_t i = 0; i < count; i++)
        if (read_type(
                making, json_object_get(json_array_get(fields, i), "type"),
                (struct scope){space, scope.depth + 1}, node + (uint32_t)i) < 0)
            return -1;
    return 0;
}

static int read_enum(struct making *making, const json_t *json,
                     struct scope scope, uint32_t at)
{
    const json_t *symbols = json_object_get(json, "symbols");
    const size_t count = json_array_size(symbols);
    char space[WRITER_NAME_MAX];

    if (define(making, json, scope, at, space) < 0)
        return -1;
    if (count == 0)
        return error_set(making->err, ERROR_FORMAT,
                         "the Avro schema has an enum without symbols");
    struct writer_node *node = node_at(making, at);
    node->type = WRITER_ENUM;
    node->size = (uint32_t)count;
    return read_texts(making, symbols, "a symbol", &making->symbols,
                      &node->first);
}

static int read_fixed(struct making *making, const json_t *json,
                      struct scope scope, uint32_t at)
{
    const json_t *size = json_object_get(json, "size");
    char space[WRITER_NAME_MAX];

    if (!json_is_integer(size) || json_integer_value(size) < 0 ||
        json_integer_value(size) > WRITER_FIXED_MAX)
        return error_set(making->err, ERROR_FORMAT,
                         "the Avro schema has a fixed whose size is not from 0 "
                         "to %d",
                         WRITER_FIXED_MAX);
    *node_at(making, at) = (struct writer_node){
        .type = WRITER_FIXED, .size = (uint32_t)json_integer_value(size)};
    return define(making, json, scope, at, space);
}

static int read_union(struct making *making, const json_t *json,
                      struct scope scope, uint32_t at)
{
    const size_t count = json_array_size(json);
    uint32_t node = 0;

    if (count == 0 || count > WRITER_BRANCHES_MAX)
        return error_set(making->err, ERROR_FORMAT,
                         "the Avro schema has a union of %zu types", count);
    if (add_nodes(making, count, &node) < 0)
        return -1;
    *node_at(making, at) = (struct writer_node){
        .type = WRITER_UNION,
        .first = (uint32_t)(making->branches.size / sizeof(uint32_t)),
        .size = (uint32_t)count};
    for (size_t i = 0; i < count; i++) {
        const uint32_t branch = node + (uint32_t)i;
        if (add(making, &making->branches, &branch, sizeof(branch)) < 0)
            return -1;
    }
    scope.depth++;
    for (uint32_t i = 0; i < count; i++) {
        if (read_type(making, json_array_get(json, i), scope, node + i) < 0)
            return -1;
        if (node_at(making, node + i)->type == WRITER_UNION)
            return error_set(making->err, ERROR_FORMAT,
                             "the Avro schema has a union within a union");
    }
    return 0;
}

static int read_items(struct making *making, const json_t *items,
                      struct scope scope, uint32_t at, enum writer_type type)
{
    uint32_t node = 0;

    if (add_nodes(making, 1, &node) < 0)
        return -1;
    *node_at(making, at) =
        (struct writer_node){.type = type, .size = 1, .first = node};
    scope.depth++;
    return read_type(making, items, scope, node);
}

/* --- Any type --------------------------------------------------------- */

static enum writer_time time_of(const char *logical, enum writer_type type)
{
    static const struct {
        const char *name;
        enum writer_type type;
        enum writer_time time;
    } times[] = {
        {"date", WRITER_INT, WRITER_DAYS},
        {"timestamp-millis", WRITER_LONG, WRITER_MILLIS},
        {"timestamp-micros", WRITER_LONG, WRITER_MICROS},
        {"timestamp-nanos", WRITER_LONG, WRITER_NANOS},
        {"local-timestamp-millis", WRITER_LONG, WRITER_MILLIS},
        {"local-timestamp-micros", WRITER_LONG, WRITER_MICROS},
        {"local-timestamp-nanos", WRITER_LONG, WRITER_NANOS},
    };

    for (size_t i = 0; logical && i < sizeof(times) / sizeof(times[0]); i++)
        if (times[i].type == type && strcmp(times[i].name, logical) == 0)
            return times[i].time;
    return WRITER_NO_TIME;
}

static int read_object(struct making *making, const json_t *json,
                       struct scope scope, uint32_t at)
{
    const json_t *type = json_object_get(json, "type");
    const char *name = json_string_value(type);

    if (name && (strcmp(name, "record") == 0 || strcmp(name, "error") == 0))
        return read_record(making, json, scope, at);
    if (name && strcmp(name, "enum") == 0)
        return read_enum(making, json, scope, at);
    if (name && strcmp(name, "fixed") == 0)
        return read_fixed(making, json, scope, at);
    if (name && strcmp(name, "array") == 0)
        return read_items(making, json_object_get(json, "items"), scope, at,
                          WRITER_ARRAY);
    if (name && strcmp(name, "map") == 0)
        return read_items(making, json_object_get(json, "values"), scope, at,
                          WRITER_MAP);
    scope.depth++;
    if (read_type(making, type, scope, at) < 0)
        return -1;
    const char *logical =
        json_string_value(json_object_get(json, "logicalType"));
    struct writer_node *node = node_at(making, at);
    if (logical)
        node->time = time_of(logical, node->type);
    return 0;
}

static int read_type(struct making *making, const json_t *json,
                     struct scope scope, uint32_t at)
{
    if (scope.depth > WRITER_DEPTH_MAX)
        return error_set(making->err, ERROR_LIMIT,
                         "the Avro schema is nested more than %d types deep",
                         WRITER_DEPTH_MAX);
    if (json_is_string(json))
        return read_name(making, json_string_value(json), scope, at);
    if (json_is_array(json))
        return read_union(making, json, scope, at);
    if (json_is_object(json))
        return read_object(making, json, scope, at);
    return error_set(making->err, ERROR_FORMAT,
                     "the Avro schema has a type that is no name, object or "
                     "array");
}

/* --- The whole -------------------------------------------------------- */

static struct writer_schema *take_over(struct making *making)
{
    struct writer_schema *schema = calloc(1, sizeof(*schema));

    if (!schema)
        return NULL;
    *schema = (struct writer_schema){
        .names = (char *)making->names.bytes,
        .nodes = (void *)making->nodes.bytes,
        .fields = (void *)making->fields.bytes,
        .symbols = (void *)making->symbols.bytes,
        .aliases = (void *)making->aliases.bytes,
        .branches = (void *)making->branches.bytes,
        .node_count =
            (uint32_t)(making->nodes.size / sizeof(struct writer_node)),
        .memory = sizeof(*schema) + making->names.room + making->nodes.room +
                  making->fields.room + making->symbols.room +
                  making->aliases.room + making->branches.room};
    return schema;
}

static void give_up(struct making *making)
{
    buffer_free(&making->names);
    buffer_free(&making->nodes);
    buffer_free(&making->fields);
    buffer_free(&making->symbols);
    buffer_free(&making->aliases);
    buffer_free(&making->branches);
}

/* Reads one text into the node. */
static int read_text(struct making *making, const struct writer_text *text,
                     uint32_t at)
{
    json_error_t why;

    json_t *json = json_loadb(text->text, text->size, JSON_DECODE_ANY, &why);
    if (!json)
        return error_set(making->err, ERROR_FORMAT,
                         "the Avro schema is no JSON: line %d: %s", why.line,
                         why.text);
    const int status = read_type(making, json, (struct scope){"", 0}, at);
    json_decref(json);
    return status;
}

/* The root has the first node, whatever is defined before it. */
static int read_texts_in_order(struct making *making,
                               const struct writer_text *texts, size_t count)
{
    uint32_t root = 0, at = 0;

    if (add_nodes(making, 1, &root) < 0)
        return -1;
    for (size_t i = 0; i + 1 < count; i++)
        if (add_nodes(making, 1, &at) < 0 ||
            read_text(making, &texts[i], at) < 0)
            return -1;
    return read_text(making, &texts[count - 1], root);
}

int writer_schema_parse_all(const struct writer_text *texts, size_t count,
                            struct writer_schema **out, struct error *err)
{
    struct making making = {.err = err};
    struct writer_schema *schema = NULL;
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += texts[i].size <= WRITER_TEXT_MAX ? texts[i].size
                                                 : WRITER_TEXT_MAX + 1;
    if (size > WRITER_TEXT_MAX)
        return error_set(err, ERROR_LIMIT,
                         "the Avro schema has more than %d bytes",
                         WRITER_TEXT_MAX);
    int status = read_texts_in_order(&making, texts, count);
    buffer_free(&making.named);
    if (status == 0 && !(schema = take_over(&making)))
        status = error_no_memory(err, "an Avro schema");
    if (status < 0) {
        give_up(&making);
        return -1;
    }
    *out = schema;
    return 0;
}

int writer_schema_parse(const char *text, size_t size,
                        struct writer_schema **out, struct error *err)
{
    const struct writer_text whole = {text, size};

    return writer_schema_parse_all(&whole, 1, out, err);
}

static bool is_same_name(const struct writer_schema *a, struct writer_name x,
                         const struct writer_schema *b, struct writer_name y)
{
    return x.size == y.size && memcmp(writer_schema_text(a, x),
                                      writer_schema_text(b, y), x.size) == 0;
}

/* Numbers of nodes follow the order of the text, and so they are the same. */
static bool is_same_node(const struct writer_schema *a,
                         const struct writer_schema *b, uint32_t at)
{
    const struct writer_node *x = &a->nodes[at], *y = &b->nodes[at];
    bool is_same = x->type == y->type && x->time == y->time &&
                   x->size == y->size && x->first == y->first;

    for (uint32_t i = 0; is_same && i < x->size; i++) {
        const uint32_t part = x->first + i;
        if (x->type == WRITER_RECORD)
            is_same =
                a->fields[part].node == b->fields[part].node &&
                is_same_name(a, a->fields[part].name, b, b->fields[part].name);
        else if (x->type == WRITER_ENUM)
            is_same = is_same_name(a, a->symbols[part], b, b->symbols[part]);
        else if (x->type == WRITER_UNION)
            is_same = a->branches[part] == b->branches[part];
        else
            break;
    }
    return is_same;
}

bool writer_schema_is_same(const struct writer_schema *a,
                           const struct writer_schema *b)
{
    bool is_same = a->node_count == b->node_count;

    for (uint32_t i = 0; is_same && i < a->node_count; i++)
        is_same = is_same_node(a, b, i);
    return is_same;
}

void writer_schema_free(struct writer_schema *schema)
{
    if (!schema)
        return;
    free(schema->names);
    free(schema->nodes);
    free(schema->fields);
    free(schema->symbols);
    free(schema->aliases);
    free(schema->branches);
    free(schema);
}
