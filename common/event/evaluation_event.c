/*
 * evaluation_event.c - one table says what the record holds; it writes and
 * reads.
 */
#include "common/event/evaluation_fields.h"

#include "common/event/cursor.h"
#include "common/event/event_avro.h"
#include "common/event/event_codec.h"
#include "common/event/event_find.h"
#include "common/event/event_json.h"
#include "common/event/event_plain.h"
#include "common/event/json_cursor.h"
#include "common/event/packer.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define AT(member)                                                             \
    offsetof(struct evaluation_event, member),                                 \
        sizeof(((struct evaluation_event *)0)->member)

const struct evaluation_field evaluation_fields[EVALUATION_FIELD_COUNT] = {
    {"name", EVALUATION_NAME, AT(name), "of the model"},
    {"start", EVALUATION_TIME, AT(start_ms),
     "event time at which the window begins: a multiple of its length"},
    {"window_ms", EVALUATION_SPAN, AT(window_ms), "length of the window"},
    {"version", EVALUATION_VERSION, AT(version),
     "of the model; 0: there was none; null: all versions together"},
    {"rows", EVALUATION_NUMBER, AT(rows),
     "impressions with a prediction and a label"},
    {"click_rate", EVALUATION_FIGURE, AT(click_rate), "mean label"},
    {"rmse", EVALUATION_FIGURE, AT(rmse), "root of the mean squared error"},
    {"mae", EVALUATION_FIGURE, AT(mae), "mean absolute error"},
    {"logloss", EVALUATION_FIGURE, AT(logloss), "with the natural logarithm"},
    {"normalised_entropy", EVALUATION_FIGURE, AT(normalised_entropy),
     "log-loss over that of the click rate"},
    {"auc", EVALUATION_FIGURE, AT(auc), "ties count one half"},
    {"calibration", EVALUATION_FIGURE, AT(calibration),
     "sum of predictions over clicks"},
    {"ece", EVALUATION_FIGURE, AT(ece),
     "expected calibration error, 10 bins of equal width"},
    {"left_out", EVALUATION_NUMBER, AT(left_out),
     "impressions of the window that are not in rows"},
    {"early", EVALUATION_BOOL, AT(is_early),
     "closed before it was over, for want of room"},
    {"created", EVALUATION_TIME, AT(created_ms), "ms since 1970"},
};
enum { VALUES_MAX = 1024 };

void evaluation_event_key(const struct evaluation_event *event,
                          char out[EVALUATION_KEY_SIZE])
{
    if (event->has_version)
        snprintf(out, EVALUATION_KEY_SIZE, "%s@%" PRId64 "/%" PRIu64,
                 event->name, event->start_ms, event->version);
    else
        snprintf(out, EVALUATION_KEY_SIZE, "%s@%" PRId64, event->name,
                 event->start_ms);
}

/* --- Writing ---------------------------------------------------------- */

static void pack_field(msgpack_packer *packer,
                       const struct evaluation_field *field,
                       const struct evaluation_event *event)
{
    const void *from = (const char *)event + field->offset;
    double figure;

    packer_text(packer, field->name, strlen(field->name));
    switch (field->kind) {
    case EVALUATION_NAME:
        packer_text(packer, from, strlen(from));
        break;
    case EVALUATION_VERSION:
        if (event->has_version)
            msgpack_pack_uint64(packer, event->version);
        else
            msgpack_pack_nil(packer);
        break;
    case EVALUATION_NUMBER:
        msgpack_pack_uint64(packer, *(const uint64_t *)from);
        break;
    case EVALUATION_TIME:
    case EVALUATION_SPAN:
        msgpack_pack_int64(packer, *(const int64_t *)from);
        break;
    case EVALUATION_FIGURE:
        figure = *(const double *)from;
        if (isnan(figure))
            msgpack_pack_nil(packer);
        else
            msgpack_pack_double(packer, figure);
        break;
    case EVALUATION_BOOL:
        if (*(const bool *)from)
            msgpack_pack_true(packer);
        else
            msgpack_pack_false(packer);
        break;
    }
}

void evaluation_event_encode(const struct evaluation_event *event,
                             struct buffer *out)
{
    msgpack_packer packer = packer_into(out);

    msgpack_pack_map(&packer, EVALUATION_FIELD_COUNT);
    for (size_t i = 0; i < EVALUATION_FIELD_COUNT; i++)
        pack_field(&packer, &evaluation_fields[i], event);
}

static void write_json(const struct evaluation_event *event, struct buffer *out)
{
    struct buffer packed = {0};

    evaluation_event_encode(event, &packed);
    if (buffer_failed(&packed))
        out->failed = true;
    else
        event_json_value(packed.bytes, packed.size, out);
    buffer_free(&packed);
}

void evaluation_event_write(const struct event_output *output,
                            const struct evaluation_event *event,
                            struct buffer *out)
{
    switch ((enum event_format)output->format) {
    case EVENT_FORMAT_JSON:
        write_json(event, out);
        break;
    case EVENT_FORMAT_AVRO:
        assert(output->has_schema);
        event_avro_evaluation(output->schema, event, out);
        break;
    case EVENT_FORMAT_MSGPACK:
    case EVENT_FORMAT_AUTO:
        evaluation_event_encode(event, out);
        break;
    }
}

/* --- Reading ---------------------------------------------------------- */

static int wrong(struct error *err, const char *name, const char *what)
{
    return error_set(err, ERROR_FORMAT, "evaluation: %s: %s", name, what);
}

static int read_name(const struct cursor_value *value, char *to, size_t room,
                     struct error *err)
{
    if (value->type != CURSOR_TEXT || value->size >= room)
        return wrong(err, "name", "not a text, or too long");
    for (uint32_t i = 0; i < value->size; i++)
        if (value->bytes[i] < ' ' || value->bytes[i] == 0x7f ||
            value->bytes[i] == '"')
            return wrong(err, "name", "has an unprintable byte");
    memcpy(to, value->bytes, value->size);
    to[value->size] = '\0';
    return 0;
}

static int read_number(const struct evaluation_field *field,
                       const struct cursor_value *value, uint64_t *to,
                       struct error *err)
{
    if (value->type != CURSOR_INTEGER || value->integer < 0)
        return wrong(err, field->name, "not a natural number");
    *to = (uint64_t)value->integer;
    return 0;
}

static int read_time(const struct evaluation_field *field,
                     const struct cursor_value *value, int64_t *to,
                     struct error *err)
{
    if (value->type != CURSOR_INTEGER || value->integer < 0 ||
        value->integer > EVENT_TIME_MAX_MS)
        return wrong(err, field->name, "not ms until the year 9999");
    *to = value->integer;
    return 0;
}

static int read_figure(const struct evaluation_field *field,
                       const struct cursor_value *value, double *to,
                       struct error *err)
{
    if (value->type != CURSOR_NIL && value->type != CURSOR_FLOAT)
        return wrong(err, field->name, "neither a float nor nil");
    *to = value->type == CURSOR_NIL ? (double)NAN : value->real;
    return 0;
}

static int read_field(const struct evaluation_field *field,
                      const struct cursor_value *value,
                      struct evaluation_event *event, struct error *err)
{
    void *to = (char *)event + field->offset;

    switch (field->kind) {
    case EVALUATION_NAME:
        return read_name(value, to, field->size, err);
    case EVALUATION_VERSION:
        event->has_version = value->type != CURSOR_NIL;
        return event->has_version ? read_number(field, value, to, err) : 0;
    case EVALUATION_NUMBER:
        return read_number(field, value, to, err);
    case EVALUATION_TIME:
    case EVALUATION_SPAN:
        return read_time(field, value, to, err);
    case EVALUATION_FIGURE:
        return read_figure(field, value, to, err);
    case EVALUATION_BOOL:
        if (value->type != CURSOR_BOOL)
            return wrong(err, field->name, "not a boolean");
        *(bool *)to = value->boolean;
        return 0;
    }
    return 0;
}

/* The position in the table; EVALUATION_FIELD_COUNT for a field of a later
 * version. */
static size_t find_field(const struct cursor_value *key)
{
    size_t i = 0;

    while (i < EVALUATION_FIELD_COUNT &&
           (key->type != CURSOR_TEXT ||
            key->size != strlen(evaluation_fields[i].name) ||
            memcmp(key->bytes, evaluation_fields[i].name, key->size) != 0))
        i++;
    return i;
}

static int take(struct cursor *cursor, struct cursor_value *value,
                struct error *err)
{
    enum cursor_fault fault = cursor_take(cursor, value);

    if (fault == CURSOR_OK && cursor_is_container(value))
        fault = cursor_skip_contents(cursor, value, 2);
    return fault == CURSOR_OK ? 0
                              : error_set(err, ERROR_FORMAT,
                                          "evaluation: not msgpack, or "
                                          "cut short");
}

/* Reads one entry; `seen` has a bit for each field that was there. */
static int read_entry(const struct cursor_value *key,
                      const struct cursor_value *value, unsigned *seen,
                      struct evaluation_event *event, struct error *err)
{
    const size_t at = find_field(key);

    if (at == EVALUATION_FIELD_COUNT)
        return 0;
    if (*seen >> at & 1)
        return wrong(err, evaluation_fields[at].name, "is there twice");
    *seen |= 1u << at;
    return read_field(&evaluation_fields[at], value, event, err);
}

static int require_all(unsigned seen, struct error *err)
{
    for (size_t i = 0; i < EVALUATION_FIELD_COUNT; i++)
        if (!(seen >> i & 1))
            return wrong(err, evaluation_fields[i].name, "missing");
    return 0;
}

static int read_entries(struct cursor *cursor, uint32_t entries,
                        struct evaluation_event *event, struct error *err)
{
    struct cursor_value key, value;
    unsigned seen = 0;

    for (uint32_t i = 0; i < entries; i++)
        if (take(cursor, &key, err) < 0 || take(cursor, &value, err) < 0 ||
            read_entry(&key, &value, &seen, event, err) < 0)
            return -1;
    return require_all(seen, err);
}

/* A figure of JSON that is whole came as an integer. */
static void make_real(const struct cursor_value *key,
                      struct cursor_value *value)
{
    const size_t at = find_field(key);

    if (at == EVALUATION_FIELD_COUNT ||
        evaluation_fields[at].kind != EVALUATION_FIGURE ||
        value->type != CURSOR_INTEGER)
        return;
    const double real = (double)value->integer;
    value->type = CURSOR_FLOAT;
    value->real = real;
}

/* The texts of an evaluation have no escapes: one that has is none of ours. */
static int read_members(struct json_cursor *cursor,
                        struct evaluation_event *event, struct error *err)
{
    enum cursor_fault fault = CURSOR_OK;
    enum json_step step;
    unsigned seen = 0;

    for (bool is_first = true;; is_first = false) {
        struct cursor_value key = {.type = CURSOR_TEXT}, value;
        struct json_text name;
        bool has_escapes;
        step = json_next(cursor, CURSOR_MAP, is_first, &fault);
        if (step != JSON_ENTRY)
            break;
        if (json_take_name(cursor, &name) != CURSOR_OK ||
            json_take(cursor, &value, &has_escapes) != CURSOR_OK ||
            (cursor_is_container(&value) &&
             json_skip_contents(cursor, value.type, 2) != CURSOR_OK))
            return error_set(err, ERROR_FORMAT,
                             "evaluation: not JSON, or cut short");
        key.bytes = name.bytes;
        key.size = name.size;
        make_real(&key, &value);
        if (read_entry(&key, &value, &seen, event, err) < 0)
            return -1;
    }
    if (step == JSON_FAULT)
        return error_set(err, ERROR_FORMAT,
                         "evaluation: not JSON, or cut short");
    return require_all(seen, err);
}

static int decode_json(const uint8_t *bytes, size_t size,
                       struct evaluation_event *out, struct error *err)
{
    struct json_cursor cursor = json_cursor_over(bytes, size, VALUES_MAX);
    struct cursor_value map;
    bool has_escapes;

    if (json_take(&cursor, &map, &has_escapes) != CURSOR_OK ||
        map.type != CURSOR_MAP)
        return error_set(err, ERROR_FORMAT, "evaluation: not a map");
    if (read_members(&cursor, out, err) < 0)
        return -1;
    json_skip_blanks(&cursor);
    if (cursor.at != cursor.end)
        return error_set(err, ERROR_FORMAT,
                         "evaluation: goes on behind its end");
    return 0;
}

static int decode_msgpack(const uint8_t *bytes, size_t size,
                          struct evaluation_event *out, struct error *err)
{
    struct cursor cursor = cursor_over(bytes, size, VALUES_MAX);
    struct cursor_value map;

    if (cursor_take(&cursor, &map) != CURSOR_OK || map.type != CURSOR_MAP)
        return error_set(err, ERROR_FORMAT, "evaluation: not a map");
    if (read_entries(&cursor, map.size, out, err) < 0)
        return -1;
    if (!cursor_at_end(&cursor))
        return error_set(err, ERROR_FORMAT,
                         "evaluation: goes on behind its end");
    return 0;
}

static int decode_plain(const uint8_t *bytes, size_t size,
                        struct evaluation_event *out, struct error *err)
{
    return event_find_is_json(bytes, size)
               ? decode_json(bytes, size, out, err)
               : decode_msgpack(bytes, size, out, err);
}

/* A record that names its schema. */
static int decode_by_schema(const struct event_schemas *schemas,
                            const uint8_t *bytes, size_t size,
                            struct evaluation_event *out, struct error *err)
{
    struct buffer memory = {0};
    struct event_plain plain;
    const enum event_fault fault =
        event_plain_of(schemas, bytes, size, false, &memory, &plain);
    int status = -1;

    if (buffer_failed(&memory))
        error_no_memory(err, "an evaluation");
    else if (fault == EVENT_SCHEMA_UNKNOWN)
        error_set(err, ERROR_UNAVAILABLE,
                  "evaluation: its schema %" PRIu32 " is not known",
                  event_schema_number(bytes));
    else if (!schemas && plain.bytes == bytes)
        error_set(err, ERROR_CONFIG,
                  "evaluation: it names a schema: registry.url says where "
                  "those are");
    else if (fault != EVENT_OK)
        error_set(err, ERROR_FORMAT, "evaluation: %s", event_fault_name(fault));
    else
        status = decode_plain(plain.bytes, plain.size, out, err);
    buffer_free(&memory);
    return status;
}

int evaluation_event_decode(const struct event_schemas *schemas,
                            const uint8_t *bytes, size_t size,
                            struct evaluation_event *out, struct error *err)
{
    struct evaluation_event event = {.rows = 0};

    if ((event_schema_has_head(bytes, size)
             ? decode_by_schema(schemas, bytes, size, &event, err)
             : decode_plain(bytes, size, &event, err)) < 0)
        return -1;
    *out = event;
    return 0;
}
