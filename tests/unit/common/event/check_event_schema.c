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
#include "common/event/event_schemas.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES_MAX = 8, EXAMPLE_SIZE_MAX = 512, PAGE_MAX = 1 << 20 };

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;
static struct error err;

/* The blocks between ``` lines, their hexadecimal columns as bytes; and the
 * blocks of JSON as they stand. */
static struct {
    uint8_t bytes[EXAMPLE_SIZE_MAX];
    size_t size;
} examples[EXAMPLES_MAX];
static size_t example_count;

/* In the order of the page. */
enum {
    EXAMPLE_IMPRESSION,
    EXAMPLE_AVRO,
    EXAMPLE_LABEL,
    EXAMPLE_PREDICTION,
    EXAMPLE_AVRO_PREDICTION,
    EXAMPLE_PIN,
    EXAMPLE_EVALUATION,
    EXAMPLE_COUNT
};
enum {
    JSON_IMPRESSION,
    JSON_AVRO_SCHEMA,
    JSON_PREDICTION,
    JSON_EVALUATION,
    JSON_COUNT
};
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
            json_count += is_json;
            inside = !inside && !is_json;
            is_json = false;
        } else if (strcmp(line, "```json") == 0) {
            is_json = true;
        } else if (is_json) {
            ck_assert_uint_lt(json_count, JSON_COUNT);
            ck_assert_uint_lt(strlen(json[json_count]) + strlen(line),
                              sizeof(json[0]));
            strcat(json[json_count], line);
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
    ck_assert_uint_eq(example_count, EXAMPLE_COUNT);
    ck_assert_int_eq(one_impression(&fields, examples[EXAMPLE_IMPRESSION].bytes,
                                    examples[EXAMPLE_IMPRESSION].size,
                                    &impression, NULL),
                     EVENT_OK);
    ck_assert_int_eq(impression.ts_ms, 1700000000123);
    ck_assert_int_eq(impression.user.number, 7);
    ck_assert_int_eq(impression.ad.number, 42);
    ck_assert_int_eq(one_label(&fields, examples[EXAMPLE_LABEL].bytes,
                               examples[EXAMPLE_LABEL].size, &label, NULL),
                     EVENT_OK);
    ck_assert(id_equal(&label.id, &impression.id));
    ck_assert_int_eq(label.ts_ms, 1700000030123);
    ck_assert(label.click == 1);
    ck_assert_int_eq(one_prediction(examples[EXAMPLE_PREDICTION].bytes,
                                    examples[EXAMPLE_PREDICTION].size,
                                    &prediction, NULL),
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
    ck_assert_int_eq(one_prediction(examples[EXAMPLE_PREDICTION].bytes,
                                    examples[EXAMPLE_PREDICTION].size,
                                    &prediction, NULL),
                     EVENT_OK);
    event_encode_prediction(&prediction, &bytes);
    ck_assert_uint_eq(bytes.size, examples[EXAMPLE_PREDICTION].size);
    ck_assert_mem_eq(bytes.bytes, examples[EXAMPLE_PREDICTION].bytes,
                     bytes.size);
    buffer_free(&bytes);
}
END_TEST

START_TEST(the_prediction_in_avro_is_what_we_write)
{
    const struct event_output avro = {
        .format = EVENT_FORMAT_AVRO, .has_schema = true, .schema = 9};
    struct prediction_event prediction;
    struct buffer bytes = {0};

    read_page();
    ck_assert_int_eq(one_prediction(examples[EXAMPLE_PREDICTION].bytes,
                                    examples[EXAMPLE_PREDICTION].size,
                                    &prediction, NULL),
                     EVENT_OK);
    event_write_prediction(&avro, &prediction, &bytes);
    ck_assert_uint_eq(bytes.size, examples[EXAMPLE_AVRO_PREDICTION].size);
    ck_assert_mem_eq(bytes.bytes, examples[EXAMPLE_AVRO_PREDICTION].bytes,
                     bytes.size);
    buffer_free(&bytes);
}
END_TEST

START_TEST(the_evaluation_is_what_we_write)
{
    struct evaluation_event event;
    struct buffer bytes = {0};

    read_page();
    ck_assert_ok(evaluation_event_decode(
                     NULL, examples[EXAMPLE_EVALUATION].bytes,
                     examples[EXAMPLE_EVALUATION].size, &event, &err),
                 err);
    ck_assert_int_eq(event.start_ms, 1699999200000);
    ck_assert_double_eq(event.ece, 0.0625);
    evaluation_event_encode(&event, &bytes);
    ck_assert_uint_eq(bytes.size, examples[EXAMPLE_EVALUATION].size);
    ck_assert_mem_eq(bytes.bytes, examples[EXAMPLE_EVALUATION].bytes,
                     bytes.size);
    buffer_free(&bytes);
}
END_TEST

START_TEST(the_json_is_what_we_write)
{
    struct prediction_event prediction;
    struct evaluation_event evaluation;
    struct buffer bytes = {0};

    read_page();
    ck_assert_int_eq(one_prediction(examples[EXAMPLE_PREDICTION].bytes,
                                    examples[EXAMPLE_PREDICTION].size,
                                    &prediction, NULL),
                     EVENT_OK);
    event_json_prediction(&prediction, &bytes);
    buffer_append(&bytes, "", 1);
    ck_assert_str_eq((const char *)bytes.bytes, json[JSON_PREDICTION]);
    ck_assert_ok(evaluation_event_decode(
                     NULL, examples[EXAMPLE_EVALUATION].bytes,
                     examples[EXAMPLE_EVALUATION].size, &evaluation, &err),
                 err);
    buffer_clear(&bytes);
    evaluation_event_write(&(struct event_output){.format = EVENT_FORMAT_JSON},
                           &evaluation, &bytes);
    buffer_append(&bytes, "", 1);
    ck_assert_str_eq((const char *)bytes.bytes, json[JSON_EVALUATION]);
    buffer_free(&bytes);
}
END_TEST

static struct event_schema schema = {.kind = EVENT_SCHEMA_AVRO};
static atomic_uint version;

static const struct event_schema *find(void *context, uint32_t number)
{
    (void)context;
    return number == 7 ? &schema : NULL;
}

static const struct event_schemas schemas = {.find = find, .version = &version};

static void check_same(const struct impression *a, const struct impression *b)
{
    ck_assert(id_equal(&a->id, &b->id));
    ck_assert(id_equal(&a->user, &b->user));
    ck_assert(id_equal(&a->ad, &b->ad));
    ck_assert_int_eq(a->ts_ms, b->ts_ms);
    ck_assert_uint_eq(a->raw_ts.size, b->raw_ts.size);
    ck_assert_mem_eq(a->raw_ts.bytes, b->raw_ts.bytes, a->raw_ts.size);
    ck_assert_uint_eq(a->raw_id.size, b->raw_id.size);
    ck_assert_mem_eq(a->raw_id.bytes, b->raw_id.bytes, a->raw_id.size);
}

START_TEST(the_impression_is_the_same_in_each_format)
{
    struct event_fields settings = EVENT_FIELDS_DEFAULT;
    read_page();
    const struct event_record records[] = {
        {.value = examples[EXAMPLE_IMPRESSION].bytes,
         .value_size = examples[EXAMPLE_IMPRESSION].size},
        {.value = (const uint8_t *)json[JSON_IMPRESSION],
         .value_size = strlen(json[JSON_IMPRESSION])},
        {.value = examples[EXAMPLE_AVRO].bytes,
         .value_size = examples[EXAMPLE_AVRO].size}};
    struct event_scratch scratch = {0};
    struct event_reader *reader = NULL;
    struct impression read[3];
    const char *about;

    ck_assert_ok(writer_schema_parse(json[JSON_AVRO_SCHEMA],
                                     strlen(json[JSON_AVRO_SCHEMA]),
                                     &schema.avro, &err),
                 err);
    settings.impressions_format = EVENT_FORMAT_AUTO;
    settings.schemas = &schemas;
    ck_assert_ok(event_reader_new(&settings, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    for (int i = 0; i < 3; i++) {
        ck_assert_ok(event_scratch_ready(&scratch, &err), err);
        ck_assert_int_eq(event_reader_impression(reader, &records[i], &scratch,
                                                 &read[i], &about),
                         EVENT_OK);
        check_same(&read[0], &read[i]);
    }
    event_reader_free(reader);
    event_scratch_free(&scratch);
    writer_schema_free(schema.avro);
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
    tcase_add_test(tests, the_prediction_in_avro_is_what_we_write);
    tcase_add_test(tests, the_evaluation_is_what_we_write);
    tcase_add_test(tests, the_json_is_what_we_write);
    tcase_add_test(tests, the_impression_is_the_same_in_each_format);
    tcase_add_test(tests, every_fault_is_on_the_page);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
