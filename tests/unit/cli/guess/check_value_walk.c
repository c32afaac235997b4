/*
 * check_value_walk.c - every value of a record comes with its path, which finds
 * the same value again.
 */
#include "support/run_suite.h"

#include "cli/guess/value_walk.h"

#include "common/event/event_find.h"
#include "common/event/event_scratch.h"

#include <stdio.h>
#include <string.h>

#define B(text) (const uint8_t *)(text), sizeof(text) - 1

/* The paths of a record, each behind a blank. */
static void paths_of(const uint8_t *bytes, size_t size, char *out, size_t room)
{
    struct value_walk walk;
    struct cursor_value value;
    const char *path;
    size_t at = 0;

    out[0] = '\0';
    value_walk_start(&walk, bytes, size);
    while (value_walk_next(&walk, &path, &value))
        at += (size_t)snprintf(out + at, room - at, " %s", path);
}

static const struct {
    const uint8_t *bytes;
    size_t size;
    const char *paths;
} records[] = {
    {B("{}"), ""},
    {B("[1]"), ""},
    {B("{\"id\": 1, \"a\": {\"b\": {\"c\": null}}, \"d\": 2}"),
     " id a a.b a.b.c d"},
    {B("{\"items\": [{\"id\": 1}, 2, [3], 4, {\"id\": 5}], \"z\": 6}"),
     " items items[0] items[0].id items[1] items[2] items[2][0] z"},
    {B("{\"a b\": {\"c.d\": 1}, \"it's\": 2, \"@key\": 3, \"e\": {\"@f\": 4}}"),
     " $['a b'] $['a b']['c.d'] $[\"it's\"] $['@key'] e e['@f']"},
    {B("{\"\": 1, \"a\\u001bb\": {\"c\": 2}, \"'\\\"\": 3, \"ok\": 4}"), " ok"},
    {B("{\"n\\u00e9\": 1}"), " $['n\xc3\xa9']"},
    {B("\x83\xa2id\x01\x07\x02\xa1"
       "a\x92\x81\xa1"
       "b\x03\xc0"),
     " id a a[0] a[0].b a[1]"},
};
enum { RECORDS = sizeof(records) / sizeof(records[0]) };

START_TEST(values_come_with_their_paths)
{
    char paths[512];

    paths_of(records[_i].bytes, records[_i].size, paths, sizeof(paths));
    ck_assert_str_eq(paths, records[_i].paths);
}
END_TEST

START_TEST(a_path_leads_to_its_value)
{
    struct value_walk walk;
    struct cursor_value value;
    struct event_scratch scratch = {0};
    struct error err;
    const char *path;

    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    value_walk_start(&walk, records[_i].bytes, records[_i].size);
    while (value_walk_next(&walk, &path, &value)) {
        struct event_plan plan = {.count = 0};
        ck_assert_ok(event_plan_add(&plan, path, &err), err);
        ck_assert_int_eq(walk.is_json
                             ? event_find_in_json(&plan, records[_i].bytes,
                                                  records[_i].size, &scratch)
                             : event_find_in_msgpack(&plan, records[_i].bytes,
                                                     records[_i].size,
                                                     &scratch.found),
                         EVENT_OK);
        ck_assert_msg(scratch.found.seen == 1, "%s leads nowhere", path);
        ck_assert_int_eq(scratch.found.values[0].type, value.type);
        if (value.type == CURSOR_INTEGER)
            ck_assert_int_eq(scratch.found.values[0].integer, value.integer);
    }
    event_scratch_free(&scratch);
}
END_TEST

START_TEST(a_text_is_without_its_escapes)
{
    static const char record[] = "{\"a\": \"x\\n\\u00e9\\\"\"}";
    struct value_walk walk;
    struct cursor_value value;
    const char *path;

    value_walk_start(&walk, B(record));
    ck_assert(value_walk_next(&walk, &path, &value));
    ck_assert_uint_eq(value.size, 5);
    ck_assert_mem_eq(value.bytes, "x\n\xc3\xa9\"", 5);
}
END_TEST

START_TEST(names_that_no_path_can_have_are_counted)
{
    struct value_walk walk;
    struct cursor_value value;
    const char *path;
    char record[512], name[200];

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    snprintf(record, sizeof(record), "{\"%s\":1,\"\":2,\"a\":{\"%s\":[3]}}",
             name, name);
    value_walk_start(&walk, (const uint8_t *)record, strlen(record));
    ck_assert(value_walk_next(&walk, &path, &value));
    ck_assert_str_eq(path, "a");
    ck_assert(!value_walk_next(&walk, &path, &value));
    ck_assert_uint_eq(walk.unnamed, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("value_walk");
    TCase *tests = tcase_create("paths");

    tcase_add_loop_test(tests, values_come_with_their_paths, 0, RECORDS);
    tcase_add_loop_test(tests, a_path_leads_to_its_value, 0, RECORDS);
    tcase_add_test(tests, a_text_is_without_its_escapes);
    tcase_add_test(tests, names_that_no_path_can_have_are_counted);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
