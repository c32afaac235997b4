/*
 * check_formats.c - the same events as msgpack, as JSON, and as JSON in the
 * form of somebody else (nested, times as text, the id in a wrapper), and as
 * Avro of two versions of a schema out of a registry that takes its time: the
 * models are the same bytes, and the predictions the same bits, each once.
 *
 * With PCTR_DATA the events are those of real clicks.
 */
#include "support/avro_event.h"
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/real_registry.h"
#include "support/registry_stub.h"
#include "support/run_suite.h"
#include "support/test_producer.h"

#include "common/event/event_codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PARTITIONS = 4,
    WAIT_MS = 120000,
    ROWS = 20000,
    RECORD_SIZE = 2048,
    SLOW_MS = 3000, /* until the registry answers */
};

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;
static struct test_producer *producer;

/* --- The same events in another form ---------------------------------- */

/* The value of a span as JSON: an integer, or a text. */
static void print_id(struct span raw, char out[2 * ID_TEXT_MAX])
{
    char text[ID_PRINT_SIZE];
    const uint8_t head = raw.bytes[0];
    const bool is_text = (head & 0xe0) == 0xa0 || head == 0xd9;
    struct id id = event_span_id(raw);

    id_print(&id, text);
    snprintf(out, 2 * ID_TEXT_MAX, is_text ? "\"%s\"" : "%s", text);
}

static void print_time(int64_t ms, char out[64])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm when;
    char text[32];

    gmtime_r(&seconds, &when);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &when);
    snprintf(out, 64, "\"%s.%03dZ\"", text, (int)(ms % 1000));
}

/* The parts of an event as JSON. */
struct parts {
    const char *id, *ts, *user, *ad, *click;
};

typedef int writer(const struct parts *parts, char *out, size_t size);

static int write_flat_impression(const struct parts *of, char *out, size_t size)
{
    return snprintf(out, size, "{\"id\":%s,\"ts\":%s,\"user\":%s,\"ad\":%s}",
                    of->id, of->ts, of->user, of->ad);
}

static int write_flat_label(const struct parts *of, char *out, size_t size)
{
    return snprintf(out, size, "{\"id\":%s,\"ts\":%s,\"click\":%s}", of->id,
                    of->ts, of->click);
}

static int write_nested_impression(const struct parts *of, char *out,
                                   size_t size)
{
    return snprintf(out, size,
                    "{\"event\": {\"id\": %s, \"at\": %s}, \"context\": "
                    "{\"user\": {\"id\": %s}, \"ads\": [{}, {\"id\": "
                    "%s}]}, \"type\": \"view\"}\n",
                    of->id, of->ts, of->user, of->ad);
}

static int write_nested_label(const struct parts *of, char *out, size_t size)
{
    return snprintf(out, size,
                    "{\"event\": {\"id\": %s, \"at\": %s}, \"outcome\": "
                    "%s}",
                    of->id, of->ts, of->click);
}

/* --- Avro ------------------------------------------------------------- */

#define AVRO_ID(name, aliases)                                                 \
    "{\"name\":\"" name "\"," aliases "\"type\":[\"string\",\"long\"]}"
#define AVRO_TIME                                                              \
    "{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":"            \
    "\"timestamp-micros\"}}"
#define AVRO_RECORD(name, fields)                                              \
    "{\"type\":\"record\",\"name\":\"" name "\",\"fields\":[" fields "]}"

/* The second version begins with a new field, and the user has another name. */
static const char *const avro_schemas[] = {
    AVRO_RECORD("Impression", AVRO_ID("id", "") "," AVRO_TIME "," AVRO_ID(
                                  "user", "") "," AVRO_ID("ad", "")),
    AVRO_RECORD("Impression",
                "{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"items\":"
                "\"string\"}}," AVRO_ID("id", "") "," AVRO_TIME "," AVRO_ID(
                    "person", "\"aliases\":[\"user\"],") "," AVRO_ID("ad", "")),
    AVRO_RECORD(
        "Label",
        AVRO_ID(
            "id",
            "") "," AVRO_TIME
                ",{\"name\":\"outcome\",\"type\":{\"type\":\"enum\","
                "\"name\":\"Outcome\",\"symbols\":[\"seen\",\"clicked\"]}}"),
};

enum { AVRO_SCHEMAS = sizeof(avro_schemas) / sizeof(avro_schemas[0]) };
static uint32_t avro_numbers[AVRO_SCHEMAS];

static size_t put_long(char *out, int64_t number)
{
    return avro_write_long((uint8_t *)out, number);
}

/* A number, or a text in quotes, as one of the two branches. */
static size_t put_id(char *out, const char *json)
{
    const size_t length = strlen(json);
    size_t size;

    if (*json != '"') {
        size = put_long(out, 1);
        return size + put_long(out + size, strtoll(json, NULL, 10));
    }
    size = put_long(out, 0);
    size += put_long(out + size, (int64_t)length - 2);
    memcpy(out + size, json + 1, length - 2);
    return size + length - 2;
}

static size_t put_head(char *out, uint32_t number)
{
    *out = 0;
    for (int i = 0; i < 4; i++)
        out[1 + i] = (char)(number >> (24 - 8 * i));
    return 5;
}

static int write_avro_impression(const struct parts *of, char *out, size_t room)
{
    static unsigned written;
    const unsigned version = written++ % 2;
    size_t size = put_head(out, avro_numbers[version]);

    ck_assert_uint_gt(room, 1024);
    if (version == 1) { /* two tags, in a block of five bytes */
        static const char tags[] = {3, 10, 4, 'x', '1', 2, 'y', 0};
        memcpy(out + size, tags, sizeof(tags));
        size += sizeof(tags);
    }
    size += put_id(out + size, of->id);
    size += put_long(out + size, strtoll(of->ts, NULL, 10) * 1000);
    size += put_id(out + size, of->user);
    size += put_id(out + size, of->ad);
    return (int)size;
}

static int write_avro_label(const struct parts *of, char *out, size_t room)
{
    size_t size = put_head(out, avro_numbers[2]);

    ck_assert_uint_gt(room, 1024);
    size += put_id(out + size, of->id);
    size += put_long(out + size, strtoll(of->ts, NULL, 10) * 1000);
    return (int)(size + put_long(out + size, strcmp(of->click, "true") == 0));
}

struct form {
    writer *impression, *label;
    bool has_text_times;
    const char *more[8]; /* options that read it */
};

static char registry_option[128];

static const struct form forms[] = {
    {write_flat_impression, write_flat_label, false, {NULL}},
    {write_nested_impression,
     write_nested_label,
     true,
     {"--format.impressions=json", "--field.id=event.id", "--field.ts=event.at",
      "--field.user=$.context.user.id", "--field.ad=context.ads[1].id",
      "--filter.impressions=type==view"}},
    {write_avro_impression,
     write_avro_label,
     false,
     {"--format.impressions=avro", "--field.ts=at", registry_option}},
};

static void copy_impressions(const struct form *form, const char *from,
                             const char *to)
{
    struct fixture_records records = kafka_fixture_read(from);

    for (size_t i = 0; i < records.count; i++) {
        const struct fixture_record *record = &records.at[i];
        char id[2 * ID_TEXT_MAX], user[2 * ID_TEXT_MAX], ad[2 * ID_TEXT_MAX];
        char ts[64], json[RECORD_SIZE];
        struct impression event;
        ck_assert_int_eq(one_impression(&fields, record->value,
                                        record->value_size, &event, NULL),
                         EVENT_OK);
        print_id(event.raw_id, id);
        print_id(event.raw_user, user);
        print_id(event.raw_ad, ad);
        snprintf(ts, sizeof(ts), "%" PRId64, event.ts_ms);
        if (form->has_text_times)
            print_time(event.ts_ms, ts);
        const struct parts parts = {id, ts, user, ad, NULL};
        int size = form->impression(&parts, json, sizeof(json));
        test_producer_send(
            producer, to,
            &(struct outgoing){.partition = record->partition,
                               .value = json,
                               .value_size = (size_t)size,
                               .timestamp_ms = record->timestamp_ms});
    }
    test_producer_flush(producer);
    fixture_records_free(&records);
}

static void copy_labels(const struct form *form, const char *from,
                        const char *to)
{
    struct fixture_records records = kafka_fixture_read(from);

    for (size_t i = 0; i < records.count; i++) {
        const struct fixture_record *record = &records.at[i];
        char id[ID_PRINT_SIZE], ts[64], json[RECORD_SIZE];
        struct label event;
        ck_assert_int_eq(
            one_label(&fields, record->value, record->value_size, &event, NULL),
            EVENT_OK);
        ck_assert_ptr_null(event.id.text);
        id_print(&event.id, id);
        snprintf(ts, sizeof(ts), "%" PRId64, event.ts_ms);
        if (form->has_text_times)
            print_time(event.ts_ms, ts);
        const struct parts parts = {id, ts, NULL, NULL,
                                    event.click > 0 ? "true" : "false"};
        int size = form->label(&parts, json, sizeof(json));
        test_producer_send(
            producer, to,
            &(struct outgoing){.partition = record->partition,
                               .value = json,
                               .value_size = (size_t)size,
                               .timestamp_ms = record->timestamp_ms});
    }
    test_producer_flush(producer);
    fixture_records_free(&records);
}

/* --- The way of one pipeline ------------------------------------------ */

static bool is_real(void)
{
    return getenv("PCTR_DATA") != NULL;
}

static void run(const struct pipeline *pipe, const char *command,
                const char *const options[], const struct form *form)
{
    const char *more[24];
    size_t count = 0;

    while (options[count]) {
        more[count] = options[count];
        count++;
    }
    more[count++] = is_real() ? "--field.anonymous=0" : "--field.anonymous=";
    for (size_t i = 0; form && form->more[i]; i++)
        more[count++] = form->more[i];
    if (form && form->more[0] && strcmp(command, "train") == 0)
        more[count++] = "--field.click=outcome";
    if (form && form->impression == write_avro_impression &&
        strcmp(command, "train") == 0) {
        more[count++] = "--format.labels=avro";
        more[count++] = "--field.click.values=clicked:1,seen:0";
    }
    more[count] = NULL;
    free(pipeline_run(pipe, command, more, WAIT_MS));
}

static void learn_and_score(const struct pipeline *pipe,
                            const struct form *form)
{
    const char *const training[] = {"--exit.at_end",
                                    "--http.port=0",
                                    "--join.window_ms=0",
                                    "--join.late_ms=0",
                                    "--model.params=factors=10 epochs=5",
                                    "--evaluate=false",
                                    NULL};
    const char *const scoring[] = {"--exit.at_end", "--http.port=0",
                                   "--workers=2", NULL};

    run(pipe, "train", training, form);
    run(pipe, "score", scoring, form);
}

static int by_source(const void *a, const void *b)
{
    const struct prediction_event *left = a, *right = b;

    if (left->src_partition != right->src_partition)
        return left->src_partition < right->src_partition ? -1 : 1;
    return (left->src_offset > right->src_offset) -
           (left->src_offset < right->src_offset);
}

/* Sorted by the impression that they answer; they borrow the records. */
static struct prediction_event *
predictions_in(const struct fixture_records *records)
{
    struct prediction_event *events = calloc(records->count, sizeof(*events));

    ck_assert_ptr_nonnull(events);
    for (size_t i = 0; i < records->count; i++)
        ck_assert_int_eq(one_prediction(records->at[i].value,
                                        records->at[i].value_size, &events[i],
                                        NULL),
                         EVENT_OK);
    qsort(events, records->count, sizeof(*events), by_source);
    return events;
}

static void check_same(struct span a, struct span b)
{
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_mem_eq(a.bytes, b.bytes, a.size);
}

/* In the order of the impressions of each partition, which is the same; the
 * offsets need not be, since the feed's transactions take some. */
static void compare(const struct pipeline *packed, const struct pipeline *json)
{
    struct fixture_records of_packed =
        kafka_fixture_read(packed->names[PIPE_PREDICTIONS]);
    struct fixture_records of_json =
        kafka_fixture_read(json->names[PIPE_PREDICTIONS]);
    struct fixture_records impressions =
        kafka_fixture_read(packed->names[PIPE_IMPRESSIONS]);
    struct fixture_records letters =
        kafka_fixture_read(json->names[PIPE_DEAD_LETTERS]);
    struct prediction_event *a = predictions_in(&of_packed);
    struct prediction_event *b = predictions_in(&of_json);
    size_t learned = 0;

    ck_assert_uint_eq(letters.count, 0);
    ck_assert_uint_eq(of_packed.count, impressions.count);
    ck_assert_uint_eq(of_json.count, impressions.count);
    for (size_t i = 0; i < of_json.count; i++) {
        ck_assert_int_eq(a[i].src_partition, b[i].src_partition);
        ck_assert(i == 0 || by_source(&b[i - 1], &b[i]) < 0); /* each once */
        check_same(a[i].raw_id, b[i].raw_id);
        check_same(a[i].raw_ts, b[i].raw_ts);
        check_same(a[i].raw_user, b[i].raw_user);
        check_same(a[i].raw_ad, b[i].raw_ad);
        ck_assert_mem_eq(&a[i].p, &b[i].p, sizeof(a[i].p));
        ck_assert_int_eq(a[i].basis, b[i].basis);
        ck_assert_mem_eq(a[i].model_hash, b[i].model_hash, MODEL_HASH_SIZE);
        learned += a[i].basis == BASIS_LEARNED;
    }
    ck_assert_uint_gt(learned, 100);
    printf("%zu predictions, %zu of them learned\n", of_json.count, learned);
    free(a);
    free(b);
    fixture_records_free(&of_packed);
    fixture_records_free(&of_json);
    fixture_records_free(&impressions);
    fixture_records_free(&letters);
}

static struct registry_stub *start_registry(void)
{
    struct registry_stub *stub = registry_stub_start();

    registry_stub_set_delay(stub, SLOW_MS);
    for (uint32_t i = 0; i < AVRO_SCHEMAS; i++) {
        avro_numbers[i] = 70000 + i;
        registry_stub_put(stub, avro_numbers[i], NULL, avro_schemas[i]);
    }
    snprintf(registry_option, sizeof(registry_option), "--registry.url=%s",
             registry_stub_url(stub));
    return stub;
}

static bool is_registry_real;

static void use_real_registry(void)
{
    static const char *const subjects[] = {"impressions-value",
                                           "impressions-value", "labels-value"};

    for (int i = 0; i < AVRO_SCHEMAS; i++)
        avro_numbers[i] = real_registry_put(subjects[i], avro_schemas[i]);
    snprintf(registry_option, sizeof(registry_option), "--registry.url=%s",
             real_registry_url());
}

START_TEST(a_format_changes_no_bit_of_a_prediction)
{
    const struct form *form = &forms[_i];
    static struct pipeline packed, json;
    struct registry_stub *stub = is_registry_real ? NULL : start_registry();
    char file[512], rows[32];
    const char *const feed[] = {"--extras=none", is_real() ? file : "--world",
                                is_real() ? "--seed=1" : rows, NULL};

    snprintf(file, sizeof(file), "%s/Click_prediction_small.csv.gz",
             is_real() ? getenv("PCTR_DATA") : "");
    snprintf(rows, sizeof(rows), "--world.rows=%d", ROWS);
    if (is_registry_real)
        use_real_registry();
    pipeline_create(&packed, PARTITIONS);
    pipeline_create(&json, PARTITIONS);
    run(&packed, "feed", feed, NULL);
    producer = test_producer_new(json.brokers);
    copy_impressions(form, packed.names[PIPE_IMPRESSIONS],
                     json.names[PIPE_IMPRESSIONS]);
    copy_labels(form, packed.names[PIPE_LABELS], json.names[PIPE_LABELS]);
    test_producer_free(producer);

    learn_and_score(&packed, NULL);
    learn_and_score(&json, form);
    compare(&packed, &json);
    if (stub)
        registry_stub_stop(stub);
}
END_TEST

/* With an argument: Avro alone, with a real registry. */
int main(int argc, char **argv)
{
    const int count = sizeof(forms) / sizeof(forms[0]);
    Suite *suite = suite_create("formats");
    TCase *tests = tcase_create("pipelines");

    (void)argv;
    is_registry_real = argc > 1;
    tcase_set_timeout(tests, 280);
    tcase_add_loop_test(tests, a_format_changes_no_bit_of_a_prediction,
                        is_registry_real ? count - 1 : 0, count);
    suite_add_tcase(suite, tests);
    if (is_registry_real && !real_registry_url()) {
        printf("SKIPPED: PCTR_REGISTRY names no registry (deploy/registry "
               "start): Avro was not read by a real registry's schemas\n");
        return run_suite_not(suite);
    }
    return kafka_fixture_main(suite, "formats change no prediction");
}
