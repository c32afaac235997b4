#include "common/event/event_avro.h"

#include "common/base/utf8.h"
#include "common/event/avro_writer.h"
#include "common/event/cursor.h"
#include "common/event/evaluation_fields.h"
#include "common/event/event_codec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* The branches of an id, in the order of its union. */
enum { ID_IS_LONG, ID_IS_STRING, ID_IS_BYTES };
/* A union of null and something. */
enum { IS_NULL, IS_THERE };

/* --- The schemas ------------------------------------------------------ */

#define ID_TYPE "[\"long\", \"string\", \"bytes\"]"
#define TIME_TYPE "{\"type\": \"long\", \"logicalType\": \"timestamp-millis\"}"
#define FIELD(name, type, doc)                                                 \
    "    {\"name\": \"" name "\", \"type\": " type ", \"doc\": \"" doc "\"}"
#define MAY_FIELD(name, type, doc)                                             \
    "    {\"name\": \"" name "\", \"type\": [\"null\", " type                  \
    "], \"default\": null, \"doc\": \"" doc "\"}"

static void append(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

static void append_head(struct buffer *out, const char *name, const char *doc)
{
    append(out, "{\n  \"type\": \"record\",\n  \"name\": \"");
    append(out, name);
    append(out, "\",\n  \"namespace\": \"pctr\",\n  \"doc\": \"");
    append(out, doc);
    append(out, "\",\n  \"fields\": [\n");
}

static void append_end(struct buffer *out)
{
    append(out, "\n  ]\n}\n");
}

/* A reader whose schema is older takes a basis that it does not know for
 * `other`, which is never written. It stands first, so that a further basis
 * gets the next number. */
static void append_basis(struct buffer *out)
{
    append(out, "    {\"name\": \"basis\", \"type\": {\"type\": \"enum\", "
                "\"name\": \"Basis\", \"symbols\": [\"other\"");
    for (int basis = 0; basis < BASIS_COUNT; basis++) {
        append(out, ", \"");
        append(out, basis_name((enum basis)basis));
        append(out, "\"");
    }
    append(out, "], \"default\": \"other\"}, \"doc\": \"on what the "
                "prediction rests; other: a word that this schema does not "
                "have\"},\n");
}

void event_avro_prediction_schema(struct buffer *out)
{
    append_head(out, "Prediction", "the answer to one impression");
    append(out,
           FIELD("id", ID_TYPE, "of the impression, with its type") ",\n" FIELD(
               "ts", TIME_TYPE, "of the impression") ",\n");
    append(out, FIELD("user", ID_TYPE, "who saw it") ",\n" FIELD(
                    "ad", ID_TYPE, "what was shown") ",\n");
    append(out, FIELD("p", "\"double\"", "probability of a click") ",\n");
    append(out,
           "    {\"name\": \"model\", \"type\": {\"type\": \"record\", "
           "\"name\": \"Model\", \"fields\": [\n"
           "      {\"name\": \"version\", \"type\": \"long\", \"doc\": "
           "\"its epoch; 0: there was no model\"},\n"
           "      {\"name\": \"hash\", \"type\": {\"type\": \"fixed\", "
           "\"name\": \"Hash\", \"size\": 8}, \"doc\": \"first bytes of the "
           "snapshot's SHA-256\"},\n"
           "      {\"name\": \"delta\", \"type\": [\"null\", \"long\"], "
           "\"default\": null, \"doc\": \"number of the newest delta that was "
           "applied to it, from 1\"},\n"
           "      {\"name\": \"delta_hash\", \"type\": [\"null\", \"Hash\"], "
           "\"default\": null, \"doc\": \"first bytes of the delta's "
           "SHA-256\"}\n"
           "    ]}, \"doc\": \"what answered\"},\n");
    append_basis(out);
    append(out, "    {\"name\": \"src\", \"type\": {\"type\": \"record\", "
                "\"name\": \"Source\", \"fields\": [\n"
                "      {\"name\": \"partition\", \"type\": \"int\"},\n"
                "      {\"name\": \"offset\", \"type\": \"long\"}\n"
                "    ]}, \"doc\": \"where the impression is\"},\n");
    append(out, MAY_FIELD("support", "\"double\"",
                          "rows behind the value that the model knows least "
                          "of, where it has fields") ",\n");
    append(out, MAY_FIELD("contender", "\"string\"",
                          "who answered, where a replay wrote it"));
    append_end(out);
}

static const char *evaluation_type(enum evaluation_kind kind)
{
    switch (kind) {
    case EVALUATION_NAME:
        return "\"string\"";
    case EVALUATION_NUMBER:
    case EVALUATION_SPAN:
        return "\"long\"";
    case EVALUATION_TIME:
        return TIME_TYPE;
    case EVALUATION_VERSION:
        return "[\"null\", \"long\"], \"default\": null";
    case EVALUATION_FIGURE:
        return "[\"null\", \"double\"], \"default\": null";
    case EVALUATION_BOOL:
        return "\"boolean\"";
    }
    return "\"null\"";
}

void event_avro_evaluation_schema(struct buffer *out)
{
    append_head(out, "Evaluation",
                "how good the models in service were in a window of event "
                "time");
    for (size_t i = 0; i < EVALUATION_FIELD_COUNT; i++) {
        append(out, i > 0 ? ",\n" : "");
        append(out, "    {\"name\": \"");
        append(out, evaluation_fields[i].name);
        append(out, "\", \"type\": ");
        append(out, evaluation_type(evaluation_fields[i].kind));
        append(out, ", \"doc\": \"");
        append(out, evaluation_fields[i].meaning);
        append(out, "\"}");
    }
    append_end(out);
}

/* --- Predictions ------------------------------------------------------ */

/* An id keeps its type; a text that is no UTF-8, which a string of Avro cannot
 * hold, is written as the bytes that it is: the same id. */
static inline uint8_t *put_id(uint8_t *at, struct span raw)
{
    struct cursor cursor = cursor_over(raw.bytes, raw.size, 1);
    struct cursor_value value = {.type = CURSOR_NIL};

    (void)cursor_take(&cursor, &value); /* a reader of events has seen it */
    assert(value.type == CURSOR_INTEGER || value.type == CURSOR_TEXT ||
           value.type == CURSOR_BYTES);
    if (value.type == CURSOR_INTEGER)
        return avro_put_long(avro_put_choice(at, ID_IS_LONG), value.integer);
    const bool is_text =
        value.type == CURSOR_TEXT && utf8_is_valid(value.bytes, value.size);
    return avro_put_text(
        avro_put_choice(at, is_text ? ID_IS_STRING : ID_IS_BYTES), value.bytes,
        value.size);
}

/* A version of 2^63 or more, which only a stranger's manifest has, becomes the
 * negative number of the same bits. */
static inline uint8_t *put_model(uint8_t *at,
                                 const struct prediction_event *event)
{
    at = avro_put_long(at, (int64_t)event->model_version);
    at = avro_put_fixed(at, event->model_hash, MODEL_HASH_SIZE);
    if (!event->delta)
        return avro_put_choice(avro_put_choice(at, IS_NULL), IS_NULL);
    at = avro_put_long(avro_put_choice(at, IS_THERE), event->delta);
    return avro_put_fixed(avro_put_choice(at, IS_THERE), event->delta_hash,
                          MODEL_HASH_SIZE);
}

/* More than the fields other than ids and contender ever take: seven numbers,
 * three sizes, two doubles, two hashes, and eight branches or symbols. */
enum {
    PREDICTION_ROOM = EVENT_SCHEMA_HEAD + 10 * AVRO_LONG_MAX +
                      2 * AVRO_DOUBLE_SIZE + 2 * MODEL_HASH_SIZE + 16
};

/* Once for every event that is scored: memory is asked for once. */
void event_avro_prediction(uint32_t schema,
                           const struct prediction_event *event,
                           struct buffer *out)
{
    const size_t contender = event->contender ? strlen(event->contender) : 0;
    uint8_t *at = buffer_reserve(out, PREDICTION_ROOM + event->raw_id.size +
                                          event->raw_user.size +
                                          event->raw_ad.size + contender);

    if (!at)
        return;
    const uint8_t *const start = at;
    at = avro_put_head(at, schema);
    at = put_id(at, event->raw_id);
    at = avro_put_long(at, event_span_ms(event->raw_ts));
    at = put_id(at, event->raw_user);
    at = put_id(at, event->raw_ad);
    at = avro_put_double(at, event->p);
    at = put_model(at, event);
    at = avro_put_choice(at, 1 + (unsigned)event->basis);
    at = avro_put_long(at, event->src_partition);
    at = avro_put_long(at, event->src_offset);
    at = avro_put_choice(at, event->has_support ? IS_THERE : IS_NULL);
    if (event->has_support)
        at = avro_put_double(at, event->support);
    at = avro_put_choice(at, event->contender ? IS_THERE : IS_NULL);
    if (event->contender)
        at = avro_put_text(at, event->contender, contender);
    out->size += (size_t)(at - start);
}

/* --- Evaluations ------------------------------------------------------ */

static uint8_t *put_field(uint8_t *at, const struct evaluation_field *field,
                          const struct evaluation_event *event)
{
    const void *from = (const char *)event + field->offset;

    switch (field->kind) {
    case EVALUATION_NAME:
        return avro_put_text(at, from, strlen(from));
    case EVALUATION_NUMBER:
        return avro_put_long(at, (int64_t) * (const uint64_t *)from);
    case EVALUATION_TIME:
    case EVALUATION_SPAN:
        return avro_put_long(at, *(const int64_t *)from);
    case EVALUATION_VERSION:
        if (!event->has_version)
            return avro_put_choice(at, IS_NULL);
        return avro_put_long(avro_put_choice(at, IS_THERE),
                             (int64_t)event->version);
    case EVALUATION_FIGURE:
        if (isnan(*(const double *)from))
            return avro_put_choice(at, IS_NULL);
        return avro_put_double(avro_put_choice(at, IS_THERE),
                               *(const double *)from);
    case EVALUATION_BOOL:
        return avro_put_fixed(at, *(const bool *)from ? "\1" : "\0", 1);
    }
    return at;
}

void event_avro_evaluation(uint32_t schema,
                           const struct evaluation_event *event,
                           struct buffer *out)
{
    const size_t each = 1 + AVRO_LONG_MAX;
    uint8_t *at =
        buffer_reserve(out, EVENT_SCHEMA_HEAD + EVALUATION_FIELD_COUNT * each +
                                sizeof(event->name));

    if (!at)
        return;
    const uint8_t *const start = at;
    at = avro_put_head(at, schema);
    for (size_t i = 0; i < EVALUATION_FIELD_COUNT; i++)
        at = put_field(at, &evaluation_fields[i], event);
    out->size += (size_t)(at - start);
}

/* --- What is written -------------------------------------------------- */

int event_output_check(const struct event_output *output, const char *setting,
                       struct error *err)
{
    if (output->format != EVENT_FORMAT_AVRO || output->has_schema)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "%s: avro needs registry.url, which says where the "
                     "schemas of records are",
                     setting);
}
