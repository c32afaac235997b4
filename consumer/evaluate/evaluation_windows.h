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
 * The states of a window:
 *
 *   open    rows come to it; predictions and labels come to its rows
 *   closed  its figures are made: it was over, or early for want of room
 *   missed  closed without figures: predictions may have been lost
 *
 * Invariant: rows of open windows and predictions that wait for their
 * impression are at most rows_max together, and no row comes to a closed
 * window.
 *
 * An example with windows of an hour, join.window_ms of 10 and join.late_ms of
 * 20 minutes: the window of 12:00 is over when stream time is 13:30 and the
 * scorer has answered its last impression, or one behind it.
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
#include "consumer/evaluate/evaluation_open.h"
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
    uint64_t judged;      /* rows of closed windows that are in their figures */
    uint64_t unpredicted; /* rows that are not, for want of a prediction, */
    uint64_t unlabelled;  /* or of a label */
    uint64_t late; /* impressions that came after their reach, or window */

    uint64_t matched, repeated, unmatched; /* predictions */
    uint64_t over, early;                  /* windows with figures */
    uint64_t empty;                        /* windows without rows to judge */
    uint64_t missed; /* windows whose predictions may have been lost */
    uint64_t missed_rows;
};

int evaluation_windows_new(const struct evaluation_windows_config *config,
                           struct evaluation_windows **out,
                           struct error *err) MUST_CHECK;

/* Where the reading of a partition of impressions begins. */
void evaluation_windows_begin(struct evaluation_windows *windows,
                              int32_t partition, int64_t offset);

/* Takes every impression that was read, before its outcome. */
int evaluation_windows_impression(struct evaluation_windows *windows,
                                  const struct intake_row *row,
                                  int32_t partition, int64_t offset,
                                  struct error *err) MUST_CHECK;

/* Predictions may arrive before their impressions, up to half of rows_max.
 * Returns whether one more fits; the rest are dropped. */
bool evaluation_windows_has_room(struct evaluation_windows *windows);
int evaluation_windows_prediction(struct evaluation_windows *windows,
                                  const struct prediction_event *event,
                                  struct error *err) MUST_CHECK;
void evaluation_windows_label(struct evaluation_windows *windows,
                              const struct join_outcome *outcome);

/* Call when all impressions have been read. Predictions that still wait for an
 * impression are dropped. */
void evaluation_windows_give_up(struct evaluation_windows *windows);

/* Stream time has come so far. Call after the outcomes of the join. */
int evaluation_windows_advance(struct evaluation_windows *windows,
                               int64_t stream_ms, struct error *err) MUST_CHECK;

/* Rows of ts_ms or before may be missing: that window and older ones are not
 * judged. */
void evaluation_windows_skip(struct evaluation_windows *windows, int64_t ts_ms);

/* Predictions behind the last one of a partition may never come, up to the next
 * one that does. A window that lacks one of them is missed: it is closed
 * without figures. */
void evaluation_windows_doubt(struct evaluation_windows *windows,
                              enum evaluation_gap gap);

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
