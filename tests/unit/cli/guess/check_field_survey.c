/*
 * check_field_survey.c - records of many kinds are counted by what they look
 * like, and their fields by types, values and records.
 */
#include "support/run_suite.h"

#include "cli/guess/field_survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define B(text) (const uint8_t *)(text), sizeof(text) - 1

static struct field_survey *survey;
static struct error err;

static void start(void)
{
    ck_assert_ok(field_survey_new(NULL, &survey, &err), err);
}

static void stop(void)
{
    field_survey_free(survey);
}

static void take(const uint8_t *bytes, size_t size)
{
    const struct message message = {
        .value = bytes, .value_size = size, .timestamp_ms = -1};

    ck_assert_ok(field_survey_take(survey, &message, NULL, 0, &err), err);
}

static void take_text(const char *text)
{
    take((const uint8_t *)text, strlen(text));
}

static const struct surveyed_field *find(const char *path)
{
    for (size_t i = 0; i < field_survey_count(survey); i++)
        if (strcmp(field_survey_at(survey, i)->path, path) == 0)
            return field_survey_at(survey, i);
    ck_abort_msg("no field %s", path);
    return NULL;
}

static size_t different(const char *path)
{
    size_t of;

    for (size_t i = 0; i < field_survey_count(survey); i++)
        if (strcmp(field_survey_at(survey, i)->path, path) == 0)
            return field_survey_different(survey, i, &of);
    return 0;
}

/* One record of each format, and whether its fields are seen. */
static const struct {
    const uint8_t *bytes;
    size_t size;
    enum record_look look;
    bool has_fields;
} formats[] = {
    {B("\x81\xa2id\x01"), LOOK_MSGPACK, true},
    {B("\x81\xc4\x02id\x01"), LOOK_MSGPACK_BYTES, true},
    {B("{\"id\":1}"), LOOK_JSON, true},
    {B("\0\0\0\0\x09{\"id\":1}"), LOOK_REGISTRY_JSON, true},
    {B("{\"id\":1"), LOOK_JSON, false},
    {B("{\"id\":1}{}"), LOOK_JSON, false},
    {B("\x81\xa2id"), LOOK_MSGPACK, false},
    {B("\0\0\0\0\x09\x0aimp-1\x0e"), LOOK_REGISTRY_AVRO, false},
    {B("\0\0\0\0\x09\0\x0a\x01x"), LOOK_REGISTRY_PROTOBUF, false},
    {B("\x0a\x05imp-1\x10\x80\x01"), LOOK_PROTOBUF, false},
    {B("[{\"id\":1}]"), LOOK_JSON_ARRAY, false},
    {B("\xef\xbb\xbf{\"id\":1}"), LOOK_JSON_MARK, false},
    {B("{'id': 1}"), LOOK_PYTHON, false},
    {B("1,2,3"), LOOK_CSV, false},
    {B("<a/>"), LOOK_XML, false},
    {B("hello"), LOOK_TEXT, false},
    {B("\x1f\x8b\x08"), LOOK_COMPRESSED, false},
    {B("\xff\x00\xff"), LOOK_BINARY, false},
    {NULL, 0, LOOK_NOTHING, false},
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

START_TEST(formats_are_counted)
{
    take(formats[_i].bytes, formats[_i].size);
    ck_assert_uint_eq(field_survey_looks(survey)[formats[_i].look], 1);
    ck_assert_uint_eq(field_survey_records(survey), 1);
    ck_assert_uint_eq(field_survey_maps(survey), formats[_i].has_fields);
}
END_TEST

START_TEST(a_field_has_its_types_and_values)
{
    take_text("{\"a\": 1, \"b\": {\"c\": \"x\"}}");
    take_text("{\"a\": \"two\", \"b\": {\"c\": \"y\"}}");
    take_text("{\"a\": null, \"b\": 3.5}");
    take_text("{\"a\": true}");

    const struct surveyed_field *a = find("a"), *b = find("b");
    ck_assert_uint_eq(a->records, 4);
    ck_assert_uint_eq(a->types[SURVEY_INTEGER], 1);
    ck_assert_uint_eq(a->types[SURVEY_TEXT], 1);
    ck_assert_uint_eq(a->types[SURVEY_NULL], 1);
    ck_assert_uint_eq(a->types[SURVEY_BOOLEAN], 1);
    ck_assert_uint_eq(a->ids, 2);
    ck_assert_uint_eq(a->clicks, 2);
    ck_assert_str_eq(a->example, "1");
    ck_assert_uint_eq(different("a"), 3);
    ck_assert_uint_eq(b->records, 3);
    ck_assert_uint_eq(b->types[SURVEY_OBJECT], 2);
    ck_assert_uint_eq(b->types[SURVEY_REAL], 1);
    ck_assert_uint_eq(find("b.c")->word_count, 2);
    ck_assert_str_eq(find("b.c")->words[1].text, "y");
}
END_TEST

/* What the value of `t` could be as a time. */
static const struct {
    const char *value;
    uint32_t times, text_times, zoneless;
    int unit; /* EVENT_TIME_AUTO: it has none */
} times[] = {
    {"1700000000", 1, 0, 0, EVENT_TIME_S},
    {"1700000000.5", 1, 0, 0, EVENT_TIME_S},
    {"1700000000123", 1, 0, 0, EVENT_TIME_MS},
    {"1700000000123456", 1, 0, 0, EVENT_TIME_US},
    {"1700000000123456789", 1, 0, 0, EVENT_TIME_NS},
    {"\"1700000000123\"", 1, 0, 0, EVENT_TIME_MS},
    {"\"2023-11-14T22:13:20.123Z\"", 1, 1, 0, EVENT_TIME_AUTO},
    {"\"2023-11-14T22:13:20+01:00\"", 1, 1, 0, EVENT_TIME_AUTO},
    {"\"2023-11-14T22:13:20\"", 0, 0, 1, EVENT_TIME_AUTO},
    {"\"2023-11-14\"", 0, 0, 1, EVENT_TIME_AUTO},
    {"\"yesterday\"", 0, 0, 0, EVENT_TIME_AUTO},
    {"7", 0, 0, 0, EVENT_TIME_AUTO},
    {"true", 0, 0, 0, EVENT_TIME_AUTO},
};

START_TEST(times_are_known_by_their_values)
{
    char record[64];

    snprintf(record, sizeof(record), "{\"t\": %s}", times[_i].value);
    take_text(record);
    const struct surveyed_field *field = find("t");
    ck_assert_uint_eq(field->times, times[_i].times);
    ck_assert_uint_eq(field->text_times, times[_i].text_times);
    ck_assert_uint_eq(field->zoneless, times[_i].zoneless);
    for (int unit = 0; unit < EVENT_TIME_AUTO; unit++)
        ck_assert_uint_eq(field->units[unit], unit == times[_i].unit);
}
END_TEST

START_TEST(the_timestamp_of_msgpack_is_a_time)
{
    take(B("\x81\xa1t\xd6\xff\x65\x53\xf1\0"));
    ck_assert_uint_eq(find("t")->times, 1);
    ck_assert_uint_eq(find("t")->types[SURVEY_TIME], 1);
}
END_TEST

START_TEST(what_stands_beside_the_value_is_seen)
{
    const struct record_header headers[] = {
        {"ce_id", B("e1")}, {"bad\x1bname", B("x")}, {"none", NULL, 0}};
    const struct message message = {.value = (const uint8_t *)"{}",
                                    .value_size = 2,
                                    .key = (const uint8_t *)"u1",
                                    .key_size = 2,
                                    .timestamp_ms = 1700000000123};

    ck_assert_ok(field_survey_take(survey, &message, headers, 3, &err), err);
    ck_assert_str_eq(find("@key")->example, "\"u1\"");
    ck_assert_uint_eq(find("@timestamp")->times, 1);
    ck_assert_str_eq(find("header:ce_id")->example, "\"e1\"");
    ck_assert_uint_eq(field_survey_count(survey), 3);
    ck_assert_uint_eq(field_survey_left_out(survey), 2);
}
END_TEST

START_TEST(examples_are_safe_and_short)
{
    char record[400], text[300];

    take_text("{\"a\": \"\\u001b[31mred\\u009b\\n\"}");
    ck_assert_str_eq(find("a")->example, "\"\\x1b[31mred\\u009b\\x0a\"");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    snprintf(record, sizeof(record), "{\"b\": \"%s\"}", text);
    take_text(record);
    ck_assert_uint_lt(strlen(find("b")->example), SURVEY_EXAMPLE_SIZE);
    ck_assert_ptr_nonnull(strstr(find("b")->example, "xxx...\""));
    ck_assert(find("b")->has_more_words);
}
END_TEST

START_TEST(a_name_that_comes_twice_is_counted)
{
    take_text("{\"a\": 1, \"a\": 2}");
    take_text("{\"a\": 1}");
    ck_assert_uint_eq(find("a")->records, 2);
    ck_assert_uint_eq(find("a")->repeated, 1);
}
END_TEST

START_TEST(memory_is_bounded)
{
    char record[64];
    size_t of = 0;

    for (int i = 0; i < SURVEY_FIELDS_MAX + 10; i++) {
        snprintf(record, sizeof(record), "{\"f%d\": 1}", i);
        take_text(record);
    }
    ck_assert_uint_eq(field_survey_count(survey), SURVEY_FIELDS_MAX);
    ck_assert_uint_eq(field_survey_left_out(survey), 10);
    for (int i = 0; i < SURVEY_VALUES_MAX + 10; i++) {
        snprintf(record, sizeof(record), "{\"f0\": %d}", i);
        take_text(record);
    }
    ck_assert_uint_eq(field_survey_different(survey, 0, &of),
                      SURVEY_VALUES_MAX - 1); /* 1 came twice */
    ck_assert_uint_eq(of, SURVEY_VALUES_MAX);
    field_survey_clear(survey);
    ck_assert_uint_eq(field_survey_count(survey), 0);
    ck_assert_uint_eq(field_survey_records(survey), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("field_survey");
    TCase *tests = tcase_create("fields");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, formats_are_counted, 0, FORMATS);
    tcase_add_test(tests, a_field_has_its_types_and_values);
    tcase_add_loop_test(tests, times_are_known_by_their_values, 0,
                        sizeof(times) / sizeof(times[0]));
    tcase_add_test(tests, the_timestamp_of_msgpack_is_a_time);
    tcase_add_test(tests, what_stands_beside_the_value_is_seen);
    tcase_add_test(tests, examples_are_safe_and_short);
    tcase_add_test(tests, a_name_that_comes_twice_is_counted);
    tcase_add_test(tests, memory_is_bounded);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
