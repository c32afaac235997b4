/*
 * fuzz_avro.c - any schema, and any bytes as a record of it: what is found lies
 * within the record or the schema, and the record as msgpack is well formed.
 */
#include "common/event/avro_msgpack.h"
#include "common/event/avro_program.h"
#include "common/event/event_find.h"

#include "pieces.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const paths[] = {
    "id",        "user",    "user.id", "a.b.c.d",      "ads[1]", "ads",
    "ads[0].id", "tags.id", "tags",    "next.next.id", "id",     "$['0'].x"};
enum { PATHS = sizeof(paths) / sizeof(paths[0]) };

static bool is_within(const struct cursor_value *value, const void *bytes,
                      size_t size)
{
    const uintptr_t at = (uintptr_t)value->bytes, first = (uintptr_t)bytes;

    return at >= first && at - first <= size &&
           value->size <= size - (at - first);
}

static void check_found(const struct event_found *found,
                        const struct writer_schema *schema,
                        const uint8_t *bytes, size_t size)
{
    for (unsigned i = 0; i < PATHS; i++) {
        const struct cursor_value *value = &found->values[i];
        if (found->seen >> i & 1 &&
            (value->type == CURSOR_TEXT || value->type == CURSOR_BYTES))
            assert(is_within(value, bytes, size) ||
                   is_within(value, schema->names, schema->memory));
    }
}

static void check_packed(const struct writer_schema *schema,
                         const uint8_t *bytes, size_t size, bool has_aliases)
{
    static const struct event_plan nothing;
    struct buffer packed = {0};
    struct event_found found;

    if (avro_msgpack(schema, bytes, size, has_aliases, &packed) == EVENT_OK &&
        packed.size <= EVENT_BYTES_MAX) {
        const enum event_fault fault =
            event_find_in_msgpack(&nothing, packed.bytes, packed.size, &found);
        /* Names are values of msgpack's, and none of Avro's. */
        assert(fault == EVENT_OK || fault == EVENT_NOT_A_MAP ||
               fault == EVENT_TOO_MANY);
    }
    buffer_free(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pieces from = {bytes, size};
    struct event_plan plan = {.count = 0};
    struct writer_schema *schema = NULL;
    struct avro_program *program = NULL;
    struct event_found found;
    struct error err;
    size_t length;

    const uint8_t *text = pieces_bytes(&from, 2, &length);
    if (writer_schema_parse((const char *)text, length, &schema, &err) < 0)
        return 0;
    for (int i = 0; i < PATHS; i++)
        if (event_plan_add(&plan, paths[i], &err) < 0)
            abort();
    if (avro_program_compile(schema, &plan, &program, &err) == 0 &&
        event_find_in_avro(&plan, program, from.bytes, from.size, &found) ==
            EVENT_OK)
        check_found(&found, schema, from.bytes, from.size);
    check_packed(schema, from.bytes, from.size, false);
    check_packed(schema, from.bytes, from.size, true);
    avro_program_free(program);
    writer_schema_free(schema);
    return 0;
}
