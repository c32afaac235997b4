/*
 * describe_events.c - docs/asyncapi.json: topics, keys, headers and payloads,
 * from the tables by which records are written and read. AsyncAPI 3.0.0.
 */
#include "cli/describe.h"

#include "common/base/version.h"
#include "common/event/evaluation_fields.h"
#include "common/event/event_avro.h"
#include "common/event/event_contract.h"
#include "common/event/event_form.h"
#include "common/event/manifest_fields.h"
#include "consumer/letters/letter_headers.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

enum form { FORM_MSGPACK, FORM_JSON, FORM_AVRO, FORM_BYTES, FORMS };

static const struct {
    const char *name, *type;
} forms[FORMS] = {
    [FORM_MSGPACK] = {"msgpack", "application/msgpack"},
    [FORM_JSON] = {"json", "application/json"},
    [FORM_AVRO] = {"avro", "application/vnd.apache.avro"},
    [FORM_BYTES] = {"bytes", "application/octet-stream"},
};

/* --- Types of fields -------------------------------------------------- */

static json_t *of_type(const char *type)
{
    return json_pack("{s:s}", "type", type);
}

static json_t *whole(void)
{
    return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
}

/* The words of a setting, a|b|c. */
static json_t *one_of(const char *words)
{
    json_t *list = json_array();

    while (*words) {
        size_t size = strcspn(words, "|");
        json_array_append_new(list, json_stringn(words, size));
        words += size;
        words += *words == '|';
    }
    return json_pack("{s:s, s:o}", "type", "string", "enum", list);
}

/* Bytes are bin in msgpack; JSON does not have them. */
static json_t *bytes(int least, int most)
{
    return json_pack("{s:s, s:i, s:i, s:s}", "type", "string", "minLength",
                     least, "maxLength", most, "x-msgpack", "bin");
}

static json_t *id_in(enum form form)
{
    json_t *choices =
        json_pack("[{s:s}, {s:s, s:i, s:i}]", "type", "integer", "type",
                  "string", "minLength", 1, "maxLength", ID_TEXT_MAX);

    json_array_append_new(choices,
                          form == FORM_MSGPACK
                              ? bytes(1, ID_TEXT_MAX)
                              : json_pack("{s:s, s:[s], s:{s:{s:s, s:s}}}",
                                          "type", "object", "required", "bin",
                                          "properties", "bin", "type", "string",
                                          "contentEncoding", "base64"));
    return json_pack("{s:o}", "anyOf", choices);
}

static json_t *model_in(enum form form)
{
    if (form == FORM_MSGPACK)
        return json_pack("{s:s, s:i, s:[o, o]}", "type", "array", "minItems", 2,
                         "items", whole(),
                         bytes(MODEL_HASH_SIZE, MODEL_HASH_SIZE));
    return json_pack("{s:s, s:[s, s], s:{s:o, s:{s:s, s:s}}}", "type", "object",
                     "required", "version", "hash", "properties", "version",
                     whole(), "hash", "type", "string", "pattern",
                     "^[0-9a-f]{16}$");
}

static json_t *source_in(enum form form)
{
    if (form == FORM_MSGPACK)
        return json_pack("{s:s, s:i, s:[o, o]}", "type", "array", "minItems", 2,
                         "items", whole(), whole());
    return json_pack("{s:s, s:[s, s], s:{s:o, s:o}}", "type", "object",
                     "required", "partition", "offset", "properties",
                     "partition", whole(), "offset", whole());
}

static json_t *field_in(enum contract_kind kind, enum form form)
{
    switch (kind) {
    case CONTRACT_ID:
        return id_in(form);
    case CONTRACT_TIME:
        return json_pack("{s:[s, s], s:s}", "type", "number", "string",
                         "x-msgpack", "or a timestamp");
    case CONTRACT_CLICK:
        return json_pack("{s:[{s:s}, {s:s, s:i, s:i}, {s:s}]}", "anyOf", "type",
                         "boolean", "type", "number", "minimum", 0, "maximum",
                         1, "type", "string");
    case CONTRACT_P:
        return json_pack("{s:s, s:i, s:i}", "type", "number", "minimum", 0,
                         "maximum", 1);
    case CONTRACT_MODEL:
        return model_in(form);
    case CONTRACT_BASIS:
        return one_of(BASIS_WORDS);
    case CONTRACT_SOURCE:
        return source_in(form);
    case CONTRACT_COUNT:
        return json_pack("{s:s, s:i}", "type", "number", "minimum", 0);
    case CONTRACT_TEXT:
        return of_type("string");
    }
    return NULL;
}

static json_t *evaluation_field_in(const struct evaluation_field *field)
{
    switch (field->kind) {
    case EVALUATION_NAME:
        return json_pack("{s:s, s:i}", "type", "string", "maxLength",
                         (int)field->size - 1);
    case EVALUATION_NUMBER:
    case EVALUATION_TIME:
    case EVALUATION_SPAN:
        return whole();
    case EVALUATION_VERSION:
        return json_pack("{s:[s, s], s:i}", "type", "integer", "null",
                         "minimum", 0);
    case EVALUATION_FIGURE:
        return json_pack("{s:[s, s]}", "type", "number", "null");
    case EVALUATION_BOOL:
        return of_type("boolean");
    }
    return NULL;
}

static json_t *manifest_field_in(const struct manifest_field *field)
{
    switch (field->kind) {
    case MANIFEST_TEXT:
        return json_pack("{s:s, s:i}", "type", "string", "maxLength",
                         (int)field->size - 1);
    case MANIFEST_U32:
    case MANIFEST_U64:
    case MANIFEST_I64:
        return whole();
    case MANIFEST_F64:
        return json_pack("{s:[s, s]}", "type", "number", "null");
    case MANIFEST_BYTES:
        return bytes((int)field->size, (int)field->size);
    }
    return NULL;
}

/* --- Payloads --------------------------------------------------------- */

/* A map whose fields are added to it; unknown ones are passed over. */
static json_t *new_map(void)
{
    return json_pack("{s:s, s:[], s:{}, s:b}", "type", "object", "required",
                     "properties", "additionalProperties", 1);
}

static void add_field(json_t *map, const char *name, const char *meaning,
                      bool must, json_t *type)
{
    json_object_set_new(type, "description", json_string(meaning));
    json_object_set_new(json_object_get(map, "properties"), name, type);
    if (must)
        json_array_append_new(json_object_get(map, "required"),
                              json_string(name));
}

static json_t *event_payload(enum event_kind kind, enum form form)
{
    json_t *map = new_map();

    for (const struct contract_field *field = event_contract(kind); field->name;
         field++)
        add_field(map, field->name, field->meaning,
                  field->presence == CONTRACT_MUST,
                  field_in(field->kind, form));
    return map;
}

/* The schema that is published, in its own language. */
static json_t *avro_payload(void (*schema)(struct buffer *out))
{
    struct buffer text = {0};

    schema(&text);
    json_t *parsed = json_loadb((const char *)text.bytes, text.size, 0, NULL);
    buffer_free(&text);
    return json_pack("{s:s, s:o}", "schemaFormat",
                     "application/vnd.apache.avro+json;version=1.9.0", "schema",
                     parsed);
}

/* Of the fields that events have by default, as feed writes them. Readers take
 * any schema that has these names, paths or aliases. */
static void write_form(enum event_kind kind, struct buffer *out)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct event_form form;
    struct error err;

    fields.impressions_format = fields.labels_format = EVENT_FORMAT_AVRO;
    if (event_form_read(&form, &fields, kind, &err) < 0 ||
        event_form_schema(&form, NULL, 0, out, &err) < 0)
        buffer_clear(out);
}

static void impression_schema(struct buffer *out)
{
    write_form(EVENT_IMPRESSIONS, out);
}

static void label_schema(struct buffer *out)
{
    write_form(EVENT_LABELS, out);
}

static json_t *impression_payload(enum form form)
{
    return form == FORM_AVRO ? avro_payload(impression_schema)
                             : event_payload(EVENT_IMPRESSIONS, form);
}

static json_t *label_payload(enum form form)
{
    return form == FORM_AVRO ? avro_payload(label_schema)
                             : event_payload(EVENT_LABELS, form);
}

static json_t *prediction_payload(enum form form)
{
    return form == FORM_AVRO ? avro_payload(event_avro_prediction_schema)
                             : event_payload(EVENT_PREDICTIONS, form);
}

static json_t *evaluation_payload(enum form form)
{
    if (form == FORM_AVRO)
        return avro_payload(event_avro_evaluation_schema);
    json_t *map = new_map(); /* null is nil */
    for (size_t i = 0; i < EVALUATION_FIELD_COUNT; i++)
        add_field(map, evaluation_fields[i].name, evaluation_fields[i].meaning,
                  true, evaluation_field_in(&evaluation_fields[i]));
    return map;
}

static json_t *ranges(void)
{
    return json_pack("{s:s, s:i, s:{s:s, s:i, s:i, s:[o, o, o, o]}}", "type",
                     "array", "maxItems", PARTITIONS_MAX, "items", "type",
                     "array", "minItems", MANIFEST_RANGE_PARTS, "maxItems",
                     MANIFEST_RANGE_PARTS, "items", of_type("string"), whole(),
                     whole(), whole());
}

static json_t *manifest_payload(enum form form)
{
    json_t *map = new_map();

    (void)form;
    for (size_t i = 0; i < MANIFEST_FIELD_COUNT; i++)
        add_field(map, manifest_fields[i].name, manifest_fields[i].meaning,
                  true, manifest_field_in(&manifest_fields[i]));
    add_field(map, "ranges",
              "topic, partition, first and next offset of what was learned "
              "from",
              true, ranges());
    add_field(map, "resume", "what a trainer that goes on reads again", false,
              ranges());
    add_field(map, "resume_clock", "of the join, before the first of them",
              false, bytes(1, MANIFEST_CLOCK_MAX));
    add_field(map, "signature", "Ed25519", false,
              bytes(SIGNATURE_SIZE, SIGNATURE_SIZE));
    return map;
}

static json_t *pin_payload(enum form form)
{
    json_t *map = new_map();

    (void)form;
    add_field(map, "epoch", "scorers serve that one; 0: the newest again", true,
              whole());
    add_field(map, "created", "ms since 1970", false, whole());
    add_field(map, "signature", "Ed25519", false,
              bytes(SIGNATURE_SIZE, SIGNATURE_SIZE));
    return map;
}

static json_t *any_payload(enum form form)
{
    (void)form;
    return json_pack("{s:s}", "description", "bytes");
}

/* --- Headers ---------------------------------------------------------- */

struct header {
    const char *name, *meaning;
};

static const struct header letter_headers[] = {
    {LETTER_TOPIC, "where the record was"},
    {LETTER_PARTITION, "where the record was"},
    {LETTER_OFFSET, "where the record was"},
    {LETTER_TIMESTAMP, "of the record, ms since 1970"},
    {LETTER_REASON, "a word of the page of events, or refused"},
    {LETTER_FIELD, "the field it is about, where there is one"},
    {LETTER_MESSAGE, "one line for people"},
    {LETTER_VERSION, "of the program"},
    {LETTER_STAGE, "score or train"},
    {LETTER_HEADERS_LEFT, "how many of the record's headers did not fit"},
    {LETTER_TRUNCATED, "1: key or value were cut"},
    {NULL, NULL},
};

static const struct header chunk_headers[] = {
    {"snap-id", "16 bytes: the manifest's snapshot_id"},
    {"seq", "32 bit little endian: 0 to count - 1"},
    {"count", "32 bit little endian: the manifest's chunk_count"},
    {"size", "32 bit little endian: bytes of the value"},
    {"crc32", "32 bit little endian: CRC-32 of the value"},
    {NULL, NULL},
};

static json_t *headers_object(const struct header *headers)
{
    json_t *map = new_map();

    for (; headers->name; headers++)
        add_field(map, headers->name, headers->meaning, false,
                  of_type("string"));
    return map;
}

/* --- Messages, channels, operations ----------------------------------- */

struct message {
    const char *name, *channel, *key;
    json_t *(*payload)(enum form form);
    bool in[FORMS];
    const struct header *headers;
};

static const struct message messages[] = {
    {"impression", "impressions", "user id", impression_payload,
     .in = {[FORM_MSGPACK] = true, [FORM_JSON] = true, [FORM_AVRO] = true}},
    {"label", "labels", "user id", label_payload,
     .in = {[FORM_MSGPACK] = true, [FORM_JSON] = true, [FORM_AVRO] = true}},
    {"prediction", "predictions", "as the impression's", prediction_payload,
     .in = {[FORM_MSGPACK] = true, [FORM_JSON] = true, [FORM_AVRO] = true}},
    {"letter", "dead-letters", "as received", any_payload,
     .in = {[FORM_BYTES] = true}, .headers = letter_headers},
    {"manifest", "models", "MODEL@EPOCH", manifest_payload,
     .in = {[FORM_MSGPACK] = true}},
    {"pin", "models", "MODEL!pin", pin_payload, .in = {[FORM_MSGPACK] = true}},
    {"chunk", "model-chunks",
     "snapshot_id, and the number in 32 bit big endian", any_payload,
     .in = {[FORM_BYTES] = true}, .headers = chunk_headers},
    {"evaluation", "evaluations", "MODEL@START, or MODEL@START/VERSION",
     evaluation_payload,
     .in = {[FORM_MSGPACK] = true, [FORM_JSON] = true, [FORM_AVRO] = true}},
};
enum { MESSAGES = sizeof(messages) / sizeof(messages[0]) };

/* `does`: who receives from it, and who sends to it, of the commands. */
static const struct {
    const char *name, *policy, *meaning, *receives, *sends;
} channels[] = {
    {"impressions", "delete", "ads that were shown: what is scored",
     "score|train|verify|replay|predict", "feed|redrive"},
    {"labels", "delete", "whether impressions were clicked", "train|replay",
     "feed|redrive"},
    {"predictions", "delete",
     "in transactions: read with isolation.level=read_committed",
     "train|verify|replay", "score|predict|replay"},
    {"dead-letters", "delete", "records that could not be used", "redrive",
     "score|train"},
    {"models", "compact", "manifests of models, and pins; one partition",
     "score|train|verify|replay|snapshot", "train|snapshot"},
    {"model-chunks", "delete",
     "parts of models, one zstd frame each model; one partition",
     "score|train|verify|replay|snapshot", "train"},
    {"evaluations", "compact",
     "how good the models in service were; one partition", "train", "train"},
};
enum { CHANNELS = sizeof(channels) / sizeof(channels[0]) };

static json_t *reference(const char *words, const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/%s/%s", words, name));
}

static void add_message(const struct message *message, enum form form,
                        json_t *document)
{
    char name[64];
    json_t *body = json_pack(
        "{s:s, s:s, s:o, s:{s:{s:{s:s, s:s}, s:s}}}", "name", message->name,
        "contentType", forms[form].type, "payload", message->payload(form),
        "bindings", "kafka", "key", "type", "string", "description",
        message->key, "bindingVersion", "0.5.0");

    if (message->headers)
        json_object_set_new(body, "headers", headers_object(message->headers));
    snprintf(name, sizeof(name), "%s.%s", message->name, forms[form].name);
    json_object_set_new(
        json_object_get(json_object_get(document, "components"), "messages"),
        name, body);
    json_object_set_new(
        json_object_get(json_object_get(json_object_get(document, "channels"),
                                        message->channel),
                        "messages"),
        name, reference("components/messages", name));
}

/* COMMAND.ACTION.CHANNEL for each of a|b|c. */
static void add_operations(json_t *document, const char *commands,
                           const char *action, const char *channel)
{
    while (*commands) {
        size_t size = strcspn(commands, "|");
        char name[96];
        snprintf(name, sizeof(name), "%.*s.%s.%s", (int)size, commands, action,
                 channel);
        json_object_set_new(json_object_get(document, "operations"), name,
                            json_pack("{s:s, s:o}", "action", action, "channel",
                                      reference("channels", channel)));
        commands += size;
        commands += *commands == '|';
    }
}

static json_t *make_document(void)
{
    json_t *document = json_pack(
        "{s:s, s:{s:s, s:s, s:s, s:{s:s}}, s:s, s:{}, s:{}, s:{s:{}}}",
        "asyncapi", "3.0.0", "info", "title", "pctr", "version", PCTR_VERSION,
        "description",
        "Written by deploy/generate-docs.sh: do not edit. Names of topics and "
        "fields are those that settings have by default. Ids, times, limits "
        "and bytes: event-schema.md. x-msgpack says what msgpack has and JSON "
        "Schema has no word for.",
        "license", "name", "Apache-2.0", "defaultContentType",
        forms[FORM_MSGPACK].type, "channels", "operations", "components",
        "messages");

    for (size_t i = 0; i < CHANNELS; i++) {
        const char *name = channels[i].name;
        json_object_set_new(
            json_object_get(document, "channels"), name,
            json_pack("{s:o, s:s, s:{}, s:{s:{s:o, s:{s:[s]}, s:s}}}",
                      "address", json_sprintf("pctr.%s", name), "description",
                      channels[i].meaning, "messages", "bindings", "kafka",
                      "topic", json_sprintf("pctr.%s", name),
                      "topicConfiguration", "cleanup.policy",
                      channels[i].policy, "bindingVersion", "0.5.0"));
        add_operations(document, channels[i].receives, "receive", name);
        add_operations(document, channels[i].sends, "send", name);
    }
    for (size_t i = 0; i < MESSAGES; i++)
        for (int form = 0; form < FORMS; form++)
            if (messages[i].in[form])
                add_message(&messages[i], (enum form)form, document);
    return document;
}

void describe_events(FILE *out)
{
    json_t *document = make_document();

    if (document && json_dumpf(document, out, JSON_INDENT(2)) == 0)
        fputc('\n', out);
    json_decref(document);
}

bool describe_schema(const char *name, FILE *out)
{
    static const struct {
        const char *name;
        void (*schema)(struct buffer *out);
    } schemas[] = {
        {"prediction", event_avro_prediction_schema},
        {"evaluation", event_avro_evaluation_schema},
        {"impression", impression_schema},
        {"label", label_schema},
    };
    struct buffer text = {0};

    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
        if (strcmp(schemas[i].name, name) == 0)
            schemas[i].schema(&text);
    const bool is_there = text.size > 0 && !buffer_failed(&text);
    if (is_there)
        fwrite(text.bytes, 1, text.size, out);
    buffer_free(&text);
    return is_there;
}
