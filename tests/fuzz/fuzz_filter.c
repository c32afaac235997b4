/*
 * fuzz_filter.c - any text as a filter of events, before any record. A filter
 * is refused with a reason, or it passes records over and changes nothing else.
 * What a feed writes by a filter, a reader takes by it. Of filters and records
 * that are plain enough, jansson says which ones fit.
 */
#include "common/event/event_form.h"
#include "common/event/event_reader.h"

#include "pieces.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct event_reader *reader_of(const struct event_fields *fields,
                                      enum event_kind kind)
{
    struct event_reader *reader = NULL;
    struct error err;

    err.text[0] = '\0';
    if (event_reader_new(fields, kind, &reader, &err) < 0) {
        assert(err.code == ERROR_CONFIG);
        assert(strncmp(err.text, "filter.", 7) == 0);
        return NULL;
    }
    return reader;
}

static enum event_fault read_label(struct event_reader *reader,
                                   const struct event_record *record,
                                   struct event_scratch *scratch)
{
    struct label event;
    const char *about;
    struct error err;

    if (event_scratch_ready(scratch, &err) < 0)
        abort();
    return event_reader_label(reader, record, scratch, &event, &about);
}

/* --- What a feed writes ----------------------------------------------- */

/* A filter of a field that an event has anyway wants a certain event. */
static bool is_of_its_own(const struct event_form *form)
{
    for (unsigned at = 0; at < form->rules.fields; at++)
        if (form->places[at] == form->places[form->rules.fields])
            return false;
    return true;
}

/* JSON has no way to write bytes that are no text. */
static bool can_be_written(const struct event_fields *fields)
{
    if (fields->labels_format == EVENT_FORMAT_JSON)
        for (const char *at = fields->labels_filter; *at; at++)
            if ((unsigned char)*at >= 0x80)
                return false;
    return true;
}

static void check_written(const struct event_fields *fields,
                          struct event_reader *reader,
                          struct event_scratch *scratch)
{
    const struct label event = {
        .id = id_from_number(7), .ts_ms = 1700000000000, .click = 1};
    static struct event_form form;
    struct buffer out = {0};
    struct error err;

    if (!can_be_written(fields) ||
        event_form_read(&form, fields, EVENT_LABELS, &err) < 0 ||
        !is_of_its_own(&form))
        return;
    event_form_label(&form, &event, &out);
    const struct event_record record = {
        .value = out.bytes, .value_size = out.size, .timestamp_ms = -1};
    enum event_fault fault = read_label(reader, &record, scratch);
    assert(fault == EVENT_OK);
    (void)fault;
    buffer_free(&out);
}

/* --- What jansson says ------------------------------------------------ */

/* NAME==VALUE of letters and digits, with nothing around them. */
static bool is_plain(const char *filter, char *name, char *value)
{
    const char *equal = strstr(filter, "==");

    if (!equal || equal == filter)
        return false;
    for (const char *at = filter; *at; at++)
        if (!isalnum((unsigned char)*at) && at != equal && at != equal + 1)
            return false;
    sprintf(name, "%.*s", (int)(equal - filter), filter);
    sprintf(value, "%s", equal + 2);
    return true;
}

static bool is_about_fields(enum event_fault fault)
{
    return fault == EVENT_OK || fault == EVENT_MISSING || fault == EVENT_TYPE ||
           fault == EVENT_RANGE || fault == EVENT_ID_LENGTH;
}

static bool fits(const json_t *member, const char *value)
{
    char number[24];

    if (json_is_string(member))
        return strcmp(json_string_value(member), value) == 0 &&
               json_string_length(member) == strlen(value);
    if (json_is_integer(member)) {
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
                 json_integer_value(member));
        return strcmp(number, value) == 0;
    }
    return (json_is_true(member) && strcmp(value, "true") == 0) ||
           (json_is_false(member) && strcmp(value, "false") == 0) ||
           (json_is_null(member) && strcmp(value, "null") == 0);
}

static void check_fit(const char *filter, const struct event_record *record,
                      enum event_fault fault)
{
    char name[EVENT_FILTER_SIZE], value[EVENT_FILTER_SIZE];
    json_error_t why;

    if (!is_plain(filter, name, value) ||
        (fault != EVENT_PASSED_OVER && !is_about_fields(fault)))
        return;
    json_t *object = json_loadb((const char *)record->value, record->value_size,
                                JSON_ALLOW_NUL, &why);
    const json_t *member = json_object_get(object, name);
    if (json_is_object(object) && !json_is_real(member))
        assert(fits(member, value) == (fault != EVENT_PASSED_OVER));
    json_decref(object);
}

/* --- All of it -------------------------------------------------------- */

static void check_format(struct event_fields *fields,
                         const struct event_record *record)
{
    struct event_scratch scratch = {0};
    struct event_fields without = *fields;
    struct event_reader *reader = reader_of(fields, EVENT_LABELS);

    if (!reader)
        return;
    without.labels_filter[0] = '\0';
    struct event_reader *all = reader_of(&without, EVENT_LABELS);
    assert(all);
    enum event_fault fault = read_label(reader, record, &scratch);
    enum event_fault of_all = read_label(all, record, &scratch);
    if (fault != EVENT_PASSED_OVER && fault != EVENT_REPEATED)
        assert(fault == of_all);
    if (fault == EVENT_PASSED_OVER)
        assert(fields->labels_filter[0] && is_about_fields(of_all));
    if (fields->labels_format == EVENT_FORMAT_JSON)
        check_fit(fields->labels_filter, record, fault);
    check_written(fields, reader, &scratch);
    event_reader_free(all);
    event_reader_free(reader);
    event_scratch_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct pieces pieces = {bytes, size};
    size_t length;
    const uint8_t *text = pieces_bytes(&pieces, 1, &length);
    const struct event_record record = {
        .value = pieces.bytes, .value_size = pieces.size, .timestamp_ms = -1};

    memcpy(fields.labels_filter, text, length);
    fields.labels_filter[length] = '\0';
    memcpy(fields.impressions_filter, fields.labels_filter, length + 1);
    struct event_reader *impressions = reader_of(&fields, EVENT_IMPRESSIONS);
    fields.labels_format = EVENT_FORMAT_MSGPACK;
    check_format(&fields, &record);
    fields.labels_format = EVENT_FORMAT_JSON;
    check_format(&fields, &record);
    event_reader_free(impressions);
    return 0;
}
