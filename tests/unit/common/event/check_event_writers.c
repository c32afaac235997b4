/*
 * check_event_writers.c - the schemas of a queue, as a reader asks for them and
 * keeps them.
 */
#include "support/avro_event.h"
#include "support/one_event.h"
#include "support/run_suite.h"

#include <stdio.h>
#include <string.h>

static struct event_schema schema;
static uint32_t known; /* the number of the schema; others are unknown */
static atomic_uint version;
static unsigned questions;
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
    known = AVRO_NUMBER;
}

static void tear_down(void)
{
    writer_schema_free(schema.avro);
    schema.avro = NULL;
    avro_free();
}

/* A reader of a record whose schema is known; the caller frees it. */
static struct event_reader *open_flat(void)
{
    const struct event_fields fields = avro_fields(&schemas);
    struct event_reader *reader = NULL;

    know(AVRO_FLAT);
    avro_put_flat();
    ck_assert_ok(event_reader_new(&fields, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    return reader;
}

START_TEST(a_schema_is_asked_for_once_and_again_when_it_changed)
{
    struct event_reader *reader = open_flat();
    struct impression event;

    questions = 0;
    for (int i = 0; i < 6; i++) {
        if (i == 3) {
            know(AVRO_RECORD_OF(AVRO_LONG("user") "," AVRO_LONG(
                "ts") "," AVRO_LONG("id") "," AVRO_LONG("ad")));
            atomic_fetch_add(&version, 1);
        }
        ck_assert_int_eq(avro_take_with(reader, &event), EVENT_OK);
        one_id(&event.user, i < 3 ? "300" : "1");
        ck_assert_uint_eq(questions, i < 3 ? 1 : 2);
    }
    event_reader_free(reader);
}
END_TEST

START_TEST(more_schemas_than_are_kept_are_read_all_the_same)
{
    struct event_reader *reader = open_flat();
    struct impression event;

    for (unsigned i = 0; i < 1000; i++) {
        known = 1 + i % 150;
        avro_record.bytes[4] = (uint8_t)known;
        ck_assert_int_eq(avro_take_with(reader, &event), EVENT_OK);
    }
    event_reader_free(reader);
}
END_TEST

START_TEST(a_record_without_a_known_schema_has_its_word)
{
    struct event_fields fields = avro_fields(&schemas);
    struct impression event;

    know(AVRO_FLAT);
    avro_put_flat();
    avro_record.bytes[4] = 8;
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_SCHEMA_UNKNOWN);
    ck_assert_refused(event_reader_check(&fields, EVENT_SCHEMA_UNKNOWN, &err),
                      err, ERROR_AUTH, "closed");
    ck_assert_ok(event_reader_check(&fields, EVENT_MISSING, &err), err);
    avro_put_flat();
    schema.kind = EVENT_SCHEMA_PROTOBUF;
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_SCHEMA_UNFIT);
    avro_record.size = 4;
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_INVALID);
    avro_record.size = 0;
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_EMPTY);
    avro_put_flat();
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
    struct event_fields fields = avro_fields(&schemas);
    struct impression event;

    fields.impressions_format = EVENT_FORMAT_AUTO;
    know(AVRO_FLAT);
    avro_put_flat();
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_OK);
    buffer_clear(&avro_record);
    buffer_append(&avro_record, json, sizeof(json) - 1);
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_OK);
    schema.kind = EVENT_SCHEMA_JSON; /* JSON Schema: JSON behind the head */
    avro_begin();
    buffer_append(&avro_record, json, sizeof(json) - 1);
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_OK);
    one_id(&event.user, "2");
    fields.impressions_format = EVENT_FORMAT_AVRO;
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_OK);
}
END_TEST

/* A schema whose records name each other needs more steps than there may be. */
START_TEST(a_schema_that_explodes_is_unfit)
{
    struct event_fields fields = avro_fields(&schemas);
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
    avro_begin();
    avro_put_long(0);
    avro_put_long(0);
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_SCHEMA_UNFIT);
    strcpy(fields.user, "user");
    ck_assert_int_eq(avro_take(&fields, &event), EVENT_MISSING);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_writers");
    TCase *tests = tcase_create("schemas");

    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, a_schema_is_asked_for_once_and_again_when_it_changed);
    tcase_add_test(tests, more_schemas_than_are_kept_are_read_all_the_same);
    tcase_add_test(tests, a_record_without_a_known_schema_has_its_word);
    tcase_add_test(tests, auto_tells_a_schema_by_the_zero);
    tcase_add_test(tests, a_schema_that_explodes_is_unfit);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
