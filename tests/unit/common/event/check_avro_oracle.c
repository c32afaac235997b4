/*
 * check_avro_oracle.c - random documents of random schemas: the values that our
 * programs find are those that avro-c wrote, and no damage is taken for them.
 */
#include "support/run_suite.h"

#include "common/base/attributes.h"
#include "common/base/buffer.h"
#include "common/base/random.h"
#include "common/event/avro_msgpack.h"
#include "common/event/avro_program.h"
#include "common/event/event_find.h"

#include <avro.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DOCUMENTS = 3000,
    DAMAGES = 20, /* of each document */
    DEPTH_MAX = 5,
    BYTES_MAX = 1 << 16,
    LEAVES_MAX = EVENT_PLAN_MAX,
};

/* A value of a document that a path leads to. */
struct leaf {
    char path[EVENT_PATH_SIZE];
    struct cursor_value value;
};

struct document {
    struct buffer schema; /* its text */
    struct leaf leaves[LEAVES_MAX];
    unsigned leaf_count;
    uint8_t bytes[BYTES_MAX];
    size_t size;
};

static uint64_t rng;
static struct document doc;
static unsigned names; /* of types, each another */

static unsigned below(unsigned bound)
{
    return (unsigned)(random_next(&rng) % bound);
}

static void PRINTF_LIKE(1, 2) append(const char *format, ...)
{
    char text[128];
    va_list args;

    va_start(args, format);
    int size = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buffer_append(&doc.schema, text, (size_t)size);
}

/* --- Random schemas --------------------------------------------------- */

static void write_type(unsigned depth, bool may_be_union);

static void write_record(unsigned depth)
{
    const unsigned fields = 1 + below(5);

    append("{\"type\":\"record\",\"name\":\"R%u\",\"fields\":[", names++);
    for (unsigned i = 0; i < fields; i++) {
        append("%s{\"name\":\"f%u\",\"type\":", i ? "," : "", i);
        write_type(depth + 1, true);
        append("}");
    }
    append("]}");
}

static void write_union(unsigned depth)
{
    /* One of each kind at most, as the specification wants it. */
    append("[\"null\",\"long\",");
    if (below(2))
        append("\"string\",\"double\",");
    write_record(depth);
    append("]");
}

static void write_type(unsigned depth, bool may_be_union)
{
    static const char *const scalars[] = {
        "null", "boolean", "int", "long", "float", "double", "bytes", "string",
    };
    const unsigned kind = below(depth < DEPTH_MAX ? 16 : 10);

    if (kind < 8) {
        append("\"%s\"", scalars[kind]);
    } else if (kind == 8) {
        append("{\"type\":\"fixed\",\"name\":\"F%u\",\"size\":%u}", names,
               1 + below(9));
        names++;
    } else if (kind == 9) {
        append(
            "{\"type\":\"enum\",\"name\":\"E%u\",\"symbols\":[\"A\",\"BB\"]}",
            names);
        names++;
    } else if (kind == 10 || kind == 11) {
        append("{\"type\":\"array\",\"items\":");
        write_type(depth + 1, true);
        append("}");
    } else if (kind == 12) {
        append("{\"type\":\"map\",\"values\":");
        write_type(depth + 1, true);
        append("}");
    } else if (kind == 13 && may_be_union) {
        write_union(depth);
    } else {
        write_record(depth);
    }
}

/* --- Random values ---------------------------------------------------- */

/* Remembers the value, sometimes. The path need not be one that can be asked
 * for: eight steps are the most. */
static void note(const char *path, const struct cursor_value *value)
{
    struct event_path parsed;
    struct error err;

    if (doc.leaf_count == LEAVES_MAX || below(3) == 0 ||
        event_path_parse(path, &parsed, &err) < 0)
        return;
    struct leaf *leaf = &doc.leaves[doc.leaf_count++];
    snprintf(leaf->path, sizeof(leaf->path), "%s", path);
    leaf->value = *value;
}

static int64_t random_integer(void)
{
    return (int64_t)random_next(&rng) >> below(64);
}

static double random_real(void)
{
    return (double)random_integer() / (1 + below(1000));
}

static const uint8_t *random_text(uint32_t *size)
{
    static const uint8_t letters[] = "some letters that a text is made of";

    *size = below(sizeof(letters) - 1);
    return letters;
}

static void fill_scalar(avro_value_t *to, const char *path)
{
    struct cursor_value value = {.type = CURSOR_NIL};

    switch (avro_value_get_type(to)) {
    case AVRO_BOOLEAN:
        value.type = CURSOR_BOOL;
        value.boolean = below(2);
        avro_value_set_boolean(to, value.boolean);
        break;
    case AVRO_INT32:
        value.type = CURSOR_INTEGER;
        value.integer = (int32_t)random_integer();
        avro_value_set_int(to, (int32_t)value.integer);
        break;
    case AVRO_INT64:
        value.type = CURSOR_INTEGER;
        value.integer = random_integer();
        avro_value_set_long(to, value.integer);
        break;
    case AVRO_FLOAT:
        value.type = CURSOR_FLOAT;
        value.real = (double)(float)random_real();
        avro_value_set_float(to, (float)value.real);
        break;
    case AVRO_DOUBLE:
        value.type = CURSOR_FLOAT;
        value.real = random_real();
        avro_value_set_double(to, value.real);
        break;
    case AVRO_BYTES:
        value.type = CURSOR_BYTES;
        value.bytes = random_text(&value.size);
        avro_value_set_bytes(to, (void *)(uintptr_t)value.bytes, value.size);
        break;
    case AVRO_STRING: {
        char text[64];
        value.type = CURSOR_TEXT;
        value.bytes = random_text(&value.size);
        snprintf(text, sizeof(text), "%.*s", (int)value.size,
                 (const char *)value.bytes);
        avro_value_set_string(to, text);
        break;
    }
    default:
        avro_value_set_null(to);
        break;
    }
    note(path, &value);
}

static void fill_named(avro_value_t *to, const char *path)
{
    static const uint8_t bytes[] = "123456789";
    struct cursor_value value = {.type = CURSOR_BYTES, .bytes = bytes};

    if (avro_value_get_type(to) == AVRO_FIXED) {
        value.size =
            (uint32_t)avro_schema_fixed_size(avro_value_get_schema(to));
        avro_value_set_fixed(to, (void *)(uintptr_t)bytes, value.size);
    } else {
        const int symbol = (int)below(2);
        value.type = CURSOR_TEXT;
        value.bytes = (const uint8_t *)(symbol ? "BB" : "A");
        value.size = symbol ? 2 : 1;
        avro_value_set_enum(to, symbol);
    }
    note(path, &value);
}

static void fill(avro_value_t *to, const char *path);

static void fill_items(avro_value_t *to, const char *path)
{
    const bool is_array = avro_value_get_type(to) == AVRO_ARRAY;
    const struct cursor_value value = {.type = is_array ? CURSOR_ARRAY
                                                        : CURSOR_MAP};
    const unsigned count = below(4);
    avro_value_t item = {0};

    note(path, &value);
    for (unsigned i = 0; i < count; i++) {
        char further[512], key[16];
        snprintf(key, sizeof(key), "k%u", i);
        if (is_array) {
            avro_value_append(to, &item, NULL);
            snprintf(further, sizeof(further), "%s[%u]", path, i);
        } else {
            avro_value_add(to, key, &item, NULL, NULL);
            snprintf(further, sizeof(further), "%s.%s", path, key);
        }
        fill(&item, further);
    }
}

static void fill_record(avro_value_t *to, const char *path)
{
    const struct cursor_value value = {.type = CURSOR_MAP};
    avro_value_t field = {0};
    const char *name = "";
    size_t count = 0;

    if (*path)
        note(path, &value);
    avro_value_get_size(to, &count);
    for (size_t i = 0; i < count; i++) {
        char further[512];
        avro_value_get_by_index(to, i, &field, &name);
        snprintf(further, sizeof(further), "%s%s%s", path, *path ? "." : "",
                 name);
        fill(&field, further);
    }
}

static void fill(avro_value_t *to, const char *path)
{
    avro_value_t branch = {0};

    ck_assert_ptr_nonnull(to->iface);
    switch (avro_value_get_type(to)) {
    case AVRO_UNION: {
        const size_t branches =
            avro_schema_union_size(avro_value_get_schema(to));
        avro_value_set_branch(to, (int)below((unsigned)branches), &branch);
        fill(&branch, path);
        break;
    }
    case AVRO_ARRAY:
    case AVRO_MAP:
        fill_items(to, path);
        break;
    case AVRO_RECORD:
        fill_record(to, path);
        break;
    case AVRO_FIXED:
    case AVRO_ENUM:
        fill_named(to, path);
        break;
    default:
        fill_scalar(to, path);
        break;
    }
}

/* Makes a document of a schema, as avro-c writes it. */
static void make_document(void)
{
    avro_schema_t schema = NULL;
    avro_value_t value = {0};

    buffer_clear(&doc.schema);
    doc.leaf_count = 0;
    write_record(0);
    ck_assert_msg(avro_schema_from_json_length((const char *)doc.schema.bytes,
                                               doc.schema.size, &schema) == 0,
                  "%.*s: %s", (int)doc.schema.size,
                  (const char *)doc.schema.bytes, avro_strerror());
    avro_value_iface_t *iface = avro_generic_class_from_schema(schema);
    ck_assert_int_eq(avro_generic_value_new(iface, &value), 0);
    fill(&value, "");
    avro_writer_t writer = avro_writer_memory((char *)doc.bytes, BYTES_MAX);
    ck_assert_int_eq(avro_value_write(writer, &value), 0);
    doc.size = (size_t)avro_writer_tell(writer);
    avro_writer_free(writer);
    avro_value_decref(&value);
    avro_value_iface_decref(iface);
    avro_schema_decref(schema);
}

/* --- The comparison --------------------------------------------------- */

static void check_value(const struct leaf *leaf,
                        const struct cursor_value *found)
{
    const struct cursor_value *value = &leaf->value;

    ck_assert_msg(found->type == value->type, "%s: type %d, not %d in %.*s",
                  leaf->path, found->type, value->type, (int)doc.schema.size,
                  (const char *)doc.schema.bytes);
    switch (value->type) {
    case CURSOR_BOOL:
        ck_assert_int_eq(found->boolean, value->boolean);
        break;
    case CURSOR_INTEGER:
        ck_assert_int_eq(found->integer, value->integer);
        break;
    case CURSOR_FLOAT:
        ck_assert_mem_eq(&found->real, &value->real, sizeof(value->real));
        break;
    case CURSOR_TEXT:
    case CURSOR_BYTES:
        ck_assert_uint_eq(found->size, value->size);
        ck_assert_mem_eq(found->bytes, value->bytes, value->size);
        break;
    default:
        break;
    }
}

/* The record as msgpack has the same values. */
static void check_packed(const struct event_plan *plan,
                         const struct writer_schema *schema)
{
    struct buffer packed = {0};
    struct event_found found;

    ck_assert_int_eq(avro_msgpack(schema, doc.bytes, doc.size, false, &packed),
                     EVENT_OK);
    ck_assert_int_eq(
        event_find_in_msgpack(plan, packed.bytes, packed.size, &found),
        EVENT_OK);
    for (unsigned i = 0; i < doc.leaf_count; i++) {
        ck_assert(found.seen >> i & 1);
        check_value(&doc.leaves[i], &found.values[i]);
    }
    for (size_t size = 0; size < doc.size; size++) {
        buffer_clear(&packed);
        ck_assert_int_ne(avro_msgpack(schema, doc.bytes, size, false, &packed),
                         EVENT_OK);
    }
    buffer_free(&packed);
}

/* The copy ends where the bytes end: a sanitizer sees a look beyond. */
static enum event_fault find(const struct event_plan *plan,
                             const struct avro_program *program,
                             const uint8_t *bytes, size_t size,
                             struct event_found *found, bool checks)
{
    uint8_t *copy = malloc(size ? size : 1);

    memcpy(copy, bytes, size);
    const enum event_fault fault =
        event_find_in_avro(plan, program, copy, size, found);
    for (unsigned i = 0; checks && i < doc.leaf_count; i++) {
        ck_assert_msg(found->seen >> i & 1, "%s is not found in %.*s",
                      doc.leaves[i].path, (int)doc.schema.size,
                      (const char *)doc.schema.bytes);
        check_value(&doc.leaves[i], &found->values[i]);
    }
    free(copy);
    return fault;
}

static void damage(const struct event_plan *plan,
                   const struct avro_program *program)
{
    struct event_found found;

    for (size_t size = 0; size < doc.size; size++)
        ck_assert_int_ne(find(plan, program, doc.bytes, size, &found, false),
                         EVENT_OK);
    for (int i = 0; i < DAMAGES && doc.size > 0; i++) {
        uint8_t *byte = &doc.bytes[below((unsigned)doc.size)];
        const uint8_t before = *byte;
        *byte = (uint8_t)random_next(&rng);
        find(plan, program, doc.bytes, doc.size, &found, false);
        *byte = before;
    }
}

START_TEST(values_are_those_that_another_library_wrote)
{
    struct error err;
    size_t leaves = 0;

    rng = 20260101;
    for (int i = 0; i < DOCUMENTS; i++) {
        struct event_plan plan = {.count = 0};
        struct writer_schema *schema = NULL;
        struct avro_program *program = NULL;
        struct event_found found;

        make_document();
        for (unsigned at = 0; at < doc.leaf_count; at++)
            ck_assert_ok(event_plan_add(&plan, doc.leaves[at].path, &err), err);
        ck_assert_ok(writer_schema_parse((const char *)doc.schema.bytes,
                                         doc.schema.size, &schema, &err),
                     err);
        ck_assert_ok(avro_program_compile(schema, &plan, &program, &err), err);
        ck_assert_int_eq(
            find(&plan, program, doc.bytes, doc.size, &found, true), EVENT_OK);
        leaves += doc.leaf_count;
        check_packed(&plan, schema);
        damage(&plan, program);
        avro_program_free(program);
        writer_schema_free(schema);
    }
    buffer_free(&doc.schema);
    ck_assert_uint_gt(leaves, DOCUMENTS);
    printf("%zu values of %d documents\n", leaves, DOCUMENTS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("avro_oracle");
    TCase *tests = tcase_create("oracle");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, values_are_those_that_another_library_wrote);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
