/*
 * check_registry_references.c - schemas that are made of others, by reference.
 */
#include "support/registry_world.h"
#include "support/run_suite.h"

#include <string.h>

#define REFERENCE(name, subject, version)                                      \
    "{\"name\":\"" name "\",\"subject\":\"" subject "\",\"version\":" version  \
    "}"

/* 20 refers to 21 and 22, and 21 to 22 as well. */
static void put_family(void)
{
    registry_stub_put_version(
        registry_world.stub, 20, "event-value", 1,
        "{\"type\":\"record\",\"name\":\"Event\",\"namespace\":\"a.b\","
        "\"fields\":[{\"name\":\"who\",\"type\":\"User\"},{\"name\":\"id\","
        "\"type\":\"x.Id\"}]}",
        "[" REFERENCE("a.b.User", "users/value 1",
                      "3") "," REFERENCE("x.Id", "ids", "1") "]");
    registry_stub_put_version(
        registry_world.stub, 21, "users/value 1", 3,
        "{\"type\":\"record\",\"name\":\"a.b.User\",\"fields\":[{\"name\":"
        "\"id\",\"type\":\"x.Id\"}]}",
        "[" REFERENCE("x.Id", "ids", "1") "]");
    registry_stub_put_version(
        registry_world.stub, 22, "ids", 1,
        "{\"type\":\"fixed\",\"name\":\"x.Id\",\"size\":4}", NULL);
}

static void check_family(const struct event_schema *schema)
{
    ck_assert_ptr_nonnull(schema);
    ck_assert_int_eq(schema->kind, EVENT_SCHEMA_AVRO);
    const struct writer_schema *avro = schema->avro;
    const struct writer_field *fields = avro->fields + avro->nodes[0].first;
    ck_assert_int_eq(avro->nodes[0].type, WRITER_RECORD);
    ck_assert_uint_eq(avro->nodes[0].size, 2);
    ck_assert_mem_eq(writer_schema_text(avro, fields[0].name), "who", 3);
    ck_assert_int_eq(avro->nodes[fields[0].node].type, WRITER_RECORD);
    ck_assert_int_eq(avro->nodes[fields[1].node].type, WRITER_FIXED);
}

START_TEST(references_are_followed_each_once)
{
    put_family();
    registry_world_open_waiting(REGISTRY_LONG_MS);
    check_family(registry_world_find(20));
    check_family(registry_world_find(20));
    ck_assert_uint_eq(registry_stub_questions(registry_world.stub), 3);
}
END_TEST

START_TEST(a_copy_has_what_a_schema_refers_to)
{
    put_family();
    registry_world_open_waiting(REGISTRY_LONG_MS);
    ck_assert_ptr_nonnull(registry_world_find(20));
    registry_stub_hang_up(registry_world.stub);
    registry_world_open_waiting(REGISTRY_LONG_MS);
    check_family(registry_world_find(20));
    registry_stub_listen(registry_world.stub);
    registry_world_await(REGISTRY_OK, 2);
    ck_assert_double_eq(
        metrics_value(registry_world.metrics, REGISTRY_CHANGED, 0), 0);
}
END_TEST

static const char *const broken_references[] = {
    "[" REFERENCE("x.Id", "ids", "2") "]", /* no such version */
    "[{\"name\":\"x.Id\",\"subject\":\"ids\"}]",
    "[7]",
};

START_TEST(references_that_lead_nowhere_are_a_wrong_answer)
{
    registry_stub_put_version(registry_world.stub, 20, "event-value", 1,
                              REGISTRY_RECORD("a"), broken_references[_i]);
    registry_world_open_waiting(300);
    ck_assert_ptr_null(registry_world_find(20));
    registry_world_await(REGISTRY_WRONG, 1);
    registry_world_check_field(registry_world_find(7), "a");
}
END_TEST

/* A reference to itself is followed once, and then defines its name twice. */
START_TEST(a_circle_of_references_ends)
{
    registry_stub_put_version(registry_world.stub, 20, "event-value", 1,
                              REGISTRY_RECORD("a"),
                              "[" REFERENCE("R", "event-value", "1") "]");
    registry_world_open_waiting(REGISTRY_LONG_MS);
    const struct event_schema *schema = registry_world_find(20);
    ck_assert_ptr_nonnull(schema);
    ck_assert_int_eq(schema->kind, EVENT_SCHEMA_OTHER);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registry_references");
    TCase *tests = tcase_create("registry");

    tcase_add_checked_fixture(tests, registry_world_open, registry_world_close);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, references_are_followed_each_once);
    tcase_add_test(tests, a_copy_has_what_a_schema_refers_to);
    tcase_add_loop_test(
        tests, references_that_lead_nowhere_are_a_wrong_answer, 0,
        sizeof(broken_references) / sizeof(broken_references[0]));
    tcase_add_test(tests, a_circle_of_references_ends);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
