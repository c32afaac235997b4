/*
 * check_event_form.c - what is written by some settings is read by the same
 * settings, and what cannot be written is refused.
 */
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/event/event_form.h"
#include "common/event/event_json.h"

#include <stdio.h>
#include <string.h>

static struct error err;
static struct buffer bytes;
static struct event_fields fields;
static struct event_form form;

static void set_up(void)
{
    fields = (struct event_fields)EVENT_FIELDS_DEFAULT;
}

static void tear_down(void)
{
    buffer_free(&bytes);
}

static void set(char field[EVENT_FIELD_SIZE], const char *path)
{
    snprintf(field, EVENT_FIELD_SIZE, "%s", path);
}

static const struct impression impression = {
    .id = {.text = "imp-1", .size = 5},
    .user = {.number = 7},
    .ad = {.text = "a", .size = 1},
    .ts_ms = INT64_C(1700000000123),
};

static const struct label label = {
    .id = {.text = "imp-1", .size = 5},
    .ts_ms = INT64_C(1700000030000),
    .click = 1,
    .has_pair = true,
    .user = {.number = 7},
    .ad = {.text = "a", .size = 1},
};

static void write_impression(const struct event_extra *extras, size_t count)
{
    ck_assert_ok(event_form_read(&form, &fields, EVENT_IMPRESSIONS, &err), err);
    buffer_clear(&bytes);
    event_form_impression(&form, &impression, extras, count, &bytes);
}

static void write_label(const struct label *event)
{
    ck_assert_ok(event_form_read(&form, &fields, EVENT_LABELS, &err), err);
    buffer_clear(&bytes);
    event_form_label(&form, event, &bytes);
}

static void expect_json(const char *wanted)
{
    struct buffer json = {0};

    event_json_value(bytes.bytes, bytes.size, &json);
    buffer_append(&json, "", 1);
    ck_assert_str_eq((const char *)json.bytes, wanted);
    buffer_free(&json);
}

/* --- Where fields stand ----------------------------------------------- */

static const struct {
    const char *id, *ts, *user, *ad, *json;
} places[] = {
    {"id", "ts", "user", "ad",
     "{\"id\":\"imp-1\",\"ts\":1700000000123,\"user\":7,\"ad\":\"a\"}"},
    {"$.event.id", "event.at", "context.user.id", "context.ad",
     "{\"event\":{\"id\":\"imp-1\",\"at\":1700000000123},\"context\":{\"user\":"
     "{\"id\":7},\"ad\":\"a\"}}"},
    {"id", "$['the.time']", "who[1].id", "who[0].ad[2]",
     "{\"id\":\"imp-1\",\"the.time\":1700000000123,\"who\":[{\"ad\":[null,"
     "null,\"a\"]},{\"id\":7}]}"},
    {"0", "a.b.c.d.e.f.g.h", "x", "$.x",
     "{\"0\":\"imp-1\",\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":"
     "1700000000123}}}}}}},\"x\":7}"},
};

START_TEST(fields_stand_at_the_end_of_their_paths)
{
    struct impression out;
    const char *field;

    set(fields.id, places[_i].id);
    set(fields.ts, places[_i].ts);
    set(fields.user, places[_i].user);
    set(fields.ad, places[_i].ad);
    write_impression(NULL, 0);
    expect_json(places[_i].json);
    for (int format = EVENT_FORMAT_MSGPACK; format <= EVENT_FORMAT_JSON;
         format++) {
        fields.impressions_format = format;
        write_impression(NULL, 0);
        ck_assert_int_eq(bytes.bytes[0] == '{', format == EVENT_FORMAT_JSON);
        ck_assert_int_eq(
            one_impression(&fields, bytes.bytes, bytes.size, &out, &field),
            EVENT_OK);
        ck_assert(id_equal(&out.id, &impression.id));
        ck_assert(id_equal(&out.user, &impression.user));
        if (strcmp(places[_i].user, "x") != 0) /* else it is the ad as well */
            ck_assert(id_equal(&out.ad, &impression.ad));
        ck_assert_int_eq(out.ts_ms, impression.ts_ms);
    }
}
END_TEST

/* An extra keeps its name, dots and all, and gives way to a field's container.
 */
START_TEST(extras_stand_beside_the_fields)
{
    const struct event_extra extras[] = {
        {.name = "depth", .value = {.number = 2}},
        {.name = "context", .value = {.number = 3}},
        {.name = "site.id", .value = {.number = 4}}};

    set(fields.user, "context.user");
    write_impression(extras, 3);
    expect_json("{\"id\":\"imp-1\",\"ts\":1700000000123,\"context\":{\"user\":"
                "7},\"ad\":\"a\",\"depth\":2,\"site.id\":4}");
    ck_assert(event_form_has(&form, "context"));
    ck_assert(!event_form_has(&form, "user"));
}
END_TEST

START_TEST(key_and_time_of_the_record_are_the_senders)
{
    set(fields.user, "@key");
    set(fields.ts, "@timestamp");
    write_impression(NULL, 0);
    expect_json("{\"id\":\"imp-1\",\"ad\":\"a\"}");
    ck_assert(event_form_has_user_key(&form));
    write_label(&label);
    expect_json("{\"id\":\"imp-1\",\"click\":true,\"ad\":\"a\"}");
    set(fields.user, "user");
    write_impression(NULL, 0);
    ck_assert(!event_form_has_user_key(&form));
}
END_TEST

START_TEST(a_label_without_a_pair_has_no_container_for_it)
{
    struct label single = label, out;

    single.has_pair = false;
    set(fields.user, "pair.user");
    set(fields.ad, "pair.ad");
    write_label(&single);
    expect_json("{\"id\":\"imp-1\",\"ts\":1700000030000,\"click\":true}");
    write_label(&label);
    ck_assert_int_eq(one_label(&fields, bytes.bytes, bytes.size, &out, NULL),
                     EVENT_OK);
    ck_assert(out.has_pair);
    ck_assert(id_equal(&out.ad, &label.ad));
}
END_TEST

/* --- What values mean ------------------------------------------------- */

START_TEST(times_are_in_the_unit_that_readers_take)
{
    static const char *const written[] = {
        [EVENT_TIME_MS] = "1700000000123",
        [EVENT_TIME_S] = "1700000000.123",
        [EVENT_TIME_US] = "1700000000123000",
        [EVENT_TIME_NS] = "1700000000123000000",
        [EVENT_TIME_AUTO] = "1700000000123",
    };
    struct impression out;
    char json[128];

    fields.ts_unit = _i;
    snprintf(json, sizeof(json),
             "{\"id\":\"imp-1\",\"ts\":%s,\"user\":7,\"ad\":\"a\"}",
             written[_i]);
    write_impression(NULL, 0);
    expect_json(json);
    ck_assert_int_eq(
        one_impression(&fields, bytes.bytes, bytes.size, &out, NULL), EVENT_OK);
    ck_assert_int_eq(out.ts_ms, impression.ts_ms);
}
END_TEST

/* Impressions and labels of one topic, told apart by a word. */
START_TEST(filters_and_words_of_clicks_are_written)
{
    struct impression out;
    struct label read;

    set(fields.click, "kind");
    strcpy(fields.click_values, "click:1,view:0");
    strcpy(fields.impressions_filter, "kind==view");
    strcpy(fields.labels_filter, "kind==click");
    write_impression(NULL, 0);
    expect_json("{\"id\":\"imp-1\",\"ts\":1700000000123,\"user\":7,\"ad\":"
                "\"a\",\"kind\":\"view\"}");
    ck_assert_int_eq(
        one_impression(&fields, bytes.bytes, bytes.size, &out, NULL), EVENT_OK);
    ck_assert_int_eq(one_label(&fields, bytes.bytes, bytes.size, &read, NULL),
                     EVENT_PASSED_OVER);
    write_label(&label);
    expect_json("{\"id\":\"imp-1\",\"ts\":1700000030000,\"kind\":\"click\","
                "\"user\":7,\"ad\":\"a\"}");
    ck_assert_int_eq(one_label(&fields, bytes.bytes, bytes.size, &read, NULL),
                     EVENT_OK);
    ck_assert(read.click == 1);
}
END_TEST

/* --- What cannot be written ------------------------------------------- */

static const struct {
    const char *id, *user, *ad, *why;
} refused[] = {
    {"@key", "user", "ad", "field.id: '@key' stands beside"},
    {"id", "@partition", "ad", "field.user: '@partition' stands beside"},
    {"id", "user", "header:ad", "field.ad: 'header:ad' stands beside"},
    {"user.id", "user", "ad",
     "field.user: 'user' cannot be written beside "
     "'user.id': one is within the other"},
    {"id", "x[0]", "x.ad",
     "field.ad: 'x.ad' cannot be written beside 'x[0]': one needs an array"},
    {"id", "x[256]", "ad", "field.user: 'x[256]' cannot be written: its index"},
    {"id", "x..y", "ad", "field.user: 'x..y' is not a path"},
};

START_TEST(what_cannot_be_written_is_refused)
{
    set(fields.id, refused[_i].id);
    set(fields.user, refused[_i].user);
    set(fields.ad, refused[_i].ad);
    ck_assert_refused(event_form_read(&form, &fields, EVENT_IMPRESSIONS, &err),
                      err, ERROR_CONFIG, refused[_i].why);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_form");
    TCase *tests = tcase_create("written");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, fields_stand_at_the_end_of_their_paths, 0,
                        sizeof(places) / sizeof(places[0]));
    tcase_add_test(tests, extras_stand_beside_the_fields);
    tcase_add_test(tests, key_and_time_of_the_record_are_the_senders);
    tcase_add_test(tests, a_label_without_a_pair_has_no_container_for_it);
    tcase_add_loop_test(tests, times_are_in_the_unit_that_readers_take, 0,
                        EVENT_TIME_AUTO + 1);
    tcase_add_test(tests, filters_and_words_of_clicks_are_written);
    tcase_add_loop_test(tests, what_cannot_be_written_is_refused, 0,
                        sizeof(refused) / sizeof(refused[0]));
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
