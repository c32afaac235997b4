/*
 * check_event_avro.c - events of schemas that records name by number: every
 * type, and what hostile bytes come to.
 */
#include "support/avro_event.h"
#include "support/one_event.h"
#include "support/one_schema.h"
#include "support/run_suite.h"

#include "common/event/event_time.h"

#include <stdio.h>
#include <string.h>

static const struct event_schemas *schemas;

static void know(const char *text)
{
    schemas = one_schema(AVRO_NUMBER, EVENT_SCHEMA_AVRO, text);
}

/* `fields` may be made before the schema is known: the queue stays the same. */
static void set_up(void)
{
    know(AVRO_FLAT);
}

static void check_raw(struct span raw, const char *bytes, size_t size)
{
    ck_assert_uint_eq(raw.size, size);
    ck_assert_mem_eq(raw.bytes, bytes, size);
}

/* --- What events are -------------------------------------------------- */

START_TEST(ids_and_times_are_those_of_the_schema)
{
    const struct event_fields fields = avro_fields(schemas);
    struct impression event;

    know(AVRO_FLAT);
    avro_put_flat();
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_OK);
    one_id(&event.id, "1");
    one_id(&event.user, "300");
    one_id(&event.ad, "-4");
    ck_assert_int_eq(event.ts_ms, AVRO_NOW_MS);
    check_raw(event.raw_id, "\x01", 1);
    check_raw(event.raw_user, "\xcd\x01\x2c", 3);
    check_raw(event.raw_ad, "\xfc", 1);
    check_raw(event.raw_ts, "\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x7b", 9);
}
END_TEST

START_TEST(a_field_is_found_by_its_name_before_an_alias)
{
    struct event_fields fields = avro_fields(schemas);
    struct impression event;

    /* `who` was called `user` in the first version of the schema. */
    know(AVRO_RECORD_OF(
        AVRO_LONG("id") "," AVRO_LONG("ts") ",{\"name\":\"who\",\"aliases\":"
                                            "[\"user\",\"ad\"],\"type\":"
                                            "\"long\"}," AVRO_LONG("ad")));
    avro_put_flat();
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_OK);
    one_id(&event.user, "300");
    one_id(&event.ad, "-4");
    strcpy(fields.user, "who");
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_OK);
    one_id(&event.user, "300");
}
END_TEST

#define NESTED                                                                 \
    AVRO_RECORD_OF(                                                            \
        "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":"             \
        "\"K\",\"symbols\":[\"VIEW\",\"CLICK\"]}},"                            \
        "{\"name\":\"at\",\"type\":{\"type\":\"long\","                        \
        "\"logicalType\":\"timestamp-micros\"}},"                              \
        "{\"name\":\"skipped\",\"type\":[\"null\",\"double\","                 \
        "{\"type\":\"map\",\"values\":\"string\"}]},"                          \
        "{\"name\":\"context\",\"type\":[\"null\",{\"type\":\"record\","       \
        "\"name\":\"C\",\"fields\":[{\"name\":\"user\",\"type\":"              \
        "{\"type\":\"record\",\"name\":\"U\",\"fields\":["                     \
        "{\"name\":\"id\",\"type\":[\"string\",\"long\"]}]}}]}]},"             \
        "{\"name\":\"ads\",\"type\":{\"type\":\"array\",\"items\":"            \
        "{\"type\":\"record\",\"name\":\"A\",\"fields\":["                     \
        "{\"name\":\"id\",\"type\":{\"type\":\"fixed\",\"name\":\"F\","        \
        "\"size\":2}}]}}},"                                                    \
        "{\"name\":\"tags\",\"type\":{\"type\":\"map\",\"values\":"            \
        "\"bytes\"}}")

static struct event_fields nested_fields(void)
{
    struct event_fields fields = avro_fields(schemas);

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
        avro_put_long(entries);
        return;
    }
    avro_put_long(-(int64_t)entries);
    avro_put_long(bytes);
}

static void put_nested(enum blocks blocks)
{
    avro_begin();
    avro_put_long(0);
    avro_put_long(AVRO_NOW_MS * 1000 + 999);
    avro_put_long(2);
    put_block(blocks, 1, 4);
    avro_put_text("k");
    avro_put_text("v");
    avro_put_long(0);
    avro_put_long(1);
    avro_put_long(0);
    avro_put_text("ann");
    put_block(blocks, 2, 4);
    buffer_append(&avro_record, "a1a2", 4);
    avro_put_long(0);
    if (blocks == SIZED_BLOCKS)
        put_block(blocks, 1, 4);
    else
        avro_put_long(2);
    avro_put_text("x");
    avro_put_text("y");
    if (blocks == SIZED_BLOCKS)
        put_block(blocks, 1, 12);
    avro_put_text("request");
    avro_put_text("r-1");
    avro_put_long(0);
}

START_TEST(fields_are_found_by_paths_through_all_that_nests)
{
    const struct event_fields fields = nested_fields();
    struct impression event;

    know(NESTED);
    for (int blocks = ONE_BLOCK; blocks <= SIZED_BLOCKS; blocks++) {
        put_nested((enum blocks)blocks);
        ck_assert_int_eq(avro_take(&fields, &event), EVENT_OK);
        one_id(&event.id, "r-1");
        one_id(&event.user, "ann");
        one_id(&event.ad, "a2");
        ck_assert_int_eq(event.ts_ms, AVRO_NOW_MS);
    }
}
END_TEST

START_TEST(an_enum_is_its_symbol)
{
    const struct event_fields fields = nested_fields();
    struct impression event;

    know(NESTED);
    put_nested(ONE_BLOCK);
    avro_record.bytes[EVENT_SCHEMA_HEAD] = 2;
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_PASSED_OVER);
    avro_record.bytes[EVENT_SCHEMA_HEAD] = 4;
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_INVALID);
    avro_record.bytes[EVENT_SCHEMA_HEAD] = 1;
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_INVALID);
}
END_TEST

static const struct {
    const char *type;
    int64_t count, ms;
} times[] = {
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", AVRO_NOW_MS,
     AVRO_NOW_MS},
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}",
     AVRO_NOW_MS * 1000000 + 1, AVRO_NOW_MS},
    {"{\"type\":\"long\",\"logicalType\":\"local-timestamp-micros\"}",
     AVRO_NOW_MS * 1000 + 1, AVRO_NOW_MS},
    {"{\"type\":\"int\",\"logicalType\":\"date\"}", 19675,
     INT64_C(19675) * 86400000},
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", 5, 5},
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}", -1, -1},
    {"\"long\"", 1700000000, INT64_C(1700000000000)}, /* seconds, by size */
};

START_TEST(a_logical_time_says_its_unit)
{
    const struct event_fields fields = avro_fields(schemas);
    struct impression event;
    char text[512];

    snprintf(text, sizeof(text),
             AVRO_RECORD_OF(
                 AVRO_LONG("id") ",{\"name\":\"ts\",\"type\":%s},"
                                 "" AVRO_LONG("user") "," AVRO_LONG("ad")),
             times[_i].type);
    know(text);
    avro_begin();
    avro_put_long(1);
    avro_put_long(times[_i].count);
    avro_put_long(2);
    avro_put_long(3);
    const enum event_fault fault = avro_take(&fields, &event);
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
    avro_begin();
    avro_put_long(0);
    avro_put_long(AVRO_NOW_MS * 1000);
    avro_put_long(0);
    avro_put_long(0); /* no context: no path leads to the user */
    avro_put_long(0);
    avro_put_long(0);
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_MISSING);
}
END_TEST

/* --- What is no event ------------------------------------------------- */

START_TEST(a_cut_record_is_truncated)
{
    const struct event_fields fields = nested_fields();
    struct impression event;

    know(NESTED);
    put_nested((enum blocks)_i);
    for (size_t whole = avro_record.size;
         avro_record.size > EVENT_SCHEMA_HEAD;) {
        avro_record.size--;
        ck_assert_int_eq(avro_take(&fields, &event), EVENT_TRUNCATED);
        ck_assert_uint_lt(avro_record.size, whole);
    }
}
END_TEST

START_TEST(bytes_behind_the_record_are_a_fault)
{
    const struct event_fields fields = avro_fields(schemas);
    struct impression event;

    know(AVRO_FLAT);
    avro_put_flat();
    avro_put_byte(0);
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_TRAILING);
}
END_TEST

START_TEST(a_number_has_64_bits)
{
    const struct event_fields fields = avro_fields(schemas);
    struct impression event;

    know(AVRO_FLAT);
    for (unsigned last = 1; last <= 2; last++) {
        avro_begin();
        for (int i = 0; i < 9; i++)
            avro_put_byte(i ? 0xff : 0xfe);
        avro_put_byte(last);
        avro_put_long(AVRO_NOW_MS);
        avro_put_long(2);
        avro_put_long(3);
        ck_assert_int_eq(avro_take(&fields, &event),
                         last == 1 ? EVENT_OK : EVENT_INVALID);
        if (last == 1)
            one_id(&event.id, "9223372036854775807");
    }
    know(AVRO_RECORD_OF("{\"name\":\"id\",\"type\":\"int\"}"));
    avro_begin();
    avro_put_long(INT64_C(1) << 31);
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_INVALID);
}
END_TEST

/* A record with one field, of which nothing is wanted but that it is there. */
static enum event_fault take_one(const char *type, const char *bytes,
                                 size_t size)
{
    const struct event_fields fields = avro_fields(schemas);
    struct impression event;
    char text[1024];

    snprintf(text, sizeof(text), AVRO_RECORD_OF("{\"name\":\"f\",\"type\":%s}"),
             type);
    know(text);
    avro_begin();
    buffer_append(&avro_record, bytes, size);
    return avro_take(&fields, &event);
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
    const struct event_fields fields = avro_fields(schemas);
    struct impression event;

    know(AVRO_RECORD_OF(
        "{\"name\":\"id\",\"type\":\"boolean\"},"
        "" AVRO_LONG("ts") "," AVRO_LONG("user") "," AVRO_LONG("ad")));
    avro_put_flat();
    avro_record.bytes[EVENT_SCHEMA_HEAD] = 1;
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_TYPE);
    avro_record.bytes[EVENT_SCHEMA_HEAD] = 2;
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_INVALID);
}
END_TEST

START_TEST(a_name_that_a_map_has_twice_is_ambiguous)
{
    struct event_fields fields = avro_fields(schemas);
    struct impression event;

    know("{\"type\":\"map\",\"values\":\"long\"}");
    avro_begin();
    avro_put_long(5);
    for (int i = 0; i < 5; i++) {
        static const char *const names[] = {"id", "user", "ad", "ts", "id"};
        avro_put_text(names[i]);
        avro_put_long(i == 3 ? AVRO_NOW_MS : i);
    }
    avro_put_long(0);
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_REPEATED);
}
END_TEST

START_TEST(only_maps_and_records_are_events)
{
    const struct event_fields fields = avro_fields(schemas);
    struct impression event;

    know("\"string\"");
    avro_begin();
    avro_put_text("x");
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_NOT_A_MAP);
    know("[\"null\"," AVRO_FLAT "]");
    avro_begin();
    avro_put_long(0);
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_NOT_A_MAP);
    avro_begin();
    avro_put_long(1);
    avro_put_long(1);
    avro_put_long(AVRO_NOW_MS);
    avro_put_long(2);
    avro_put_long(3);
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_avro");
    TCase *tests = tcase_create("avro");

    tcase_add_checked_fixture(tests, set_up, avro_free);
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
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
