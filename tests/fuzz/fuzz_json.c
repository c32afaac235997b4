/*
 * fuzz_json.c - any bytes through the reader of JSON, beside jansson: what one
 * of them takes, the other takes, and ids that are read are repeated. A reader
 * that has read all inputs says of each what a fresh one says.
 */
#include "common/event/event_reader.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct event_fields fields = {
    .impressions_format = EVENT_FORMAT_JSON,
    .labels_format = EVENT_FORMAT_AUTO,
    .id = "id",
    .ts = "ts",
    .user = "context.user.id",
    .ad = "ads[1]",
    .click = "click",
    .ts_unit = 4,
    .labels_filter = "type==click",
    .click_values = "a:1,b:0",
};

static struct event_reader *reader_of(enum event_kind kind)
{
    struct event_reader *reader;
    struct error err;

    if (event_reader_new(&fields, kind, &reader, &err) < 0)
        abort();
    return reader;
}

static void check_memory(const struct event_record *record,
                         struct event_scratch *scratch)
{
    static struct event_reader *old;
    struct event_reader *fresh = reader_of(EVENT_IMPRESSIONS);
    struct impression event, again;
    const char *about, *about_again;

    if (!old)
        old = reader_of(EVENT_IMPRESSIONS);
    enum event_fault fault =
        event_reader_impression(fresh, record, scratch, &event, &about);
    enum event_fault fault_again =
        event_reader_impression(old, record, scratch, &again, &about_again);
    assert(fault == fault_again);
    assert(!about == !about_again);
    if (about)
        assert(strcmp(about, about_again) == 0);
    if (fault == EVENT_OK) {
        assert(id_equal(&event.id, &again.id));
        assert(id_equal(&event.user, &again.user));
        assert(id_equal(&event.ad, &again.ad));
        assert(event.ts_ms == again.ts_ms);
    }
    event_reader_free(fresh);
}

static void check_impression(const struct event_record *record,
                             struct event_scratch *scratch)
{
    struct event_reader *reader = reader_of(EVENT_IMPRESSIONS);
    struct impression event;
    const char *about;

    if (event_reader_impression(reader, record, scratch, &event, &about) ==
        EVENT_OK) {
        struct id id = event_span_id(event.raw_id);
        struct id user = event_span_id(event.raw_user);
        assert(id_equal(&id, &event.id));
        assert(id_equal(&user, &event.user));
        assert(event_span_ms(event.raw_ts) == event.ts_ms);
    }
    event_reader_free(reader);
}

static void check_label(const struct event_record *record,
                        struct event_scratch *scratch)
{
    struct event_reader *reader = reader_of(EVENT_LABELS);
    struct label event;
    const char *about;

    if (event_reader_label(reader, record, scratch, &event, &about) == EVENT_OK)
        assert(event.click >= 0 && event.click <= 1);
    event_reader_free(reader);
}

/* jansson has another limit of depth, refuses numbers that no double holds and
 * zeros in names, and those are no faults of the form. A zero byte ends its
 * input. */
static void check_form(const uint8_t *bytes, size_t size,
                       struct event_scratch *scratch)
{
    static const struct event_plan none;
    json_error_t why;

    if (memchr(bytes, 0, size))
        return;
    enum event_fault fault = event_find_in_json(&none, bytes, size, scratch);
    json_t *root = json_loadb((const char *)bytes, size,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    bool is_form = root || json_error_code(&why) == json_error_invalid_syntax ||
                   json_error_code(&why) == json_error_premature_end_of_input;
    bool is_taken = fault == EVENT_OK || fault == EVENT_NOT_A_MAP;
    if (is_form && fault != EVENT_TOO_DEEP && fault != EVENT_TOO_MANY &&
        fault != EVENT_TOO_LARGE)
        assert(is_taken == (root != NULL));
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct event_record record = {
        .value = bytes, .value_size = size, .timestamp_ms = -1};
    struct event_scratch scratch = {0};
    struct error err;

    if (event_scratch_ready(&scratch, &err) < 0)
        abort();
    check_impression(&record, &scratch);
    check_memory(&record, &scratch);
    check_label(&record, &scratch);
    check_form(bytes, size, &scratch);
    event_scratch_free(&scratch);
    return 0;
}
