/*
 * check_event_reader.c - events as people have them: JSON and msgpack, and
 * fields by paths.
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

/* --- JSON ------------------------------------------------------------- */

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
        if (format == EVENT_FORMAT_AVRO)
            continue;
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
        one_id(&event.id, "1");
        one_id(&event.user, "7");
        one_id(&event.ad, "42");
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
        if (format == EVENT_FORMAT_AVRO)
            continue; /* it has no JSON without a registry */
        fields.impressions_format = format;
        ck_assert_int_eq(take_impression(&fields, &record, &event, &about),
                         format == EVENT_FORMAT_MSGPACK ? EVENT_TRAILING
                                                        : EVENT_OK);
    }
}
END_TEST

/* --- Paths ------------------------------------------------------------ */

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
        one_id(&event.id, "e1");
        one_id(&event.user, "7");
        one_id(&event.ad, "42");
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
    one_id(&event.id, "42");
    one_id(&event.user, "u7");
    one_id(&event.ad, "3");
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

/* --- Settings --------------------------------------------------------- */

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

/* A name may come as often as a record has values. */
START_TEST(a_name_that_comes_thousands_of_times_fills_no_memory)
{
    static char json[EVENT_BYTES_MAX];
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct event_reader *reader;
    struct event_record record = {.value = (const uint8_t *)json};
    struct impression event;
    const char *about;
    size_t size = 1;

    struct event_fields settings = fields;
    settings.impressions_format = EVENT_FORMAT_JSON;
    reader = reader_of(&settings, EVENT_IMPRESSIONS);
    json[0] = '{';
    for (int i = 0; i < 2000; i++)
        size += (size_t)sprintf(json + size, "%s\"user\":\"\\n%0250d\"",
                                i ? "," : "", i);
    json[size++] = '}';
    record.value_size = size;
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    const uint8_t *before = scratch.at;
    ck_assert_int_eq(
        event_reader_impression(reader, &record, &scratch, &event, &about),
        EVENT_REPEATED);
    ck_assert(scratch.at <= scratch.end);
    ck_assert_int_le(scratch.at - before, EVENT_SCRATCH_ROOM);
    event_reader_free(reader);
}
END_TEST

/* Each path of a plan may have the longest text. */
START_TEST(the_scratch_has_room_for_every_path)
{
    static char json[1 << 16];
    struct event_fields settings = EVENT_FIELDS_DEFAULT;
    struct event_record record = {.value = (const uint8_t *)json};
    struct impression event;
    const char *about;
    unsigned at;
    size_t size = 0;

    settings.impressions_format = EVENT_FORMAT_JSON;
    struct event_reader *reader = reader_of(&settings, EVENT_IMPRESSIONS);
    size = (size_t)sprintf(json, "{\"ts\":1700000000000");
    for (const char *const *name =
             (const char *const[]){"id", "user", "ad", NULL};
         *name; name++)
        size += (size_t)sprintf(json + size, ",\"%s\":\"\\n%0254d\"", *name, 1);
    for (int i = 4; i < EVENT_PLAN_MAX; i++) {
        char name[8];
        sprintf(name, "f%d", i);
        ck_assert_ok(event_reader_want(reader, name, &at, &err), err);
        size += (size_t)sprintf(json + size, ",\"%s\":\"\\n%0300d\"", name, i);
    }
    json[size++] = '}';
    record.value_size = size;
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    const uint8_t *before = scratch.at;
    ck_assert_int_eq(
        event_reader_impression(reader, &record, &scratch, &event, &about),
        EVENT_OK);
    ck_assert_int_gt(scratch.at - before, 4096);
    ck_assert_int_le(scratch.at - before, EVENT_SCRATCH_ROOM);
    event_reader_free(reader);
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
            one_id(&events[i].id, id);
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
    tcase_add_loop_test(tests, mistakes_in_settings_are_explained, 0, MISTAKES);
    tcase_add_test(tests, a_name_that_comes_thousands_of_times_fills_no_memory);
    tcase_add_test(tests, the_scratch_has_room_for_every_path);
    tcase_add_test(tests, a_batch_shares_a_scratch);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
