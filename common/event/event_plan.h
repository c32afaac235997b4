/*
 * event_plan.h - the fields that are wanted of a record, found in one walk.
 *
 * A plan holds up to EVENT_PLAN_MAX paths. Whoever walks a record, of whatever
 * format, asks at each name or element which of the paths lead through it:
 * sets of paths are bits, bit i being path i. A plan is a plain value and does
 * not change once it is made: any thread may use it.
 */
#ifndef COMMON_EVENT_PLAN_H
#define COMMON_EVENT_PLAN_H

#include "common/base/attributes.h"
#include "common/event/event_path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { EVENT_PLAN_MAX = 30 };

struct event_plan {
    unsigned count;
    unsigned firm;     /* the first `firm` paths lead to one value each, or the
                          record is ambiguous; a later path that leads to two
                          values leads to none */
    unsigned in_value; /* the paths that lead into the value */
    bool is_deep;      /* a path has more than one step */
    unsigned ends[EVENT_PATH_STEPS_MAX]; /* by step: the paths that end there */
    /* By step: a bit for each name that a path has there, by its first letter
     * and size. Most names that are not wanted have none. */
    uint64_t letters[EVENT_PATH_STEPS_MAX];
    /* By step: the token of each path's name; 0 where the path is shorter. */
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
    /* The lowest bit alone, times a de Bruijn sequence, has the number of the
     * bit in its upper five bits, in this order. */
    static const uint8_t numbers[32] = {
        0,  1,  28, 2,  29, 14, 24, 3, 30, 22, 20, 15, 25, 17, 4,  8,
        31, 27, 13, 23, 21, 19, 16, 7, 26, 12, 18, 6,  11, 5,  10, 9};

    return numbers[(uint32_t)((paths & -paths) * UINT32_C(0x077cb531)) >> 27];
}

/* Eight bytes, the first one lowest: compilers make one load of it. */
static inline uint64_t event_plan_word(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 |
           (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 |
           (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

/* The first seven bytes of a name and its size in one word, so that a name of
 * up to seven bytes is its token. `left` is how many bytes may be read. */
static inline uint64_t event_plan_token(const uint8_t *name, uint32_t size,
                                        size_t left)
{
    const unsigned kept = size < 7 ? size : 7;
    uint64_t word = 0;

    if (left >= 8)
        word = event_plan_word(name) & ((UINT64_C(1) << (8 * kept)) - 1);
    else
        for (unsigned i = 0; i < kept; i++)
            word |= (uint64_t)name[i] << (8 * i);
    return word | (uint64_t)(size < 255 ? size : 255) << 56;
}

static inline uint64_t event_plan_letter(const uint8_t *name, uint32_t size)
{
    return UINT64_C(1) << ((name[0] + 5 * size) & 63);
}

/* Those of the active paths whose `step` has this name. `left` is how many
 * bytes may be read from the name on, of which the name is the first. */
static inline unsigned event_plan_named(const struct event_plan *plan,
                                        unsigned active, unsigned step,
                                        const uint8_t *name, uint32_t size,
                                        size_t left)
{
    const uint64_t *tokens = plan->tokens[step];
    unsigned named = 0;

    if (size == 0 || !(plan->letters[step] & event_plan_letter(name, size)))
        return 0;
    const uint64_t token = event_plan_token(name, size, left);
    for (unsigned i = 0; i < plan->count; i++)
        named |= (unsigned)(tokens[i] == token) << i;
    named &= active;
    for (unsigned i = 0; size > 7 && named >> i; i++) {
        const struct event_path *path = &plan->paths[i];
        if (named >> i & 1 &&
            (size != path->steps[step].size ||
             memcmp(name, path->text + path->steps[step].at, size) != 0))
            named &= ~(1u << i);
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
