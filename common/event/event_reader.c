#include "common/event/event_reader.h"

#include "common/base/utf8.h"
#include "common/event/event_time.h"
#include "common/event/event_value.h"
#include "common/event/json_cursor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)EVENT_FIELD_SIZE == (int)EVENT_PATH_SIZE,
               "a setting holds the longest path");

enum {
    AT_ID,
    AT_TS,
    AT_USER,
    AT_AD,
    IMPRESSION_FIELDS,
    AT_CLICK = IMPRESSION_FIELDS,
    LABEL_FIELDS,
    CLICK_VALUES_MAX = 16,
    REGISTRY_HEAD = 5, /* a schema registry's magic byte 0 and its schema id */
};

/* One word of field.click.values. */
struct click_value {
    char text[48];
    double click;
};

struct event_reader {
    struct event_plan plan;
    unsigned fields; /* IMPRESSION_FIELDS or LABEL_FIELDS */
    bool has_headers;
    unsigned beside; /* paths that do not lead into the value */
    enum event_format format;
    enum event_time_unit ts_unit;
    bool has_plain_ts; /* in the value, and ms or AUTO */
    bool has_filter;   /* the path behind the fields */
    char wanted[EVENT_FILTER_SIZE];
    unsigned click_value_count;
    struct click_value click_values[CLICK_VALUES_MAX];
};

/* --- The settings ----------------------------------------------------------
 */

static int add_field(struct event_reader *reader, const char *setting,
                     const char *path, struct error *err)
{
    if (event_plan_add(&reader->plan, path, err) < 0)
        return error_wrap(err, "%s", setting);
    const unsigned at = reader->plan.count - 1;
    if (reader->plan.paths[at].place != EVENT_IN_VALUE)
        reader->beside |= 1u << at;
    reader->has_headers |= reader->plan.paths[at].place == EVENT_IN_HEADER;
    return 0;
}

/* Without blanks around, and without the quotes that may be around. */
static void copy_literal(char *to, const char *from, size_t size)
{
    while (size > 0 && *from == ' ')
        from++, size--;
    while (size > 0 && from[size - 1] == ' ')
        size--;
    if (size >= 2 && (*from == '"' || *from == '\'') && from[size - 1] == *from)
        from++, size -= 2;
    memcpy(to, from, size);
    to[size] = '\0';
}

/* PATH==VALUE */
static int read_filter(struct event_reader *reader, const char *setting,
                       const char *text, struct error *err)
{
    const char *equal = strstr(text, "==");
    char path[EVENT_FILTER_SIZE];

    if (*text == '\0')
        return 0;
    if (!equal || strlen(text) >= sizeof(path))
        return error_set(err, ERROR_CONFIG,
                         "%s: '%s' is not PATH==VALUE, as in type==click",
                         setting, text);
    copy_literal(path, text, (size_t)(equal - text));
    copy_literal(reader->wanted, equal + 2, strlen(equal + 2));
    if (add_field(reader, setting, path, err) < 0)
        return -1;
    reader->has_filter = true;
    return 0;
}

static int read_click_value(struct event_reader *reader, const char *part,
                            size_t size, struct error *err)
{
    struct click_value *value =
        &reader->click_values[reader->click_value_count];
    const char *colon = NULL;
    char *end;

    for (const char *at = part; at < part + size; at++)
        if (*at == ':')
            colon = at;
    if (reader->click_value_count == CLICK_VALUES_MAX)
        return error_set(err, ERROR_CONFIG,
                         "field.click.values: more than %d values",
                         CLICK_VALUES_MAX);
    if (!colon || colon == part ||
        (size_t)(colon - part) >= sizeof(value->text))
        return error_set(err, ERROR_CONFIG,
                         "field.click.values: '%.*s' is not VALUE:NUMBER, as "
                         "in click:1,view:0",
                         (int)size, part);
    copy_literal(value->text, part, (size_t)(colon - part));
    errno = 0;
    value->click = strtod(colon + 1, &end);
    if (end == colon + 1 || end != part + size ||
        !(value->click >= 0 && value->click <= 1))
        return error_set(err, ERROR_CONFIG,
                         "field.click.values: '%.*s' is not a number from 0 "
                         "to 1",
                         (int)(part + size - colon - 1), colon + 1);
    reader->click_value_count++;
    return 0;
}

static int read_click_values(struct event_reader *reader, const char *text,
                             struct error *err)
{
    while (*text) {
        size_t size = strcspn(text, ",");
        if (read_click_value(reader, text, size, err) < 0)
            return -1;
        text += size;
        text += *text == ',';
    }
    return 0;
}

static int read_settings(struct event_reader *reader,
                         const struct event_fields *fields,
                         enum event_kind kind, struct error *err)
{
    const bool is_label = kind == EVENT_LABELS;

    reader->ts_unit = (enum event_time_unit)fields->ts_unit;
    reader->format = (enum event_format)(is_label ? fields->labels_format
                                                  : fields->impressions_format);
    reader->fields = is_label ? LABEL_FIELDS : IMPRESSION_FIELDS;
    if (add_field(reader, "field.id", fields->id, err) < 0 ||
        add_field(reader, "field.ts", fields->ts, err) < 0 ||
        add_field(reader, "field.user", fields->user, err) < 0 ||
        add_field(reader, "field.ad", fields->ad, err) < 0)
        return -1;
    reader->has_plain_ts =
        !(reader->beside >> AT_TS & 1) && (reader->ts_unit == EVENT_TIME_MS ||
                                           reader->ts_unit == EVENT_TIME_AUTO);
    if (!is_label)
        return read_filter(reader, "filter.impressions",
                           fields->impressions_filter, err);
    if (add_field(reader, "field.click", fields->click, err) < 0 ||
        read_click_values(reader, fields->click_values, err) < 0)
        return -1;
    return read_filter(reader, "filter.labels", fields->labels_filter, err);
}

int event_reader_new(const struct event_fields *fields, enum event_kind kind,
                     struct event_reader **out, struct error *err)
{
    struct event_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return error_no_memory(err, "a reader of events");
    if (read_settings(reader, fields, kind, err) < 0) {
        free(reader);
        return -1;
    }
    reader->plan.firm = reader->plan.count;
    *out = reader;
    return 0;
}

int event_reader_want(struct event_reader *reader, const char *path,
                      unsigned *at, struct error *err)
{
    for (unsigned i = 0; i < reader->plan.count; i++) {
        if (strcmp(reader->plan.paths[i].text, path) != 0)
            continue;
        *at = i;
        return 0;
    }
    *at = reader->plan.count;
    return add_field(reader, "a field that is wanted", path, err);
}

const char *event_reader_header(const struct event_reader *reader, unsigned i)
{
    const struct event_path *path = &reader->plan.paths[i];

    return i < reader->plan.count && path->place == EVENT_IN_HEADER
               ? path->text + path->steps[0].at
               : NULL;
}

bool event_reader_has_headers(const struct event_reader *reader)
{
    return reader->has_headers;
}

void event_reader_free(struct event_reader *reader)
{
    free(reader);
}

/* --- One record ------------------------------------------------------------
 */

/* What a record is read with. */
struct reading {
    const struct event_reader *reader;
    const struct event_record *record;
    struct event_scratch *scratch;
    bool is_json;
    const char *about;
};

/* Puts the field's name where the caller learns it. */
static enum event_fault blame(struct reading *reading, unsigned at,
                              enum event_fault fault)
{
    if (fault != EVENT_OK)
        reading->about = reading->reader->plan.paths[at].text;
    return fault;
}

/* The JSON of a schema registry stands behind its five bytes. */
static size_t head_size(const uint8_t *bytes, size_t size)
{
    return size > REGISTRY_HEAD && bytes[0] == 0 &&
                   event_find_is_json(bytes + REGISTRY_HEAD,
                                      size - REGISTRY_HEAD)
               ? REGISTRY_HEAD
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

static inline enum event_fault find_fields(struct reading *reading)
{
    const struct event_reader *reader = reading->reader;
    const struct event_record *record = reading->record;
    const uint8_t *bytes = record->value;
    size_t size = record->value_size;
    enum event_fault fault;

    reading->about = NULL;
    reading->is_json = reader->format == EVENT_FORMAT_JSON;
    if (reader->format != EVENT_FORMAT_MSGPACK) {
        const size_t head = head_size(bytes, size);
        bytes += head;
        size -= head;
        if (reader->format == EVENT_FORMAT_AUTO)
            reading->is_json = event_find_is_json(bytes, size);
    }
    fault = reading->is_json ? event_find_in_json(&reader->plan, bytes, size,
                                                  reading->scratch)
                             : event_find_in_msgpack(&reader->plan, bytes, size,
                                                     &reading->scratch->found);
    if (fault == EVENT_REPEATED)
        return blame(reading, reading->scratch->found.about, fault);
    if (fault != EVENT_OK)
        return fault;
    for (unsigned i = 0; reader->beside >> i; i++)
        if (reader->beside >> i & 1 &&
            find_beside(record, i, reader->plan.paths[i].place,
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
    const unsigned at = reader->fields;

    return !reader->has_filter ||
           (reading->scratch->found.seen >> at & 1 &&
            is_literal(&reading->scratch->found.values[at], reader->wanted));
}

static enum event_fault require(struct reading *reading, unsigned needed)
{
    unsigned missing = needed & ~reading->scratch->found.seen;

    for (unsigned i = 0; missing >> i; i++)
        if (missing >> i & 1)
            return blame(reading, i, EVENT_MISSING);
    return EVENT_OK;
}

static inline enum event_fault read_id(struct reading *reading, unsigned at,
                                       struct id *out)
{
    enum event_fault fault =
        event_value_id(&reading->scratch->found.values[at], out);

    return fault == EVENT_OK ? EVENT_OK : blame(reading, at, fault);
}

/* --- Values as msgpack -----------------------------------------------------
 */

/* Puts the head byte and then `width` bytes of the number, big endian. */
static void put_number(struct event_scratch *scratch, uint8_t head,
                       unsigned width, uint64_t number)
{
    *scratch->at++ = head;
    while (width-- > 0)
        *scratch->at++ = (uint8_t)(number >> (8 * width));
}

static void put_integer(struct event_scratch *scratch, int64_t number)
{
    const uint64_t bits = (uint64_t)number;

    if (number >= 0) {
        if (number < 0x80)
            *scratch->at++ = (uint8_t)number;
        else if (number <= UINT8_MAX)
            put_number(scratch, 0xcc, 1, bits);
        else if (number <= UINT16_MAX)
            put_number(scratch, 0xcd, 2, bits);
        else if (number <= UINT32_MAX)
            put_number(scratch, 0xce, 4, bits);
        else
            put_number(scratch, 0xcf, 8, bits);
    } else if (number >= -32) {
        *scratch->at++ = (uint8_t)bits;
    } else if (number >= INT8_MIN) {
        put_number(scratch, 0xd0, 1, bits);
    } else if (number >= INT16_MIN) {
        put_number(scratch, 0xd1, 2, bits);
    } else if (number >= INT32_MIN) {
        put_number(scratch, 0xd2, 4, bits);
    } else {
        put_number(scratch, 0xd3, 8, bits);
    }
}

/* An id's type is kept: a number, a text, bytes. */
static struct span put_id(struct event_scratch *scratch,
                          const struct cursor_value *value)
{
    uint8_t *const start = scratch->at;

    if (value->type == CURSOR_INTEGER) {
        put_integer(scratch, value->integer);
    } else {
        if (value->type == CURSOR_BYTES)
            put_number(scratch, 0xc4, 1, value->size);
        else if (value->size < 32)
            *scratch->at++ = (uint8_t)(0xa0 | value->size);
        else
            put_number(scratch, 0xd9, 1, value->size);
        memcpy(scratch->at, value->bytes, value->size);
        scratch->at += value->size;
    }
    return (struct span){start, (uint32_t)(scratch->at - start)};
}

static inline struct span id_span(struct reading *reading, unsigned at)
{
    return reading->is_json || reading->reader->beside >> at & 1
               ? put_id(reading->scratch, &reading->scratch->found.values[at])
               : reading->scratch->found.raw[at];
}

/* Times that are not whole milliseconds of the value itself. */
static enum event_fault read_other_ts(struct reading *reading, int64_t *ms,
                                      struct span *raw)
{
    const struct event_reader *reader = reading->reader;
    const bool is_beside = reader->beside >> AT_TS & 1;
    const bool is_ours =
        is_beside && reader->plan.paths[AT_TS].place == EVENT_IN_TIMESTAMP;
    struct event_time time;

    enum event_fault fault =
        event_time_of(&reading->scratch->found.values[AT_TS],
                      is_ours ? EVENT_TIME_MS : reader->ts_unit, &time);
    if (fault != EVENT_OK)
        return blame(reading, AT_TS, fault);
    reading->scratch->guessed_times += time.is_guessed;
    *ms = time.ms;
    if (time.is_plain && !reading->is_json && !is_beside) {
        *raw = reading->scratch->found.raw[AT_TS];
    } else {
        raw->bytes = reading->scratch->at;
        put_integer(reading->scratch, time.ms);
        raw->size = (uint32_t)(reading->scratch->at - raw->bytes);
    }
    return EVENT_OK;
}

/* Whole milliseconds since 1973 in msgpack, as nearly all are; any unit but
 * this and AUTO is another matter. */
static inline enum event_fault read_ts(struct reading *reading, int64_t *ms,
                                       struct span *raw)
{
    const struct event_reader *reader = reading->reader;
    const struct event_found *found = &reading->scratch->found;
    const struct cursor_value *value = &found->values[AT_TS];

    if (reading->is_json || value->type != CURSOR_INTEGER ||
        (uint64_t)value->integer - EVENT_TIME_SURE_MS >=
            999 * EVENT_TIME_SURE_MS ||
        !reader->has_plain_ts)
        return read_other_ts(reading, ms, raw);
    *ms = value->integer;
    *raw = found->raw[AT_TS];
    return EVENT_OK;
}

/* --- The two events --------------------------------------------------------
 */

static inline enum event_fault read_impression(struct reading *reading,
                                               struct impression *out)
{
    const unsigned all = (1u << IMPRESSION_FIELDS) - 1;
    enum event_fault fault;

    if (!is_let_through(reading))
        return EVENT_PASSED_OVER;
    if ((reading->scratch->found.seen & all) != all)
        return require(reading, all);
    if ((fault = read_id(reading, AT_ID, &out->id)) != EVENT_OK ||
        (fault = read_ts(reading, &out->ts_ms, &out->raw_ts)) != EVENT_OK ||
        (fault = read_id(reading, AT_USER, &out->user)) != EVENT_OK ||
        (fault = read_id(reading, AT_AD, &out->ad)) != EVENT_OK)
        return fault;
    out->raw_id = id_span(reading, AT_ID);
    out->raw_user = id_span(reading, AT_USER);
    out->raw_ad = id_span(reading, AT_AD);
    return EVENT_OK;
}

enum event_fault event_reader_impression(const struct event_reader *reader,
                                         const struct event_record *record,
                                         struct event_scratch *scratch,
                                         struct impression *out,
                                         const char **about)
{
    struct reading reading;
    struct impression event;

    reading.reader = reader;
    reading.record = record;
    reading.scratch = scratch;
    enum event_fault fault = find_fields(&reading);
    if (fault == EVENT_OK)
        fault = read_impression(&reading, &event);
    if (fault == EVENT_OK)
        *out = event;
    *about = reading.about;
    return fault;
}

static enum event_fault read_click(struct reading *reading, double *out)
{
    const struct event_reader *reader = reading->reader;
    const struct cursor_value *value =
        &reading->scratch->found.values[AT_CLICK];

    for (unsigned i = 0; i < reader->click_value_count; i++) {
        if (!is_literal(value, reader->click_values[i].text))
            continue;
        *out = reader->click_values[i].click;
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
            fault = read_id(reading, at, at == AT_USER ? &out->user : &out->ad);
    }
    out->has_pair = has[AT_USER] && has[AT_AD];
    return fault;
}

static enum event_fault read_label(struct reading *reading, struct label *out)
{
    struct span raw;
    enum event_fault fault;

    if (!is_let_through(reading))
        return EVENT_PASSED_OVER;
    fault = require(reading, 1u << AT_ID | 1u << AT_TS | 1u << AT_CLICK);
    if (fault != EVENT_OK ||
        (fault = read_id(reading, AT_ID, &out->id)) != EVENT_OK ||
        (fault = read_ts(reading, &out->ts_ms, &raw)) != EVENT_OK ||
        (fault = read_click(reading, &out->click)) != EVENT_OK)
        return fault;
    return read_pair(reading, out);
}

enum event_fault event_reader_label(const struct event_reader *reader,
                                    const struct event_record *record,
                                    struct event_scratch *scratch,
                                    struct label *out, const char **about)
{
    struct reading reading;
    struct label event = {0};

    reading.reader = reader;
    reading.record = record;
    reading.scratch = scratch;
    enum event_fault fault = find_fields(&reading);
    if (fault == EVENT_OK)
        fault = read_label(&reading, &event);
    if (fault == EVENT_OK)
        *out = event;
    *about = reading.about;
    return fault;
}
