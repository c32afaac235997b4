/*
 * implicit_lists.h - which items a user met, each once, for svdpp.
 *
 * A user's items are in groups: those that occur equally often in his list, in
 * the order of that number, and in a group by item. Immutable.
 */
#ifndef MODEL_IMPLICIT_LISTS_H
#define MODEL_IMPLICIT_LISTS_H

#include "model/rows/ratings.h"

struct implicit_group {
    uint32_t times; /* that each of its items occurs */
    uint32_t count; /* of its items */
};

struct implicit_lists {
    size_t *item_first; /* (users + 1) into items */
    uint32_t *items;
    size_t *group_first; /* (users + 1) into groups */
    struct implicit_group *groups;
    size_t groups_max; /* of any user; at least 1 */
};

int implicit_lists_make(const struct ratings *train,
                        struct implicit_lists **out,
                        struct error *err) MUST_CHECK;

/* NULL is fine. */
void implicit_lists_free(struct implicit_lists *lists);

#endif
