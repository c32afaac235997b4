#include "support/one_event.h"

#include "support/run_suite.h"

/* Both stay reachable to the end. */
static struct {
    struct event_reader *reader;
    struct event_scratch scratch;
} last[EVENT_PREDICTIONS + 1];

static struct event_reader *renew(const struct event_fields *fields,
                                  enum event_kind kind)
{
    struct error err;

    event_reader_free(last[kind].reader);
    event_scratch_clear(&last[kind].scratch);
    ck_assert_ok(event_reader_new(fields, kind, &last[kind].reader, &err), err);
    ck_assert_ok(event_scratch_ready(&last[kind].scratch, &err), err);
    return last[kind].reader;
}

static struct event_record record_of(const uint8_t *bytes, size_t size)
{
    return (struct event_record){
        .value = bytes, .value_size = size, .timestamp_ms = -1};
}

void one_id(const struct id *id, const char *printed)
{
    char text[ID_PRINT_SIZE];

    id_print(id, text);
    ck_assert_str_eq(text, printed);
}

enum event_fault one_impression(const struct event_fields *fields,
                                const uint8_t *bytes, size_t size,
                                struct impression *out, const char **field)
{
    const struct event_record record = record_of(bytes, size);
    const char *about;

    return event_reader_impression(renew(fields, EVENT_IMPRESSIONS), &record,
                                   &last[EVENT_IMPRESSIONS].scratch, out,
                                   field ? field : &about);
}

enum event_fault one_label(const struct event_fields *fields,
                           const uint8_t *bytes, size_t size, struct label *out,
                           const char **field)
{
    const struct event_record record = record_of(bytes, size);
    const char *about;

    return event_reader_label(renew(fields, EVENT_LABELS), &record,
                              &last[EVENT_LABELS].scratch, out,
                              field ? field : &about);
}

enum event_fault one_prediction(const uint8_t *bytes, size_t size,
                                struct prediction_event *out,
                                const char **field)
{
    return event_reader_prediction(renew(NULL, EVENT_PREDICTIONS), bytes, size,
                                   &last[EVENT_PREDICTIONS].scratch, out,
                                   field);
}
