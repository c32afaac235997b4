#include "consumer/score/impression_reader.h"

#include "model/rows/field_defaults.h"

#include "consumer/read/event_message.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct impression_reader {
    struct event_fields names;
    struct event_reader *events;
    struct field_list list; /* that is wanted; without values: none was */
    struct field_scan fields;
    uint64_t defaults[FIELD_VALUES_MAX]; /* by value of the list */
};

int impression_reader_new(const struct event_fields *names,
                          struct impression_reader **out, struct error *err)
{
    struct impression_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return error_no_memory(err, "a reader of impressions");
    reader->names = *names;
    if (event_reader_new(names, EVENT_IMPRESSIONS, &reader->events, err) < 0) {
        free(reader);
        return -1;
    }
    *out = reader;
    return 0;
}

/* Two models may be at one address, one after the other: what the list says
 * decides, which for values are names and salts. */
static bool is_wanted(const struct impression_reader *reader,
                      const struct field_list *list)
{
    bool is = list->values == reader->list.values;

    for (uint32_t v = 0; is && v < list->values; v++)
        is = list->salts[v] == reader->list.salts[v] &&
             strcmp(list->names[v], reader->list.names[v]) == 0;
    return is;
}

int impression_reader_want(struct impression_reader *reader,
                           const struct field_list *list, struct error *err)
{
    struct event_reader *events = NULL;
    struct field_scan fields;
    uint64_t defaults[FIELD_VALUES_MAX];

    if (is_wanted(reader, list))
        return 0;
    if (field_defaults_keys(reader->names.defaults, list, defaults, err) < 0)
        return -1;
    if (event_reader_new(&reader->names, EVENT_IMPRESSIONS, &events, err) < 0)
        return -1;
    if (field_scan_want(&fields, &reader->names, list, events, err) < 0) {
        event_reader_free(events);
        return -1;
    }
    event_reader_free(reader->events);
    reader->events = events;
    reader->list = *list;
    reader->fields = fields;
    reader->fields.list = &reader->list;
    memcpy(reader->defaults, defaults, list->values * sizeof(*defaults));
    return 0;
}

enum event_fault impression_reader_read(struct impression_reader *reader,
                                        const struct message *message,
                                        struct event_scratch *scratch,
                                        struct impression *out,
                                        const char **about)
{
    struct span headers[EVENT_PLAN_MAX];
    const struct event_record record =
        event_message_record(message, reader->events, headers);

    return event_reader_impression(reader->events, &record, scratch, out,
                                   about);
}

int impression_reader_check(const struct impression_reader *reader,
                            enum event_fault fault, struct error *err)
{
    return event_reader_check(&reader->names, fault, err);
}

bool impression_reader_values(const struct impression_reader *reader,
                              const struct event_scratch *scratch,
                              uint64_t *values)
{
    assert(reader->list.values > 0);
    field_scan_values(&reader->fields, &scratch->found, values);
    return field_defaults_fill(&reader->list, reader->defaults, values);
}

void impression_reader_free(struct impression_reader *reader)
{
    if (!reader)
        return;
    event_reader_free(reader->events);
    free(reader);
}
