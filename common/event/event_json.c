#include "common/event/event_json.h"

#include "common/base/json_writer.h"
#include "common/event/cursor.h"
#include "common/event/event_avro.h"
#include "common/event/event_codec.h"
#include "common/event/msgpack_json.h"

#include <assert.h>

void event_json_value(const uint8_t *bytes, size_t size, struct buffer *out)
{
    struct json_writer to = {.to = out};
    struct cursor cursor = cursor_over(bytes, size, EVENT_VALUES_MAX);

    msgpack_json(&to, &cursor, BYTES_TAGGED);
}

static void write_id(struct json_writer *to, const char *name, struct span raw)
{
    struct cursor cursor = cursor_over(raw.bytes, raw.size, 1);

    json_writer_name(to, name);
    msgpack_json(to, &cursor, BYTES_TAGGED);
}

void event_json_prediction(const struct prediction_event *event,
                           struct buffer *out)
{
    struct json_writer to = {.to = out};

    json_writer_open(&to, '{');
    write_id(&to, "id", event->raw_id);
    json_writer_member_integer(&to, "ts", event_span_ms(event->raw_ts));
    write_id(&to, "user", event->raw_user);
    write_id(&to, "ad", event->raw_ad);
    json_writer_member_real(&to, "p", event->p);
    json_writer_name(&to, "model");
    json_writer_open(&to, '{');
    json_writer_member_unsigned(&to, "version", event->model_version);
    json_writer_name(&to, "hash");
    json_writer_hex(&to, event->model_hash, MODEL_HASH_SIZE);
    if (event->delta) {
        json_writer_member_unsigned(&to, "delta", event->delta);
        json_writer_name(&to, "delta_hash");
        json_writer_hex(&to, event->delta_hash, MODEL_HASH_SIZE);
    }
    json_writer_close(&to, '}');
    json_writer_member_text(&to, "basis", basis_name(event->basis));
    json_writer_name(&to, "src");
    json_writer_open(&to, '{');
    json_writer_member_integer(&to, "partition", event->src_partition);
    json_writer_member_integer(&to, "offset", event->src_offset);
    json_writer_close(&to, '}');
    if (event->has_support)
        json_writer_member_real(&to, "support", event->support);
    if (event->contender)
        json_writer_member_text(&to, "contender", event->contender);
    json_writer_close(&to, '}');
}

void event_write_prediction(const struct event_output *output,
                            const struct prediction_event *event,
                            struct buffer *out)
{
    switch ((enum event_format)output->format) {
    case EVENT_FORMAT_JSON:
        event_json_prediction(event, out);
        break;
    case EVENT_FORMAT_AVRO:
        assert(output->has_schema);
        event_avro_prediction(output->schema, event, out);
        break;
    case EVENT_FORMAT_MSGPACK:
    case EVENT_FORMAT_AUTO:
        event_encode_prediction(event, out);
        break;
    }
}
