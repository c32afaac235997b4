/*
 * training_log.h - the rows a model is learned from, in columns.
 *
 * A ring of 24 bytes a row, bounded by rows and by age: user, ad, label, time,
 * and a tie that makes the order of rows independent of the order of arrival.
 * A row is appended when its impression appears, and gets its label later,
 * perhaps twice. Ids are interned; those of rows that are gone are given back
 * once per turn of the ring. Knows no clock and no Kafka. One thread.
 */
#ifndef CONSUMER_TRAINING_LOG_H
#define CONSUMER_TRAINING_LOG_H

#include "common/base/error.h"
#include "common/base/id.h"

#include "model/rows/training_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct training_log;

struct training_log_config {
    uint64_t rows_max;
    int64_t age_ms; /* rows that are older than the newest by more are dropped;
                       0: no limit */
    uint64_t ids_max; /* users and ads together that a selection knows, as in
                         id_bound.h; 0: no limit */
};

struct training_row {
    const struct id *user; /* NULL: nobody */
    const struct id *ad;
    int64_t ts_ms;
    int64_t counts_ms; /* as new as its age makes other rows old; see
                          stream_time.h */
    uint32_t tie;      /* orders rows of the same time: a hash of their id */
    float label;       /* NaN: open */
};

struct training_log_counts {
    uint64_t appended;        /* also the next row's sequence number */
    uint64_t rows;            /* here now */
    uint64_t open, withdrawn; /* of these, without a label */
    uint64_t answered;        /* rows that ever got a label */
    uint64_t dropped;         /* by a bound */
    uint32_t users, ads;      /* ids held */
};

int training_log_new(const struct training_log_config *config,
                     struct training_log **out, struct error *err) MUST_CHECK;
void training_log_free(struct training_log *log);

/* Rows are numbered from 0 on, in order of appending. */
int training_log_append(struct training_log *log,
                        const struct training_row *row,
                        struct error *err) MUST_CHECK;

/* Sets or changes a label; NaN withdraws the row for good. No effect on a row
 * that has left the log. */
void training_log_label(struct training_log *log, uint64_t sequence,
                        float label);

/* The part of event time in which no row is open, ordered by time: open rows
 * would be clicked ones without their unclicked neighbours. Labels of before
 * `final_ms` can not change any more: the newest `holdout` share of these rows
 * is held out, since newer ones lack the clicks that are yet to come. Where
 * they are less than half of the rows, the newest share of all is held out
 * instead. The users and ads are at most ids_max. May be empty. The caller
 * frees *out.
 */
int training_log_select(const struct training_log *log, double holdout,
                        int64_t final_ms, struct training_set **out,
                        struct error *err) MUST_CHECK;

/* A row as it is now. */
struct training_log_row {
    bool is_nobody; /* then it has no user */
    struct id user, ad;
    float label; /* NaN: open, or withdrawn */
};

/* Returns whether the row is there; *out borrows until the next append. */
bool training_log_find(const struct training_log *log, uint64_t sequence,
                       struct training_log_row *out);

/* The rows with a label that a selection would leave now: those that are not
 * before the first open one. *out has *count sequence numbers that rise; the
 * caller frees it. ERROR_MEMORY. */
int training_log_left(const struct training_log *log, uint64_t **out,
                      size_t *count, struct error *err) MUST_CHECK;

struct training_log_counts training_log_counts(const struct training_log *log);
size_t training_log_bytes(const struct training_log *log); /* in use */

#endif
