/*
 * check_field_scan.c - the fields of a record as the keys of a model.
 */
#include "support/run_suite.h"

#include "common/event/event_codec.h"

#include "consumer/learn/field_scan.h"

#include <string.h>

static struct error err;

static const struct event_fields names = {
    .id = "id", .ts = "ts", .user = "who", .ad = "what", .click = "click"};

static struct field_list list_of(const char *text)
{
    struct field_list list;

    ck_assert_ok(field_list_parse(text, &list, &err), err);
    return list;
}

static uint64_t key_of(const struct field_list *list, uint32_t value,
                       const char *text)
{
    struct id id = id_from_text(text, strlen(text));

    return field_list_key(list, value, &id);
}

/* Scans an impression of user 7 and ad "a1" with two further fields. */
static void scan(const struct field_list *list,
                 const struct event_extra extras[2], uint64_t *values)
{
    const struct impression event = {.id = id_from_number(1),
                                     .ts_ms = 1700000000000,
                                     .user = id_from_number(7),
                                     .ad = id_from_text("a1", 2)};
    struct event_scratch scratch = {0};
    struct event_reader *reader = NULL;
    struct field_scan fields;
    struct impression out;
    struct buffer bytes = {0};
    const char *about = NULL;

    event_encode_impression(&names, &event, extras, 2, &bytes);
    ck_assert(!buffer_failed(&bytes));
    const struct event_record record = {.value = bytes.bytes,
                                        .value_size = bytes.size};
    ck_assert_ok(event_reader_new(&names, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    ck_assert_ok(field_scan_want(&fields, &names, list, reader, &err), err);
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    ck_assert_int_eq(
        event_reader_impression(reader, &record, &scratch, &out, &about),
        EVENT_OK);
    field_scan_values(&fields, &scratch.found, values);
    event_reader_free(reader);
    event_scratch_free(&scratch);
    buffer_free(&bytes);
}

START_TEST(values_are_found_by_name)
{
    const struct field_list list = list_of("position,user,query,ad*query,ad");
    const struct event_extra extras[2] = {
        {.name = "query", .value = id_from_text("shoes", 5)},
        {.name = "position", .value = id_from_number(2)}};
    uint64_t values[FIELD_VALUES_MAX];

    scan(&list, extras, values);
    ck_assert(values[0] == key_of(&list, 0, "2"));
    ck_assert(values[1] == key_of(&list, 1, "7"));
    ck_assert(values[2] == key_of(&list, 2, "shoes"));
    ck_assert(values[3] == key_of(&list, 3, "a1"));
}
END_TEST

START_TEST(what_is_no_value_is_absent)
{
    const struct field_list list = list_of("user,price,query,position");
    const struct event_extra extras[2] = {
        {.name = "price", .is_real = true, .real = 1.5},
        {.name = "query", .value = id_from_text("", 0)}};
    uint64_t values[FIELD_VALUES_MAX];

    scan(&list, extras, values);
    ck_assert(values[0] == key_of(&list, 0, "7"));
    ck_assert(values[1] == FIELD_ABSENT);
    ck_assert(values[2] == FIELD_ABSENT);
    ck_assert(values[3] == FIELD_ABSENT);
}
END_TEST

START_TEST(a_whole_number_is_one_value_however_it_is_written)
{
    const struct field_list list = list_of("position,depth");
    const struct event_extra extras[2] = {
        {.name = "position", .is_real = true, .real = 3},
        {.name = "depth", .value = id_from_text("3", 1)}};
    uint64_t values[FIELD_VALUES_MAX];

    scan(&list, extras, values);
    ck_assert(values[0] == key_of(&list, 0, "3"));
    ck_assert(values[1] == key_of(&list, 1, "3"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("field scan");
    TCase *tests = tcase_create("values");

    tcase_add_test(tests, values_are_found_by_name);
    tcase_add_test(tests, what_is_no_value_is_absent);
    tcase_add_test(tests, a_whole_number_is_one_value_however_it_is_written);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
