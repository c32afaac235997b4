/*
 * event_reader.h - takes events off records: in the format, from the fields and
 * with the meanings that the settings say.
 *
 * The settings are read once. A reader remembers the names of the last record,
 * because the next one nearly always has the same: one thread at a time.
 * Reading is total and bounded: any bytes give an event or a reason, and no
 * count in the data is trusted. What an event borrows stays as long as its
 * record and the scratch.
 *
 *     event_reader_new(&fields, EVENT_IMPRESSIONS, &reader, err)
 *     for each record:
 *         event_scratch_ready(&scratch, err)
 *         fault = event_reader_impression(reader, &record, &scratch, &event,
 *                                         &about)
 *     event_scratch_clear(&scratch)
 */
#ifndef COMMON_EVENT_READER_H
#define COMMON_EVENT_READER_H

#include "common/base/attributes.h"
#include "common/base/error.h"
#include "common/event/event.h"
#include "common/event/event_codec.h"
#include "common/event/event_plan.h"
#include "common/event/event_scratch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_reader;

enum event_kind {
    EVENT_IMPRESSIONS,
    EVENT_LABELS,
    EVENT_PREDICTIONS, /* of this program: names of their own, and the format
                          by the first bytes of each record */
};

/* A record with what stands beside its value. Everything is borrowed. */
struct event_record {
    const uint8_t *value;
    const uint8_t *key; /* NULL: none */
    size_t value_size, key_size;
    int64_t timestamp_ms; /* -1: none */
    int32_t partition;
    /* By path, those that event_reader_header() names; bytes are NULL where
     * the record has no such header. NULL where the reader names none. */
    const struct span *headers;
};

/* For predictions `fields` may be NULL, and only its schemas are taken. Fails
 * with ERROR_CONFIG where a setting makes no sense, and with ERROR_MEMORY. */
int event_reader_new(const struct event_fields *fields, enum event_kind kind,
                     struct event_reader **out, struct error *err) MUST_CHECK;

/* Wants a further field, whose value stands in scratch->found.values[*at] after
 * a record was read, if bit *at of scratch->found.seen is set. To be called
 * before the reader is used. Fails as event_plan_add() does; *at is undefined
 * then. */
int event_reader_want(struct event_reader *reader, const char *path,
                      unsigned *at, struct error *err) MUST_CHECK;

/* The name of the header that path `i` (below EVENT_PLAN_MAX) is taken from;
 * NULL where it is taken from somewhere else. */
const char *event_reader_header(const struct event_reader *reader, unsigned i);

/* Is any field taken from a header? */
bool event_reader_has_headers(const struct event_reader *reader);

/* The scratch must be ready. On a fault `out` is untouched and *about names the
 * field it is about, or is NULL. EVENT_PASSED_OVER is no fault of the record:
 * it is an event of another kind, by the filter that the settings hold. */
enum event_fault event_reader_impression(struct event_reader *reader,
                                         const struct event_record *record,
                                         struct event_scratch *scratch,
                                         struct impression *out,
                                         const char **about);
enum event_fault event_reader_label(struct event_reader *reader,
                                    const struct event_record *record,
                                    struct event_scratch *scratch,
                                    struct label *out, const char **about);

/* The same of a reader of EVENT_PREDICTIONS; `about` may be NULL. A record that
 * names a schema is EVENT_NO_REGISTRY where the settings name no registry, and
 * not the record's fault. */
enum event_fault event_reader_prediction(struct event_reader *reader,
                                         const uint8_t *bytes, size_t size,
                                         struct event_scratch *scratch,
                                         struct prediction_event *out,
                                         const char **about);

/* To be called before a record is given up for a fault, with the settings that
 * its reader has. Fails where the fault
 * is not the record's: its schema is not known (EVENT_SCHEMA_UNKNOWN), and
 * whoever looks for schemas has given up, because the registry does not let the
 * program in (ERROR_AUTH) or because the program ends (ERROR_STOPPED). */
int event_reader_check(const struct event_fields *fields,
                       enum event_fault fault, struct error *err) MUST_CHECK;

/* NULL is fine. */
void event_reader_free(struct event_reader *reader);

#endif
