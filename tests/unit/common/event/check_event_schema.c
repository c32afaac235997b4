/*
 * check_event_schema.c - the examples of docs/event-schema.md are what they
 * say they are.
 */
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/base/file.h"
#include "common/event/evaluation_event.h"
#include "common/event/event_codec.h"
#include "common/event/event_json.h"
#include "common/event/event_reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES_MAX = 8, EXAMPLE_SIZE_MAX = 512, PAGE_MAX = 1 << 20 };

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;
static struct error err;

/* The blocks between ``` lines, their hexadecimal columns as bytes; and the
 * blocks of JSON as they stand, a line each. */
static struct {
    uint8_t bytes[EXAMPLE_SIZE_MAX];
    size_t size;
} examples[EXAMPLES_MAX];
static size_t example_count;

enum { JSON_IMPRESSION, JSON_PREDICTION, JSON_EVALUATION, JSON_COUNT };
static char json[JSON_COUNT][768];
static size_t json_count;

static int digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0'
           : c >= 'a' && c <= 'f'    ? c - 'a' + 10
                                     : -1;
}

/* Pairs of digits with single blanks between; the words follow after more. */
static void take_line(const char *line)
{
    line += strspn(line, " ");
    while (digit(line[0]) >= 0 && digit(line[1]) >= 0) {
        ck_assert_uint_lt(examples[example_count].size, EXAMPLE_SIZE_MAX);
        examples[example_count].bytes[examples[example_count].size++] =
            (uint8_t)(digit(line[0]) * 16 + digit(line[1]));
        line += 2;
        if (line[0] != ' ' || line[1] == ' ')
            return;
        line++;
    }
}

static void read_page(void)
{
    uint8_t *page = NULL;
    size_t size;
    bool inside = false, is_json = false;

    ck_assert_ok(file_read(EVENT_SCHEMA, PAGE_MAX, &page, &size, &err), err);
    char *rest = (char *)page;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (strcmp(line, "```") == 0) {
            example_count += inside;
            inside = !inside && !is_json;
            is_json = false;
        } else if (strcmp(line, "```json") == 0) {
            is_json = true;
        } else if (is_json) {
            ck_assert_uint_lt(json_count, JSON_COUNT);
            snprintf(json[json_count++], sizeof(json[0]), "%s", line);
        } else if (inside) {
            ck_assert_uint_lt(example_count, EXAMPLES_MAX);
            take_line(line);
        }
    }
    free(page);
}

START_TEST(the_examples_decode_to_what_the_page_says)
{
    struct impression impression;
    struct label label;
    struct prediction_event prediction;

    read_page();
    ck_assert_uint_eq(example_count, 5);
    ck_assert_int_eq(one_impression(&fields, examples[0].bytes,
                                    examples[0].size, &impression, NULL),
                     EVENT_OK);
    ck_assert_int_eq(impression.ts_ms, 1700000000123);
    ck_assert_int_eq(impression.user.number, 7);
    ck_assert_int_eq(impression.ad.number, 42);
    ck_assert_int_eq(
        one_label(&fields, examples[1].bytes, examples[1].size, &label, NULL),
        EVENT_OK);
    ck_assert(id_equal(&label.id, &impression.id));
    ck_assert_int_eq(label.ts_ms, 1700000030123);
    ck_assert(label.click == 1);
    ck_assert_int_eq(
        one_prediction(examples[2].bytes, examples[2].size, &prediction, NULL),
        EVENT_OK);
    ck_assert(prediction.p == 0.0625);
    ck_assert_uint_eq(prediction.model_version, 12);
    ck_assert_int_eq(prediction.src_partition, 3);
    ck_assert_int_eq(prediction.src_offset, 256);
}
END_TEST

START_TEST(the_examples_are_what_we_write)
{
    struct prediction_event prediction;
    struct buffer bytes = {0};

    read_page();
    ck_assert_int_eq(
        one_prediction(examples[2].bytes, examples[2].size, &prediction, NULL),
        EVENT_OK);
    event_encode_prediction(&prediction, &bytes);
    ck_assert_uint_eq(bytes.size, examples[2].size);
    ck_assert_mem_eq(bytes.bytes, examples[2].bytes, bytes.size);
    buffer_free(&bytes);
}
END_TEST

START_TEST(the_evaluation_is_what_we_write)
{
    struct evaluation_event event;
    struct buffer bytes = {0};

    read_page();
    ck_assert_ok(evaluation_event_decode(examples[4].bytes, examples[4].size,
                                         &event, &err),
                 err);
    ck_assert_int_eq(event.start_ms, 1699999200000);
    ck_assert_double_eq(event.ece, 0.0625);
    evaluation_event_encode(&event, &bytes);
    ck_assert_uint_eq(bytes.size, examples[4].size);
    ck_assert_mem_eq(bytes.bytes, examples[4].bytes, bytes.size);
    buffer_free(&bytes);
}
END_TEST

START_TEST(the_json_is_what_we_write)
{
    struct prediction_event prediction;
    struct evaluation_event evaluation;
    struct buffer bytes = {0};

    read_page();
    ck_assert_int_eq(
        one_prediction(examples[2].bytes, examples[2].size, &prediction, NULL),
        EVENT_OK);
    event_json_prediction(&prediction, &bytes);
    buffer_append(&bytes, "", 1);
    ck_assert_str_eq((const char *)bytes.bytes, json[JSON_PREDICTION]);
    ck_assert_ok(evaluation_event_decode(examples[4].bytes, examples[4].size,
                                         &evaluation, &err),
                 err);
    buffer_clear(&bytes);
    evaluation_event_write(EVENT_FORMAT_JSON, &evaluation, &bytes);
    buffer_append(&bytes, "", 1);
    ck_assert_str_eq((const char *)bytes.bytes, json[JSON_EVALUATION]);
    buffer_free(&bytes);
}
END_TEST

START_TEST(the_impression_of_json_is_that_of_msgpack)
{
    struct event_fields settings = EVENT_FIELDS_DEFAULT;
    read_page();
    const struct event_record records[] = {
        {.value = (const uint8_t *)json[JSON_IMPRESSION],
         .value_size = strlen(json[JSON_IMPRESSION])},
        {.value = examples[0].bytes, .value_size = examples[0].size}};
    struct event_scratch scratch = {0};
    struct event_reader *reader = NULL;
    struct impression read[2];
    const char *about;

    settings.impressions_format = EVENT_FORMAT_AUTO;
    ck_assert_ok(event_reader_new(&settings, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    for (int i = 0; i < 2; i++) {
        ck_assert_ok(event_scratch_ready(&scratch, &err), err);
        ck_assert_int_eq(event_reader_impression(reader, &records[i], &scratch,
                                                 &read[i], &about),
                         EVENT_OK);
    }
    ck_assert(id_equal(&read[0].id, &read[1].id));
    ck_assert(id_equal(&read[0].user, &read[1].user));
    ck_assert(id_equal(&read[0].ad, &read[1].ad));
    ck_assert_int_eq(read[0].ts_ms, read[1].ts_ms);
    ck_assert_uint_eq(read[0].raw_ts.size, read[1].raw_ts.size);
    ck_assert_mem_eq(read[0].raw_ts.bytes, read[1].raw_ts.bytes,
                     read[0].raw_ts.size);
    event_reader_free(reader);
    event_scratch_free(&scratch);
}
END_TEST

START_TEST(every_fault_is_on_the_page)
{
    uint8_t *page = NULL;
    size_t size;

    ck_assert_ok(file_read(EVENT_SCHEMA, PAGE_MAX, &page, &size, &err), err);
    for (int fault = EVENT_OK + 1; fault < EVENT_FAULT_COUNT; fault++) {
        char row[64];
        snprintf(row, sizeof(row), "| `%s` |",
                 event_fault_name((enum event_fault)fault));
        ck_assert_msg(strstr((char *)page, row) != NULL, "%s", row);
    }
    free(page);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_schema");
    TCase *tests = tcase_create("docs/event-schema.md");

    tcase_add_test(tests, the_examples_decode_to_what_the_page_says);
    tcase_add_test(tests, the_examples_are_what_we_write);
    tcase_add_test(tests, the_evaluation_is_what_we_write);
    tcase_add_test(tests, the_json_is_what_we_write);
    tcase_add_test(tests, the_impression_of_json_is_that_of_msgpack);
    tcase_add_test(tests, every_fault_is_on_the_page);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
