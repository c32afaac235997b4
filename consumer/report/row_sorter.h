/*
 * row_sorter.h - rows in the order of prediction, then label, then arrival; any
 * number of rows in bounded memory.
 *
 * Rows that fit are sorted in memory. If more come, sorted runs go to a spool
 * and are merged while they are read. Both ways give the same sequence. One
 * thread.
 */
#ifndef CONSUMER_ROW_SORTER_H
#define CONSUMER_ROW_SORTER_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { ROW_GROUPS_MAX = 8 };

struct sorted_row {
    double p;      /* no NaN */
    uint64_t unit; /* of the bootstrap */
    float label;
    uint32_t groups[ROW_GROUPS_MAX]; /* for the caller; not looked at */
};

struct row_sorter;

int row_sorter_new(const char *folder, size_t memory_bytes,
                   struct row_sorter **out, struct error *err) MUST_CHECK;

int row_sorter_add(struct row_sorter *sorter, const struct sorted_row *row,
                   struct error *err) MUST_CHECK;

/* Call it after the last row. */
int row_sorter_sort(struct row_sorter *sorter, struct error *err) MUST_CHECK;

/* *row is valid until the next call; NULL: there are no more rows. */
int row_sorter_next(struct row_sorter *sorter, const struct sorted_row **row,
                    struct error *err) MUST_CHECK;

/* Runs in the file; 0: all rows were sorted in memory. */
size_t row_sorter_runs(const struct row_sorter *sorter);

/* Removes all rows. */
void row_sorter_clear(struct row_sorter *sorter);

/* NULL is fine. */
void row_sorter_free(struct row_sorter *sorter);

#endif
