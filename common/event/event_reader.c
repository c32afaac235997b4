#include "common/event/event_reader.h"

#include "common/base/utf8.h"
#include "common/event/event_prediction.h"
#include "common/event/event_rules.h"
#include "common/event/event_time.h"
#include "common/event/event_value.h"
#include "common/event/event_writers.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event_reader {
    struct event_rules rules;
    struct event_order order; /* of the last record that was read */
    struct event_writers writers;
};

int event_reader_new(const struct event_fields *fields, enum event_kind kind,
                     struct event_reader **out, struct error *err)
{
    struct event_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return error_no_memory(err, "a reader of events");
    reader->rules.plan.order = &reader->order;
    if (event_rules_read(&reader->rules, fields, kind, err) < 0) {
        free(reader);
        return -1;
    }
    *out = reader;
    return 0;
}

int event_reader_want(struct event_reader *reader, const char *path,
                      unsigned *at, struct error *err)
{
    for (unsigned i = 0; i < reader->rules.plan.count; i++) {
        if (strcmp(reader->rules.plan.paths[i].text, path) != 0)
            continue;
        *at = i;
        return 0;
    }
    *at = reader->rules.plan.count;
    event_writers_clear(&reader->writers);
    return event_rules_add(&reader->rules, "a field that is wanted", path, err);
}

const char *event_reader_header(const struct event_reader *reader, unsigned i)
{
    const struct event_path *path = &reader->rules.plan.paths[i];

    return i < reader->rules.plan.count && path->place == EVENT_IN_HEADER
               ? path->text + path->steps[0].at
               : NULL;
}

bool event_reader_has_headers(const struct event_reader *reader)
{
    return reader->rules.has_headers;
}

int event_reader_check(const struct event_fields *fields,
                       enum event_fault fault, struct error *err)
{
    return fault == EVENT_SCHEMA_UNKNOWN
               ? fields->schemas->check(fields->schemas->context, err)
               : 0;
}

void event_reader_free(struct event_reader *reader)
{
    if (!reader)
        return;
    event_writers_clear(&reader->writers);
    free(reader);
}

/* --- One record ------------------------------------------------------- */

/* What a record is read with. */
struct reading {
    struct event_reader *reader;
    const struct event_record *record;
    struct event_scratch *scratch;
    bool is_foreign; /* its values are no msgpack */
    const char *about;
};

/* Puts the field's name where the caller learns it. */
static enum event_fault blame(struct reading *reading, unsigned at,
                              enum event_fault fault)
{
    if (fault != EVENT_OK)
        reading->about = reading->reader->rules.plan.paths[at].text;
    return fault;
}

/* The JSON of a schema registry stands behind its five bytes. */
static size_t head_size(const uint8_t *bytes, size_t size)
{
    return event_schema_has_head(bytes, size) &&
                   event_find_is_json(bytes + EVENT_SCHEMA_HEAD,
                                      size - EVENT_SCHEMA_HEAD)
               ? EVENT_SCHEMA_HEAD
               : 0;
}

static struct cursor_value text_of(const uint8_t *bytes, size_t size)
{
    /* A text that is too long for any field stays too long when it is cut. */
    return (struct cursor_value){
        .type = utf8_is_valid(bytes, size) ? CURSOR_TEXT : CURSOR_BYTES,
        .size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
        .bytes = bytes};
}

/* The value of a path that does not lead into the value of the record. */
static bool find_beside(const struct event_record *record, unsigned at,
                        enum event_place place, struct cursor_value *out)
{
    switch (place) {
    case EVENT_IN_KEY:
        if (!record->key)
            return false;
        *out = text_of(record->key, record->key_size);
        return true;
    case EVENT_IN_HEADER:
        if (!record->headers || !record->headers[at].bytes)
            return false;
        *out = text_of(record->headers[at].bytes, record->headers[at].size);
        return true;
    case EVENT_IN_TIMESTAMP:
        out->type = CURSOR_INTEGER;
        out->integer = record->timestamp_ms;
        return record->timestamp_ms >= 0;
    case EVENT_IN_PARTITION:
        out->type = CURSOR_INTEGER;
        out->integer = record->partition;
        return true;
    case EVENT_IN_VALUE:
        break;
    }
    return false;
}

/* A record that names its schema. */
static enum event_fault find_by_schema(struct reading *reading)
{
    const struct event_rules *rules = &reading->reader->rules;
    const uint8_t *head = reading->record->value;
    const uint8_t *bytes = head + EVENT_SCHEMA_HEAD;
    const size_t size = reading->record->value_size - EVENT_SCHEMA_HEAD;
    const struct event_writer *writer = NULL;

    enum event_fault fault = event_writers_find(
        &reading->reader->writers, rules->schemas, &rules->plan, head, &writer);
    if (fault != EVENT_OK)
        return fault;
    reading->is_foreign = true;
    return writer->program
               ? event_find_in_avro(&rules->plan, writer->program, bytes, size,
                                    &reading->scratch->found)
               : event_find_in_json(&rules->plan, bytes, size,
                                    reading->scratch);
}

/* A record that says itself what it is. */
static inline enum event_fault find_plain(struct reading *reading)
{
    const struct event_rules *rules = &reading->reader->rules;
    const uint8_t *bytes = reading->record->value;
    size_t size = reading->record->value_size;

    reading->is_foreign = rules->format == EVENT_FORMAT_JSON;
    if (rules->format != EVENT_FORMAT_MSGPACK) {
        const size_t head = head_size(bytes, size);
        if (head > 0) { /* a tombstone has no bytes to move on from */
            bytes += head;
            size -= head;
        }
        if (rules->format == EVENT_FORMAT_AUTO)
            reading->is_foreign = event_find_is_json(bytes, size);
    }
    return reading->is_foreign
               ? event_find_in_json(&rules->plan, bytes, size, reading->scratch)
               : event_find_in_msgpack(&rules->plan, bytes, size,
                                       &reading->scratch->found);
}

static inline enum event_fault find_in_value(struct reading *reading)
{
    const struct event_rules *rules = &reading->reader->rules;
    const struct event_record *record = reading->record;

    reading->scratch->found.in_ms = 0;
    if (rules->format < EVENT_FORMAT_AVRO ||
        (rules->format == EVENT_FORMAT_AUTO && !rules->schemas))
        return find_plain(reading);
    if (event_schema_has_head(record->value, record->value_size))
        return find_by_schema(reading);
    if (rules->format == EVENT_FORMAT_AUTO)
        return find_plain(reading);
    return record->value_size == 0 ? EVENT_EMPTY : EVENT_INVALID;
}

static inline enum event_fault find_fields(struct reading *reading)
{
    const struct event_reader *reader = reading->reader;
    const struct event_record *record = reading->record;

    reading->about = NULL;
    const enum event_fault fault = find_in_value(reading);
    if (fault == EVENT_REPEATED)
        return blame(reading, reading->scratch->found.about, fault);
    if (fault != EVENT_OK)
        return fault;
    for (unsigned i = 0; reader->rules.beside >> i; i++)
        if (reader->rules.beside >> i & 1 &&
            find_beside(record, i, reader->rules.plan.paths[i].place,
                        &reading->scratch->found.values[i]))
            reading->scratch->found.seen |= 1u << i;
    return EVENT_OK;
}

/* The value as a setting would write it, or NULL for what no setting can. */
static bool is_literal(const struct cursor_value *value, const char *literal)
{
    char number[24];

    switch (value->type) {
    case CURSOR_TEXT:
    case CURSOR_BYTES:
        return value->size == strlen(literal) &&
               memcmp(value->bytes, literal, value->size) == 0;
    case CURSOR_INTEGER:
        snprintf(number, sizeof(number), "%" PRId64, value->integer);
        return strcmp(number, literal) == 0;
    case CURSOR_BOOL:
        return strcmp(literal, value->boolean ? "true" : "false") == 0;
    case CURSOR_NIL:
        return strcmp(literal, "null") == 0;
    default:
        return false;
    }
}

/* A record that lacks the field of the filter is of another kind, too. */
static bool is_let_through(const struct reading *reading)
{
    const struct event_reader *reader = reading->reader;
    const unsigned at = reader->rules.fields;

    return !reader->rules.has_filter ||
           (reading->scratch->found.seen >> at & 1 &&
            is_literal(&reading->scratch->found.values[at],
                       reader->rules.wanted));
}

static enum event_fault require(struct reading *reading, unsigned needed)
{
    unsigned missing = needed & ~reading->scratch->found.seen;

    for (unsigned i = 0; missing >> i; i++)
        if (missing >> i & 1)
            return blame(reading, i, EVENT_MISSING);
    return EVENT_OK;
}

static inline enum event_fault check_id(struct reading *reading, unsigned at)
{
    const struct cursor_value *value = &reading->scratch->found.values[at];
    struct id none;

    return event_value_is_id(value)
               ? EVENT_OK
               : blame(reading, at, event_value_id(value, &none));
}

/* Member by member: what was just written in pieces is not there yet as a
 * whole. */
static inline struct span raw_of(const struct reading *reading, unsigned at)
{
    const struct span *raw = &reading->scratch->found.raw[at];

    return (struct span){raw->bytes, raw->size};
}

static inline struct span id_span(struct reading *reading, unsigned at)
{
    return reading->is_foreign || reading->reader->rules.beside >> at & 1
               ? event_scratch_id(reading->scratch,
                                  &reading->scratch->found.values[at])
               : raw_of(reading, at);
}

/* Times that are not whole milliseconds of the value itself. */
static enum event_fault read_other_ts(struct reading *reading, int64_t *ms,
                                      struct span *raw)
{
    const struct event_reader *reader = reading->reader;
    const bool is_beside = reader->rules.beside >> AT_TS & 1;
    const bool is_in_ms = reading->scratch->found.in_ms >> AT_TS & 1 ||
                          (is_beside && reader->rules.plan.paths[AT_TS].place ==
                                            EVENT_IN_TIMESTAMP);
    struct event_time time;

    enum event_fault fault =
        event_time_of(&reading->scratch->found.values[AT_TS],
                      is_in_ms ? EVENT_TIME_MS : reader->rules.ts_unit, &time);
    if (fault != EVENT_OK)
        return blame(reading, AT_TS, fault);
    reading->scratch->guessed_times += time.is_guessed;
    *ms = time.ms;
    if (time.is_plain && !reading->is_foreign && !is_beside) {
        *raw = raw_of(reading, AT_TS);
    } else {
        *raw = event_scratch_integer(reading->scratch, time.ms);
    }
    return EVENT_OK;
}

/* Whole milliseconds since 1973, as nearly all are; any unit but this and AUTO
 * is another matter. */
static inline enum event_fault read_ts(struct reading *reading, int64_t *ms,
                                       struct span *raw)
{
    const struct event_reader *reader = reading->reader;
    const struct event_found *found = &reading->scratch->found;
    const struct cursor_value *value = &found->values[AT_TS];

    if (value->type != CURSOR_INTEGER ||
        (uint64_t)value->integer - EVENT_TIME_SURE_MS >=
            999 * EVENT_TIME_SURE_MS ||
        !reader->rules.has_plain_ts)
        return read_other_ts(reading, ms, raw);
    *ms = value->integer;
    *raw = reading->is_foreign
               ? event_scratch_integer(reading->scratch, value->integer)
               : raw_of(reading, AT_TS);
    return EVENT_OK;
}

/* --- The two events --------------------------------------------------- */

/* `out` is written only when nothing can go wrong any more. */
static inline enum event_fault read_impression(struct reading *reading,
                                               struct impression *out)
{
    const unsigned all = (1u << IMPRESSION_FIELDS) - 1;
    const struct cursor_value *values = reading->scratch->found.values;
    enum event_fault fault;
    struct span raw_ts;
    int64_t ts_ms;

    if (!is_let_through(reading))
        return EVENT_PASSED_OVER;
    if ((reading->scratch->found.seen & all) != all)
        return require(reading, all);
    if ((fault = check_id(reading, AT_ID)) != EVENT_OK ||
        (fault = read_ts(reading, &ts_ms, &raw_ts)) != EVENT_OK ||
        (fault = check_id(reading, AT_USER)) != EVENT_OK ||
        (fault = check_id(reading, AT_AD)) != EVENT_OK)
        return fault;
    out->id = event_value_as_id(&values[AT_ID]);
    out->user = event_value_as_id(&values[AT_USER]);
    out->ad = event_value_as_id(&values[AT_AD]);
    out->ts_ms = ts_ms;
    out->raw_ts = raw_ts;
    out->raw_id = id_span(reading, AT_ID);
    out->raw_user = id_span(reading, AT_USER);
    out->raw_ad = id_span(reading, AT_AD);
    return EVENT_OK;
}

enum event_fault event_reader_impression(struct event_reader *reader,
                                         const struct event_record *record,
                                         struct event_scratch *scratch,
                                         struct impression *out,
                                         const char **about)
{
    struct reading reading = {reader, record, scratch, false, NULL};
    enum event_fault fault = find_fields(&reading);

    if (fault == EVENT_OK)
        fault = read_impression(&reading, out);
    *about = reading.about;
    return fault;
}

static enum event_fault read_click(struct reading *reading, double *out)
{
    const struct event_reader *reader = reading->reader;
    const struct cursor_value *value =
        &reading->scratch->found.values[AT_CLICK];

    for (unsigned i = 0; i < reader->rules.click_value_count; i++) {
        if (!is_literal(value, reader->rules.click_values[i].text))
            continue;
        *out = reader->rules.click_values[i].click;
        return EVENT_OK;
    }
    return blame(reading, AT_CLICK, event_value_click(value, out));
}

/* User and ad may be absent, or nil. */
static enum event_fault read_pair(struct reading *reading, struct label *out)
{
    bool has[LABEL_FIELDS] = {false};
    enum event_fault fault = EVENT_OK;

    for (unsigned at = AT_USER; at <= AT_AD && fault == EVENT_OK; at++) {
        has[at] = reading->scratch->found.seen >> at & 1 &&
                  reading->scratch->found.values[at].type != CURSOR_NIL;
        if (has[at])
            fault = check_id(reading, at);
    }
    if (fault != EVENT_OK)
        return fault;
    if (has[AT_USER])
        out->user = event_value_as_id(&reading->scratch->found.values[AT_USER]);
    if (has[AT_AD])
        out->ad = event_value_as_id(&reading->scratch->found.values[AT_AD]);
    out->has_pair = has[AT_USER] && has[AT_AD];
    return EVENT_OK;
}

static enum event_fault read_label(struct reading *reading, struct label *out)
{
    struct span raw;
    enum event_fault fault;

    if (!is_let_through(reading))
        return EVENT_PASSED_OVER;
    fault = require(reading, 1u << AT_ID | 1u << AT_TS | 1u << AT_CLICK);
    if (fault != EVENT_OK || (fault = check_id(reading, AT_ID)) != EVENT_OK ||
        (fault = read_ts(reading, &out->ts_ms, &raw)) != EVENT_OK ||
        (fault = read_click(reading, &out->click)) != EVENT_OK)
        return fault;
    out->id = event_value_as_id(&reading->scratch->found.values[AT_ID]);
    return read_pair(reading, out);
}

enum event_fault event_reader_label(struct event_reader *reader,
                                    const struct event_record *record,
                                    struct event_scratch *scratch,
                                    struct label *out, const char **about)
{
    struct reading reading = {reader, record, scratch, false, NULL};
    struct label event = {0};

    enum event_fault fault = find_fields(&reading);
    if (fault == EVENT_OK)
        fault = read_label(&reading, &event);
    if (fault == EVENT_OK)
        *out = event;
    *about = reading.about;
    return fault;
}

/* --- Predictions ------------------------------------------------------ */

/* How the bytes of a prediction are looked through. */
struct prediction_form {
    const struct event_plan *plan;
    const uint8_t *bytes; /* behind the head, where there is one */
    size_t size;
    const struct avro_program *program; /* of Avro */
    bool is_json;
};

/* What stands behind the head that names a schema. */
static enum event_fault form_by_schema(struct event_reader *reader,
                                       struct prediction_form *form)
{
    const uint8_t *head = form->bytes;
    const struct event_writer *writer = NULL;

    form->plan = &reader->rules.nested;
    form->bytes += EVENT_SCHEMA_HEAD;
    form->size -= EVENT_SCHEMA_HEAD;
    if (!reader->rules.schemas) {
        form->is_json = event_find_is_json(form->bytes, form->size);
        return form->is_json ? EVENT_OK : EVENT_NO_REGISTRY;
    }
    const enum event_fault fault = event_writers_find(
        &reader->writers, reader->rules.schemas, form->plan, head, &writer);
    if (fault != EVENT_OK)
        return fault;
    form->program = writer->program;
    form->is_json = !writer->program;
    return EVENT_OK;
}

static enum event_fault find_prediction(struct event_reader *reader,
                                        struct prediction_form *form,
                                        struct event_scratch *scratch)
{
    enum event_fault fault = EVENT_OK;

    if (event_schema_has_head(form->bytes, form->size))
        fault = form_by_schema(reader, form);
    else if (event_find_is_json(form->bytes, form->size))
        *form = (struct prediction_form){.plan = &reader->rules.nested,
                                         .bytes = form->bytes,
                                         .size = form->size,
                                         .is_json = true};
    if (fault != EVENT_OK)
        return fault;
    if (form->is_json)
        return event_find_in_json(form->plan, form->bytes, form->size, scratch);
    return form->program
               ? event_find_in_avro(form->plan, form->program, form->bytes,
                                    form->size, &scratch->found)
               : event_find_in_msgpack(form->plan, form->bytes, form->size,
                                       &scratch->found);
}

enum event_fault event_reader_prediction(struct event_reader *reader,
                                         const uint8_t *bytes, size_t size,
                                         struct event_scratch *scratch,
                                         struct prediction_event *out,
                                         const char **about)
{
    struct prediction_form form = {
        .plan = &reader->rules.plan, .bytes = bytes, .size = size};
    struct prediction_event event = {.contender = NULL};

    assert(reader->rules.fields == PREDICTION_FIELDS);
    enum event_fault fault = find_prediction(reader, &form, scratch);
    if (fault != EVENT_OK && fault != EVENT_REPEATED)
        scratch->found.about = EVENT_PLAN_MAX;
    if (fault == EVENT_OK)
        fault =
            form.is_json || form.program
                ? event_prediction_read_nested(scratch, form.is_json, &event)
                : event_prediction_read(&scratch->found, &event);
    const unsigned at = scratch->found.about;
    if (fault == EVENT_OK)
        *out = event;
    if (about)
        *about = at < EVENT_PLAN_MAX ? form.plan->paths[at].text : NULL;
    return fault;
}
