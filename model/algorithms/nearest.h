/*
 * nearest.h - the k entries of a list that are most similar, in falling order;
 * of equally similar ones the earlier in the list comes first and stays.
 *
 * Only similarities above 0 count. No allocation; about 12 kB of stack.
 */
#ifndef MODEL_NEAREST_H
#define MODEL_NEAREST_H

#include "model/rows/ratings.h"

#include <stddef.h>
#include <stdint.h>

enum { NEAREST_MAX = 1024 };

/* Two arrays, as they move as blocks. */
struct nearest {
    uint32_t n;
    double similarity[NEAREST_MAX];
    const struct rated *entry[NEAREST_MAX];
};

/* row[other] is the similarity of an entry; k is 1..NEAREST_MAX. */
void nearest_select(struct nearest *best, uint32_t k, const double *row,
                    const struct rated *list, size_t n);

#endif
