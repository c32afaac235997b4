#include "cli/guess/field_survey.h"

#include "cli/guess/value_walk.h"

#include "common/base/utf8.h"
#include "common/event/event_find.h"
#include "common/event/event_plain.h"
#include "common/event/event_scratch.h"
#include "common/event/event_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_HASHES = 64,
    EXAMPLE_BYTES = 40, /* of a text */
    TIMESTAMP = -1,     /* msgpack's extension type for times */
    SECONDS_LEAST = 100000000,
};

/* A field with what only the survey needs. */
struct entry {
    struct surveyed_field field; /* the first member */
    uint64_t newest_record;      /* that has it, counted from 1 */
    uint64_t *hashes;            /* of its first values */
    size_t hash_count, hash_room;
};

struct field_survey {
    struct entry *entries[SURVEY_FIELDS_MAX];
    size_t count;
    uint64_t looks[LOOK_COUNT];
    uint64_t records, maps, avro, left_out;
    const struct event_schemas *schemas;
    struct buffer plain;          /* of a record in Avro */
    struct event_scratch scratch; /* for the check of a form */
    struct value_walk walk;
};

int field_survey_new(const struct event_schemas *schemas,
                     struct field_survey **out, struct error *err)
{
    struct field_survey *survey = calloc(1, sizeof(*survey));

    if (!survey)
        return error_no_memory(err, "a survey of fields");
    survey->schemas = schemas;
    *out = survey;
    return 0;
}

void field_survey_clear(struct field_survey *survey)
{
    for (size_t i = 0; i < survey->count; i++) {
        free(survey->entries[i]->hashes);
        free(survey->entries[i]);
    }
    survey->count = 0;
    survey->records = survey->maps = survey->avro = survey->left_out = 0;
    memset(survey->looks, 0, sizeof(survey->looks));
}

void field_survey_free(struct field_survey *survey)
{
    if (!survey)
        return;
    field_survey_clear(survey);
    event_scratch_free(&survey->scratch);
    buffer_free(&survey->plain);
    free(survey);
}

/* --- One value -------------------------------------------------------- */

static enum survey_type type_of(const struct cursor_value *value)
{
    switch (value->type) {
    case CURSOR_NIL:
        return SURVEY_NULL;
    case CURSOR_BOOL:
        return SURVEY_BOOLEAN;
    case CURSOR_INTEGER:
    case CURSOR_HUGE:
        return SURVEY_INTEGER;
    case CURSOR_FLOAT:
        return SURVEY_REAL;
    case CURSOR_TEXT:
        return SURVEY_TEXT;
    case CURSOR_BYTES:
        return SURVEY_BYTES;
    case CURSOR_EXTENSION:
        return value->extension == TIMESTAMP ? SURVEY_TIME : SURVEY_EXTENSION;
    case CURSOR_ARRAY:
        return SURVEY_ARRAY;
    case CURSOR_MAP:
        break;
    }
    return SURVEY_OBJECT;
}

static bool is_of_bytes(const struct cursor_value *value)
{
    return value->type == CURSOR_TEXT || value->type == CURSOR_BYTES;
}

/* Writes a value that is no container as text; returns its length. */
static size_t print_value(const struct cursor_value *value, char *out,
                          size_t room)
{
    int size = 0;

    switch (value->type) {
    case CURSOR_BOOL:
        size = snprintf(out, room, value->boolean ? "true" : "false");
        break;
    case CURSOR_INTEGER:
        size = snprintf(out, room, "%" PRId64, value->integer);
        break;
    case CURSOR_HUGE:
        size = snprintf(out, room, "%" PRIu64, value->huge);
        break;
    case CURSOR_FLOAT:
        size = snprintf(out, room, "%.10g", value->real);
        break;
    default:
        size = snprintf(out, room, "%s", "");
    }
    return (size_t)size;
}

/* Texts stand between quotes; what is cut off ends with dots. */
static void print_example(const struct cursor_value *value,
                          char out[SURVEY_EXAMPLE_SIZE])
{
    char text[UTF8_PRINT_SIZE(EXAMPLE_BYTES)];
    const size_t size =
        value->size < EXAMPLE_BYTES ? value->size : EXAMPLE_BYTES;
    const bool is_text = value->type == CURSOR_TEXT;

    if (!is_of_bytes(value)) {
        print_value(value, out, SURVEY_EXAMPLE_SIZE);
        return;
    }
    size_t length = utf8_print(value->bytes, size, text);
    const bool is_cut = size < value->size || length > SURVEY_EXAMPLE_SIZE - 8;
    if (length > SURVEY_EXAMPLE_SIZE - 8)
        length = SURVEY_EXAMPLE_SIZE - 8;
    while (is_cut && length > 0 && ((uint8_t)text[length] & 0xc0) == 0x80)
        length--; /* not within a character */
    snprintf(out, SURVEY_EXAMPLE_SIZE, "%s%.*s%s%s", is_text ? "\"" : "",
             (int)length, text, is_cut ? "..." : "", is_text ? "\"" : "");
}

/* FNV-1a of the value's type and bytes. */
static uint64_t hash_of(const struct cursor_value *value)
{
    char number[48];
    const uint8_t *bytes = value->bytes;
    size_t size = value->size;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    if (!is_of_bytes(value)) {
        size = print_value(value, number, sizeof(number));
        bytes = (const uint8_t *)number;
    }
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* --- What a value could be -------------------------------------------- */

/* "2023-11-14T22:13:20", or with a blank in the place of the T. */
static bool begins_with_date(const struct cursor_value *value)
{
    static const char form[] = "dddd-dd-dd";

    if (value->type != CURSOR_TEXT || value->size < sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++)
        if (form[i] == 'd' ? (uint8_t)(value->bytes[i] - '0') > 9
                           : value->bytes[i] != (uint8_t)form[i])
            return false;
    return true;
}

/* The unit that AUTO takes the number for; AUTO: it is no number, or too low
 * to be a time of our days in any unit. */
static enum event_time_unit unit_of(const struct cursor_value *value)
{
    char text[32], *end = text;
    double count = -1;

    if (value->type == CURSOR_INTEGER) {
        count = (double)value->integer;
    } else if (value->type == CURSOR_FLOAT) {
        count = value->real;
    } else if (value->type == CURSOR_TEXT && value->size > 0 &&
               value->size < sizeof(text) && value->bytes[0] >= '0' &&
               value->bytes[0] <= '9') {
        memcpy(text, value->bytes, value->size);
        text[value->size] = '\0';
        count = strtod(text, &end);
        if (*end != '\0')
            return EVENT_TIME_AUTO;
    }
    if (!(count >= SECONDS_LEAST))
        return EVENT_TIME_AUTO;
    return count < 1e11   ? EVENT_TIME_S
           : count < 1e14 ? EVENT_TIME_MS
           : count < 1e17 ? EVENT_TIME_US
                          : EVENT_TIME_NS;
}

static void note_time(struct surveyed_field *field,
                      const struct cursor_value *value)
{
    const enum event_time_unit unit = unit_of(value);
    struct event_time time;
    const bool is_time =
        event_time_of(value, EVENT_TIME_AUTO, &time) == EVENT_OK;

    if (is_time && unit != EVENT_TIME_AUTO)
        field->units[unit]++;
    else if (is_time && begins_with_date(value))
        field->text_times++;
    else if (!is_time || type_of(value) != SURVEY_TIME) {
        field->zoneless += begins_with_date(value);
        return;
    }
    field->times++;
}

static void note_word(struct surveyed_field *field,
                      const struct cursor_value *value)
{
    char text[SURVEY_WORD_SIZE];
    size_t size = value->size;

    if (!is_of_bytes(value))
        size = print_value(value, text, sizeof(text));
    else if (size < sizeof(text))
        memcpy(text, value->bytes, size);
    if (size >= sizeof(text)) {
        field->has_more_words = true;
        return;
    }
    text[size] = '\0';
    uint32_t i = 0;
    while (i < field->word_count && strcmp(field->words[i].text, text) != 0)
        i++;
    if (i == SURVEY_WORDS_MAX) {
        field->has_more_words = true;
        return;
    }
    if (i == field->word_count) {
        memcpy(field->words[i].text, text, size + 1);
        field->words[i].records = 0;
        field->word_count++;
    }
    field->words[i].records++;
}

/* --- Fields ----------------------------------------------------------- */

/* *out is NULL where there is no room for a further field. */
static int find_entry(struct field_survey *survey, const char *path,
                      struct entry **out, struct error *err)
{
    *out = NULL;
    for (size_t i = 0; i < survey->count; i++) {
        if (strcmp(survey->entries[i]->field.path, path) != 0)
            continue;
        *out = survey->entries[i];
        return 0;
    }
    if (survey->count == SURVEY_FIELDS_MAX) {
        survey->left_out++;
        return 0;
    }
    struct entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return error_no_memory(err, "a survey of fields");
    snprintf(entry->field.path, sizeof(entry->field.path), "%s", path);
    survey->entries[survey->count++] = entry;
    *out = entry;
    return 0;
}

static int note_hash(struct entry *entry, uint64_t hash, struct error *err)
{
    if (entry->hash_count == SURVEY_VALUES_MAX)
        return 0;
    if (entry->hash_count == entry->hash_room) {
        size_t room = entry->hash_room ? 2 * entry->hash_room : FIRST_HASHES;
        uint64_t *hashes = realloc(entry->hashes, room * sizeof(*hashes));
        if (!hashes)
            return error_no_memory(err, "a survey of fields");
        entry->hashes = hashes;
        entry->hash_room = room;
    }
    entry->hashes[entry->hash_count++] = hash;
    return 0;
}

static int note(struct field_survey *survey, const char *path,
                const struct cursor_value *value, struct error *err)
{
    struct entry *entry;
    struct id id;
    double click;

    if (find_entry(survey, path, &entry, err) < 0)
        return -1;
    if (!entry)
        return 0;
    struct surveyed_field *field = &entry->field;
    if (entry->newest_record == survey->records) {
        field->repeated++;
        return 0;
    }
    entry->newest_record = survey->records;
    field->records++;
    field->types[type_of(value)]++;
    if (cursor_is_container(value) || value->type == CURSOR_NIL)
        return 0;
    field->ids += event_value_id(value, &id) == EVENT_OK;
    field->clicks += event_value_click(value, &click) == EVENT_OK;
    note_time(field, value);
    note_word(field, value);
    if (!field->example[0])
        print_example(value, field->example);
    return note_hash(entry, hash_of(value), err);
}

/* --- One record ------------------------------------------------------- */

static struct cursor_value text_of(const uint8_t *bytes, size_t size)
{
    return (struct cursor_value){
        .type = utf8_is_valid(bytes, size) ? CURSOR_TEXT : CURSOR_BYTES,
        .size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
        .bytes = bytes};
}

/* What stands beside the value: key, time, headers. */
static int take_beside(struct field_survey *survey,
                       const struct message *message,
                       const struct record_header *headers, size_t count,
                       struct error *err)
{
    struct cursor_value value = {.type = CURSOR_INTEGER,
                                 .integer = message->timestamp_ms};
    char path[EVENT_PATH_SIZE], printed[UTF8_PRINT_SIZE(EVENT_PATH_SIZE)];

    if (message->timestamp_ms >= 0 &&
        note(survey, "@timestamp", &value, err) < 0)
        return -1;
    value = text_of(message->key, message->key_size);
    if (message->key && note(survey, "@key", &value, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const size_t size = strlen(headers[i].name);
        value = text_of(headers[i].value, headers[i].size);
        if (!headers[i].value || size == 0 ||
            size + sizeof("header:") > sizeof(path) ||
            utf8_print(headers[i].name, size, printed) != size) {
            survey->left_out++;
            continue;
        }
        memcpy(path, "header:", sizeof("header:") - 1);
        memcpy(path + sizeof("header:") - 1, headers[i].name, size + 1);
        if (note(survey, path, &value, err) < 0)
            return -1;
    }
    return 0;
}

/* Is it a map in good form? */
static bool is_map(struct field_survey *survey, const uint8_t *bytes,
                   size_t size)
{
    static const struct event_plan nothing;

    return event_find_is_json(bytes, size)
               ? event_find_in_json(&nothing, bytes, size, &survey->scratch) ==
                     EVENT_OK
               : event_find_in_msgpack(&nothing, bytes, size,
                                       &survey->scratch.found) == EVENT_OK;
}

/* What the bytes look like, or what their schema says that they are. */
static enum record_look look_of(const uint8_t *bytes, size_t size,
                                const struct event_plain *plain)
{
    const enum record_look look = record_look_at(bytes, size);

    if (!plain->schema)
        return look;
    switch (plain->schema->kind) {
    case EVENT_SCHEMA_AVRO:
        return LOOK_REGISTRY_AVRO;
    case EVENT_SCHEMA_JSON:
        return LOOK_REGISTRY_JSON;
    case EVENT_SCHEMA_PROTOBUF:
        return LOOK_REGISTRY_PROTOBUF;
    case EVENT_SCHEMA_OTHER:
        break;
    }
    return look;
}

int field_survey_take(struct field_survey *survey,
                      const struct message *message,
                      const struct record_header *headers, size_t header_count,
                      struct error *err)
{
    const uint8_t *bytes = message->value;
    const size_t size = bytes ? message->value_size : 0;
    struct event_plain plain;
    struct cursor_value value;
    const char *path;

    const enum event_fault fault = event_plain_of(survey->schemas, bytes, size,
                                                  true, &survey->plain, &plain);
    if (buffer_failed(&survey->plain))
        return error_no_memory(err, "a record");
    const enum record_look look = look_of(bytes, size, &plain);
    survey->records++;
    survey->looks[look]++;
    if (size == 0 || fault != EVENT_OK)
        return 0;
    if (event_scratch_ready(&survey->scratch, err) < 0)
        return -1;
    if (!is_map(survey, plain.bytes, plain.size))
        return 0;
    survey->maps++;
    survey->avro += look == LOOK_REGISTRY_AVRO;
    value_walk_start(&survey->walk, plain.bytes, plain.size);
    while (value_walk_next(&survey->walk, &path, &value))
        if (note(survey, path, &value, err) < 0)
            return -1;
    survey->left_out += survey->walk.unnamed;
    return take_beside(survey, message, headers, header_count, err);
}

/* --- The outcome ------------------------------------------------------ */

const uint64_t *field_survey_looks(const struct field_survey *survey)
{
    return survey->looks;
}

uint64_t field_survey_records(const struct field_survey *survey)
{
    return survey->records;
}

uint64_t field_survey_maps(const struct field_survey *survey)
{
    return survey->maps;
}

uint64_t field_survey_avro(const struct field_survey *survey)
{
    return survey->avro;
}

uint64_t field_survey_left_out(const struct field_survey *survey)
{
    return survey->left_out;
}

size_t field_survey_count(const struct field_survey *survey)
{
    return survey->count;
}

const struct surveyed_field *field_survey_at(const struct field_survey *survey,
                                             size_t i)
{
    return &survey->entries[i]->field;
}

static int by_hash(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

size_t field_survey_different(struct field_survey *survey, size_t i, size_t *of)
{
    struct entry *entry = survey->entries[i];
    size_t different = 0;

    if (entry->hash_count > 0)
        qsort(entry->hashes, entry->hash_count, sizeof(*entry->hashes),
              by_hash);
    for (size_t h = 0; h < entry->hash_count; h++)
        different += h == 0 || entry->hashes[h] != entry->hashes[h - 1];
    *of = entry->hash_count;
    return different;
}
