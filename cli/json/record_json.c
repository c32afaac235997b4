#include "cli/json/record_json.h"

#include "common/base/json_writer.h"
#include "common/event/msgpack_json.h"

#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/event/event_codec.h"
#include "common/event/manifest.h"

#include "consumer/read/event_message.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { CHUNK_KEY_SIZE = SNAPSHOT_ID_SIZE + 4 };

/* A record, and where its JSON goes. */
struct showing {
    struct json_writer *to;
    const struct record *record;
    struct record_readers *readers;
    struct event_plain plain; /* the value, as msgpack or JSON */
    enum event_fault fault;   /* why there is no such value */
    bool is_json;             /* it is well-formed JSON */
};

static const struct record_header *find_header(const struct record *record,
                                               const char *name)
{
    size_t i = record->header_count;

    while (i-- > 0)
        if (strcmp(record->headers[i].name, name) == 0)
            return &record->headers[i];
    return NULL;
}

/* --- Any msgpack ------------------------------------------------------ */

static enum event_fault form(const struct showing *with)
{
    static const struct event_plan nothing;
    struct event_found found;

    return with->fault != EVENT_OK
               ? with->fault
               : event_find_in_msgpack(&nothing, with->plain.bytes,
                                       with->plain.size, &found);
}

static bool is_json(const struct event_plain *plain)
{
    static const struct event_plan nothing;
    struct event_scratch scratch = {0};
    enum event_fault fault =
        plain->bytes && event_find_is_json(plain->bytes, plain->size)
            ? event_find_in_json(&nothing, plain->bytes, plain->size, &scratch)
            : EVENT_INVALID;

    return fault == EVENT_OK || fault == EVENT_NOT_A_MAP;
}

/* Well-formed JSON on one line. Line feeds and tabs stand between its values
 * only; control characters that a terminal would obey, in its texts only. */
static void write_json(const struct showing *with)
{
    const struct event_plain *plain = &with->plain;
    struct buffer *out = with->to->to;

    for (size_t i = 0; i < plain->size; i++) {
        const uint8_t byte = plain->bytes[i];
        char escape[8];
        if (byte == '\n' || byte == '\r' || byte == '\t') {
            buffer_append(out, " ", 1);
        } else if (byte == 0x7f) {
            buffer_append(out, "\\u007f", 6);
        } else if (byte == 0xc2 && plain->bytes[i + 1] < 0xa0) {
            snprintf(escape, sizeof(escape), "\\u%04x", plain->bytes[++i]);
            buffer_append(out, escape, 6);
        } else {
            buffer_append(out, &byte, 1);
        }
    }
    with->to->comma = true;
}

static bool is_well_formed(const struct showing *with)
{
    enum event_fault fault = form(with);

    return fault == EVENT_OK || fault == EVENT_NOT_A_MAP;
}

static void write_whole(const struct showing *with, enum msgpack_bytes style)
{
    if (with->is_json) {
        write_json(with);
        return;
    }
    struct cursor cursor =
        cursor_over(with->plain.bytes, with->plain.size, EVENT_VALUES_MAX);

    msgpack_json(with->to, &cursor, style);
}

/* --- What is not what it should be ------------------------------------ */

static void write_optional(struct json_writer *to, const char *name,
                           const char *text)
{
    if (!text)
        return;
    json_writer_name(to, name);
    json_writer_text(to, text);
}

/* Writes the bytes of a value, the fault that is why they are written, and the
 * fields or the text that they hold all the same. */
static void write_raw(const struct showing *with, const char *fault,
                      const char *field, const char *text)
{
    const struct message *message = with->record->message;
    struct json_writer *to = with->to;

    json_writer_open(to, '{');
    json_writer_name(to, "raw");
    json_writer_base64(to, message->value, message->value_size);
    json_writer_name(to, "fault");
    json_writer_text(to, fault);
    write_optional(to, "field", field);
    write_optional(to, "message", text);
    if (with->is_json || form(with) == EVENT_OK) {
        json_writer_name(to, "fields");
        write_whole(with, BYTES_TAGGED);
    } else if (message->value_size > 0 &&
               utf8_is_valid(message->value, message->value_size)) {
        json_writer_name(to, "text");
        json_writer_text_sized(to, message->value, message->value_size);
    }
    json_writer_close(to, '}');
}

static void write_msgpack(const struct showing *with)
{
    if (with->is_json || is_well_formed(with))
        write_whole(with, BYTES_TAGGED);
    else
        write_raw(with, event_fault_name(form(with)), NULL, NULL);
}

/* --- Events ----------------------------------------------------------- */

/* Writes the event, or its bytes and the reason why it is none. */
static void write_event(const struct showing *with, enum event_fault fault,
                        const char *field)
{
    if (fault == EVENT_OK || fault == EVENT_PASSED_OVER)
        write_whole(with, BYTES_TAGGED);
    else
        write_raw(with, event_fault_name(fault), field, NULL);
}

static void write_impression(const struct showing *with)
{
    struct record_readers *readers = with->readers;
    struct span headers[EVENT_PLAN_MAX];
    struct impression event;
    const char *field = NULL;
    const struct event_record record = event_message_record(
        with->record->message, readers->impressions, headers);
    enum event_fault fault = event_reader_impression(
        readers->impressions, &record, &readers->scratch, &event, &field);

    write_event(with, fault, field);
}

static void write_label(const struct showing *with)
{
    struct record_readers *readers = with->readers;
    struct span headers[EVENT_PLAN_MAX];
    struct label event;
    const char *field = NULL;
    const struct event_record record =
        event_message_record(with->record->message, readers->labels, headers);
    enum event_fault fault = event_reader_label(
        readers->labels, &record, &readers->scratch, &event, &field);

    write_event(with, fault, field);
}

static bool is_name(const struct cursor_value *key, const char *name)
{
    return key->type == CURSOR_TEXT && key->size == strlen(name) &&
           memcmp(key->bytes, name, key->size) == 0;
}

/* Writes an array as an object with these names, of which two at a time are
 * there or not. Later versions may append to the array. */
static void write_array(struct json_writer *to, struct cursor *cursor,
                        const char *const *names)
{
    struct cursor_value array = {.size = 0}, further;

    (void)cursor_take(cursor, &array); /* decoded before */
    json_writer_open(to, '{');
    for (uint32_t i = 0; i < array.size; i++) {
        if (*names && i < array.size / 2 * 2) {
            json_writer_name(to, *names++);
            msgpack_json(to, cursor, BYTES_HEX);
            continue;
        }
        (void)cursor_take(cursor, &further);
        if (cursor_is_container(&further))
            (void)cursor_skip_contents(cursor, &further, 3);
    }
    json_writer_close(to, '}');
}

static void write_msgpack_prediction(const struct showing *with)
{
    static const char *const model[] = {"version", "hash", "delta",
                                        "delta_hash", NULL};
    static const char *const source[] = {"partition", "offset", NULL};
    struct cursor cursor =
        cursor_over(with->plain.bytes, with->plain.size, EVENT_VALUES_MAX);
    struct cursor_value map = {.size = 0}, key;

    (void)cursor_take(&cursor, &map);
    json_writer_open(with->to, '{');
    for (uint32_t i = 0; i < map.size; i++) {
        msgpack_json_name(with->to, &cursor, &key);
        if (is_name(&key, "model"))
            write_array(with->to, &cursor, model);
        else if (is_name(&key, "src"))
            write_array(with->to, &cursor, source);
        else
            msgpack_json(with->to, &cursor, BYTES_TAGGED);
    }
    json_writer_close(with->to, '}');
}

/* Passes over an entry of a map that has no value; false: it has one. */
static bool pass_nil(struct cursor *cursor)
{
    struct cursor ahead = *cursor;
    struct cursor_value key, value;

    if (cursor_take(&ahead, &key) != CURSOR_OK || cursor_is_container(&key) ||
        cursor_take(&ahead, &value) != CURSOR_OK || value.type != CURSOR_NIL)
        return false;
    *cursor = ahead;
    return true;
}

/* A record of Avro as the same prediction in JSON: what is null there is left
 * out, and the hashes of the model are hexadecimal. */
static void write_avro_members(struct json_writer *to, struct cursor *cursor,
                               enum msgpack_bytes style)
{
    struct cursor_value map = {.size = 0}, key;

    (void)cursor_take(cursor, &map);
    json_writer_open(to, '{');
    for (uint32_t i = 0; i < map.size; i++) {
        if (pass_nil(cursor))
            continue;
        msgpack_json_name(to, cursor, &key);
        struct cursor ahead = *cursor;
        struct cursor_value value = {.type = CURSOR_NIL};
        (void)cursor_take(&ahead, &value);
        if (is_name(&key, "model") && value.type == CURSOR_MAP &&
            style == BYTES_TAGGED)
            write_avro_members(to, cursor, BYTES_HEX);
        else
            msgpack_json(to, cursor, style);
    }
    json_writer_close(to, '}');
}

static void write_avro_prediction(const struct showing *with)
{
    struct cursor cursor =
        cursor_over(with->plain.bytes, with->plain.size, EVENT_VALUES_MAX);

    write_avro_members(with->to, &cursor, BYTES_TAGGED);
}

static void write_prediction(const struct showing *with)
{
    const struct message *message = with->record->message;
    struct prediction_event event;
    const char *field = NULL;
    enum event_fault fault = event_reader_prediction(
        with->readers->predictions, message->value, message->value_size,
        &with->readers->scratch, &event, &field);

    if (fault == EVENT_OK && with->is_json)
        write_json(with);
    else if (fault == EVENT_OK && with->plain.schema)
        write_avro_prediction(with);
    else if (fault == EVENT_OK)
        write_msgpack_prediction(with);
    else
        write_raw(with, event_fault_name(fault), field, NULL);
}

/* --- Models ----------------------------------------------------------- */

static bool is_pin(const struct message *message)
{
    static const char mark[] = "!pin";
    size_t size = sizeof(mark) - 1;

    return message->key_size > size &&
           memcmp(message->key + message->key_size - size, mark, size) == 0;
}

static void write_model(const struct showing *with)
{
    const struct message *message = with->record->message;
    struct manifest manifest;
    struct error why;

    if (is_pin(message)) {
        write_msgpack(with);
        return;
    }
    if (manifest_decode(message->value, message->value_size, &manifest, &why) <
        0) {
        write_raw(with, "manifest", NULL, why.text);
        return;
    }
    manifest_free(&manifest);
    write_whole(with, BYTES_HEX);
}

static uint32_t little_endian(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
           (uint32_t)b[3] << 24;
}

static void write_header_number(const struct showing *with, const char *name)
{
    const struct record_header *header = find_header(with->record, name);

    json_writer_name(with->to, name);
    if (header && header->size == 4)
        json_writer_unsigned(with->to, little_endian(header->value));
    else
        json_writer_null(with->to);
}

static void write_chunk(const struct showing *with)
{
    const struct message *message = with->record->message;
    const struct record_header *id = find_header(with->record, "snap-id");
    const struct record_header *sum = find_header(with->record, "crc32");
    uint32_t crc =
        (uint32_t)crc32(0, message->value, (uInt)message->value_size);

    json_writer_open(with->to, '{');
    json_writer_name(with->to, "snapshot_id");
    if (id)
        json_writer_hex(with->to, id->value, id->size);
    else
        json_writer_null(with->to);
    write_header_number(with, "seq");
    write_header_number(with, "count");
    json_writer_name(with->to, "size");
    json_writer_unsigned(with->to, message->value_size);
    json_writer_name(with->to, "sound");
    json_writer_boolean(with->to, sum && sum->size == 4 &&
                                      little_endian(sum->value) == crc);
    json_writer_close(with->to, '}');
}

/* --- Dead letters ----------------------------------------------------- */

static const char *header_text(const struct record *record, const char *name,
                               char *out, size_t room)
{
    const struct record_header *header = find_header(record, name);

    if (!header || header->size >= room ||
        !utf8_is_valid(header->value, header->size))
        return NULL;
    if (header->size > 0)
        memcpy(out, header->value, header->size);
    out[header->size] = '\0';
    return out;
}

static void write_dead_letter(const struct showing *with)
{
    char fault[64], field[64], text[512];
    const struct record *record = with->record;

    if (!header_text(record, "pctr.reason", fault, sizeof(fault)))
        text_copy(fault, sizeof(fault), "unknown");
    write_raw(with, fault,
              header_text(record, "pctr.field", field, sizeof(field)),
              header_text(record, "pctr.message", text, sizeof(text)));
}

/* --- The envelope ----------------------------------------------------- */

static void write_value(const struct showing *with, enum record_kind kind)
{
    static void (*const writers[])(const struct showing *) = {
        [RECORD_IMPRESSION] = write_impression,
        [RECORD_LABEL] = write_label,
        [RECORD_PREDICTION] = write_prediction,
        [RECORD_MODEL] = write_model,
        [RECORD_CHUNK] = write_chunk,
        [RECORD_DEAD_LETTER] = write_dead_letter,
        [RECORD_EVALUATION] = write_msgpack,
        [RECORD_MSGPACK] = write_msgpack,
    };

    if (with->record->message->value)
        writers[kind](with);
    else
        json_writer_null(with->to);
}

static void write_key(const struct showing *with, enum record_kind kind)
{
    const struct message *message = with->record->message;

    if (!message->key)
        json_writer_null(with->to);
    else if (kind == RECORD_CHUNK && message->key_size == CHUNK_KEY_SIZE)
        json_writer_hex(with->to, message->key, message->key_size);
    else
        json_writer_bytes(with->to, message->key, message->key_size);
}

static void write_header(const struct showing *with, enum record_kind kind,
                         const struct record_header *header)
{
    if (!header->value)
        json_writer_null(with->to);
    else if (kind == RECORD_CHUNK)
        json_writer_hex(with->to, header->value, header->size);
    else
        json_writer_bytes(with->to, header->value, header->size);
}

/* Writes the headers. Of several with one name the last counts, as everywhere.
 */
static void write_headers(const struct showing *with, enum record_kind kind)
{
    const struct record *record = with->record;

    json_writer_open(with->to, '{');
    for (size_t i = 0; i < record->header_count; i++) {
        const struct record_header *header = &record->headers[i];
        if (find_header(record, header->name) != header)
            continue;
        size_t size = strlen(header->name);
        if (utf8_is_valid((const uint8_t *)header->name, size))
            json_writer_name(with->to, header->name);
        else
            json_writer_name(with->to, "?");
        write_header(with, kind, header);
    }
    json_writer_close(with->to, '}');
}

int record_readers_open(const struct event_fields *fields,
                        struct record_readers *out, struct error *err)
{
    struct record_readers readers = {.schemas = fields->schemas};

    if (event_reader_new(fields, EVENT_IMPRESSIONS, &readers.impressions, err) <
            0 ||
        event_reader_new(fields, EVENT_LABELS, &readers.labels, err) < 0 ||
        event_reader_new(fields, EVENT_PREDICTIONS, &readers.predictions, err) <
            0 ||
        event_scratch_ready(&readers.scratch, err) < 0) {
        record_readers_close(&readers);
        return -1;
    }
    *out = readers;
    return 0;
}

void record_readers_close(struct record_readers *readers)
{
    event_reader_free(readers->impressions);
    event_reader_free(readers->labels);
    event_reader_free(readers->predictions);
    event_scratch_free(&readers->scratch);
    buffer_free(&readers->plain);
}

/* Does a record of ours name its schema, and nobody knows where that is? */
static bool lacks_registry(const struct showing *with, enum record_kind kind)
{
    const bool is_ours = kind == RECORD_PREDICTION || kind == RECORD_EVALUATION;

    return is_ours && with->fault == EVENT_OK && !with->readers->schemas &&
           with->plain.bytes == with->record->message->value &&
           event_schema_has_head(with->plain.bytes, with->plain.size);
}

/* Any record may name its schema, but for those of models. */
static void look_at(struct showing *with, enum record_kind kind)
{
    const struct message *message = with->record->message;
    const bool may_name = kind != RECORD_MODEL && kind != RECORD_CHUNK;

    with->plain =
        (struct event_plain){message->value, message->value_size, NULL};
    if (!message->value)
        return;
    if (may_name)
        with->fault = event_plain_of(with->readers->schemas, message->value,
                                     message->value_size, false,
                                     &with->readers->plain, &with->plain);
    if (lacks_registry(with, kind))
        with->fault = EVENT_NO_REGISTRY;
    with->is_json = with->fault == EVENT_OK && is_json(&with->plain);
}

void record_json(const struct record *record, enum record_kind kind,
                 struct record_readers *readers, struct buffer *out)
{
    struct json_writer to = {.to = out};
    struct showing with = {.to = &to, .record = record, .readers = readers};
    const struct message *message = record->message;

    look_at(&with, kind);
    event_scratch_clear(&readers->scratch);
    json_writer_open(&to, '{');
    json_writer_name(&to, "topic");
    json_writer_text(&to, record->topic);
    json_writer_name(&to, "partition");
    json_writer_integer(&to, message->partition);
    json_writer_name(&to, "offset");
    json_writer_integer(&to, message->offset);
    json_writer_name(&to, "ts");
    json_writer_integer(&to, message->timestamp_ms);
    json_writer_name(&to, "key");
    write_key(&with, kind);
    json_writer_name(&to, "headers");
    write_headers(&with, kind);
    json_writer_name(&to, "value");
    write_value(&with, kind);
    json_writer_close(&to, '}');
    buffer_append(out, "\n", 1);
}
