/*
 * event_plan.h - the fields that are wanted of a record, found in one walk.
 *
 * A plan holds up to EVENT_PLAN_MAX paths. Whoever walks a record, of whatever
 * format, asks at each name or element which of the paths lead through it:
 * sets of paths are bits, bit i being path i. A plan is a plain value and does
 * not change once it is made: any thread may use it, unless it has an order.
 */
#ifndef COMMON_EVENT_PLAN_H
#define COMMON_EVENT_PLAN_H

#include "common/base/attributes.h"
#include "common/event/event_order.h"
#include "common/event/event_path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { EVENT_PLAN_MAX = 30, EVENT_PLAN_LETTERS = 64 };

struct event_plan {
    unsigned count;
    unsigned firm;     /* the first `firm` paths lead to one value each, or the
                          record is ambiguous; a later path that leads to two
                          values leads to none */
    unsigned in_value; /* the paths that lead into the value */
    unsigned ends[EVENT_PATH_STEPS_MAX]; /* by step: the paths that end there */
    struct event_order *order; /* of the record before; borrowed. NULL: none is
                                  kept */
    /* The paths whose name at a step may be the one that was found, by step and
     * event_plan_letter(). Most names that are not wanted have none. */
    uint32_t by_letter[EVENT_PATH_STEPS_MAX][EVENT_PLAN_LETTERS];
    /* The token of each path's name, by step; 0 where the path is shorter. */
    uint64_t tokens[EVENT_PATH_STEPS_MAX][EVENT_PLAN_MAX];
    struct event_path paths[EVENT_PLAN_MAX];
};

/* Adds a path; several may be the same. Fails with ERROR_CONFIG where the text
 * is no path, and with ERROR_LIMIT where the plan is full; the plan is
 * unchanged then. */
int event_plan_add(struct event_plan *plan, const char *text,
                   struct error *err) MUST_CHECK;

/* The number of the lowest path of a set that is not empty. */
static inline unsigned event_plan_lowest(unsigned paths)
{
    return (unsigned)__builtin_ctz(paths);
}

/* The first seven bytes of a name and its size in one word, so that a name of
 * up to seven bytes is its token. `left` is how many bytes may be read. */
static inline uint64_t event_plan_token(const uint8_t *name, uint32_t size,
                                        size_t left)
{
    const unsigned kept = size < 7 ? size : 7;
    const uint64_t mask = (UINT64_C(1) << (8 * kept)) - 1;

    return (word_within(name, left) & mask) |
           (uint64_t)(size < 255 ? size : 255) << 56;
}

/* One of EVENT_PLAN_LETTERS, which the first byte of a name and its size give.
 */
static inline unsigned event_plan_letter(const uint8_t *name, uint32_t size)
{
    return (name[0] + 5 * size) % EVENT_PLAN_LETTERS;
}

/* Is the name that has the token of the path's `step` that of the path, behind
 * its first seven bytes too? */
static inline bool event_plan_is_whole(const struct event_path *path,
                                       unsigned step, const uint8_t *name,
                                       uint32_t size)
{
    return size <= 7 ||
           (size == path->steps[step].size &&
            memcmp(name, path->text + path->steps[step].at, size) == 0);
}

/* The paths whose `step` has this name. `left` is how many bytes may be read
 * from the name on, of which the name is the first. */
static inline unsigned event_plan_named(const struct event_plan *plan,
                                        unsigned step, const uint8_t *name,
                                        uint32_t size, size_t left)
{
    unsigned named = 0;

    if (size == 0)
        return 0;
    unsigned maybe = plan->by_letter[step][event_plan_letter(name, size)];
    if (!maybe)
        return 0;
    const uint64_t token = event_plan_token(name, size, left);
    for (; maybe; maybe &= maybe - 1) {
        const unsigned i = event_plan_lowest(maybe);
        if (plan->tokens[step][i] == token &&
            event_plan_is_whole(&plan->paths[i], step, name, size))
            named |= 1u << i;
    }
    return named;
}

/* Those of the active paths whose `step` is this index. */
static inline unsigned event_plan_indexed(const struct event_plan *plan,
                                          unsigned active, unsigned step,
                                          uint32_t index)
{
    unsigned indexed = 0;

    for (unsigned i = 0; active >> i; i++)
        if (active >> i & 1 && plan->paths[i].steps[step].index == index)
            indexed |= 1u << i;
    return indexed;
}

#endif
