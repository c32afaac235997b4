/*
 * co_rated.h - the lists of users and items rated together, which the
 * neighbourhood models walk.
 *
 * x is the compared side and y the other one. Rows of nobody are left out,
 * since they compare no users.
 * Immutable once built: any thread may read.
 */
#ifndef MODEL_CO_RATED_H
#define MODEL_CO_RATED_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include "model/rows/ratings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_reader;

enum { CODE_BITS = 3, CODE_MAX = 7 };

struct co_rated {
    uint32_t xs, ys;
    size_t count;
    size_t *x_first;      /* (xs + 1) */
    size_t *y_first;      /* (ys + 1) */
    struct rated *x_list; /* (count) each x's entries by y, then by row */
    struct rated *y_list; /* (count) each y's entries in row order */
    size_t repeats_max;   /* most rows of one (x, y) pair */
    uint32_t *coded;      /* (count) each y's entries by x, x << CODE_BITS |
                             value - code_base; NULL unless the values are
                             small integers within CODE_MAX of each other */
    uint32_t *behind;     /* (count) per entry of x_list: where its copy in
                             `coded` ends. From there on its y has higher x */
    double code_base;     /* the lowest value */
    unsigned code_span;   /* the highest code */
};

enum co_rated_side { CO_RATED_USERS, CO_RATED_ITEMS };

/* `x` names the compared side. Both functions fail with ERROR_MEMORY, and
 * co_rated_load() with ERROR_FORMAT; *out is then left alone. */
int co_rated_build(const struct ratings *train, enum co_rated_side x,
                   struct co_rated **out, struct error *err) MUST_CHECK;

void co_rated_save(const struct co_rated *lists, struct buffer *to);

/* What that appends of `count` entries and `ys` lists. */
uint64_t co_rated_bytes(uint64_t count, uint64_t ys);

int co_rated_load(struct bytes_reader *from, uint32_t xs, uint32_t ys,
                  struct co_rated **out, struct error *err) MUST_CHECK;

/* NULL is fine. */
void co_rated_free(struct co_rated *lists);

#endif
