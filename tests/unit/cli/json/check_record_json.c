/*
 * check_record_json.c - every kind of record as the JSON that is promised, and
 * any bytes whatever as JSON that a parser takes.
 */
#include "support/one_schema.h"
#include "support/run_suite.h"

#include "cli/json/record_json.h"
#include "common/base/json_writer.h"

#include "common/base/utf8.h"
#include "common/event/event_avro.h"
#include "common/event/event_codec.h"
#include "common/event/event_json.h"
#include "common/event/manifest.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static struct event_fields fields = EVENT_FIELDS_DEFAULT;
static struct record_readers readers;
static struct error err;
static struct buffer bytes, out;
static struct record_header headers[16];
static size_t header_count;
static struct message message;

static void start(void)
{
    fields.impressions_format = fields.labels_format = EVENT_FORMAT_AUTO;
    ck_assert_ok(record_readers_open(&fields, &readers, &err), err);
    header_count = 0;
    message = (struct message){.key = (const uint8_t *)"7",
                               .key_size = 1,
                               .offset = 12,
                               .partition = 3,
                               .timestamp_ms = 1700000000123};
}

static void stop(void)
{
    buffer_free(&bytes);
    buffer_free(&out);
    record_readers_close(&readers);
}

static void add_header(const char *name, const void *value, size_t size)
{
    headers[header_count++] = (struct record_header){name, value, size};
}

static const char *show(enum record_kind kind)
{
    struct record record = {"t", &message, headers, header_count};

    buffer_clear(&out);
    record_json(&record, kind, &readers, &out);
    ck_assert(!buffer_failed(&out));
    ck_assert_uint_eq(out.bytes[out.size - 1], '\n');
    out.bytes[out.size - 1] = '\0';
    json_t *parsed = json_loads((const char *)out.bytes,
                                JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
    ck_assert_msg(parsed != NULL, "no JSON: %s", (const char *)out.bytes);
    json_decref(parsed);
    return (const char *)out.bytes;
}

/* The value alone. */
static const char *show_value(enum record_kind kind, const void *value,
                              size_t size)
{
    message.value = value;
    message.value_size = size;
    const char *text = strstr(show(kind), "\"value\":");
    ck_assert_ptr_nonnull(text);
    out.bytes[strlen((const char *)out.bytes) - 1] = '\0'; /* the brace */
    return text + strlen("\"value\":");
}

#define B(text) (text), sizeof(text) - 1
#define EVENT                                                                  \
    "\xa2id\xa5imp-1\xa2ts\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x7b\xa4user\x07"    \
    "\xa2"                                                                     \
    "ad\xa2"                                                                   \
    "42"

START_TEST(an_envelope)
{
    message.value = (const uint8_t *)"\xc0";
    message.value_size = 1;
    ck_assert_str_eq(show(RECORD_MSGPACK),
                     "{\"topic\":\"t\",\"partition\":3,\"offset\":12,"
                     "\"ts\":1700000000123,\"key\":\"7\",\"headers\":{},"
                     "\"value\":null}");
    message.key = (const uint8_t *)"\xff\x00";
    message.key_size = 2;
    message.timestamp_ms = -1;
    message.value = NULL;
    add_header("a", "1", 1);
    add_header("b\"", "\xfe", 1);
    add_header("none", NULL, 0);
    add_header("a", "2", 1); /* the last one counts */
    ck_assert_str_eq(
        show(RECORD_IMPRESSION),
        "{\"topic\":\"t\",\"partition\":3,\"offset\":12,\"ts\":-1,"
        "\"key\":{\"bin\":\"/wA=\"},\"headers\":{\"b\\\"\":{\"bin\":\"/g==\"},"
        "\"none\":null,\"a\":\"2\"},\"value\":null}");
    message.key = NULL;
    ck_assert_ptr_nonnull(strstr(show(RECORD_LABEL), "\"key\":null,"));
}
END_TEST

START_TEST(events)
{
    ck_assert_str_eq(
        show_value(RECORD_IMPRESSION, B("\x85" EVENT "\xa3pos\x02")),
        "{\"id\":\"imp-1\",\"ts\":1700000000123,\"user\":7,\"ad\":\"42\","
        "\"pos\":2}");
    /* A time of msgpack's own is milliseconds too. */
    ck_assert_str_eq(
        show_value(RECORD_LABEL,
                   B("\x83\xa2id\xc4\x02\x34\x32\xa2ts\xd6\xff\x65\x53\xf1\x00"
                     "\xa5"
                     "click\xc3")),
        "{\"id\":{\"bin\":\"NDI=\"},\"ts\":1700000000000,\"click\":true}");
}
END_TEST

START_TEST(records_that_name_their_schema)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
        "{\"name\":\"id\",\"type\":\"string\"},"
        "{\"name\":\"ts\",\"type\":{\"type\":\"long\",\"logicalType\":"
        "\"timestamp-micros\"}},{\"name\":\"user\",\"type\":\"int\"},"
        "{\"name\":\"ad\",\"type\":{\"type\":\"enum\",\"name\":\"E\","
        "\"symbols\":[\"top\",\"side\"]}},"
        "{\"name\":\"at\",\"type\":[\"null\",{\"type\":\"array\",\"items\":"
        "\"double\"}]}]}";
    static const char avro[] = "\0\0\0\0\7\x04i1\xd0\x0f\x0e\x02\x02\x02"
                               "\0\0\0\0\0\0\xe0\x3f\0";
    static const char json[] = "\0\0\0\0\7{\"id\":1,\"ts\":2,\"user\":3,"
                               "\"ad\":\"x\"}";

    /* JSON Schema needs no registry. */
    ck_assert_str_eq(show_value(RECORD_IMPRESSION, B(json)),
                     "{\"id\":1,\"ts\":2,\"user\":3,\"ad\":\"x\"}");
    ck_assert_str_eq(show_value(RECORD_MSGPACK, B(json)),
                     "{\"id\":1,\"ts\":2,\"user\":3,\"ad\":\"x\"}");
    record_readers_close(&readers);
    fields.schemas = one_schema(7, EVENT_SCHEMA_AVRO, schema);
    ck_assert_ok(record_readers_open(&fields, &readers, &err), err);
    static const enum record_kind kinds[] = {RECORD_IMPRESSION, RECORD_MSGPACK};
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(show_value(kinds[i], B(avro)),
                         "{\"id\":\"i1\",\"ts\":1,\"user\":7,"
                         "\"ad\":\"side\",\"at\":[0.5]}");
    ck_assert_ptr_nonnull(
        strstr(show_value(RECORD_DEAD_LETTER, B(avro)), "\"fields\":{\"id\""));
    ck_assert_ptr_nonnull(
        strstr(show_value(RECORD_MSGPACK, avro, 9), "\"fault\":\"truncated\""));
    one_schema(8, EVENT_SCHEMA_AVRO, schema);
    for (size_t i = 0; i < 2; i++)
        ck_assert_ptr_nonnull(strstr(show_value(kinds[i], B(avro)),
                                     "\"fault\":\"schema_unknown\""));
    one_schema(7, EVENT_SCHEMA_PROTOBUF, NULL);
    for (size_t i = 0; i < 2; i++)
        ck_assert_ptr_nonnull(strstr(show_value(kinds[i], B(avro)),
                                     "\"fault\":\"schema_unfit\""));
    fields.schemas = NULL;
}
END_TEST

START_TEST(predictions)
{
    static const char prediction[] =
        "\x89" EVENT "\xa1p\xcb\x3f\xb0\x00\x00\x00\x00\x00\x00"
        "\xa5model\x93\x0c\xc4\x08\x01\x23\x45\x67\x89\xab\xcd\xef\x91\x05"
        "\xa5"
        "basis\xa7learned\xa3src\x92\x03\xcd\x01\x00\xa3new\x01";

    ck_assert_str_eq(
        show_value(RECORD_PREDICTION, B(prediction)),
        "{\"id\":\"imp-1\",\"ts\":1700000000123,\"user\":7,\"ad\":\"42\","
        "\"p\":0.0625,\"model\":{\"version\":12,\"hash\":\"0123456789abcdef\"},"
        "\"basis\":\"learned\",\"src\":{\"partition\":3,\"offset\":256},"
        "\"new\":1}");
    ck_assert_str_eq(show_value(RECORD_PREDICTION, B("\x81\xa2id\x01")),
                     "{\"raw\":\"gaJpZAE=\",\"fault\":\"missing\","
                     "\"field\":\"ts\",\"fields\":{\"id\":1}}");
}
END_TEST

START_TEST(a_prediction_names_its_delta)
{
    static const char prediction[] =
        "\x88" EVENT "\xa1p\xcb\x3f\xb0\x00\x00\x00\x00\x00\x00"
        "\xa5model\x94\x0c\xc4\x08\x01\x23\x45\x67\x89\xab\xcd\xef\x03"
        "\xc4\x08\xfe\xdc\xba\x98\x76\x54\x32\x10"
        "\xa5"
        "basis\xa7learned\xa3src\x92\x03\xcd\x01\x00";

    ck_assert_str_eq(
        show_value(RECORD_PREDICTION, B(prediction)),
        "{\"id\":\"imp-1\",\"ts\":1700000000123,\"user\":7,\"ad\":\"42\","
        "\"p\":0.0625,\"model\":{\"version\":12,\"hash\":\"0123456789abcdef\","
        "\"delta\":3,\"delta_hash\":\"fedcba9876543210\"},"
        "\"basis\":\"learned\",\"src\":{\"partition\":3,\"offset\":256}}");
}
END_TEST

/* The schema of our own records, as a registry has it. */
static void know_schema(void (*schema)(struct buffer *))
{
    struct buffer text = {0};

    schema(&text);
    buffer_append(&text, "", 1);
    fields.schemas = one_schema(9, EVENT_SCHEMA_AVRO, (const char *)text.bytes);
    buffer_free(&text);
    record_readers_close(&readers);
    start();
}

#define SPAN_OF(text)                                                          \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }

START_TEST(a_prediction_in_avro_is_shown_as_one_in_json)
{
    const struct event_output avro = {
        .format = EVENT_FORMAT_AVRO, .has_schema = true, .schema = 9};
    struct prediction_event event = {.raw_id = SPAN_OF("\xc4\x02\xff\xfe"),
                                     .raw_ts = SPAN_OF("\x07"),
                                     .raw_user = SPAN_OF("\xff"),
                                     .raw_ad = SPAN_OF("\xa2\xc3\xa9"),
                                     .p = 0.1,
                                     .model_version = 12,
                                     .model_hash = {1, 2, 3, 4, 5, 6, 7, 0xff},
                                     .basis = BASIS_ASSUMED,
                                     .src_offset = INT64_MAX};
    struct buffer json = {0};

    know_schema(event_avro_prediction_schema);
    event.delta = _i & 1 ? 3 : 0;
    memset(event.delta_hash, event.delta ? 0xab : 0, MODEL_HASH_SIZE);
    event.has_support = _i & 2;
    event.support = event.has_support ? 35.25 : 0;
    event.contender = _i & 4 ? "live" : NULL;
    event_write_prediction(&avro, &event, &bytes);
    event_json_prediction(&event, &json);
    buffer_append(&json, "", 1);
    ck_assert_str_eq(show_value(RECORD_PREDICTION, bytes.bytes, bytes.size),
                     (const char *)json.bytes);
    ck_assert_ptr_nonnull(
        strstr(show_value(RECORD_PREDICTION, bytes.bytes, bytes.size - 1),
               "\"fault\":\"truncated\""));
    buffer_free(&json);
    fields.schemas = NULL;
}
END_TEST

START_TEST(an_evaluation_in_avro_is_shown)
{
    const struct evaluation_event event = {
        .name = "click", .window_ms = 1000, .rows = 3, .auc = NAN, .ece = 0.5};

    know_schema(event_avro_evaluation_schema);
    event_avro_evaluation(9, &event, &bytes);
    ck_assert_str_eq(
        show_value(RECORD_EVALUATION, bytes.bytes, bytes.size),
        "{\"name\":\"click\",\"start\":0,\"window_ms\":1000,\"version\":null,"
        "\"rows\":3,\"click_rate\":0,\"rmse\":0,\"mae\":0,\"logloss\":0,"
        "\"normalised_entropy\":0,\"auc\":null,\"calibration\":0,\"ece\":0.5,"
        "\"left_out\":0,\"early\":false,\"created\":0}");
    fields.schemas = NULL;
}
END_TEST

START_TEST(without_a_registry_our_records_say_that_they_need_one)
{
    static const enum record_kind kinds[] = {RECORD_PREDICTION,
                                             RECORD_EVALUATION};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        ck_assert_str_eq(show_value(kinds[i], "\0\0\0\0\x09\xff", 6),
                         "{\"raw\":\"AAAAAAn/\",\"fault\":\"no_registry\"}");
}
END_TEST

START_TEST(what_is_no_event)
{
    ck_assert_str_eq(show_value(RECORD_IMPRESSION, B("{\"id\":1}")),
                     "{\"raw\":\"eyJpZCI6MX0=\",\"fault\":\"missing\","
                     "\"field\":\"ts\",\"fields\":{\"id\":1}}");
    ck_assert_str_eq(show_value(RECORD_LABEL, B("\xc1\xff")),
                     "{\"raw\":\"wf8=\",\"fault\":\"invalid\"}");
    ck_assert_str_eq(show_value(RECORD_IMPRESSION, B("")),
                     "{\"raw\":\"\",\"fault\":\"empty\"}");
    ck_assert_str_eq(show_value(RECORD_LABEL, B("\x91\x01")),
                     "{\"raw\":\"kQE=\",\"fault\":\"not_a_map\"}");
    ck_assert_str_eq(show_value(RECORD_MSGPACK, B("\x91\x01")), "[1]");
    ck_assert_str_eq(show_value(RECORD_MSGPACK, B("\x92\x01")),
                     "{\"raw\":\"kgE=\",\"fault\":\"truncated\"}");
}
END_TEST

static void encode_manifest(void)
{
    struct offset_range range = {"pctr.labels", 1, 5, 17};
    struct manifest manifest = {
        .format = MANIFEST_FORMAT,
        .name = "click",
        .epoch = 7,
        .created_ms = 1700000000000,
        .trainer = "0.1.0",
        .algorithm = "svd",
        .params = "factors=1",
        .seed = UINT64_MAX,
        .users = 4,
        .ads = 2,
        .rows = 10,
        .metrics = {.rmse = 0.25,
                    .mae = 0.1,
                    .logloss = (double)NAN,
                    .auc = 0.75,
                    .normalised_entropy = 1,
                    .rows = 3},
        .size = 10,
        .packed_size = 8,
        .chunk_count = 1,
        .chunk_size = 8,
        .sha256 = {{0xab}},
        .ranges = &range,
        .range_count = 1,
    };

    buffer_clear(&bytes);
    manifest_encode(&manifest, &bytes);
}

START_TEST(models)
{
    encode_manifest();
    const char *text = show_value(RECORD_MODEL, bytes.bytes, bytes.size);
    ck_assert_ptr_nonnull(strstr(text, "{\"format\":1,\"name\":\"click\","
                                       "\"epoch\":7,"));
    ck_assert_ptr_nonnull(strstr(text, "\"seed\":18446744073709551615,"));
    ck_assert_ptr_nonnull(strstr(text, "\"mae\":0.1,\"logloss\":null,"));
    ck_assert_ptr_nonnull(strstr(text, "\"sha256\":\"ab00000000000000"));
    ck_assert_ptr_nonnull(
        strstr(text, "\"ranges\":[[\"pctr.labels\",1,5,17]]"));

    bytes.size--;
    text = show_value(RECORD_MODEL, bytes.bytes, bytes.size);
    ck_assert_ptr_nonnull(strstr(text, "\"fault\":\"manifest\",\"message\":"));
    message.key = (const uint8_t *)"click!pin";
    message.key_size = 9;
    ck_assert_str_eq(show_value(RECORD_MODEL, B("\x81\xa5"
                                                "epoch\x0c")),
                     "{\"epoch\":12}");
    ck_assert_str_eq(show_value(RECORD_MODEL, NULL, 0), "null");
}
END_TEST

START_TEST(chunks)
{
    uint8_t sum[4];
    uint32_t crc = (uint32_t)crc32(0, (const uint8_t *)"abc", 3);

    for (int i = 0; i < 4; i++)
        sum[i] = (uint8_t)(crc >> 8 * i);
    message.key = (const uint8_t *)"0123456789abcdef\x00\x00\x00\x01";
    message.key_size = 20;
    add_header("snap-id", "0123456789abcdef", 16);
    add_header("seq", "\x01\x00\x00\x00", 4);
    add_header("count", "\x02\x00\x00", 3);
    add_header("crc32", sum, 4);
    ck_assert_str_eq(show_value(RECORD_CHUNK, B("abc")),
                     "{\"snapshot_id\":\"30313233343536373839616263646566\","
                     "\"seq\":1,\"count\":null,\"size\":3,\"sound\":true}");
    ck_assert_ptr_nonnull(strstr(show(RECORD_CHUNK),
                                 "\"key\":\"303132333435363738396162636465660"
                                 "0000001\",\"headers\":{\"snap-id\":"));
    ck_assert_ptr_nonnull(
        strstr(show_value(RECORD_CHUNK, B("abd")), "\"sound\":false"));
    header_count = 0;
    ck_assert_ptr_nonnull(strstr(show_value(RECORD_CHUNK, B("abc")),
                                 "{\"snapshot_id\":null,\"seq\":null"));
}
END_TEST

START_TEST(dead_letters)
{
    add_header("pctr.reason", "missing", 7);
    add_header("pctr.field", "ad", 2);
    add_header("pctr.message", "field 'ad': missing", 19);
    ck_assert_str_eq(show_value(RECORD_DEAD_LETTER, B("\x81\xa2id\x01")),
                     "{\"raw\":\"gaJpZAE=\",\"fault\":\"missing\",\"field\":"
                     "\"ad\",\"message\":\"field 'ad': missing\",\"fields\":"
                     "{\"id\":1}}");
    header_count = 0;
    ck_assert_str_eq(show_value(RECORD_DEAD_LETTER, B("\xc1")),
                     "{\"raw\":\"wQ==\",\"fault\":\"unknown\"}");
}
END_TEST

START_TEST(any_msgpack)
{
    ck_assert_str_eq(
        show_value(RECORD_MSGPACK,
                   B("\x86\x01\xa1x\xc3\xc2\x91\x01\x90\xa1k\x81\xa1l\x92\xc0"
                     "\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"
                     "\xa2\xff\xfe\xcf\xff\xff\xff\xff\xff\xff\xff\xff"
                     "\xa1"
                     "e\xd4\x05\x09")),
        "{\"1\":\"x\",\"c3\":false,\"9101\":[],\"k\":{\"l\":[null,null]},"
        "\"a2fffe\":18446744073709551615,\"e\":{\"ext\":5,\"bin\":\"CQ==\"}}");
    ck_assert_str_eq(show_value(RECORD_MSGPACK, B("\xa3\x01\"\n")),
                     "\"\\u0001\\\"\\n\"");
    ck_assert_str_eq(
        show_value(RECORD_MSGPACK, B("\x91\x91\x91\x91\x91\x91\x91\x91\xff")),
        "[[[[[[[[-1]]]]]]]]");
}
END_TEST

START_TEST(numbers_read_back)
{
    static const double numbers[] = {
        0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 123456789.125};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct json_writer writer = {.to = &out};
        buffer_clear(&out);
        json_writer_real(&writer, numbers[i]);
        buffer_append(&out, "", 1);
        double back = strtod((const char *)out.bytes, NULL);
        ck_assert_mem_eq(&back, &numbers[i], sizeof(back));
    }
}
END_TEST

START_TEST(text_is_utf8)
{
    static const struct {
        const char *bytes;
        bool is_text;
    } rows[] = {
        {"", true},
        {"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", true},
        {"\x80", false},
        {"\xc0\xaf", false},
        {"\xe0\x9f\xbf", false},
        {"\xed\xa0\x80", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xe2\x82", false},
        {"\xff", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_int_eq(utf8_is_valid((const uint8_t *)rows[i].bytes,
                                       strlen(rows[i].bytes)),
                         rows[i].is_text);
}
END_TEST

/* show() parses what comes out. */
START_TEST(any_bytes_are_json)
{
    uint8_t noise[64];
    uint64_t state = 1;

    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof(noise); i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            noise[i] = (uint8_t)(state >> 56);
        }
        /* Many begin as maps and arrays. */
        noise[0] = (uint8_t)(0x80 | (noise[0] & 0x1f));
        message.key = noise;
        message.key_size = noise[1] % 8;
        header_count = 0;
        add_header("h", noise + 2, noise[2] % 8);
        message.value = noise;
        message.value_size = noise[3] % sizeof(noise);
        for (int kind = 0; kind <= RECORD_MSGPACK; kind++)
            show((enum record_kind)kind);
    }
}
END_TEST

/* On one line, and safe on a terminal. */
START_TEST(json_is_shown_as_json)
{
    static const char json[] =
        "{\"id\": \"imp-1\",\n\t\"ts\":1700000000123,\"user\":7,"
        "\"ad\":\"\xc2\x9b\x7f\",\"\xc2\xa0\":[1e3,\"\\u001b\"]}";

    for (int kind = 0; kind <= RECORD_MSGPACK; kind++)
        if (kind == RECORD_IMPRESSION || kind == RECORD_MSGPACK)
            ck_assert_str_eq(
                show_value((enum record_kind)kind, json, sizeof(json) - 1),
                "{\"id\": \"imp-1\",  \"ts\":1700000000123,"
                "\"user\":7,\"ad\":\"\\u009b\\u007f\","
                "\"\xc2\xa0\":[1e3,\"\\u001b\"]}");
    ck_assert_ptr_nonnull(
        strstr(show_value(RECORD_LABEL, json, sizeof(json) - 1),
               "\"fault\":\"missing\""));
    ck_assert_ptr_nonnull(
        strstr(show_value(RECORD_IMPRESSION, json, sizeof(json) - 2),
               "\"fault\":\"truncated\""));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_json");
    TCase *tests = tcase_create("json");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, an_envelope);
    tcase_add_test(tests, events);
    tcase_add_test(tests, records_that_name_their_schema);
    tcase_add_test(tests, predictions);
    tcase_add_test(tests, a_prediction_names_its_delta);
    tcase_add_loop_test(tests, a_prediction_in_avro_is_shown_as_one_in_json, 0,
                        8);
    tcase_add_test(tests, an_evaluation_in_avro_is_shown);
    tcase_add_test(tests,
                   without_a_registry_our_records_say_that_they_need_one);
    tcase_add_test(tests, what_is_no_event);
    tcase_add_test(tests, models);
    tcase_add_test(tests, chunks);
    tcase_add_test(tests, dead_letters);
    tcase_add_test(tests, any_msgpack);
    tcase_add_test(tests, json_is_shown_as_json);
    tcase_add_test(tests, numbers_read_back);
    tcase_add_test(tests, text_is_utf8);
    tcase_add_test(tests, any_bytes_are_json);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
