/*
 * check_event_avro.c - events of schemas that records name by number: every
 * type, and what hostile bytes and schemas come to.
 */
#include "support/run_suite.h"

#include "common/base/buffer.h"
#include "common/event/event_reader.h"
#include "common/event/event_schemas.h"
#include "common/event/event_time.h"

#include <stdio.h>
#include <string.h>

static struct event_schema schema;
static uint32_t known; /* the number of the schema; others are unknown */
static atomic_uint version;
static unsigned questions;
static struct event_scratch scratch;
static struct error err;

static const struct event_schema *find(void *context, uint32_t number)
{
    (void)context;
    questions++;
    return number == known ? &schema : NULL;
}

static int check(void *context, struct error *why)
{
    (void)context;
    return error_set(why, ERROR_AUTH, "closed");
}

static const struct event_schemas schemas = {
    .find = find, .check = check, .version = &version};

static void know(const char *text)
{
    writer_schema_free(schema.avro);
    schema = (struct event_schema){.kind = EVENT_SCHEMA_AVRO};
    ck_assert_ok(writer_schema_parse(text, strlen(text), &schema.avro, &err),
                 err);
    known = 7;
}

static void tear_down(void)
{
    writer_schema_free(schema.avro);
    schema.avro = NULL;
    event_scratch_free(&scratch);
}

/* --- Records ---------------------------------------------------------- */

static struct buffer record;

static void begin(void)
{
    const uint8_t head[] = {0, 0, 0, 0, 7};

    buffer_clear(&record);
    buffer_append(&record, head, sizeof(head));
}

static void put_byte(unsigned byte)
{
    const uint8_t one = (uint8_t)byte;

    buffer_append(&record, &one, 1);
}

static void put_long(int64_t number)
{
    uint64_t bits = (uint64_t)number << 1 ^ (uint64_t)(number >> 63);

    for (; bits >= 0x80; bits >>= 7)
        put_byte((bits & 0x7f) | 0x80);
    put_byte((unsigned)bits);
}

static void put_text(const char *text)
{
    put_long((int64_t)strlen(text));
    buffer_append(&record, text, strlen(text));
}

static struct event_fields fields_of(void)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;

    fields.impressions_format = fields.labels_format = EVENT_FORMAT_AVRO;
    fields.ts_unit = EVENT_TIME_AUTO;
    fields.schemas = &schemas;
    return fields;
}

static enum event_fault take(const struct event_fields *fields,
                             struct impression *out)
{
    struct event_reader *reader = NULL;
    const struct event_record of = {.value = record.bytes,
                                    .value_size = record.size};
    const char *about;

    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    ck_assert_ok(event_reader_new(fields, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    const enum event_fault fault =
        event_reader_impression(reader, &of, &scratch, out, &about);
    event_reader_free(reader);
    return fault;
}

static void check_id(const struct id *id, const char *text)
{
    char printed[ID_PRINT_SIZE];

    id_print(id, printed);
    ck_assert_str_eq(printed, text);
}

static void check_raw(struct span raw, const char *bytes, size_t size)
{
    ck_assert_uint_eq(raw.size, size);
    ck_assert_mem_eq(raw.bytes, bytes, size);
}

#define LONG_FIELD(name) "{\"name\":\"" name "\",\"type\":\"long\"}"
#define RECORD_OF(fields)                                                      \
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define FLAT                                                                   \
    RECORD_OF(LONG_FIELD("id") "," LONG_FIELD("ts") "," LONG_FIELD(            \
        "user") "," LONG_FIELD("ad"))
#define NOW_MS INT64_C(1700000000123)

static void put_flat(void)
{
    begin();
    put_long(1);
    put_long(NOW_MS);
    put_long(300);
    put_long(-4);
}

/* --- What events are -------------------------------------------------- */

START_TEST(ids_and_times_are_those_of_the_schema)
{
    const struct event_fields fields = fields_of();
    struct impression event;

    know(FLAT);
    put_flat();
    ck_assert_int_eq(take(&fields, &event), EVENT_OK);
    check_id(&event.id, "1");
    check_id(&event.user, "300");
    check_id(&event.ad, "-4");
    ck_assert_int_eq(event.ts_ms, NOW_MS);
    check_raw(event.raw_id, "\x01", 1);
    check_raw(event.raw_user, "\xcd\x01\x2c", 3);
    check_raw(event.raw_ad, "\xfc", 1);
    check_raw(event.raw_ts, "\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x7b", 9);
}
END_TEST

START_TEST(a_field_is_found_by_its_name_before_an_alias)
{
    struct event_fields fields = fields_of();
    struct impression event;

    /* `who` was called `user` in the first version of the schema. */
    know(RECORD_OF(
        LONG_FIELD("id") "," LONG_FIELD("ts") ",{\"name\":\"who\",\"aliases\":"
                                              "[\"user\",\"ad\"],\"type\":"
                                              "\"long\"}," LONG_FIELD("ad")));
    put_flat();
    ck_assert_int_eq(take(&fields, &event), EVENT_OK);
    check_id(&event.user, "300");
    check_id(&event.ad, "-4");
    strcpy(fields.user, "who");
    ck_assert_int_eq(take(&fields, &event), EVENT_OK);
    check_id(&event.user, "300");
}
END_TEST

#define NESTED                                                                 \
    RECORD_OF("{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":"       \
              "\"K\",\"symbols\":[\"VIEW\",\"CLICK\"]}},"                      \
              "{\"name\":\"at\",\"type\":{\"type\":\"long\","                  \
              "\"logicalType\":\"timestamp-micros\"}},"                        \
              "{\"name\":\"skipped\",\"type\":[\"null\",\"double\","           \
              "{\"type\":\"map\",\"values\":\"string\"}]},"                    \
              "{\"name\":\"context\",\"type\":[\"null\",{\"type\":\"record\"," \
              "\"name\":\"C\",\"fields\":[{\"name\":\"user\",\"type\":"        \
              "{\"type\":\"record\",\"name\":\"U\",\"fields\":["               \
              "{\"name\":\"id\",\"type\":[\"string\",\"long\"]}]}}]}]},"       \
              "{\"name\":\"ads\",\"type\":{\"type\":\"array\",\"items\":"      \
              "{\"type\":\"record\",\"name\":\"A\",\"fields\":["               \
              "{\"name\":\"id\",\"type\":{\"type\":\"fixed\",\"name\":\"F\","  \
              "\"size\":2}}]}}},"                                              \
              "{\"name\":\"tags\",\"type\":{\"type\":\"map\",\"values\":"      \
              "\"bytes\"}}")

static struct event_fields nested_fields(void)
{
    struct event_fields fields = fields_of();

    strcpy(fields.id, "tags.request");
    strcpy(fields.ts, "at");
    strcpy(fields.user, "$.context.user.id");
    strcpy(fields.ad, "ads[1].id");
    strcpy(fields.impressions_filter, "kind==VIEW");
    fields.ts_unit = EVENT_TIME_S; /* the schema knows better */
    return fields;
}

/* The arrays' and maps' entries are one block, or one each with its size. */
enum blocks { ONE_BLOCK, SIZED_BLOCKS };

static void put_block(enum blocks blocks, unsigned entries, unsigned bytes)
{
    if (blocks == ONE_BLOCK) {
        put_long(entries);
        return;
    }
    put_long(-(int64_t)entries);
    put_long(bytes);
}

static void put_nested(enum blocks blocks)
{
    begin();
    put_long(0);
    put_long(NOW_MS * 1000 + 999);
    put_long(2);
    put_block(blocks, 1, 4);
    put_text("k");
    put_text("v");
    put_long(0);
    put_long(1);
    put_long(0);
    put_text("ann");
    put_block(blocks, 2, 4);
    buffer_append(&record, "a1a2", 4);
    put_long(0);
    if (blocks == SIZED_BLOCKS)
        put_block(blocks, 1, 4);
    else
        put_long(2);
    put_text("x");
    put_text("y");
    if (blocks == SIZED_BLOCKS)
        put_block(blocks, 1, 12);
    put_text("request");
    put_text("r-1");
    put_long(0);
}

START_TEST(fields_are_found_by_paths_through_all_that_nests)
{
    const struct event_fields fields = nested_fields();
    struct impression event;

    know(NESTED);
    for (int blocks = ONE_BLOCK; blocks <= SIZED_BLOCKS; blocks++) {
        put_nested((enum blocks)blocks);
        ck_assert_int_eq(take(&fields, &event), EVENT_OK);
        check_id(&event.id, "r-1");
        check_id(&event.user, "ann");
        check_id(&event.ad, "a2");
        ck_assert_int_eq(event.ts_ms, NOW_MS);
    }
}
END_TEST

START_TEST(an_enum_is_its_symbol)
{
    const struct event_fields fields = nested_fields();
    struct impression event;

    know(NESTED);
    put_nested(ONE_BLOCK);
    record.bytes[EVENT_SCHEMA_HEAD] = 2;
    ck_assert_int_eq(take(&fields, &event), EVENT_PASSED_OVER);
    record.bytes[EVENT_SCHEMA_HEAD] = 4;
    ck_assert_int_eq(take(&fields, &event), EVENT_INVALID);
    record.bytes[EVENT_SCHEMA_HEAD] = 1;
    ck_assert_int_eq(take(&fields, &event), EVENT_INVALID);
}
END_TEST

static const struct {
    const char *type;
    int64_t count, ms;
} times[] = {
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", NOW_MS,
     NOW_MS},
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}",
     NOW_MS * 1000000 + 1, NOW_MS},
    {"{\"type\":\"long\",\"logicalType\":\"local-timestamp-micros\"}",
     NOW_MS * 1000 + 1, NOW_MS},
    {"{\"type\":\"int\",\"logicalType\":\"date\"}", 19675,
     INT64_C(19675) * 86400000},
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", 5, 5},
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}", -1, -1},
    {"\"long\"", 1700000000, INT64_C(1700000000000)}, /* seconds, by size */
};

START_TEST(a_logical_time_says_its_unit)
{
    const struct event_fields fields = fields_of();
    struct impression event;
    char text[512];

    snprintf(
        text, sizeof(text),
        RECORD_OF(LONG_FIELD("id") ",{\"name\":\"ts\",\"type\":%s},"
                                   "" LONG_FIELD("user") "," LONG_FIELD("ad")),
        times[_i].type);
    know(text);
    begin();
    put_long(1);
    put_long(times[_i].count);
    put_long(2);
    put_long(3);
    const enum event_fault fault = take(&fields, &event);
    ck_assert_int_eq(fault, times[_i].ms < 0 ? EVENT_RANGE : EVENT_OK);
    if (fault == EVENT_OK)
        ck_assert_int_eq(event.ts_ms, times[_i].ms);
}
END_TEST

START_TEST(a_null_is_no_id)
{
    const struct event_fields fields = nested_fields();
    struct impression event;

    know(NESTED);
    put_nested(ONE_BLOCK);
    begin();
    put_long(0);
    put_long(NOW_MS * 1000);
    put_long(0);
    put_long(0); /* no context: no path leads to the user */
    put_long(0);
    put_long(0);
    ck_assert_int_eq(take(&fields, &event), EVENT_MISSING);
}
END_TEST

/* --- What is no event ------------------------------------------------- */

START_TEST(a_cut_record_is_truncated)
{
    const struct event_fields fields = nested_fields();
    struct impression event;

    know(NESTED);
    put_nested((enum blocks)_i);
    for (size_t whole = record.size; record.size > EVENT_SCHEMA_HEAD;) {
        record.size--;
        ck_assert_int_eq(take(&fields, &event), EVENT_TRUNCATED);
        ck_assert_uint_lt(record.size, whole);
    }
}
END_TEST

START_TEST(bytes_behind_the_record_are_a_fault)
{
    const struct event_fields fields = fields_of();
    struct impression event;

    know(FLAT);
    put_flat();
    put_byte(0);
    ck_assert_int_eq(take(&fields, &event), EVENT_TRAILING);
}
END_TEST

START_TEST(a_number_has_64_bits)
{
    const struct event_fields fields = fields_of();
    struct impression event;

    know(FLAT);
    for (unsigned last = 1; last <= 2; last++) {
        begin();
        for (int i = 0; i < 9; i++)
            put_byte(i ? 0xff : 0xfe);
        put_byte(last);
        put_long(NOW_MS);
        put_long(2);
        put_long(3);
        ck_assert_int_eq(take(&fields, &event),
                         last == 1 ? EVENT_OK : EVENT_INVALID);
        if (last == 1)
            check_id(&event.id, "9223372036854775807");
    }
    know(RECORD_OF("{\"name\":\"id\",\"type\":\"int\"}"));
    begin();
    put_long(INT64_C(1) << 31);
    ck_assert_int_eq(take(&fields, &event), EVENT_INVALID);
}
END_TEST

/* A record with one field, of which nothing is wanted but that it is there. */
static enum event_fault take_one(const char *type, const char *bytes,
                                 size_t size)
{
    const struct event_fields fields = fields_of();
    struct impression event;
    char text[1024];

    snprintf(text, sizeof(text), RECORD_OF("{\"name\":\"f\",\"type\":%s}"),
             type);
    know(text);
    begin();
    buffer_append(&record, bytes, size);
    return take(&fields, &event);
}

#define NULLS "{\"type\":\"array\",\"items\":\"null\"}"
#define LINKS                                                                  \
    "[\"null\",{\"type\":\"record\",\"name\":\"L\",\"fields\":[{\"name\":"     \
    "\"next\",\"type\":[\"null\",\"L\"]}]}]"

/* EVENT_MISSING: the form is good, and the event is none. */
static const struct {
    const char *type, *bytes;
    size_t size;
    enum event_fault fault;
} forms[] = {
    {NULLS, "\0", 1, EVENT_MISSING},
    {NULLS, "\x80\x40\0", 3, EVENT_MISSING},  /* 4096 of them */
    {NULLS, "\x82\x40\0", 3, EVENT_TOO_MANY}, /* one more */
    {NULLS, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\0", 11, EVENT_TOO_MANY},
    {NULLS, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0", 11, EVENT_INVALID},
    {NULLS, "\x01\x00\0", 3, EVENT_MISSING},   /* of 0 bytes */
    {NULLS, "\x01\x01\0", 3, EVENT_INVALID},   /* of -1 byte */
    {NULLS, "\x01\x02\0", 3, EVENT_TRUNCATED}, /* of the end's */
    {"{\"type\":\"array\",\"items\":" NULLS "}", "\x02\x82\x40\0\0", 5,
     EVENT_TOO_MANY},
    {"{\"type\":\"map\",\"values\":\"null\"}", "\x82\x20", 2, EVENT_TOO_MANY},
    {"\"string\"", "\x01", 1, EVENT_INVALID},
    {"\"string\"", "\xfe\xff\xff\xff\x0f", 5, EVENT_TRUNCATED},
    {"[\"null\",\"int\"]", "\x04", 1, EVENT_INVALID},
    {"[\"null\",\"int\"]", "\x01", 1, EVENT_INVALID},
    {LINKS, "\x02\x02\x02\x02\x02\x02\x02\x00", 8, EVENT_MISSING},
    {LINKS, "\x02\x02\x02\x02\x02\x02\x02\x02\x00", 9, EVENT_TOO_DEEP},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":4}", "abc", 3,
     EVENT_TRUNCATED},
};

START_TEST(a_form_has_its_word)
{
    ck_assert_int_eq(take_one(forms[_i].type, forms[_i].bytes, forms[_i].size),
                     forms[_i].fault);
}
END_TEST

START_TEST(a_boolean_is_0_or_1)
{
    const struct event_fields fields = fields_of();
    struct impression event;

    know(RECORD_OF(
        "{\"name\":\"id\",\"type\":\"boolean\"},"
        "" LONG_FIELD("ts") "," LONG_FIELD("user") "," LONG_FIELD("ad")));
    put_flat();
    record.bytes[EVENT_SCHEMA_HEAD] = 1;
    ck_assert_int_eq(take(&fields, &event), EVENT_TYPE);
    record.bytes[EVENT_SCHEMA_HEAD] = 2;
    ck_assert_int_eq(take(&fields, &event), EVENT_INVALID);
}
END_TEST

START_TEST(a_name_that_a_map_has_twice_is_ambiguous)
{
    struct event_fields fields = fields_of();
    struct impression event;

    know("{\"type\":\"map\",\"values\":\"long\"}");
    begin();
    put_long(5);
    for (int i = 0; i < 5; i++) {
        static const char *const names[] = {"id", "user", "ad", "ts", "id"};
        put_text(names[i]);
        put_long(i == 3 ? NOW_MS : i);
    }
    put_long(0);
    ck_assert_int_eq(take(&fields, &event), EVENT_REPEATED);
}
END_TEST

START_TEST(only_maps_and_records_are_events)
{
    const struct event_fields fields = fields_of();
    struct impression event;

    know("\"string\"");
    begin();
    put_text("x");
    ck_assert_int_eq(take(&fields, &event), EVENT_NOT_A_MAP);
    know("[\"null\"," FLAT "]");
    begin();
    put_long(0);
    ck_assert_int_eq(take(&fields, &event), EVENT_NOT_A_MAP);
    begin();
    put_long(1);
    put_long(1);
    put_long(NOW_MS);
    put_long(2);
    put_long(3);
    ck_assert_int_eq(take(&fields, &event), EVENT_OK);
}
END_TEST

/* --- Schemas ---------------------------------------------------------- */

START_TEST(a_schema_is_asked_for_once_and_again_when_it_changed)
{
    const struct event_fields fields = fields_of();
    struct event_reader *reader = NULL;
    struct impression event;
    const char *about;
    struct event_record of;

    know(FLAT);
    put_flat();
    of =
        (struct event_record){.value = record.bytes, .value_size = record.size};
    ck_assert_ok(event_reader_new(&fields, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    questions = 0;
    for (int i = 0; i < 6; i++) {
        if (i == 3) {
            know(RECORD_OF(LONG_FIELD("user") "," LONG_FIELD(
                "ts") "," LONG_FIELD("id") "," LONG_FIELD("ad")));
            atomic_fetch_add(&version, 1);
        }
        ck_assert_ok(event_scratch_ready(&scratch, &err), err);
        ck_assert_int_eq(
            event_reader_impression(reader, &of, &scratch, &event, &about),
            EVENT_OK);
        check_id(&event.user, i < 3 ? "300" : "1");
        ck_assert_uint_eq(questions, i < 3 ? 1 : 2);
    }
    event_reader_free(reader);
}
END_TEST

START_TEST(more_schemas_than_are_kept_are_read_all_the_same)
{
    const struct event_fields fields = fields_of();
    struct event_reader *reader = NULL;
    struct impression event;
    const char *about;

    know(FLAT);
    put_flat();
    const struct event_record of = {.value = record.bytes,
                                    .value_size = record.size};
    ck_assert_ok(event_reader_new(&fields, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    for (unsigned i = 0; i < 1000; i++) {
        known = 1 + i % 150;
        record.bytes[4] = (uint8_t)known;
        ck_assert_ok(event_scratch_ready(&scratch, &err), err);
        ck_assert_int_eq(
            event_reader_impression(reader, &of, &scratch, &event, &about),
            EVENT_OK);
    }
    event_reader_free(reader);
}
END_TEST

START_TEST(a_record_without_a_known_schema_has_its_word)
{
    struct event_fields fields = fields_of();
    struct impression event;

    know(FLAT);
    put_flat();
    record.bytes[4] = 8;
    ck_assert_int_eq(take(&fields, &event), EVENT_SCHEMA_UNKNOWN);
    ck_assert_refused(event_reader_check(&fields, EVENT_SCHEMA_UNKNOWN, &err),
                      err, ERROR_AUTH, "closed");
    ck_assert_ok(event_reader_check(&fields, EVENT_MISSING, &err), err);
    put_flat();
    schema.kind = EVENT_SCHEMA_PROTOBUF;
    ck_assert_int_eq(take(&fields, &event), EVENT_SCHEMA_UNFIT);
    record.size = 4;
    ck_assert_int_eq(take(&fields, &event), EVENT_INVALID);
    record.size = 0;
    ck_assert_int_eq(take(&fields, &event), EVENT_EMPTY);
    put_flat();
    fields.schemas = NULL;
    struct event_reader *reader = NULL;
    ck_assert_refused(
        event_reader_new(&fields, EVENT_IMPRESSIONS, &reader, &err), err,
        ERROR_CONFIG, "registry.url");
    ck_assert_refused(event_reader_new(&fields, EVENT_LABELS, &reader, &err),
                      err, ERROR_CONFIG, "format.labels");
}
END_TEST

START_TEST(auto_tells_a_schema_by_the_zero)
{
    static const char json[] = "{\"id\":1,\"ts\":1,\"user\":2,\"ad\":3}";
    struct event_fields fields = fields_of();
    struct impression event;

    fields.impressions_format = EVENT_FORMAT_AUTO;
    know(FLAT);
    put_flat();
    ck_assert_int_eq(take(&fields, &event), EVENT_OK);
    buffer_clear(&record);
    buffer_append(&record, json, sizeof(json) - 1);
    ck_assert_int_eq(take(&fields, &event), EVENT_OK);
    schema.kind = EVENT_SCHEMA_JSON; /* JSON Schema: JSON behind the head */
    begin();
    buffer_append(&record, json, sizeof(json) - 1);
    ck_assert_int_eq(take(&fields, &event), EVENT_OK);
    check_id(&event.user, "2");
    fields.impressions_format = EVENT_FORMAT_AVRO;
    ck_assert_int_eq(take(&fields, &event), EVENT_OK);
}
END_TEST

/* A schema whose records name each other needs more steps than there may be. */
START_TEST(a_schema_that_explodes_is_unfit)
{
    struct event_fields fields = fields_of();
    struct buffer text = {0};
    struct impression event;

    strcpy(fields.user, "f.f.f.f.f.f.f.f");
    buffer_append(&text, "[", 1);
    for (int i = 0; i < 12; i++) {
        char head[128];
        snprintf(head, sizeof(head),
                 "%s{\"type\":\"record\",\"name\":\"R%d\",\"fields\":"
                 "[{\"name\":\"f\",\"type\":[\"null\"",
                 i ? "," : "", i);
        buffer_append(&text, head, strlen(head));
        for (int k = 0; k <= i; k++) {
            snprintf(head, sizeof(head), ",\"R%d\"", k);
            buffer_append(&text, head, strlen(head));
        }
        buffer_append(&text, "]}]}", 4);
    }
    buffer_append(&text, "]", 2);
    know((const char *)text.bytes);
    buffer_free(&text);
    begin();
    put_long(0);
    put_long(0);
    ck_assert_int_eq(take(&fields, &event), EVENT_SCHEMA_UNFIT);
    strcpy(fields.user, "user");
    ck_assert_int_eq(take(&fields, &event), EVENT_MISSING);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_avro");
    TCase *tests = tcase_create("avro");

    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, ids_and_times_are_those_of_the_schema);
    tcase_add_test(tests, a_field_is_found_by_its_name_before_an_alias);
    tcase_add_test(tests, fields_are_found_by_paths_through_all_that_nests);
    tcase_add_test(tests, an_enum_is_its_symbol);
    tcase_add_loop_test(tests, a_logical_time_says_its_unit, 0,
                        sizeof(times) / sizeof(times[0]));
    tcase_add_test(tests, a_null_is_no_id);
    tcase_add_loop_test(tests, a_cut_record_is_truncated, ONE_BLOCK,
                        SIZED_BLOCKS + 1);
    tcase_add_test(tests, bytes_behind_the_record_are_a_fault);
    tcase_add_test(tests, a_number_has_64_bits);
    tcase_add_loop_test(tests, a_form_has_its_word, 0,
                        sizeof(forms) / sizeof(forms[0]));
    tcase_add_test(tests, a_boolean_is_0_or_1);
    tcase_add_test(tests, a_name_that_a_map_has_twice_is_ambiguous);
    tcase_add_test(tests, only_maps_and_records_are_events);
    tcase_add_test(tests, a_schema_is_asked_for_once_and_again_when_it_changed);
    tcase_add_test(tests, more_schemas_than_are_kept_are_read_all_the_same);
    tcase_add_test(tests, a_record_without_a_known_schema_has_its_word);
    tcase_add_test(tests, auto_tells_a_schema_by_the_zero);
    tcase_add_test(tests, a_schema_that_explodes_is_unfit);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
