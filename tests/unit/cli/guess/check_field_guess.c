/*
 * check_field_guess.c - the topics of strangers, and the settings that read
 * them: whatever is guessed reads every record that it was guessed from.
 */
#include "support/one_schema.h"
#include "support/run_suite.h"

#include "cli/guess/guess_report.h"

#include "common/base/config.h"
#include "common/event/event_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 60 };

static struct field_survey *survey;
static struct error err;
static struct buffer report;

static void start(void)
{
    ck_assert_ok(field_survey_new(NULL, &survey, &err), err);
}

static void stop(void)
{
    field_survey_free(survey);
    buffer_free(&report);
}

/* --- Names ------------------------------------------------------------ */

static const struct {
    enum guess_role role;
    const char *better, *worse;
} names[] = {
    {GUESS_USER, "user", "user_agent"},
    {GUESS_USER, "context.user.id", "context.id"},
    {GUESS_USER, "userId", "username_length"},
    {GUESS_USER, "uid", "guid"},
    {GUESS_USER, "visitor_id", "device.id"},
    {GUESS_USER, "user_id", "user.country"},
    {GUESS_AD, "ad_id", "ad_position"},
    {GUESS_AD, "ads[0].id", "ads[0].price"},
    {GUESS_AD, "creativeId", "creative.width"},
    {GUESS_AD, "banner", "badge"},
    {GUESS_ID, "impression_id", "id"},
    {GUESS_ID, "id", "user.id"},
    {GUESS_ID, "event.id", "event.at"},
    {GUESS_ID, "header:ce_id", "header:ce_time"},
    {GUESS_TS, "event.ts", "event.id"},
    {GUESS_TS, "occurred_at", "ingested_at_host"},
    {GUESS_TS, "timestamp_ms", "ms"},
    {GUESS_CLICK, "is_clicked", "is_mobile"},
};

START_TEST(names_say_what_a_field_is)
{
    const double better = field_guess_by_name(names[_i].role, names[_i].better);
    const double worse = field_guess_by_name(names[_i].role, names[_i].worse);

    ck_assert_msg(better > worse && better >= 3, "%s: %g, %s: %g",
                  names[_i].better, better, names[_i].worse, worse);
}
END_TEST

/* --- Topics ----------------------------------------------------------- */

/* A topic: %d in the text is the number of the row, %m and %c are another
 * number from 0 to 9 and 0 or 1; the key likewise; and the settings. */
static const struct topic {
    const char *value, *key;
    const char *settings;
} topics[] = {
    {"{\"id\": \"imp-%d\", \"ts\": 17000000%d123, \"user\": %m, \"ad\": %m}",
     NULL,
     "topic.impressions=t\nformat.impressions=json\nfield.id=id\n"
     "field.ts=ts\nfield.user=user\nfield.ad=ad\nfield.ts.unit=ms\n"},
    /* Nested, times as text, the user in the key. */
    {"{\"event\": {\"id\": \"e%d\", \"time\": \"2023-11-14T22:13:%d.123Z\"}, "
     "\"placement\": {\"slot\": %m, \"banners\": [{\"id\": \"b%m\"}]}}",
     "u%m",
     "topic.impressions=t\nformat.impressions=json\nfield.id=event.id\n"
     "field.ts=event.time\nfield.user=@key\n"
     "field.ad=placement.banners[0].id\n"},
    /* Impressions that say what became of them. */
    {"{\"request_id\": %d, \"created_at\": 17000000%d, \"uid\": \"u%m\", "
     "\"creative_id\": %m, \"clicked\": %c, \"country\": \"de\"}",
     NULL,
     "topic.impressions=t\nformat.impressions=json\n"
     "topic.labels=t\nformat.labels=json\nfield.id=request_id\n"
     "field.ts=created_at\nfield.user=uid\nfield.ad=creative_id\n"
     "field.click=clicked\nfield.ts.unit=s\njoin=labels\n"},
    /* The same with words. */
    {"{\"id\": %d, \"when\": \"2023-11-14T22:13:%dZ\", \"user\": %m, "
     "\"item\": %m, \"outcome\": \"%w\"}",
     NULL,
     "topic.impressions=t\nformat.impressions=json\n"
     "topic.labels=t\nformat.labels=json\nfield.id=id\nfield.ts=when\n"
     "field.user=user\nfield.ad=item\nfield.click=outcome\n"
     "field.click.values=clicked:1,ignored:0\njoin=labels\n"},
    /* Clicks. */
    {"{\"impression_id\": \"i%d\", \"ts\": 17000000%d123456, \"click\": true}",
     NULL,
     "topic.labels=t\nformat.labels=json\nfield.id=impression_id\n"
     "field.ts=ts\nfield.click=click\nfield.ts.unit=us\n"},
    /* Several kinds in one. */
    {"{\"type\": \"%k\", \"impression\": %d, \"at\": "
     "\"2023-11-14T22:13:%dZ\", \"user\": {\"id\": \"u%m\", \"age\": %m}, "
     "\"ad\": {\"id\": %m}}",
     "%d",
     "topic.impressions=t\nformat.impressions=json\n"
     "topic.labels=t\nformat.labels=json\nfield.id=impression\n"
     "field.ts=at\nfield.user=user.id\nfield.ad=ad.id\nfield.click=type\n"
     "field.click.values=ad_click:1\nfilter.impressions=type==ad_view\n"
     "filter.labels=type==ad_click\n"},
    /* A time that is none: the record's own. */
    {"{\"event_id\": %d, \"time\": \"2023-11-14 22:13:%d\", \"user\": %m, "
     "\"ad\": %m}",
     NULL,
     "topic.impressions=t\nformat.impressions=json\nfield.id=event_id\n"
     "field.ts=@timestamp\nfield.user=user\nfield.ad=ad\n"
     "field.ts.unit=ms\n"},
    /* A CloudEvents envelope, and names that need quotes. */
    {"{\"specversion\": \"1.0\", \"id\": \"%d\", \"time\": "
     "\"2023-11-14T22:13:%dZ\", \"data\": {\"user id\": %m, \"ad.id\": %m}}",
     NULL,
     "topic.impressions=t\nformat.impressions=json\nfield.id=id\n"
     "field.ts=time\nfield.user=data['user id']\nfield.ad=data['ad.id']\n"},
};
enum { TOPICS = sizeof(topics) / sizeof(topics[0]) };

static void fill(const char *form, int row, char *out, size_t room)
{
    static const char *const words[] = {"ignored", "clicked"};
    static const char *const kinds[] = {"ad_view", "ad_click"};
    size_t at = 0;

    for (; *form; form++) {
        if (*form != '%') {
            out[at++] = *form;
            continue;
        }
        form++;
        const int c = row % 5 == 0;
        at += (size_t)(*form == 'd'
                           ? snprintf(out + at, room - at, "%02d", row % 60)
                       : *form == 'm'
                           ? snprintf(out + at, room - at, "%d", row * 7 % 10)
                       : *form == 'c' ? snprintf(out + at, room - at, "%d", c)
                       : *form == 'w'
                           ? snprintf(out + at, room - at, "%s", words[c])
                           : snprintf(out + at, room - at, "%s", kinds[c]));
    }
    out[at] = '\0';
}

/* A number in JSON does not begin with a 0. */
static void take_row(const struct topic *topic, int row, char value[512],
                     char key[32], struct message *message)
{
    fill(topic->value, row + 10, value, 512);
    fill(topic->key ? topic->key : "", row + 10, key, 32);
    *message = (struct message){
        .value = (const uint8_t *)value,
        .value_size = strlen(value),
        .key = topic->key ? (const uint8_t *)key : NULL,
        .key_size = topic->key ? strlen(key) : 0,
        .timestamp_ms = 1700000000000 + row,
    };
}

static const char *guess(const char *topic)
{
    const struct field_guess is = field_guess_of(survey);
    const struct guess_report of = {.topic = topic,
                                    .registry = "http://registry:8081",
                                    .size = ROWS,
                                    .survey = survey,
                                    .guess = &is};

    buffer_clear(&report);
    guess_report_write(&of, &report);
    buffer_append(&report, "", 1);
    return (const char *)report.bytes;
}

static const char *settings_in(const char *text)
{
    const char *settings = strstr(text, "-F.\n\n");

    ck_assert_msg(settings != NULL, "no settings: %s", text);
    return settings + 5;
}

START_TEST(settings_are_guessed)
{
    struct message message;
    char value[512], key[32];

    for (int row = 0; row < 50; row++) {
        take_row(&topics[_i], row, value, key, &message);
        ck_assert_ok(field_survey_take(survey, &message, NULL, 0, &err), err);
    }
    const char *text = guess("t");
    if (strcmp(settings_in(text), topics[_i].settings) != 0)
        ck_abort_msg("%s", text);
}
END_TEST

/* The settings as the program reads them. */
static void read_settings(const char *text, struct event_fields *out)
{
    static const struct config_key keys[] = {
#define F(f)                                                                   \
    offsetof(struct event_fields, f), sizeof(((struct event_fields *)0)->f)
        {0, "field.id", CONFIG_TEXT, F(id), "id", 1, 0, NULL, ""},
        {0, "field.ts", CONFIG_TEXT, F(ts), "ts", 1, 0, NULL, ""},
        {0, "field.user", CONFIG_TEXT, F(user), "user", 1, 0, NULL, ""},
        {0, "field.ad", CONFIG_TEXT, F(ad), "ad", 1, 0, NULL, ""},
        {0, "field.click", CONFIG_TEXT, F(click), "click", 1, 0, NULL, ""},
        {0, "field.click.values", CONFIG_TEXT, F(click_values), "", 0, 0, NULL,
         ""},
        {0, "filter.impressions", CONFIG_TEXT, F(impressions_filter), "", 0, 0,
         NULL, ""},
        {0, "filter.labels", CONFIG_TEXT, F(labels_filter), "", 0, 0, NULL, ""},
        {0, "format.impressions", CONFIG_CHOICE, F(impressions_format), "auto",
         0, 0, EVENT_FORMAT_WORDS, ""},
        {0, "format.labels", CONFIG_CHOICE, F(labels_format), "auto", 0, 0,
         EVENT_FORMAT_WORDS, ""},
        {0, "field.ts.unit", CONFIG_CHOICE, F(ts_unit), "auto", 0, 0,
         EVENT_TIME_UNIT_WORDS, ""},
#undef F
        CONFIG_END};
    static const struct config_key others[] = {
        {0, "topic.impressions", CONFIG_TEXT, 0, 1, "", 0, 0, NULL, ""},
        {0, "topic.labels", CONFIG_TEXT, 0, 1, "", 0, 0, NULL, ""},
        {0, "join", CONFIG_TEXT, 0, 1, "", 0, 0, NULL, ""},
        CONFIG_END};
    static const struct config_key *const tables[] = {others, NULL};
    struct config *config = calloc(1, sizeof(*config));
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

    memset(out, 0, sizeof(*out));
    config->others = tables;
    ck_assert_ok(config_start(config, keys, out, &err), err);
    config->others = tables;
    ck_assert_ok(config_read(config, in, "guess", &err), err);
    fclose(in);
    free(config);
}

START_TEST(what_is_guessed_reads_every_record)
{
    static struct event_fields fields;
    struct event_reader *impressions, *labels;
    struct event_scratch scratch = {0};
    const bool has_labels = strstr(topics[_i].settings, "topic.labels") != NULL;
    const bool has_impressions =
        strstr(topics[_i].settings, "topic.impressions") != NULL;
    int events = 0;

    read_settings(topics[_i].settings, &fields);
    ck_assert_ok(
        event_reader_new(&fields, EVENT_IMPRESSIONS, &impressions, &err), err);
    ck_assert_ok(event_reader_new(&fields, EVENT_LABELS, &labels, &err), err);
    for (int row = 0; row < 50; row++) {
        struct message message;
        struct impression impression;
        struct label label;
        char value[512], key[32];
        const char *about = NULL;
        take_row(&topics[_i], row, value, key, &message);
        const struct event_record record = {.value = message.value,
                                            .value_size = message.value_size,
                                            .key = message.key,
                                            .key_size = message.key_size,
                                            .timestamp_ms =
                                                message.timestamp_ms};
        ck_assert_ok(event_scratch_ready(&scratch, &err), err);
        enum event_fault fault = event_reader_impression(
            impressions, &record, &scratch, &impression, &about);
        ck_assert_msg(!has_impressions || fault == EVENT_OK ||
                          fault == EVENT_PASSED_OVER,
                      "%s: %s: %s", value, event_fault_name(fault), about);
        events += has_impressions && fault == EVENT_OK;
        fault = event_reader_label(labels, &record, &scratch, &label, &about);
        ck_assert_msg(!has_labels || fault == EVENT_OK ||
                          fault == EVENT_PASSED_OVER,
                      "%s: %s: %s", value, event_fault_name(fault), about);
        events += has_labels && fault == EVENT_OK;
    }
    ck_assert_int_ge(events, 50);
    event_reader_free(impressions);
    event_reader_free(labels);
    event_scratch_free(&scratch);
}
END_TEST

/* --- Strangers -------------------------------------------------------- */

static void take_text(const char *text)
{
    const struct message message = {.value = (const uint8_t *)text,
                                    .value_size = strlen(text),
                                    .timestamp_ms = -1};

    ck_assert_ok(field_survey_take(survey, &message, NULL, 0, &err), err);
}

/* Neither names nor values get out of their comments or at the terminal. */
START_TEST(strangers_reach_no_terminal_and_no_setting)
{
    for (int row = 0; row < 30; row++) {
        char record[512];
        snprintf(record, sizeof(record),
                 "{\"id\": \"\\u001b[31m%d\", \"user\\nbrokers=evil:1\": 1, "
                 "\"user\": \"a\\nbrokers=evil:2\", \"\\u009b\": 2, "
                 "\"type\": \"%s\", \"ts\": 1700000000123, \"ad\": \"\\r\\n\"}",
                 row, row % 2 ? "click\\nbrokers=evil:3" : "view\\u001b[2J");
        take_text(record);
    }
    const char *text = guess("t");
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        ck_assert_msg(strncmp(line, "brokers", 7) != 0, "%s", line);
    }
    for (const char *at = text; *at; at++)
        ck_assert_msg(((uint8_t)*at >= ' ' && *at != 0x7f) || *at == '\n',
                      "a control character: %s", at);
    ck_assert_ptr_null(strstr(text, "\xc2\x9b"));
    ck_assert_ptr_null(strstr(settings_in(text), "filter."));
}
END_TEST

START_TEST(avro_is_guessed_by_its_schema)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
        "{\"name\":\"impression_id\",\"type\":\"string\"},"
        "{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":"
        "\"timestamp-millis\"}},{\"name\":\"context\",\"type\":[\"null\","
        "{\"type\":\"record\",\"name\":\"C\",\"fields\":[{\"name\":\"user_id\","
        "\"type\":\"int\"},{\"name\":\"ad_id\",\"type\":\"int\"}]}]}]}";
    const struct event_schemas *schemas =
        one_schema(7, EVENT_SCHEMA_AVRO, schema);

    field_survey_free(survey);
    ck_assert_ok(field_survey_new(schemas, &survey, &err), err);
    for (int row = 0; row < 50; row++) {
        uint8_t avro[] = {0,    0,    0,    0,   7,    10,   'i',
                          'm',  'p',  '0',  '0', 0xf6, 0xa1, 0xab,
                          0xfe, 0xf9, 0x62, 2,   0,    8};
        avro[9] = (uint8_t)('0' + row / 10);
        avro[10] = (uint8_t)('0' + row % 10);
        avro[18] = (uint8_t)(2 * (row % 20));
        avro[19] = (uint8_t)(2 * (row % 7));
        const struct message message = {
            .value = avro, .value_size = sizeof(avro), .timestamp_ms = -1};
        ck_assert_ok(field_survey_take(survey, &message, NULL, 0, &err), err);
    }
    const char *text = guess("t");
    ck_assert_ptr_nonnull(strstr(text, "50  Avro of a schema registry\n"));
    ck_assert_str_eq(settings_in(text),
                     "topic.impressions=t\nformat.impressions=avro\n"
                     "registry.url=http://registry:8081\n"
                     "field.id=impression_id\nfield.ts=at\n"
                     "field.user=context.user_id\nfield.ad=context.ad_id\n"
                     "field.ts.unit=ms\n");
}
END_TEST

/* Records of a schema that gave the user another name are read by the old name,
 * which is an alias in it; and so are those of the schema before. */
START_TEST(a_field_of_avro_is_guessed_by_its_alias)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
        "{\"name\":\"who\",\"aliases\":[\"ctx\",\"ad_id\"],\"type\":{\"type\":"
        "\"record\",\"name\":\"C\",\"fields\":[{\"name\":\"viewer\",\"type\":"
        "\"int\",\"aliases\":[\"user_id\"]}]}},"
        "{\"name\":\"ad_id\",\"type\":\"int\"}]}";
    const struct event_schemas *schemas =
        one_schema(7, EVENT_SCHEMA_AVRO, schema);

    field_survey_free(survey);
    ck_assert_ok(field_survey_new(schemas, &survey, &err), err);
    for (uint8_t row = 0; row < 50; row++) {
        const uint8_t avro[] = {
            0, 0, 0, 0, 7, (uint8_t)(2 * (row % 20)), (uint8_t)(2 * (row % 7))};
        const struct message message = {
            .value = avro, .value_size = sizeof(avro), .timestamp_ms = -1};
        ck_assert_ok(field_survey_take(survey, &message, NULL, 0, &err), err);
    }
    const char *text = guess("t");
    ck_assert_ptr_nonnull(
        strstr(text, "# who.viewer   100.0 %        20   int"));
    ck_assert_ptr_nonnull(
        strstr(text, "# ctx.user_id  100.0 %        20   int"));
    ck_assert_ptr_nonnull(
        strstr(text, "# ad_id        100.0 %         7   int"));
    ck_assert_ptr_nonnull(
        strstr(settings_in(text), "field.user=who.user_id\nfield.ad=ad_id\n"));
}
END_TEST

START_TEST(what_cannot_be_read_has_no_settings)
{
    const uint8_t avro[] = {0, 0, 0, 0, 7, 10, 'i', 'm', 'p', '-', '1', 14};
    const struct message message = {
        .value = avro, .value_size = sizeof(avro), .timestamp_ms = -1};

    ck_assert_ok(field_survey_take(survey, &message, NULL, 0, &err), err);
    const char *text = guess("t");
    ck_assert_ptr_nonnull(strstr(text, "1  Avro of a schema registry; "
                                       "registry.url must say where its "
                                       "schemas are"));
    ck_assert_ptr_nonnull(strstr(text, "there is nothing to set"));
    ck_assert_ptr_null(strstr(text, "\nformat."));
}
END_TEST

START_TEST(what_is_not_found_is_said)
{
    for (int row = 0; row < 30; row++) {
        char record[128];
        snprintf(record, sizeof(record),
                 "{\"id\": %d, \"ts\": \"2023-11-14 22:13\", \"x\": %d}", row,
                 row % 3);
        take_text(record);
    }
    const char *text = guess("t");
    ck_assert_ptr_nonnull(strstr(text, "# user   no field looks like it: set "
                                       "field.user\n"));
    ck_assert_ptr_nonnull(strstr(text, "# ts     no field looks like it"));
    ck_assert_ptr_nonnull(strstr(text, "# ts is a date that is not RFC 3339"));
    ck_assert_ptr_null(strstr(settings_in(text), "field.user"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("field_guess");
    TCase *tests = tcase_create("topics");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, names_say_what_a_field_is, 0,
                        sizeof(names) / sizeof(names[0]));
    tcase_add_loop_test(tests, settings_are_guessed, 0, TOPICS);
    tcase_add_loop_test(tests, what_is_guessed_reads_every_record, 0, TOPICS);
    tcase_add_test(tests, strangers_reach_no_terminal_and_no_setting);
    tcase_add_test(tests, avro_is_guessed_by_its_schema);
    tcase_add_test(tests, a_field_of_avro_is_guessed_by_its_alias);
    tcase_add_test(tests, what_cannot_be_read_has_no_settings);
    tcase_add_test(tests, what_is_not_found_is_said);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
