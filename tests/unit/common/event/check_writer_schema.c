/*
 * check_writer_schema.c - which texts are Avro schemas, and what is kept of
 * them.
 */
#include "support/run_suite.h"

#include "common/base/buffer.h"
#include "common/event/writer_schema.h"

#include <stdlib.h>
#include <string.h>

static struct writer_schema *schema;
static struct error err;

static void tear_down(void)
{
    writer_schema_free(schema);
    schema = NULL;
}

static int parse(const char *text)
{
    writer_schema_free(schema);
    schema = NULL;
    return writer_schema_parse(text, strlen(text), &schema, &err);
}

static const struct writer_node *node_of(uint32_t field)
{
    return &schema->nodes[schema->fields[schema->nodes[0].first + field].node];
}

static void check_name(struct writer_name name, const char *text)
{
    ck_assert_uint_eq(name.size, strlen(text));
    ck_assert_mem_eq(writer_schema_text(schema, name), text, name.size);
}

START_TEST(a_record_is_held_with_its_fields)
{
    ck_assert_ok(
        parse(
            "{\"type\":\"record\",\"name\":\"a.B\",\"doc\":\"x\",\"fields\":["
            "{\"name\":\"id\",\"type\":\"string\"},"
            "{\"name\":\"at\",\"aliases\":[\"ts\",\"time\"],\"type\":"
            "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"
            "{\"name\":\"user\",\"type\":[\"null\",\"int\"],\"default\":null},"
            "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"K\","
            "\"symbols\":[\"VIEW\",\"CLICK\"]}},"
            "{\"name\":\"again\",\"type\":\"K\"},"
            "{\"name\":\"once_more\",\"type\":\"a.K\"},"
            "{\"name\":\"hash\",\"type\":{\"type\":\"fixed\",\"name\":\"H\","
            "\"size\":16}},"
            "{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"items\":"
            "\"string\"}},"
            "{\"name\":\"more\",\"type\":{\"type\":\"map\",\"values\":"
            "\"a.B\"}}]}"),
        err);
    ck_assert_int_eq(schema->nodes[0].type, WRITER_RECORD);
    ck_assert_uint_eq(schema->nodes[0].size, 9);
    check_name(schema->fields[1].name, "at");
    ck_assert_uint_eq(schema->fields[1].alias_count, 2);
    check_name(schema->aliases[schema->fields[1].alias_first + 1], "time");
    ck_assert_int_eq(node_of(0)->type, WRITER_STRING);
    ck_assert_int_eq(node_of(1)->time, WRITER_MICROS);
    ck_assert_int_eq(node_of(2)->type, WRITER_UNION);
    ck_assert_int_eq(
        schema->nodes[schema->branches[node_of(2)->first + 1]].type,
        WRITER_INT);
    for (uint32_t i = 3; i <= 5; i++) {
        ck_assert_int_eq(node_of(i)->type, WRITER_ENUM);
        check_name(schema->symbols[node_of(i)->first + 1], "CLICK");
    }
    ck_assert_uint_eq(node_of(6)->size, 16);
    ck_assert_int_eq(schema->nodes[node_of(7)->first].type, WRITER_STRING);
    ck_assert_uint_eq(schema->nodes[node_of(8)->first].size, 9);
}
END_TEST

#define FIELD_OF(type)                                                         \
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\","         \
    "\"type\":" type "}]}"

static const struct {
    const char *text, *part;
} refused[] = {
    {"", "no JSON"},
    {"{", "no JSON"},
    {"7", "no name, object or array"},
    {"\"R\"", "does not define it"},
    {"{\"type\":\"record\",\"name\":\"R\"}", "without fields"},
    {"{\"type\":\"record\",\"fields\":[]}", "without a name"},
    {"{\"type\":\"record\",\"name\":\"\",\"fields\":[]}", "a name of 0"},
    {FIELD_OF("\"S\""), "uses 'S'"},
    {FIELD_OF("[]"), "union of 0"},
    {FIELD_OF("[\"null\",[\"int\"]]"), "union within a union"},
    {FIELD_OF("[\"null\",{\"type\":[\"int\"]}]"), "union within a union"},
    {FIELD_OF("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[]}"),
     "without symbols"},
    {FIELD_OF("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[1]}"), "no text"},
    {FIELD_OF("{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}"), "size"},
    {FIELD_OF("{\"type\":\"fixed\",\"name\":\"F\",\"size\":1048577}"), "size"},
    {FIELD_OF("{\"type\":\"fixed\",\"name\":\"R\",\"size\":1}"), "twice"},
    {FIELD_OF("{\"type\":\"array\"}"), "no name, object or array"},
    {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":"
     "\"int\"},{\"name\":\"f\",\"type\":\"int\"}]}",
     "two of one name"},
    {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"type\":\"int\"}]}",
     "without a name"},
    {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\","
     "\"aliases\":[7],\"type\":\"int\"}]}",
     "alias"},
};

START_TEST(what_is_no_schema_is_refused)
{
    ck_assert_refused(parse(refused[_i].text), err, ERROR_FORMAT,
                      refused[_i].part);
}
END_TEST

/* `count` times `each`, between two texts. */
static int parse_many(const char *before, const char *each, size_t count,
                      const char *after)
{
    struct buffer text = {0};

    buffer_append(&text, before, strlen(before));
    for (size_t i = 0; i < count; i++)
        buffer_append(&text, each, strlen(each));
    buffer_append(&text, after, strlen(after) + 1);
    int status = parse((const char *)text.bytes);
    buffer_free(&text);
    return status;
}

START_TEST(size_depth_and_number_are_bounded)
{
    ck_assert_refused(parse_many("", " ", WRITER_TEXT_MAX, "\"int\""), err,
                      ERROR_LIMIT, "bytes");
    ck_assert_refused(parse_many("", "{\"type\":", 100, "\"int\""), err,
                      ERROR_FORMAT, "no JSON");
    ck_assert_refused(
        parse_many("", "{\"type\":\"array\",\"items\":", 1000, "\"int\""), err,
        ERROR_FORMAT, "no JSON");
    char deep[4096] = "";
    for (int i = 0; i <= WRITER_DEPTH_MAX; i++)
        strcat(deep, "{\"type\":\"array\",\"items\":");
    strcat(deep, "\"int\"");
    for (int i = 0; i <= WRITER_DEPTH_MAX; i++)
        strcat(deep, "}");
    ck_assert_refused(parse(deep), err, ERROR_LIMIT, "deep");
    ck_assert_refused(parse_many("[\"int\"", ",\"int\"", WRITER_NODES_MAX, "]"),
                      err, ERROR_LIMIT, "types");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writer_schema");
    TCase *tests = tcase_create("schemas");

    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, a_record_is_held_with_its_fields);
    tcase_add_loop_test(tests, what_is_no_schema_is_refused, 0,
                        sizeof(refused) / sizeof(refused[0]));
    tcase_add_test(tests, size_depth_and_number_are_bounded);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
