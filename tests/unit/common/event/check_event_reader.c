/*
 * check_event_reader.c - events as people have them: JSON and msgpack, fields
 * by paths, times and clicks as they are written.
 */
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

static struct event_reader *reader_of(const struct event_fields *fields,
                                      enum event_kind kind)
{
    struct event_reader *reader = NULL;

    ck_assert_ok(event_reader_new(fields, kind, &reader, &err), err);
    return reader;
}

static struct event_record record_of(const char *value)
{
    return (struct event_record){.value = (const uint8_t *)value,
                                 .value_size = strlen(value),
                                 .timestamp_ms = 1700000009000,
                                 .partition = 3};
}

static enum event_fault take_impression(const struct event_fields *fields,
                                        const struct event_record *record,
                                        struct impression *out,
                                        const char **about)
{
    struct event_reader *reader = reader_of(fields, EVENT_IMPRESSIONS);

    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    enum event_fault fault =
        event_reader_impression(reader, record, &scratch, out, about);
    /* The name of the field lives in the reader. */
    static char name[EVENT_FIELD_SIZE];
    if (*about) {
        strcpy(name, *about);
        *about = name;
    }
    event_reader_free(reader);
    return fault;
}

static void check_id(const struct id *id, const char *text)
{
    char printed[ID_PRINT_SIZE];

    id_print(id, printed);
    ck_assert_str_eq(printed, text);
}

/* --- JSON ------------------------------------------------------------------
 */

static const struct {
    const char *value;
    enum event_fault fault;
    const char *about;
} records[] = {
    {"{\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":\"42\"}", EVENT_OK,
     NULL},
    {" {\"ad\" : 42.0 , \"user\" : \"7\", \"x\":[{}], \"ts\" : 1700000000123, "
     "\"id\" : 1 } \n",
     EVENT_OK, NULL},
    {"{\"\\u0069d\":1,\"ts\":1700000000123,\"us\\u0065r\":\"\\u0037\",\"ad\":"
     "42}",
     EVENT_OK, NULL},
    {"{\"id\":1,\"ts\":\"2023-11-14T22:13:20.123Z\",\"user\":7,\"ad\":42}",
     EVENT_OK, NULL},
    {"{\"id\":1,\"ts\":\"1700000000123\",\"user\":7,\"ad\":42}", EVENT_OK,
     NULL},
    {"{\"id\":1,\"ts\":1700000000123,\"user\":7}", EVENT_MISSING, "ad"},
    {"{\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":null}", EVENT_TYPE,
     "ad"},
    {"{\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":{}}", EVENT_TYPE, "ad"},
    {"{\"id\":1,\"ts\":1700000000123,\"user\":true,\"ad\":1}", EVENT_TYPE,
     "user"},
    {"{\"id\":1.5,\"ts\":1700000000123,\"user\":7,\"ad\":1}", EVENT_TYPE, "id"},
    {"{\"id\":9223372036854775808,\"ts\":1,\"user\":7,\"ad\":1}", EVENT_RANGE,
     "id"},
    {"{\"id\":\"\",\"ts\":1,\"user\":7,\"ad\":1}", EVENT_ID_LENGTH, "id"},
    {"{\"id\":1,\"ts\":-1,\"user\":7,\"ad\":1}", EVENT_RANGE, "ts"},
    {"{\"id\":1,\"ts\":\"soon\",\"user\":7,\"ad\":1}", EVENT_TYPE, "ts"},
    {"{\"id\":1,\"ts\":1,\"user\":7,\"ad\":1,\"user\":7}", EVENT_REPEATED,
     "user"},
    {"{\"id\":1,\"ts\":1,\"user\":7,\"ad\":1,\"us\\u0065r\":7}", EVENT_REPEATED,
     "user"},
    {"{\"id\":1,\"ts\":1,\"user\":7,\"ad\":1,\"x\":1,\"x\":2}", EVENT_OK, NULL},
    /* The form is told before a field. */
    {"{\"id\":1,\"id\":1,\"ts\":1,\"user\":7,\"ad\":1", EVENT_TRUNCATED, NULL},
    {"[{\"id\":1}]", EVENT_NOT_A_MAP, NULL},
};
enum { RECORDS = sizeof(records) / sizeof(records[0]) };

START_TEST(json_is_an_event_or_has_a_reason)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    const struct event_record record = record_of(records[_i].value);
    struct impression event = {.ts_ms = -5};
    const char *about;

    for (int format = EVENT_FORMAT_JSON; format <= EVENT_FORMAT_AUTO;
         format++) {
        fields.impressions_format = format;
        enum event_fault fault =
            take_impression(&fields, &record, &event, &about);
        ck_assert_str_eq(event_fault_name(fault),
                         event_fault_name(records[_i].fault));
        if (records[_i].about)
            ck_assert_str_eq(about, records[_i].about);
        else
            ck_assert_ptr_null(about);
        if (fault != EVENT_OK)
            ck_assert_int_eq(event.ts_ms, -5); /* untouched */
    }
    if (records[_i].fault == EVENT_OK && event.ts_ms > 1) {
        check_id(&event.id, "1");
        check_id(&event.user, "7");
        check_id(&event.ad, "42");
        ck_assert_int_eq(event.ts_ms, 1700000000123);
    }
}
END_TEST

#define B(text) text, sizeof(text) - 1

/* What a prediction repeats: the type of an id is kept, a time is ms. */
static const struct {
    const char *id, *span;
    size_t size;
} spans[] = {
    {"7", B("\x07")},
    {"7.0", B("\x07")},
    {"\"7\"", B("\xa1"
                "7")},
    {"127", B("\x7f")},
    {"128", B("\xcc\x80")},
    {"256", B("\xcd\x01\x00")},
    {"65536", B("\xce\x00\x01\x00\x00")},
    {"4294967296", B("\xcf\x00\x00\x00\x01\x00\x00\x00\x00")},
    {"-1", B("\xff")},
    {"-33", B("\xd0\xdf")},
    {"-129", B("\xd1\xff\x7f")},
    {"-32769", B("\xd2\xff\xff\x7f\xff")},
    {"-2147483649", B("\xd3\xff\xff\xff\xff\x7f\xff\xff\xff")},
    {"\"\\u00e9\"", B("\xa2\xc3\xa9")},
    {"\"0123456789012345678901234567890x\"",
     B("\xd9\x20"
       "0123456789012345678901234567890x")},
};
enum { SPANS = sizeof(spans) / sizeof(spans[0]) };

START_TEST(an_id_of_json_is_repeated_with_its_type)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression event;
    const char *about;
    char value[200];

    fields.impressions_format = EVENT_FORMAT_JSON;
    snprintf(value, sizeof(value),
             "{\"id\":%s,\"ts\":1700000000123,\"user\":1,\"ad\":1}",
             spans[_i].id);
    const struct event_record record = record_of(value);
    ck_assert_int_eq(take_impression(&fields, &record, &event, &about),
                     EVENT_OK);
    ck_assert_uint_eq(event.raw_id.size, spans[_i].size);
    ck_assert_mem_eq(event.raw_id.bytes, spans[_i].span, spans[_i].size);
    struct id again = event_span_id(event.raw_id);
    ck_assert(id_equal(&again, &event.id));
    ck_assert_int_eq(event_span_ms(event.raw_ts), 1700000000123);
}
END_TEST

START_TEST(an_id_is_255_bytes_at_most_after_its_escapes)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression event;
    const char *about;
    char value[4000];

    fields.impressions_format = EVENT_FORMAT_JSON;
    for (int size = 254; size <= 300; size++) {
        int at = snprintf(value, sizeof(value), "{\"id\":\"");
        for (int i = 0; i < size; i++)
            at += snprintf(value + at, sizeof(value) - (size_t)at, "%s",
                           i % 2 ? "\\u0061" : "b");
        snprintf(value + at, sizeof(value) - (size_t)at,
                 "\",\"ts\":1,\"user\":1,\"ad\":1}");
        const struct event_record record = record_of(value);
        ck_assert_int_eq(take_impression(&fields, &record, &event, &about),
                         size <= ID_TEXT_MAX ? EVENT_OK : EVENT_ID_LENGTH);
    }
}
END_TEST

START_TEST(json_of_a_schema_registry_stands_behind_five_bytes)
{
    static const char value[] =
        "\0\0\0\0\7{\"id\":1,\"ts\":1,\"user\":7,\"ad\":1}";
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    const struct event_record record = {.value = (const uint8_t *)value,
                                        .value_size = sizeof(value) - 1};
    struct impression event;
    const char *about;

    for (int format = 0; format <= EVENT_FORMAT_AUTO; format++) {
        fields.impressions_format = format;
        ck_assert_int_eq(take_impression(&fields, &record, &event, &about),
                         format == EVENT_FORMAT_MSGPACK ? EVENT_TRAILING
                                                        : EVENT_OK);
    }
}
END_TEST

/* --- Paths -----------------------------------------------------------------
 */

static const char cloud_event[] =
    "{\"specversion\":\"1.0\",\"id\":\"e1\",\"time\":\"2023-11-14T22:13:20Z\","
    "\"data\":{\"context\":{\"user\":{\"id\":7},\"ads\":[{\"id\":1},{\"id\":42}"
    "]},\"data\":{\"id\":9},\"id\":{}}}";

/* The same as msgpack, as far as it matters. */
static const char nested[] =
    "\x83\xa2id\xa2"
    "e1\xa4time\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x00\xa4"
    "data\x81\xa7"
    "context\x82\xa4user\x81\xa2id\x07\xa3"
    "ads\x92\x81\xa2id\x01\x81\xa2id\x2a";

START_TEST(fields_stand_in_nested_records)
{
    const struct event_record in_json = record_of(cloud_event);
    const struct event_record in_msgpack = {.value = (const uint8_t *)nested,
                                            .value_size = sizeof(nested) - 1};
    struct event_fields fields = {.impressions_format = EVENT_FORMAT_AUTO,
                                  .id = "id",
                                  .ts = "time",
                                  .user = "$.data.context.user.id",
                                  .ad = "data.context.ads[1].id"};
    struct impression event;
    const char *about;

    for (int is_json = 0; is_json < 2; is_json++) {
        ck_assert_int_eq(take_impression(&fields,
                                         is_json ? &in_json : &in_msgpack,
                                         &event, &about),
                         EVENT_OK);
        check_id(&event.id, "e1");
        check_id(&event.user, "7");
        check_id(&event.ad, "42");
        ck_assert_int_eq(event.ts_ms, 1700000000000);
    }
    strcpy(fields.ad, "data.context.ads[2].id");
    ck_assert_int_eq(take_impression(&fields, &in_json, &event, &about),
                     EVENT_MISSING);
    ck_assert_str_eq(about, "data.context.ads[2].id");
    strcpy(fields.ad, "data.context"); /* and a path leads through it */
    ck_assert_int_eq(take_impression(&fields, &in_json, &event, &about),
                     EVENT_TYPE);
    ck_assert_int_eq(take_impression(&fields, &in_msgpack, &event, &about),
                     EVENT_TYPE);
    strcpy(fields.ad, "id.x");
    ck_assert_int_eq(take_impression(&fields, &in_json, &event, &about),
                     EVENT_MISSING);
}
END_TEST

static const struct {
    const char *value;
    enum event_fault fault;
} twins[] = {
    {"{\"id\":1,\"ts\":1,\"ad\":1,\"c\":{\"u\":1},\"c\":{\"x\":1}}",
     EVENT_REPEATED},
    {"{\"id\":1,\"ts\":1,\"ad\":1,\"c\":null,\"c\":{\"u\":1}}", EVENT_REPEATED},
    {"{\"id\":1,\"ts\":1,\"ad\":1,\"c\":{\"u\":1,\"u\":2}}", EVENT_REPEATED},
    {"{\"id\":1,\"ts\":1,\"ad\":1,\"c\":{\"u\":1,\"v\":2,\"v\":3}}", EVENT_OK},
    {"{\"id\":1,\"ts\":1,\"ad\":1,\"c\":{\"u\":1},\"d\":{\"u\":2}}", EVENT_OK},
};
enum { TWINS = sizeof(twins) / sizeof(twins[0]) };

START_TEST(a_path_with_two_ends_is_repeated)
{
    struct event_fields fields = {.impressions_format = EVENT_FORMAT_JSON,
                                  .id = "id",
                                  .ts = "ts",
                                  .user = "c.u",
                                  .ad = "ad"};
    const struct event_record record = record_of(twins[_i].value);
    struct impression event;
    const char *about;

    ck_assert_str_eq(
        event_fault_name(take_impression(&fields, &record, &event, &about)),
        event_fault_name(twins[_i].fault));
    if (twins[_i].fault != EVENT_OK)
        ck_assert_str_eq(about, "c.u");
}
END_TEST

START_TEST(fields_stand_beside_the_value)
{
    const struct event_fields fields = {.impressions_format = EVENT_FORMAT_JSON,
                                        .id = "header:ce_id",
                                        .ts = "header:ce_time",
                                        .user = "@key",
                                        .ad = "@partition"};
    const struct event_fields times = {.id = "@key",
                                       .ts = "@timestamp",
                                       .user = "@key",
                                       .ad = "@key",
                                       .ts_unit = EVENT_TIME_S};
    struct event_record record = record_of("{}");
    struct span headers[EVENT_PLAN_MAX] = {{NULL, 0}};
    struct impression event;
    const char *about;

    record.key = (const uint8_t *)"u7";
    record.key_size = 2;
    ck_assert_int_eq(take_impression(&fields, &record, &event, &about),
                     EVENT_MISSING);
    ck_assert_str_eq(about, "header:ce_id");
    record.headers = headers;
    headers[0] = (struct span){(const uint8_t *)"42", 2};
    headers[1] =
        (struct span){(const uint8_t *)"2023-11-14T23:13:20.5+01:00", 27};
    ck_assert_int_eq(take_impression(&fields, &record, &event, &about),
                     EVENT_OK);
    check_id(&event.id, "42");
    check_id(&event.user, "u7");
    check_id(&event.ad, "3");
    ck_assert_int_eq(event.ts_ms, 1700000000500);
    ck_assert_mem_eq(event.raw_id.bytes,
                     "\xa2"
                     "42",
                     3);
    ck_assert_mem_eq(event.raw_user.bytes, "\xa2u7", 3);
    ck_assert_mem_eq(event.raw_ad.bytes, "\x03", 1);

    record = (struct event_record){.value = (const uint8_t *)"\x80",
                                   .value_size = 1,
                                   .key = (const uint8_t *)"\xff\x01",
                                   .key_size = 2,
                                   .timestamp_ms = 1700000009000};
    ck_assert_int_eq(take_impression(&times, &record, &event, &about),
                     EVENT_OK);
    ck_assert_int_eq(event.ts_ms, 1700000009000); /* ms, whatever the unit */
    ck_assert_mem_eq(event.raw_user.bytes, "\xc4\x02\xff\x01", 4);
    record.timestamp_ms = -1;
    ck_assert_int_eq(take_impression(&times, &record, &event, &about),
                     EVENT_MISSING);
}
END_TEST

START_TEST(headers_are_asked_for_by_name)
{
    const struct event_fields fields = {
        .id = "header:ce_id", .ts = "ts", .user = "@key", .ad = "ad"};
    const struct event_fields none = EVENT_FIELDS_DEFAULT;
    struct event_reader *reader = reader_of(&fields, EVENT_IMPRESSIONS);

    ck_assert(event_reader_has_headers(reader));
    ck_assert_str_eq(event_reader_header(reader, 0), "ce_id");
    ck_assert_ptr_null(event_reader_header(reader, 1));
    ck_assert_ptr_null(event_reader_header(reader, EVENT_PLAN_MAX - 1));
    event_reader_free(reader);
    reader = reader_of(&none, EVENT_LABELS);
    ck_assert(!event_reader_has_headers(reader));
    event_reader_free(reader);
}
END_TEST

START_TEST(further_fields_are_found_on_the_way)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct event_reader *reader = reader_of(&fields, EVENT_IMPRESSIONS);
    const struct event_record record = {
        .value = (const uint8_t *)"\x87\xa2id\x01\xa2ts\x01\xa4user\x07\xa2"
                                  "ad\x2a\xa1x\x81\xa1y\x05\xa1z\x01\xa1z\x02",
        .value_size = 31};
    struct impression event;
    const char *about;
    unsigned at, user, twice;

    ck_assert_ok(event_reader_want(reader, "x.y", &at, &err), err);
    ck_assert_ok(event_reader_want(reader, "user", &user, &err), err);
    ck_assert_ok(event_reader_want(reader, "z", &twice, &err), err);
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    ck_assert_int_eq(
        event_reader_impression(reader, &record, &scratch, &event, &about),
        EVENT_OK);
    ck_assert(scratch.found.seen >> at & 1);
    ck_assert_int_eq(scratch.found.values[at].integer, 5);
    ck_assert_int_eq(scratch.found.values[user].integer, 7);
    ck_assert(!(scratch.found.seen >> twice & 1));
    ck_assert_int_eq(event_reader_want(reader, "a..b", &at, &err), -1);
    event_reader_free(reader);
}
END_TEST

/* --- Times -----------------------------------------------------------------
 */

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
    const char *about;
    char value[200];

    fields.impressions_format = EVENT_FORMAT_JSON;
    fields.ts_unit = times[_i].unit;
    snprintf(value, sizeof(value), "{\"id\":1,\"ts\":%s,\"user\":1,\"ad\":1}",
             times[_i].ts);
    const struct event_record record = record_of(value);
    enum event_fault fault = take_impression(&fields, &record, &event, &about);
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
    const char *about;

    fields.ts_unit = EVENT_TIME_AUTO;
    ck_assert_int_eq(take_impression(&fields, &record, &event, &about),
                     EVENT_OK);
    ck_assert_ptr_eq(event.raw_ts.bytes, ms + 8);
    record.value = (const uint8_t *)seconds;
    record.value_size = sizeof(seconds) - 1;
    ck_assert_int_eq(take_impression(&fields, &record, &event, &about),
                     EVENT_OK);
    ck_assert_int_eq(event_span_ms(event.raw_ts), 1700000000000);
    /* JavaScript's Date.now(), as some libraries write it. */
    record.value = (const uint8_t *)real;
    record.value_size = sizeof(real) - 1;
    ck_assert_int_eq(take_impression(&fields, &record, &event, &about),
                     EVENT_OK);
    ck_assert_int_eq(event_span_ms(event.raw_ts), 1700000000123);
}
END_TEST

/* --- Labels ----------------------------------------------------------------
 */

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
    const char *about;

    fields.labels_format = EVENT_FORMAT_AUTO;
    strcpy(fields.click_values, labels[_i].values);
    strcpy(fields.labels_filter, labels[_i].filter);
    struct event_reader *reader = reader_of(&fields, EVENT_LABELS);
    const struct event_record record = record_of(labels[_i].value);
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    enum event_fault fault =
        event_reader_label(reader, &record, &scratch, &event, &about);
    ck_assert_str_eq(event_fault_name(fault),
                     event_fault_name(labels[_i].fault));
    if (fault == EVENT_OK)
        ck_assert_double_eq(event.click, labels[_i].click);
    event_reader_free(reader);
}
END_TEST

START_TEST(a_label_may_carry_its_pair)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct label event;
    const char *about;
    struct event_reader *reader;
    const struct event_record with = record_of(
        "{\"id\":1,\"ts\":1,\"click\":1,\"user\":\"u\",\"ad\":\"a\\u0031\"}");
    const struct event_record without =
        record_of("{\"id\":1,\"ts\":1,\"click\":1,\"user\":null,\"ad\":\"a\"}");

    fields.labels_format = EVENT_FORMAT_JSON;
    reader = reader_of(&fields, EVENT_LABELS);
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    ck_assert_int_eq(
        event_reader_label(reader, &with, &scratch, &event, &about), EVENT_OK);
    ck_assert(event.has_pair);
    check_id(&event.ad, "a1");
    ck_assert_int_eq(
        event_reader_label(reader, &without, &scratch, &event, &about),
        EVENT_OK);
    ck_assert(!event.has_pair);
    event_reader_free(reader);
}
END_TEST

/* --- Settings --------------------------------------------------------------
 */

static const struct {
    const char *user, *values, *filter, *complaint;
} mistakes[] = {
    {"a..b", "", "", "field.user: 'a..b' is not a path of a field"},
    {"u", "click", "", "field.click.values: 'click' is not VALUE:NUMBER"},
    {"u", "click:1,view", "", "field.click.values: 'view' is not VALUE:NUMBER"},
    {"u", "click:x", "", "field.click.values: 'x' is not a number from 0 to 1"},
    {"u", "click:2", "", "field.click.values: '2' is not a number from 0 to 1"},
    {"u", "", "type=click",
     "filter.labels: 'type=click' is not PATH==VALUE, as in type==click"},
    {"u", "", "a..b==1", "filter.labels: 'a..b' is not a path of a field"},
    {"u", "", "==1", "filter.labels: the path of a field is empty"},
};
enum { MISTAKES = sizeof(mistakes) / sizeof(mistakes[0]) };

START_TEST(mistakes_in_settings_are_explained)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct event_reader *reader = NULL;

    strcpy(fields.user, mistakes[_i].user);
    strcpy(fields.click_values, mistakes[_i].values);
    strcpy(fields.labels_filter, mistakes[_i].filter);
    ck_assert_refused(event_reader_new(&fields, EVENT_LABELS, &reader, &err),
                      err, ERROR_CONFIG, mistakes[_i].complaint);
    ck_assert_ptr_null(reader);
}
END_TEST

START_TEST(a_batch_shares_a_scratch)
{
    enum { EVENTS = 500 };
    static struct impression events[EVENTS];
    static char values[EVENTS][200];
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    const char *about;

    fields.impressions_format = EVENT_FORMAT_AUTO;
    struct event_reader *reader = reader_of(&fields, EVENT_IMPRESSIONS);
    for (int round = 0; round < 3; round++) {
        event_scratch_clear(&scratch);
        for (int i = 0; i < EVENTS; i++) {
            snprintf(
                values[i], sizeof(values[i]),
                "{\"id\":\"\\u0069%d\",\"ts\":1700000000123,\"user\":\"%0*d"
                "\",\"ad\":%d}",
                i, 60 + round, i, i);
            const struct event_record record = record_of(values[i]);
            ck_assert_ok(event_scratch_ready(&scratch, &err), err);
            ck_assert_int_eq(event_reader_impression(reader, &record, &scratch,
                                                     &events[i], &about),
                             EVENT_OK);
        }
        for (int i = 0; i < EVENTS; i++) {
            char id[16];
            struct id user = event_span_id(events[i].raw_user);
            snprintf(id, sizeof(id), "i%d", i);
            check_id(&events[i].id, id);
            ck_assert(id_equal(&user, &events[i].user));
            ck_assert_int_eq(events[i].ad.number, i);
        }
    }
    event_reader_free(reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event reader");
    TCase *tests = tcase_create("records");

    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_loop_test(tests, json_is_an_event_or_has_a_reason, 0, RECORDS);
    tcase_add_loop_test(tests, an_id_of_json_is_repeated_with_its_type, 0,
                        SPANS);
    tcase_add_test(tests, an_id_is_255_bytes_at_most_after_its_escapes);
    tcase_add_test(tests, json_of_a_schema_registry_stands_behind_five_bytes);
    tcase_add_test(tests, fields_stand_in_nested_records);
    tcase_add_loop_test(tests, a_path_with_two_ends_is_repeated, 0, TWINS);
    tcase_add_test(tests, fields_stand_beside_the_value);
    tcase_add_test(tests, headers_are_asked_for_by_name);
    tcase_add_test(tests, further_fields_are_found_on_the_way);
    tcase_add_loop_test(tests, times_are_read_as_they_are_written, 0, TIMES);
    tcase_add_test(tests, msgpack_times_keep_their_bytes_when_they_are_ms);
    tcase_add_loop_test(tests, labels_mean_clicks, 0, LABELS);
    tcase_add_test(tests, a_label_may_carry_its_pair);
    tcase_add_loop_test(tests, mistakes_in_settings_are_explained, 0, MISTAKES);
    tcase_add_test(tests, a_batch_shares_a_scratch);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
