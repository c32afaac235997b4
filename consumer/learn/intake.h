/*
 * intake.h - records become training rows: they are decoded, joined, logged.
 *
 *     intake_take(intake, &record, &became, err);
 *     if (became.fault) ...
 *     while (intake_next_outcome(intake, &outcome)) ...
 *
 * Knows no clock and no Kafka: the same records in the same order give the
 * same log. One thread.
 */
#ifndef CONSUMER_INTAKE_H
#define CONSUMER_INTAKE_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/event/event.h"
#include "common/event/event_reader.h"

#include "consumer/learn/join.h"
#include "consumer/learn/stream_time.h"
#include "consumer/learn/training_log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intake;
struct field_list; /* model/rows/field_list.h */

enum join_mode {
    JOIN_IMPRESSIONS, /* labels meet impressions by id */
    JOIN_LABELS,      /* labels carry user and ad: a row each */
};
#define JOIN_MODE_WORDS "impressions|labels"

struct intake_config {
    struct event_fields fields;
    enum join_mode mode;
    struct join_config join; /* without values */
    struct training_log_config log;
    const struct field_list *list; /* of whose values the outcomes have the
                                      keys; borrowed. NULL: of none */
};

enum intake_kind { INTAKE_IMPRESSION, INTAKE_LABEL };

/* Where and when a record was written, and when it was read. */
struct intake_origin {
    int32_t partition;
    int64_t record_ms; /* the record's own time; -1: it has none */
    int64_t read_ms;   /* wall clock; INT64_MAX: not known */
    int64_t ahead_ms;  /* by how much record_ms is ahead of the record's place
                          (merge_reader.h) */
};

struct intake_record {
    enum intake_kind kind;
    const uint8_t *bytes; /* of the value */
    size_t size;
    const uint8_t *key; /* NULL: none */
    size_t key_size;
    const struct span *headers; /* as struct event_record has them */
    struct intake_origin origin;
};

/* The row that an impression became. */
struct intake_row {
    uint64_t sequence; /* its number in the join and in the log */
    bool is_new;       /* false: the join remembers this impression already */
    bool is_unknown;   /* no label can reach it any more */
    int64_t ts_ms;     /* event time; that of the record where it is skewed */
    uint64_t *values;  /* as in struct join_place */
};

/* What a record became. */
struct intake_result {
    enum event_fault fault; /* EVENT_OK, or why it is not an event;
                               EVENT_PASSED_OVER: one of another kind */
    const char *field;      /* the field at fault; NULL: none in particular */
    struct intake_row row;  /* of an impression without a fault */
};

struct intake_counts {
    uint64_t impressions, labels; /* records that were events */
    uint64_t odd[ODD_TIMES];      /* and those of them with an odd time */
    uint64_t guessed_times;       /* event times in a unit that was guessed */
};

/* Fails with ERROR_MEMORY, and with ERROR_CONFIG where the settings of the
 * events make no sense; *out is then untouched. */
int intake_new(const struct intake_config *config, struct intake **out,
               struct error *err) MUST_CHECK;
void intake_free(struct intake *intake);

/* Takes one record. A record that is not an event changes nothing; *became
 * says why. After each call of this function and of the next two the caller
 * pulls all outcomes with intake_next_outcome(). Fails with ERROR_MEMORY
 * alone; the intake can then only be freed. */
int intake_take(struct intake *intake, const struct intake_record *record,
                struct intake_result *became, struct error *err) MUST_CHECK;

/* The reader of the events of one kind: whoever makes records asks it which
 * headers they need. Borrowed until the intake is freed. */
const struct event_reader *intake_reader(const struct intake *intake,
                                         enum intake_kind kind);

/* The same for events that the caller has decoded. Labels of the mode
 * JOIN_LABELS must have their pair, and have no values. The caller fills in
 * row->values before the next call. */
int intake_impression(struct intake *intake, const struct impression *event,
                      const struct intake_origin *origin,
                      struct intake_row *row, struct error *err) MUST_CHECK;
int intake_label(struct intake *intake, const struct label *event,
                 const struct intake_origin *origin,
                 struct error *err) MUST_CHECK;

/* JOIN_LABELS: the outcome of the row that a label has just made, which is in
 * the log; its values, where there are some, are borrowed. */
struct join_outcome intake_labelled(const struct intake *intake,
                                    const struct label *label,
                                    const uint64_t *values);

/* Takes the next outcome of the join over into the log and shows it; false
 * when there is none. A label of the mode JOIN_LABELS that intake_take() took
 * is an outcome, too. */
bool intake_next_outcome(struct intake *intake, struct join_outcome *out);

/* What the event's time would be taken for. Changes nothing. */
struct stream_stamp intake_stamp(const struct intake *intake,
                                 enum intake_kind kind, int64_t event_ms,
                                 const struct intake_origin *origin);

/* All partitions are read to their ends and stay silent: stream time goes on to
 * the newest event. Outcomes are pulled as after a record. */
void intake_rest(struct intake *intake);

/* How far event time has come (stream_time.h); INT64_MIN before the first
 * event. */
int64_t intake_stream_ms(const struct intake *intake);

/* No label can reach impressions of before this time: what is known of them is
 * final. */
int64_t intake_reach_ms(const struct intake *intake);

/* The latest event time of a record that was an event; INT64_MIN before the
 * first. */
int64_t intake_newest_ms(const struct intake *intake);

/* How far the intake has come in time, as bytes, and back. An intake that loads
 * them before its first record, and takes the records that followed, joins
 * them as the other one did; but what came before is not remembered. Loading
 * fails with ERROR_FORMAT and ERROR_MEMORY, and has then changed nothing. */
void intake_save_clock(const struct intake *intake, struct buffer *to);
int intake_load_clock(struct intake *intake, const uint8_t *bytes, size_t size,
                      struct error *err) MUST_CHECK;

/* Borrowed: valid until the intake is freed. */
const struct training_log *intake_log(const struct intake *intake);
struct join_books intake_books(const struct intake *intake);

/* Labels of the log's rows of before this time can not change any more. */
int64_t intake_final_ms(const struct intake *intake);

const struct click_delays *intake_delays(const struct intake *intake);
struct intake_counts intake_counts(const struct intake *intake);
size_t intake_bytes(const struct intake *intake); /* memory in use */

#endif
