/*
 * implicit_lists.h - the items that each user met, each of them once, for
 * svdpp.
 *
 * The items of a user stand in groups. A group has the items that occur equally
 * often in the user's list, by item; groups stand in the order of that number.
 * Immutable.
 */
#ifndef MODEL_IMPLICIT_LISTS_H
#define MODEL_IMPLICIT_LISTS_H

#include "model/rows/ratings.h"

struct implicit_group {
    uint32_t times; /* each item of the group occurs this often */
    uint32_t count; /* of items in the group */
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
