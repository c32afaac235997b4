/*
 * evaluation_windows.h - how good the models in service were, by windows of
 * event time, while it happens.
 *
 * The rows are a replay's: impressions in the trainer's order with the labels
 * of the trainer's own join. Each takes the first prediction that names its
 * place, whichever of the two comes first. A window is whole multiples of its
 * length after 1970, and over when
 *
 *   - stream time has come to its end + join.window_ms + join.late_ms: no
 *     label changes any more, and
 *   - each of its impressions has a prediction, or a later impression of its
 *     partition has: a scorer that is behind is waited for.
 *
 * Then its figures are made, of the rows that have a prediction and a label.
 * Version 0 (no model yet) is a version like the others. An impression that
 * comes when its own reach (ts + join.window_ms + join.late_ms) is over is
 * late and counts nowhere: nor does it in a replay.
 *
 * Windows are closed in the order of time, so that the end of the last one
 * says which were: rows of windows that begin before from_ms are passed over.
 * Holds at most rows_max rows; when there are more, the oldest window is
 * closed early, with those of its rows whose attribution window is over.
 * Knows no clock and no Kafka. One thread.
 */
#ifndef CONSUMER_EVALUATION_WINDOWS_H
#define CONSUMER_EVALUATION_WINDOWS_H

#include "common/base/error.h"
#include "common/event/event.h"

#include "consumer/evaluate/evaluation_figures.h"
#include "consumer/learn/intake.h"
#include "consumer/learn/join.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evaluation_windows;

struct evaluation_windows_config {
    int64_t window_ms;
    struct join_config join;
    uint32_t rows_max;
    int64_t from_ms; /* the first window begins then or later */
};

struct evaluation_counts {
    uint64_t judged;      /* rows of closed windows, */
    uint64_t unpredicted; /* and such that are in no figure */
    uint64_t unlabelled;
    uint64_t late; /* impressions that came after their reach, or window */

    uint64_t matched, repeated, unmatched; /* predictions */
    uint64_t over, early;                  /* windows with figures */
    uint64_t empty;  /* and without any: nothing in them to judge, */
    uint64_t missed; /* or predictions that may have been lost */
    uint64_t missed_rows;
};

int evaluation_windows_new(const struct evaluation_windows_config *config,
                           struct evaluation_windows **out,
                           struct error *err) MUST_CHECK;

/* Where the reading of a partition of impressions begins. */
void evaluation_windows_begin(struct evaluation_windows *windows,
                              int32_t partition, int64_t offset);

/* To be told of every impression that was read, before its outcome. */
int evaluation_windows_impression(struct evaluation_windows *windows,
                                  const struct intake_row *row,
                                  int32_t partition, int64_t offset,
                                  struct error *err) MUST_CHECK;

/* Predictions may run ahead of the impressions by half of rows_max: is there
 * room for another one that does? Beyond that they are nobody's. */
bool evaluation_windows_has_room(struct evaluation_windows *windows);
int evaluation_windows_prediction(struct evaluation_windows *windows,
                                  const struct prediction_event *event,
                                  struct error *err) MUST_CHECK;
void evaluation_windows_label(struct evaluation_windows *windows,
                              const struct join_outcome *outcome);

/* All impressions that are there have been read: what still waits for one is
 * a prediction of none. */
void evaluation_windows_give_up(struct evaluation_windows *windows);

/* After the join has been brought to that time. */
int evaluation_windows_advance(struct evaluation_windows *windows,
                               int64_t stream_ms, struct error *err) MUST_CHECK;

/* Rows of that time or before may be missing: its window and older ones are
 * not judged. */
void evaluation_windows_skip(struct evaluation_windows *windows, int64_t ts_ms);

/* Predictions cannot be read (is_away), or may have been made before the first
 * one that there is: those behind the last one of a partition may never come,
 * up to the next one that does. A window that lacks one of them is missed: it
 * is closed without figures. */
void evaluation_windows_doubt(struct evaluation_windows *windows, bool is_away);

/* The next window with figures, oldest first; false when there is none. The
 * caller owns what it owns. */
bool evaluation_windows_next(struct evaluation_windows *windows,
                             struct evaluation_window *out);

struct evaluation_counts
evaluation_windows_counts(const struct evaluation_windows *windows);
size_t evaluation_windows_rows(const struct evaluation_windows *windows);
size_t evaluation_windows_bytes(const struct evaluation_windows *windows);

/* NULL is fine. */
void evaluation_windows_free(struct evaluation_windows *windows);

#endif
