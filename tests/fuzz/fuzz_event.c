/*
 * fuzz_event.c - any bytes through the three decoders. What is an event must
 * survive being written and read again.
 */
#include "common/event/event_codec.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;

static void check_impression(const uint8_t *bytes, size_t size)
{
    struct impression event, again;
    struct buffer out = {0};

    if (event_decode_impression(&fields, bytes, size, &event, NULL) != EVENT_OK)
        return;
    event_encode_impression(&fields, &event, NULL, 0, &out);
    enum event_fault fault =
        event_decode_impression(&fields, out.bytes, out.size, &again, NULL);
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

    if (event_decode_label(&fields, bytes, size, &event, NULL) != EVENT_OK)
        return;
    event_encode_label(&fields, &event, &out);
    enum event_fault fault =
        event_decode_label(&fields, out.bytes, out.size, &again, NULL);
    assert(fault == EVENT_OK);
    (void)fault;
    assert(id_equal(&event.id, &again.id));
    assert(event.ts_ms == again.ts_ms);
    assert(event.click == again.click);
    assert(event.has_pair == again.has_pair);
    buffer_free(&out);
}

static void check_prediction(const uint8_t *bytes, size_t size)
{
    struct prediction_event event, again;
    struct buffer out = {0};

    if (event_decode_prediction(bytes, size, &event, NULL) != EVENT_OK)
        return;
    event_encode_prediction(&event, &out);
    enum event_fault fault =
        event_decode_prediction(out.bytes, out.size, &again, NULL);
    assert(fault == EVENT_OK);
    (void)fault;
    assert(event.p == again.p);
    assert(event.model_version == again.model_version);
    assert(event.src_offset == again.src_offset);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    check_impression(bytes, size);
    check_label(bytes, size);
    check_prediction(bytes, size);
    return 0;
}
