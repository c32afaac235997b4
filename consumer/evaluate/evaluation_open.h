/*
 * evaluation_open.h - the windows that rows still come to, by time, each with
 * its rows in the order in which they came.
 */
#ifndef CONSUMER_EVALUATION_OPEN_H
#define CONSUMER_EVALUATION_OPEN_H

#include "common/base/error.h"

#include "consumer/evaluate/evaluation_doubt.h"
#include "consumer/evaluate/evaluation_figures.h"
#include "consumer/evaluate/evaluation_rows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct open_window {
    int64_t start_ms;
    uint32_t first, last;
    uint32_t answered; /* the last one of those that nothing is awaited for */
    size_t count;
};

/* Zeroed is empty and valid. */
struct evaluation_open {
    struct open_window *list; /* the oldest first */
    size_t count, room;
};

/* To the window that begins there. */
int evaluation_open_add(struct evaluation_open *open,
                        struct evaluation_rows *rows, int64_t start_ms,
                        uint32_t slot, struct error *err) MUST_CHECK;

/* The oldest one and its rows. */
void evaluation_open_drop(struct evaluation_open *open,
                          struct evaluation_rows *rows);

/* Every row has a prediction, or none comes any more: `scored` are the offsets
 * after the last one predicted. Goes on where it was held up the last time. */
bool evaluation_open_is_answered(struct open_window *window,
                                 const struct evaluation_rows *rows,
                                 const int64_t *scored);

/* Some row's prediction may have been lost. */
bool evaluation_open_is_doubtful(const struct open_window *window,
                                 const struct evaluation_rows *rows,
                                 const struct evaluation_doubt *doubt);

/* The rows that were predicted; room for all. Labels of settled_ms or later
 * are not final: NaN. Returns how many. */
size_t evaluation_open_judged(const struct open_window *window,
                              const struct evaluation_rows *rows,
                              int64_t settled_ms, struct judged *to);

/* What it owns, not the struct. */
void evaluation_open_free(struct evaluation_open *open);

#endif
