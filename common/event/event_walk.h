/*
 * event_walk.h - what the finders of all formats do alike when they walk a
 * record.
 */
#ifndef COMMON_EVENT_WALK_H
#define COMMON_EVENT_WALK_H

#include "common/event/event_find.h"

struct event_walk {
    const struct event_plan *plan;
    struct event_found *found;
    unsigned repeated; /* the paths that lead to two values */
    unsigned names;    /* that were met */
    unsigned entered[EVENT_PATH_STEPS_MAX]; /* by step: the paths that passed */
};

/* The word of the contract for a fault of the form. */
static inline enum event_fault event_walk_form(enum cursor_fault fault)
{
    static const enum event_fault faults[] = {
        [CURSOR_OK] = EVENT_OK,
        [CURSOR_TRUNCATED] = EVENT_TRUNCATED,
        [CURSOR_INVALID] = EVENT_INVALID,
        [CURSOR_TOO_DEEP] = EVENT_TOO_DEEP,
        [CURSOR_TOO_MANY] = EVENT_TOO_MANY,
    };
    return faults[fault];
}

/* The name of the last record that stood where the next name stands; NULL where
 * none is remembered. */
static inline struct event_known *
event_walk_known(const struct event_walk *walk)
{
    return walk->plan->order && walk->names < EVENT_ORDER_MAX
               ? &walk->plan->order->known[walk->names]
               : NULL;
}

/* How many entries of known names may come at most: a name and its value are
 * two values. */
static inline uint32_t event_walk_most(const struct event_walk *walk,
                                       uint32_t values_left)
{
    const uint32_t names =
        walk->names < EVENT_ORDER_MAX ? EVENT_ORDER_MAX - walk->names : 0;

    return values_left / 2 < names ? values_left / 2 : names;
}

/* Is it one path, which ends here, and at the first value that it meets? */
static inline bool event_walk_is_plain(unsigned paths, unsigned ends,
                                       unsigned seen)
{
    return ((paths & (paths - 1)) | (paths & ~ends) | (paths & seen)) == 0;
}

/* The paths lead through a value at this step. A path that has passed there
 * before, because a name occurs twice, is as ambiguous as a field that does. */
static inline void event_walk_enter(struct event_walk *walk, unsigned step,
                                    unsigned paths)
{
    walk->repeated |= walk->entered[step] & paths;
    walk->entered[step] |= paths;
}

/* The value of path `from` is that of the further paths, too. */
static inline void event_walk_copy(struct event_found *found, unsigned from,
                                   unsigned paths)
{
    for (unsigned i = from + 1; paths >> i; i++) {
        if (!(paths >> i & 1))
            continue;
        found->values[i] = found->values[from];
        found->raw[i] = found->raw[from];
    }
}

/* The value of the lowest of the paths stands in its place. */
static inline void event_walk_found(struct event_walk *walk, unsigned paths)
{
    struct event_found *found = walk->found;

    walk->repeated |= found->seen & paths;
    found->seen |= paths;
    if (paths & (paths - 1))
        event_walk_copy(found, event_plan_lowest(paths), paths);
}

/* The record has a good form: are its fields unambiguous? */
static inline enum event_fault event_walk_end(struct event_walk *walk)
{
    const unsigned firm = walk->repeated & ((1u << walk->plan->firm) - 1);

    walk->found->seen &= ~walk->repeated;
    if (!firm)
        return EVENT_OK;
    walk->found->about = event_plan_lowest(firm);
    return EVENT_REPEATED;
}

#endif
