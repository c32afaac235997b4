/*
 * fuzz_event.c - any bytes through the readers of the three events. What is an
 * event must survive being written and read again; of predictions, which may
 * come in Avro by the schema that we publish, in Avro too.
 */
#include "common/event/event_avro.h"
#include "common/event/event_reader.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;
static struct event_reader *impressions, *labels, *predictions;
static struct event_scratch scratch;
static struct event_schema schema = {.kind = EVENT_SCHEMA_AVRO};

/* Whatever the number is. */
static const struct event_schema *find(void *context, uint32_t number)
{
    (void)context;
    (void)number;
    return &schema;
}

static void read_schema(struct error *err)
{
    struct buffer text = {0};

    event_avro_prediction_schema(&text);
    if (writer_schema_parse((const char *)text.bytes, text.size, &schema.avro,
                            err) < 0)
        abort();
    buffer_free(&text);
}

/* They see every input, as in a stream. */
static void open_readers(void)
{
    static atomic_uint version;
    static const struct event_schemas schemas = {.find = find,
                                                 .version = &version};
    const struct event_fields ours = {.schemas = &schemas};
    struct error err;

    if (impressions)
        return;
    read_schema(&err);
    if (event_reader_new(&fields, EVENT_IMPRESSIONS, &impressions, &err) < 0 ||
        event_reader_new(&fields, EVENT_LABELS, &labels, &err) < 0 ||
        event_reader_new(&ours, EVENT_PREDICTIONS, &predictions, &err) < 0)
        abort();
}

static void make_ready(void)
{
    struct error err;

    if (event_scratch_ready(&scratch, &err) < 0)
        abort();
}

static enum event_fault read_impression(const uint8_t *bytes, size_t size,
                                        struct impression *out)
{
    const struct event_record record = {.value = bytes, .value_size = size};
    const char *about;

    make_ready();
    return event_reader_impression(impressions, &record, &scratch, out, &about);
}

static enum event_fault read_label(const uint8_t *bytes, size_t size,
                                   struct label *out)
{
    const struct event_record record = {.value = bytes, .value_size = size};
    const char *about;

    make_ready();
    return event_reader_label(labels, &record, &scratch, out, &about);
}

static enum event_fault read_prediction(const uint8_t *bytes, size_t size,
                                        struct prediction_event *out)
{
    make_ready();
    return event_reader_prediction(predictions, bytes, size, &scratch, out,
                                   NULL);
}

static void check_impression(const uint8_t *bytes, size_t size)
{
    struct impression event, again;
    struct buffer out = {0};

    if (read_impression(bytes, size, &event) != EVENT_OK)
        return;
    event_encode_impression(&fields, &event, NULL, 0, &out);
    enum event_fault fault = read_impression(out.bytes, out.size, &again);
    assert(fault == EVENT_OK);
    (void)fault;
    assert(id_equal(&event.id, &again.id));
    assert(id_equal(&event.user, &again.user));
    assert(id_equal(&event.ad, &again.ad));
    assert(event.ts_ms == again.ts_ms);
    assert(event_span_ms(event.raw_ts) == event.ts_ms);
    buffer_free(&out);
}

static void check_label(const uint8_t *bytes, size_t size)
{
    struct label event, again;
    struct buffer out = {0};

    if (read_label(bytes, size, &event) != EVENT_OK)
        return;
    event_encode_label(&fields, &event, &out);
    enum event_fault fault = read_label(out.bytes, out.size, &again);
    assert(fault == EVENT_OK);
    (void)fault;
    assert(id_equal(&event.id, &again.id));
    assert(event.ts_ms == again.ts_ms);
    assert(event.click == again.click);
    assert(event.has_pair == again.has_pair);
    buffer_free(&out);
}

static bool is_same_id(struct span a, struct span b)
{
    const struct id x = event_span_id(a), y = event_span_id(b);

    return id_equal(&x, &y);
}

static void check_in_avro(const struct prediction_event *event)
{
    struct prediction_event again;
    struct buffer out = {0};

    event_avro_prediction(7, event, &out);
    const enum event_fault fault = read_prediction(out.bytes, out.size, &again);
    assert(fault == EVENT_OK);
    (void)fault;
    const struct model_state was = prediction_model(event),
                             is = prediction_model(&again);
    assert(model_state_order(&was, &is) == 0);
    assert(is_same_id(event->raw_id, again.raw_id));
    assert(is_same_id(event->raw_user, again.raw_user));
    assert(is_same_id(event->raw_ad, again.raw_ad));
    assert(event_span_ms(event->raw_ts) == event_span_ms(again.raw_ts));
    assert(memcmp(&event->p, &again.p, sizeof(again.p)) == 0);
    assert(event->basis == again.basis);
    assert(event->src_partition == again.src_partition);
    assert(event->src_offset == again.src_offset);
    assert(event->has_support == again.has_support);
    assert(!event->has_support ||
           memcmp(&event->support, &again.support, sizeof(again.support)) == 0);
    buffer_free(&out);
}

static void check_prediction(const uint8_t *bytes, size_t size)
{
    struct prediction_event event, again;
    struct buffer out = {0};

    if (read_prediction(bytes, size, &event) != EVENT_OK)
        return;
    event_encode_prediction(&event, &out);
    enum event_fault fault = read_prediction(out.bytes, out.size, &again);
    assert(fault == EVENT_OK);
    (void)fault;
    assert(event.p == again.p);
    assert(event.model_version == again.model_version);
    assert(event.src_offset == again.src_offset);
    buffer_free(&out);
    check_in_avro(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    open_readers();
    event_scratch_clear(&scratch);
    check_impression(bytes, size);
    check_label(bytes, size);
    check_prediction(bytes, size);
    return 0;
}
