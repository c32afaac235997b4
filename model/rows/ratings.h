/*
 * ratings.h - the training rows, with the views that every algorithm walks.
 *
 * Immutable once built: any thread may read. Users and items are dense inner
 * indices in order of first appearance in the rows that were handed in
 * (algorithms.md 0.1 of the reference): the order of every sum, every SGD
 * step and every tie follows from it. A (user, item) pair may occur many
 * times; every row is a rating of its own.
 *
 * A row whose user is INDEX_UNKNOWN belongs to nobody: it counts in the mean
 * and in its item's list and bias, and is in no user's list.
 */
#ifndef MODEL_RATINGS_H
#define MODEL_RATINGS_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

#define INDEX_UNKNOWN UINT32_MAX /* an id the model has never seen */

/* Limits: at most 2^31 - 1 users, items and rows. */
#define RATINGS_MAX ((size_t)INT32_MAX)

struct field_list; /* field_list.h */

struct pair {
    uint32_t user, item; /* from a model's count on: unknown to it, as is
                            INDEX_UNKNOWN, the user of nobody's rows */
};

struct rating {
    uint32_t user, item;
    double value;
};

/* One entry of a user's (or item's) list: the other side, and the value. */
struct rated {
    uint32_t other;
    double value;
};

struct scale {
    double low, high; /* predictions are clipped to it */
};

/* Rows with the keys of their fields (field_list.h), in the order in which they
 * came. All of it is borrowed. */
struct field_rows {
    const struct field_list *list;
    const uint64_t *keys; /* (any, list->values) */
    const size_t *places; /* (count) where the keys of a row are; NULL: row i
                             has those of place i */
    const struct rating *rows; /* (count) inner indices and labels */
    size_t count;
};

struct ratings {
    uint32_t users, items;
    size_t count; /* rows, nobody's included */
    struct scale scale;
    double mean; /* of all rows, in all-ratings order */

    /* By user: the list of user u is by_user[user_first[u]] up to
     * by_user[user_first[u + 1]], in the order its rows appeared. Walking
     * by_user from 0 is the reference's "all ratings" order. */
    size_t *user_first;    /* (users + 1) */
    struct rated *by_user; /* (count - nobody_count) */

    size_t *item_first;    /* (items + 1) */
    struct rated *by_item; /* (count); other is INDEX_UNKNOWN for nobody */

    struct rated *nobody; /* (nobody_count) rows without a user */
    size_t nobody_count;

    /* Borrowed; NULL after ratings_build(), until the owner of the rows sets
     * it for models that learn from more than a user and an item. */
    const struct field_rows *fields;
};

/* Rows whose users and items are numbered from 0 without gaps. */
struct numbered_rows {
    const struct rating *rows; /* (count) */
    size_t count;
    uint32_t users, items; /* how many there are */
    struct scale scale;    /* of the values */
};

/* Refuses NaN, infinity, an empty set, values outside the scale, and indices
 * out of range, naming the row. One allocation; the caller frees with
 * ratings_free(). */
int ratings_build(const struct numbered_rows *from, struct ratings **out,
                  struct error *err) MUST_CHECK;

/* NULL is fine. */
void ratings_free(struct ratings *ratings);

#endif
