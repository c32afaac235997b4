#include "support/one_schema.h"

#include "support/run_suite.h"

#include <string.h>

static struct event_schema schema;
static uint32_t known;
static atomic_uint version;

static const struct event_schema *find(void *context, uint32_t number)
{
    (void)context;
    return number == known ? &schema : NULL;
}

static int check(void *context, struct error *err)
{
    (void)context;
    (void)err;
    return 0;
}

const struct event_schemas *
one_schema(uint32_t number, enum event_schema_kind kind, const char *text)
{
    static const struct event_schemas schemas = {
        .find = find, .check = check, .version = &version};
    struct error err;

    writer_schema_free(schema.avro);
    schema = (struct event_schema){.kind = kind};
    known = number;
    atomic_fetch_add(&version, 1);
    if (text)
        ck_assert_ok(
            writer_schema_parse(text, strlen(text), &schema.avro, &err), err);
    return &schemas;
}
