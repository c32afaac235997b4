/*
 * fuzz_event.c - any bytes through the readers of the three events. What is an
 * event must survive being written and read again.
 */
#include "common/event/event_reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;
static struct event_reader *impressions, *labels, *predictions;
static struct event_scratch scratch;

/* They see every input, as in a stream. */
static void open_readers(void)
{
    struct error err;

    if (impressions)
        return;
    if (event_reader_new(&fields, EVENT_IMPRESSIONS, &impressions, &err) < 0 ||
        event_reader_new(&fields, EVENT_LABELS, &labels, &err) < 0 ||
        event_reader_new(NULL, EVENT_PREDICTIONS, &predictions, &err) < 0)
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
