/*
 * evaluation_open.h - the windows that rows still come to, by time, each with
 * its rows in the order in which they came.
 */
#ifndef CONSUMER_EVALUATION_OPEN_H
#define CONSUMER_EVALUATION_OPEN_H

#include "common/error.h"

#include "consumer/evaluation_rows.h"

#include <stddef.h>
#include <stdint.h>

struct open_window {
    int64_t start_ms;
    uint32_t first, last;
    uint32_t answered; /* the last one of those that nothing is awaited for;
                          the owner's */
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

/* What it owns, not the struct. */
void evaluation_open_free(struct evaluation_open *open);

#endif
