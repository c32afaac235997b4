/*
 * numbering.h - a part of many ids, numbered anew in the order in which its
 * rows mention them, and the way back.
 *
 * "Outer" are the indices that the ids have already, "inner" the dense ones
 * they get here. Zeroed is empty. One thread while it is given to.
 */
#ifndef MODEL_NUMBERING_H
#define MODEL_NUMBERING_H

#include "common/base/error.h"

#include "model/rows/id_map.h"
#include "model/rows/ratings.h"

#include <stdint.h>

struct numbering {
    uint32_t *inner; /* by outer index; INDEX_UNKNOWN: has none */
    uint32_t *outer; /* (count) by inner index */
    uint32_t count;
};

/* For the outer indices 0..outer_count-1, none of which is known yet. */
int numbering_start(uint32_t outer_count, struct numbering *out,
                    struct error *err) MUST_CHECK;

/* Returns the inner index of an outer one, and gives it one when it has none.
 * INDEX_UNKNOWN, a row without a user, stays INDEX_UNKNOWN. */
static inline uint32_t numbering_give(struct numbering *numbering,
                                      uint32_t outer)
{
    if (outer == INDEX_UNKNOWN)
        return INDEX_UNKNOWN;
    if (numbering->inner[outer] == INDEX_UNKNOWN) {
        numbering->outer[numbering->count] = outer;
        numbering->inner[outer] = numbering->count++;
    }
    return numbering->inner[outer];
}

/* Returns the inner index of an outer one; INDEX_UNKNOWN where it has none. */
static inline uint32_t numbering_find(const struct numbering *numbering,
                                      uint32_t outer)
{
    return outer == INDEX_UNKNOWN ? INDEX_UNKNOWN : numbering->inner[outer];
}

/* Adds the ids that `from` has for the outer indices to the empty map `to`:
 * there they have their inner ones. */
int numbering_ids(const struct numbering *numbering, const struct id_map *from,
                  struct id_map *to, struct error *err) MUST_CHECK;

/* Frees the arrays, not the struct. */
void numbering_free(struct numbering *numbering);

#endif
