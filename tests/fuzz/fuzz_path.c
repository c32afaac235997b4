/*
 * fuzz_path.c - any text as a path, a filter and a list of click values: it is
 * refused with a reason, or a reader comes of it that reads any record.
 */
#include "common/event/event_reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_with(const struct event_fields *fields)
{
    static const char json[] =
        "{\"a\":{\"b\":[1,{\"c\":2}]},\"type\":\"click\",\"user\":7}";
    const struct event_record record = {.value = (const uint8_t *)json,
                                        .value_size = sizeof(json) - 1};
    struct event_scratch scratch = {0};
    struct event_reader *reader;
    struct label event;
    const char *about;
    struct error err;

    err.text[0] = '\0';
    if (event_reader_new(fields, EVENT_LABELS, &reader, &err) < 0) {
        assert(err.code == ERROR_CONFIG && err.text[0]);
        return;
    }
    if (event_scratch_ready(&scratch, &err) < 0)
        abort();
    event_reader_label(reader, &record, &scratch, &event, &about);
    event_reader_free(reader);
    event_scratch_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    char text[EVENT_FILTER_SIZE];
    size_t kept = size < sizeof(text) ? size : sizeof(text) - 1;

    fields.labels_format = EVENT_FORMAT_JSON;
    memcpy(text, bytes, kept);
    text[kept] = '\0';
    memcpy(fields.labels_filter, text, sizeof(text));
    read_with(&fields);
    fields.labels_filter[0] = '\0';
    memcpy(fields.click_values, text, sizeof(text));
    read_with(&fields);
    fields.click_values[0] = '\0';
    text[EVENT_FIELD_SIZE - 1] = '\0';
    memcpy(fields.user, text, EVENT_FIELD_SIZE);
    read_with(&fields);
    return 0;
}
