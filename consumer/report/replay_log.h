/*
 * replay_log.h - the answers to each impression, and its label.
 *
 * A row whose label may still change is in memory. When the label is final, the
 * row goes to the sinks and to a spool, in the order of arrival, so that memory
 * does not grow with the range. A row takes 48 bytes and 24 a contender. Knows
 * no clock and no Kafka. One thread.
 */
#ifndef CONSUMER_REPLAY_LOG_H
#define CONSUMER_REPLAY_LOG_H

#include "common/base/error.h"
#include "common/event/event_reader.h"

#include "consumer/report/replay_row.h"
#include "consumer/report/spool.h"

#include "model/rows/id_map.h"

#include <stddef.h>
#include <stdint.h>

enum { REPLAY_FIELD_SIZE = 64 };

/* A version of a contender, where it was first seen. */
struct replay_swap {
    size_t contender;
    int64_t ts_ms; /* event time */
    uint64_t version;
};

struct replay_log_config {
    size_t contenders;
    uint64_t rows_max;
    const char *folder; /* of the spool; borrowed */
    char fields[REPLAY_SLICES_MAX][REPLAY_FIELD_SIZE]; /* "" ends */
    struct replay_sink sinks[REPLAY_SINKS_MAX];        /* take NULL ends */
};

struct replay_log {
    struct replay_log_config config;
    size_t field_count, row_size;
    unsigned
        field_at[REPLAY_SLICES_MAX]; /* among the fields found in a record */
    struct id_map *names[REPLAY_SLICES_MAX]; /* the values of row.values */
    uint64_t count;                          /* rows, all of them */
    char *tail;                              /* (room) a ring */
    size_t room, head, waiting;              /* rows */
    struct spool *spool;
    uint64_t *versions; /* (contenders) last one seen; UINT64_MAX: none yet */
    struct replay_swap *swaps;
    size_t swap_count, swap_room;
};

int replay_log_new(const struct replay_log_config *config,
                   struct replay_log **out, struct error *err) MUST_CHECK;

/* Makes the reader of the records find the fields that rows are sliced by.
 * Fails as event_reader_want() does. */
int replay_log_want(struct replay_log *log, struct event_reader *reader,
                    struct error *err) MUST_CHECK;

/* Appends a copy of `head`, with its values from what was found in its record
 * and without answers, which are the caller's to fill in: *row is valid until
 * the next call. ERROR_LIMIT: the log has rows_max rows, and stays as it is. */
int replay_log_append(struct replay_log *log, const struct replay_row *head,
                      const struct event_found *found, struct replay_row **row,
                      struct error *err) MUST_CHECK;

/* Notes swaps; call it when the newest row has its answers. ERROR_MEMORY. */
int replay_log_note_swaps(struct replay_log *log, struct error *err) MUST_CHECK;

/* Sets or changes the label of a row that is not settled. Rows are numbered
 * from 0 on. */
void replay_log_label(struct replay_log *log, uint64_t number, float label);

/* Settles the rows of before that time, whose labels are final. A row whose
 * label is not final holds back the rows behind it. INT64_MAX settles all rows.
 * Fails as the sinks and spool_add(); the log can then only be freed. */
int replay_log_settle(struct replay_log *log, int64_t before_ms,
                      struct error *err) MUST_CHECK;

/* All settled rows, in the order of arrival; *row as in spool_cursor_next(). */
struct replay_log_cursor {
    struct spool_cursor records;
    char *buffer;
};
int replay_log_read(const struct replay_log *log,
                    struct replay_log_cursor *cursor,
                    struct error *err) MUST_CHECK;
int replay_log_next(struct replay_log_cursor *cursor,
                    const struct replay_row **row,
                    struct error *err) MUST_CHECK;
void replay_log_read_end(struct replay_log_cursor *cursor);

/* NULL is fine. */
void replay_log_free(struct replay_log *log);

#endif
