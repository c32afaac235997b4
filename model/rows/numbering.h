/*
 * numbering.h - a few of many ids, numbered anew: in order of first appearance
 * among the rows that are looked at, and the way back.
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

/* The inner index, given now when it is new. Nobody stays nobody. */
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

/* INDEX_UNKNOWN for what has none, and for nobody. */
static inline uint32_t numbering_find(const struct numbering *numbering,
                                      uint32_t outer)
{
    return outer == INDEX_UNKNOWN ? INDEX_UNKNOWN : numbering->inner[outer];
}

/* Adds the ids that `from` has for the outer indices to the empty map `to`:
 * there they have their inner ones. */
int numbering_ids(const struct numbering *numbering, const struct id_map *from,
                  struct id_map *to, struct error *err) MUST_CHECK;

/* Frees what it owns, not the struct. */
void numbering_free(struct numbering *numbering);

#endif
