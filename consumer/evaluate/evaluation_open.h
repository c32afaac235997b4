/*
 * evaluation_open.h - the windows that rows still come to, by time, each with
 * its rows in the order in which they came; and which of these rows may have
 * lost their predictions.
 */
#ifndef CONSUMER_EVALUATION_OPEN_H
#define CONSUMER_EVALUATION_OPEN_H

#include "common/base/error.h"

#include "consumer/evaluate/evaluation_figures.h"
#include "consumer/evaluate/evaluation_rows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why predictions may be missing. */
enum evaluation_gap {
    EVALUATION_UNKNOWN_START, /* there may have been some before the oldest one
                                 on the topic */
    EVALUATION_UNREADABLE,    /* they cannot be read at present */
};

/* Impressions whose predictions may have been lost: while predictions cannot be
 * read, some may be made that never come, and a topic that was made anew has
 * none of those before. A partition's predictions come in the order of its
 * impressions. So the doubt begins behind the last one that came, and ends
 * before the next one that does. By partition; zeroed is no doubt. Where there
 * are several, all impressions between them are in doubt too. */
struct evaluation_doubt {
    bool is_open[EVALUATION_PARTITIONS_MAX]; /* no end is known yet; */
    bool is_unreadable;                      /* then no end is in doubt too */
    int64_t from[EVALUATION_PARTITIONS_MAX], to[EVALUATION_PARTITIONS_MAX];
};

/* `scored` are the offsets after the last one predicted. */
void evaluation_doubt_raise(struct evaluation_doubt *doubt,
                            const int64_t *scored, enum evaluation_gap gap);

/* A prediction of that offset came. */
void evaluation_doubt_settle(struct evaluation_doubt *doubt, int32_t partition,
                             int64_t offset);

struct open_window {
    int64_t start_ms;
    uint32_t first, last;
    uint32_t answered; /* no row up to this one waits for a prediction */
    size_t count;
};

/* Zeroed is empty and valid. */
struct evaluation_open {
    struct open_window *list; /* the oldest first */
    size_t count, room;
};

/* Adds the row to the window that begins at start_ms. ERROR_MEMORY changes
 * nothing. */
int evaluation_open_add(struct evaluation_open *open,
                        struct evaluation_rows *rows, int64_t start_ms,
                        uint32_t slot, struct error *err) MUST_CHECK;

/* Drops the oldest window and its rows. */
void evaluation_open_drop(struct evaluation_open *open,
                          struct evaluation_rows *rows);

/* Every row has a prediction, or none comes any more: `scored` are the offsets
 * after the last one predicted. Goes on where the last call stopped. */
bool evaluation_open_is_answered(struct open_window *window,
                                 const struct evaluation_rows *rows,
                                 const int64_t *scored);

/* The prediction of some row may have been lost. */
bool evaluation_open_is_doubtful(const struct open_window *window,
                                 const struct evaluation_rows *rows,
                                 const struct evaluation_doubt *doubt);

/* Copies the rows that have a prediction; `to` has room for all. Labels of rows
 * of settled_ms or later are not final: NaN. Returns the number of rows. */
size_t evaluation_open_judged(const struct open_window *window,
                              const struct evaluation_rows *rows,
                              int64_t settled_ms, struct judged *to);

/* What it owns, not the struct. */
void evaluation_open_free(struct evaluation_open *open);

#endif
