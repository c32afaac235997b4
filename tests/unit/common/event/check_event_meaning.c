/*
 * check_event_meaning.c - times and clicks as people write them.
 */
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/event/event_reader.h"
#include "common/event/event_time.h"

#include <stdio.h>
#include <string.h>

static struct event_scratch scratch;
static struct error err;

static void tear_down(void)
{
    event_scratch_free(&scratch);
}

static struct event_record record_of(const char *value)
{
    return (struct event_record){.value = (const uint8_t *)value,
                                 .value_size = strlen(value)};
}

static enum event_fault take_impression(const struct event_fields *fields,
                                        const struct event_record *record,
                                        struct impression *out)
{
    struct event_reader *reader = NULL;
    const char *about;

    ck_assert_ok(event_reader_new(fields, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    enum event_fault fault =
        event_reader_impression(reader, record, &scratch, out, &about);
    event_reader_free(reader);
    return fault;
}

static enum event_fault take_label(const struct event_fields *fields,
                                   const char *value, struct label *out)
{
    return one_label(fields, (const uint8_t *)value, strlen(value), out, NULL);
}

/* --- Times ------------------------------------------------------------ */

static const struct {
    const char *ts; /* as JSON */
    int unit;
    int64_t ms; /* or minus the fault */
    bool is_guessed;
} times[] = {
    {"1700000000123", EVENT_TIME_MS, 1700000000123, false},
    {"1700000000", EVENT_TIME_MS, 1700000000, false},
    {"1700000000", EVENT_TIME_S, 1700000000000, false},
    {"1700000000.123", EVENT_TIME_S, 1700000000123, false},
    {"1700000000123456", EVENT_TIME_US, 1700000000123, false},
    {"1700000000123456789", EVENT_TIME_NS, 1700000000123, false},
    {"1700000000123", EVENT_TIME_AUTO, 1700000000123, false},
    {"1700000000", EVENT_TIME_AUTO, 1700000000000, true},
    {"1700000000.9996", EVENT_TIME_AUTO, 1700000001000, true},
    {"\"1700000000.5\"", EVENT_TIME_AUTO, 1700000000500, true},
    {"1700000000123456", EVENT_TIME_AUTO, 1700000000123, true},
    {"1700000000123456789", EVENT_TIME_AUTO, 1700000000123, true},
    {"99999999", EVENT_TIME_AUTO, 99999999, false},
    {"100000000", EVENT_TIME_AUTO, 100000000000, true},
    {"99999999999", EVENT_TIME_AUTO, 99999999999000, true},
    {"100000000000", EVENT_TIME_AUTO, 100000000000, false},
    {"0", EVENT_TIME_AUTO, 0, false},
    {"253402300800", EVENT_TIME_S, -EVENT_RANGE, false},
    {"253402300799999", EVENT_TIME_MS, 253402300799999, false},
    {"253402300800000", EVENT_TIME_MS, -EVENT_RANGE, false},
    {"-0.5", EVENT_TIME_S, -EVENT_RANGE, false},
    {"1e30", EVENT_TIME_S, -EVENT_RANGE, false},
    {"true", EVENT_TIME_AUTO, -EVENT_TYPE, false},
    {"\"2023-11-14T22:13:20Z\"", EVENT_TIME_S, 1700000000000, false},
    {"\"2023-11-14t22:13:20.1239z\"", EVENT_TIME_AUTO, 1700000000123, false},
    {"\"2023-11-14 22:13:20+00:00\"", EVENT_TIME_AUTO, 1700000000000, false},
    {"\"2023-11-15T03:43:20+05:30\"", EVENT_TIME_AUTO, 1700000000000, false},
    {"\"2023-11-14T14:13:20-08:00\"", EVENT_TIME_AUTO, 1700000000000, false},
    {"\"2024-02-29T00:00:00Z\"", EVENT_TIME_AUTO, 1709164800000, false},
    {"\"2023-02-29T00:00:00Z\"", EVENT_TIME_AUTO, -EVENT_RANGE, false},
    {"\"2023-13-01T00:00:00Z\"", EVENT_TIME_AUTO, -EVENT_RANGE, false},
    {"\"2016-12-31T23:59:60Z\"", EVENT_TIME_AUTO, 1483228800000, false},
    {"\"1969-12-31T23:59:59Z\"", EVENT_TIME_AUTO, -EVENT_RANGE, false},
    {"\"1970-01-01T00:00:00Z\"", EVENT_TIME_AUTO, 0, false},
    {"\"9999-12-31T23:59:59.999Z\"", EVENT_TIME_AUTO, 253402300799999, false},
    {"\"2023-11-14T22:13:20\"", EVENT_TIME_AUTO, -EVENT_TYPE, false},
    {"\"2023-11-14T22:13:20.Z\"", EVENT_TIME_AUTO, -EVENT_TYPE, false},
    {"\"2023-11-14\"", EVENT_TIME_AUTO, -EVENT_TYPE, false},
    {"\"2023-11-14T22:13:20Zx\"", EVENT_TIME_AUTO, -EVENT_TYPE, false},
    {"\"\"", EVENT_TIME_AUTO, -EVENT_TYPE, false},
};
enum { TIMES = sizeof(times) / sizeof(times[0]) };

START_TEST(times_are_read_as_they_are_written)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression event;
    char value[200];

    fields.impressions_format = EVENT_FORMAT_JSON;
    fields.ts_unit = times[_i].unit;
    snprintf(value, sizeof(value), "{\"id\":1,\"ts\":%s,\"user\":1,\"ad\":1}",
             times[_i].ts);
    const struct event_record record = record_of(value);
    enum event_fault fault = take_impression(&fields, &record, &event);
    if (times[_i].ms < 0) {
        ck_assert_str_eq(event_fault_name(fault),
                         event_fault_name((enum event_fault) - times[_i].ms));
        return;
    }
    ck_assert_msg(fault == EVENT_OK, "%s: %s", times[_i].ts,
                  event_fault_name(fault));
    ck_assert_int_eq(event.ts_ms, times[_i].ms);
    ck_assert_int_eq(event_span_ms(event.raw_ts), times[_i].ms);
    ck_assert_uint_eq(scratch.guessed_times, times[_i].is_guessed);
}
END_TEST

START_TEST(msgpack_times_keep_their_bytes_when_they_are_ms)
{
    static const char seconds[] =
        "\x84\xa2id\x01\xa2ts\xce\x65\x53\xf1\x00\xa4user\x01\xa2"
        "ad\x01";
    static const char ms[] =
        "\x84\xa2id\x01\xa2ts\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x7b\xa4user\x01"
        "\xa2"
        "ad\x01";
    static const char real[] =
        "\x84\xa2id\x01\xa2ts\xcb\x42\x78\xbc\xfe\x56\x87\xb0\x00\xa4user\x01"
        "\xa2"
        "ad\x01";
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct event_record record = {.value = (const uint8_t *)ms,
                                  .value_size = sizeof(ms) - 1};
    struct impression event;

    fields.ts_unit = EVENT_TIME_AUTO;
    ck_assert_int_eq(take_impression(&fields, &record, &event), EVENT_OK);
    ck_assert_ptr_eq(event.raw_ts.bytes, ms + 8);
    record.value = (const uint8_t *)seconds;
    record.value_size = sizeof(seconds) - 1;
    ck_assert_int_eq(take_impression(&fields, &record, &event), EVENT_OK);
    ck_assert_int_eq(event_span_ms(event.raw_ts), 1700000000000);
    /* JavaScript's Date.now(), as some libraries write it. */
    record.value = (const uint8_t *)real;
    record.value_size = sizeof(real) - 1;
    ck_assert_int_eq(take_impression(&fields, &record, &event), EVENT_OK);
    ck_assert_int_eq(event_span_ms(event.raw_ts), 1700000000123);
}
END_TEST

/* --- Labels ----------------------------------------------------------- */

static const struct {
    const char *value, *values, *filter;
    enum event_fault fault;
    double click;
} labels[] = {
    {"{\"id\":1,\"ts\":1,\"click\":true}", "", "", EVENT_OK, 1},
    {"{\"id\":1,\"ts\":1,\"click\":0}", "", "", EVENT_OK, 0},
    {"{\"id\":1,\"ts\":1,\"click\":1.0}", "", "", EVENT_OK, 1},
    {"{\"id\":1,\"ts\":1,\"click\":0.25}", "", "", EVENT_OK, 0.25},
    {"{\"id\":1,\"ts\":1,\"click\":\"1\"}", "", "", EVENT_OK, 1},
    {"{\"id\":1,\"ts\":1,\"click\":\"false\"}", "", "", EVENT_OK, 0},
    {"{\"id\":1,\"ts\":1,\"click\":\"yes\"}", "", "", EVENT_TYPE, 0},
    {"{\"id\":1,\"ts\":1,\"click\":2}", "", "", EVENT_RANGE, 0},
    {"{\"id\":1,\"ts\":1,\"click\":1e400}", "", "", EVENT_RANGE, 0},
    {"{\"id\":1,\"ts\":1,\"click\":\"buy\"}", "buy:1,cart:0.5,view:0", "",
     EVENT_OK, 1},
    {"{\"id\":1,\"ts\":1,\"click\":\"cart\"}", "buy:1, cart :0.5,view:0", "",
     EVENT_OK, 0.5},
    {"{\"id\":1,\"ts\":1,\"click\":2}", "2:1", "", EVENT_OK, 1},
    {"{\"id\":1,\"ts\":1,\"click\":\"zoom\"}", "buy:1", "", EVENT_TYPE, 0},
    {"{\"id\":1,\"ts\":1,\"click\":1,\"type\":\"click\"}", "", "type==click",
     EVENT_OK, 1},
    {"{\"id\":1,\"ts\":1,\"click\":1,\"type\":\"click\"}", "",
     " type == \"click\" ", EVENT_OK, 1},
    {"{\"id\":1,\"type\":\"view\"}", "", "type==click", EVENT_PASSED_OVER, 0},
    {"{\"id\":1}", "", "type==click", EVENT_PASSED_OVER, 0},
    {"{\"id\":1,\"ts\":1,\"click\":1,\"e\":{\"k\":3}}", "", "e.k==3", EVENT_OK,
     1},
    {"{\"id\":1,\"ts\":1,\"click\":1,\"k\":true}", "", "k==true", EVENT_OK, 1},
    {"{\"type\":\"click\",\"type\":\"view\"}", "", "type==click",
     EVENT_REPEATED, 0},
};
enum { LABELS = sizeof(labels) / sizeof(labels[0]) };

START_TEST(labels_mean_clicks)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct label event;

    fields.labels_format = EVENT_FORMAT_AUTO;
    strcpy(fields.click_values, labels[_i].values);
    strcpy(fields.labels_filter, labels[_i].filter);
    enum event_fault fault = take_label(&fields, labels[_i].value, &event);
    ck_assert_str_eq(event_fault_name(fault),
                     event_fault_name(labels[_i].fault));
    if (fault == EVENT_OK)
        ck_assert_double_eq(event.click, labels[_i].click);
}
END_TEST

START_TEST(a_label_may_carry_its_pair)
{
    static const char with[] =
        "{\"id\":1,\"ts\":1,\"click\":1,\"user\":\"u\",\"ad\":\"a\\u0031\"}";
    static const char without[] =
        "{\"id\":1,\"ts\":1,\"click\":1,\"user\":null,\"ad\":\"a\"}";
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct label event;

    fields.labels_format = EVENT_FORMAT_JSON;
    ck_assert_int_eq(take_label(&fields, with, &event), EVENT_OK);
    ck_assert(event.has_pair);
    ck_assert_uint_eq(event.ad.size, 2);
    ck_assert_mem_eq(event.ad.text, "a1", 2);
    ck_assert_int_eq(take_label(&fields, without, &event), EVENT_OK);
    ck_assert(!event.has_pair);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event meaning");
    TCase *tests = tcase_create("times and clicks");

    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_loop_test(tests, times_are_read_as_they_are_written, 0, TIMES);
    tcase_add_test(tests, msgpack_times_keep_their_bytes_when_they_are_ms);
    tcase_add_loop_test(tests, labels_mean_clicks, 0, LABELS);
    tcase_add_test(tests, a_label_may_carry_its_pair);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
