/*
 * row_groups.h - rows by a key, such as their window or their slice.
 *
 * Groups come in the order of their keys, rows within a group as they were.
 */
#ifndef CONSUMER_ROW_GROUPS_H
#define CONSUMER_ROW_GROUPS_H

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct keyed_row {
    uint64_t key;
    size_t row;
};

struct row_group {
    uint64_t key;
    size_t first, count; /* in `rows` */
};

struct row_groups {
    size_t *rows; /* group by group */
    struct row_group *groups;
    size_t count;
};

/* Sorts `keyed`. The caller frees what *out owns. */
int row_groups_make(struct keyed_row *keyed, size_t n, struct row_groups *out,
                    struct error *err) MUST_CHECK;
void row_groups_free(struct row_groups *groups);

/* Those with most rows first. */
void row_groups_sort_by_size(struct row_groups *groups);

#endif
