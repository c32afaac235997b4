/*
 * bench_json.c - ns per impression of ten fields, read from JSON, from msgpack
 * and from Avro, beside jansson on the same bytes in the same run; and ns per
 * prediction, written as JSON and as msgpack.
 */
#include "common/base/attributes.h"
#include "common/base/clock.h"
#include "common/event/event_codec.h"
#include "common/event/event_json.h"
#include "common/event/event_reader.h"
#include "common/event/event_schemas.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 1024, ROUNDS = 1, TRIES = 1500 };

/* Records one after the other. */
struct records {
    struct buffer bytes;
    size_t starts[EVENTS + 1];
};

static struct event_reader *readers[4]; /* by enum event_format */
static struct event_scratch scratch;

static void PRINTF_LIKE(2, 3) append(struct buffer *to, const char *format, ...)
{
    char text[64];
    va_list args;

    va_start(args, format);
    int size = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buffer_append(to, text, (size_t)size);
}

static void append_text(struct buffer *to, const char *text)
{
    append(to, "%c%s", (int)(0xa0 | strlen(text)), text);
}

static void append_number(struct buffer *to, const char *name, uint64_t number)
{
    append_text(to, name);
    uint8_t bytes[9] = {0xcf};
    for (int i = 0; i < 8; i++)
        bytes[1 + i] = (uint8_t)(number >> (56 - 8 * i));
    if (number <= UINT32_MAX) {
        bytes[4] = 0xce;
        buffer_append(to, bytes + 4, 5);
    } else {
        buffer_append(to, bytes, 9);
    }
}

static void make_json(struct records *records)
{
    struct buffer *to = &records->bytes;

    for (int i = 0; i < EVENTS; i++) {
        records->starts[i] = to->size;
        append(to, "{\"id\":\"imp-%d\",\"ts\":%" PRId64, 1000000 + i,
               INT64_C(1700000000000) + i);
        append(to, ",\"user\":%d,\"ad\":%d,", 70000 + 13 * i, 3000 + i % 500);
        append(to, "\"campaign\":%d,\"site\":\"example.com\",", 300 + i % 50);
        append(to, "\"device\":\"mobile\",\"country\":\"DE\",");
        append(to, "\"position\":%d,\"depth\":%d}", 100000 + i % 3, 100000);
    }
    records->starts[EVENTS] = to->size;
}

static void make_msgpack(struct records *records)
{
    struct buffer *to = &records->bytes;
    char id[16];

    for (int i = 0; i < EVENTS; i++) {
        records->starts[i] = to->size;
        append(to, "\x8a");
        append_text(to, "id");
        snprintf(id, sizeof(id), "imp-%d", 1000000 + i);
        append_text(to, id);
        append_number(to, "ts", UINT64_C(1700000000000) + (uint64_t)i);
        append_number(to, "user", 70000 + 13 * (uint64_t)i);
        append_number(to, "ad", 3000 + (uint64_t)i % 500);
        append_number(to, "campaign", 300 + (uint64_t)i % 50);
        append_text(to, "site");
        append_text(to, "example.com");
        append_text(to, "device");
        append_text(to, "mobile");
        append_text(to, "country");
        append_text(to, "DE");
        append_number(to, "position", 100000 + (uint64_t)i % 3);
        append_number(to, "depth", 100000);
    }
    records->starts[EVENTS] = to->size;
}

#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\"}"
static const char avro_schema[] =
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" FIELD("id", "string") "," FIELD("ts", "long") "," FIELD("user", "long") "," FIELD(
        "ad",
        "int") "," FIELD("campaign",
                         "int") "," FIELD("site",
                                          "string") "," FIELD("device",
                                                              "string") "," FIELD("country",
                                                                                  "string") "," FIELD("position",
                                                                                                      "int") "," FIELD("depth",
                                                                                                                       "int") "]}";

static void append_long(struct buffer *to, uint64_t number)
{
    for (number <<= 1; number >= 0x80; number >>= 7)
        append(to, "%c", (int)(number & 0x7f) | 0x80);
    append(to, "%c", (int)number);
}

static void append_string(struct buffer *to, const char *text)
{
    append_long(to, strlen(text));
    append(to, "%s", text);
}

static void make_avro(struct records *records)
{
    static const uint8_t head[] = {0, 0, 0, 0, 7};
    struct buffer *to = &records->bytes;
    char id[16];

    for (int i = 0; i < EVENTS; i++) {
        records->starts[i] = to->size;
        buffer_append(to, head, sizeof(head));
        snprintf(id, sizeof(id), "imp-%d", 1000000 + i);
        append_string(to, id);
        append_long(to, UINT64_C(1700000000000) + (uint64_t)i);
        append_long(to, 70000 + 13 * (uint64_t)i);
        append_long(to, 3000 + (uint64_t)i % 500);
        append_long(to, 300 + (uint64_t)i % 50);
        append_string(to, "example.com");
        append_string(to, "mobile");
        append_string(to, "DE");
        append_long(to, 100000 + (uint64_t)i % 3);
        append_long(to, 100000);
    }
    records->starts[EVENTS] = to->size;
}

static struct event_schema schema = {.kind = EVENT_SCHEMA_AVRO};

static const struct event_schema *find_schema(void *context, uint32_t number)
{
    (void)context;
    return number == 7 ? &schema : NULL;
}

static uint64_t read_all(const struct records *records, int format)
{
    uint64_t sum = 0;

    for (int i = 0; i < EVENTS; i++) {
        const struct event_record record = {
            .value = records->bytes.bytes + records->starts[i],
            .value_size = records->starts[i + 1] - records->starts[i]};
        struct impression event;
        const char *about;
        struct error err;
        if (event_scratch_ready(&scratch, &err) == 0 &&
            event_reader_impression(readers[format], &record, &scratch, &event,
                                    &about) == EVENT_OK)
            sum += (uint64_t)event.user.number + (uint64_t)event.ad.number;
        event_scratch_clear(&scratch);
    }
    return sum;
}

/* The peer parses into a tree, and looks the four fields up. */
static uint64_t load_all(const struct records *records, int format)
{
    uint64_t sum = 0;

    (void)format;
    for (int i = 0; i < EVENTS; i++) {
        json_t *root =
            json_loadb((const char *)records->bytes.bytes + records->starts[i],
                       records->starts[i + 1] - records->starts[i], 0, NULL);
        sum += json_is_string(json_object_get(root, "id"));
        sum += (uint64_t)json_integer_value(json_object_get(root, "ts")) & 1;
        sum += (uint64_t)json_integer_value(json_object_get(root, "user"));
        sum += (uint64_t)json_integer_value(json_object_get(root, "ad"));
        json_decref(root);
    }
    return sum;
}

/* --- Predictions ------------------------------------------------------ */

/* A number as msgpack, where a prediction has what its impression had. */
static const uint8_t user_bytes[] = {0xce, 0x00, 0x01, 0x11, 0x70};
static const uint8_t ad_bytes[] = {0xcd, 0x0b, 0xb8};
static const uint8_t id_bytes[] = "\xab"
                                  "imp-1000000";
static const uint8_t ts_bytes[] = {0xcf, 0x00, 0x00, 0x01, 0x8b,
                                   0xcf, 0xe5, 0x68, 0x7b};

/* Writes as many predictions as there are events, no two with the same p. */
static uint64_t write_all(const struct records *records, int format)
{
    static struct buffer out;
    const struct event_output output = {
        .format = format, .has_schema = true, .schema = 7};
    struct prediction_event event = {
        .raw_id = {id_bytes, sizeof(id_bytes) - 1},
        .raw_ts = {ts_bytes, sizeof(ts_bytes)},
        .raw_user = {user_bytes, sizeof(user_bytes)},
        .raw_ad = {ad_bytes, sizeof(ad_bytes)},
        .model_version = 12,
        .model_hash = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef},
        .src_partition = 3,
    };

    (void)records;
    buffer_clear(&out);
    for (int i = 0; i < EVENTS; i++) {
        event.p = 1 / (3.0 + 0.7 * i);
        event.src_offset = 1000000 + i;
        event_write_prediction(&output, &event, &out);
    }
    return out.size / EVENTS;
}

/* The best of some tries: the machine is not ours alone. */
static double ns_each(uint64_t (*all)(const struct records *, int),
                      const struct records *records, int format, uint64_t *sink)
{
    double best = 0;

    for (int try = 0; try < TRIES; try++) {
        int64_t start = clock_monotonic_ns();
        for (int i = 0; i < ROUNDS; i++)
            *sink += all(records, format);
        double ns =
            (double)(clock_monotonic_ns() - start) / ((double)ROUNDS * EVENTS);
        if (try == 0 || ns < best)
            best = ns;
    }
    return best;
}

int main(void)
{
    static struct records json, msgpack, avro;
    static atomic_uint version;
    const struct event_schemas schemas = {.find = find_schema,
                                          .version = &version};
    uint64_t sums[5] = {0}, written[3] = {0};
    struct error err;

    make_avro(&avro);
    if (writer_schema_parse(avro_schema, strlen(avro_schema), &schema.avro,
                            &err) < 0)
        return EXIT_FAILURE;
    make_json(&json);
    make_msgpack(&msgpack);
    for (int format = 0; format < 4; format++) {
        struct event_fields fields = EVENT_FIELDS_DEFAULT;
        fields.impressions_format = format;
        fields.schemas = format == EVENT_FORMAT_AVRO ? &schemas : NULL;
        if (event_reader_new(&fields, EVENT_IMPRESSIONS, &readers[format],
                             &err) < 0) {
            fprintf(stderr, "%s\n", err.text);
            return EXIT_FAILURE;
        }
    }
    double binary = ns_each(read_all, &msgpack, EVENT_FORMAT_MSGPACK, &sums[0]);
    double ours = ns_each(read_all, &json, EVENT_FORMAT_JSON, &sums[1]);
    double guessed = ns_each(read_all, &json, EVENT_FORMAT_AUTO, &sums[2]);
    double by_schema = ns_each(read_all, &avro, EVENT_FORMAT_AVRO, &sums[4]);
    double peer = ns_each(load_all, &json, 0, &sums[3]);
    printf("read an impression of ten fields: JSON of %zu bytes %.1f ns (auto "
           "%.1f ns), msgpack of %zu bytes %.1f ns, ratio %.2f; Avro of %zu "
           "bytes %.1f ns; jansson %.1f ns, ratio %.3f (check %d)\n",
           json.starts[1], ours, guessed, msgpack.starts[1], binary,
           ours / binary, avro.starts[1], by_schema, peer, ours / peer,
           sums[0] == sums[1] && sums[1] == sums[2] && sums[1] == sums[4] &&
               sums[1] > 0);
    binary = ns_each(write_all, NULL, EVENT_FORMAT_MSGPACK, &written[0]);
    ours = ns_each(write_all, NULL, EVENT_FORMAT_JSON, &written[1]);
    by_schema = ns_each(write_all, NULL, EVENT_FORMAT_AVRO, &written[2]);
    printf("write a prediction: JSON of %" PRIu64 " bytes %.1f ns, msgpack of "
           "%" PRIu64 " bytes %.1f ns, ratio %.2f; Avro of %" PRIu64
           " bytes %.1f ns, ratio %.2f\n",
           written[1] / TRIES, ours, written[0] / TRIES, binary, ours / binary,
           written[2] / TRIES, by_schema, by_schema / binary);
    for (int format = 0; format < 4; format++)
        event_reader_free(readers[format]);
    event_scratch_free(&scratch);
    buffer_free(&json.bytes);
    buffer_free(&msgpack.bytes);
    buffer_free(&avro.bytes);
    writer_schema_free(schema.avro);
    return sums[0] == sums[1] ? EXIT_SUCCESS : EXIT_FAILURE;
}
