/*
 * event_find_msgpack.c - the finder of fields in msgpack.
 */
#include "common/event/event_walk.h"

_Static_assert((int)EVENT_DEPTH_MAX == (int)CURSOR_DEPTH_MAX,
               "the limit that is documented is the one that holds");
_Static_assert((int)EVENT_PATH_STEPS_MAX == (int)EVENT_DEPTH_MAX,
               "no path leads deeper than a record may be");

/* Takes a whole value, of a container its contents too. */
static inline enum cursor_fault
take_whole(struct cursor *cursor, unsigned depth, struct cursor_value *value)
{
    enum cursor_fault fault = cursor_take(cursor, value);

    if (fault == CURSOR_OK && cursor_is_container(value))
        fault = cursor_skip_contents(cursor, value, depth + 1);
    return fault;
}

/* The paths end at the value that comes. It is taken where it stays: copying
 * what was just written in smaller pieces would stall. */
static inline enum cursor_fault take_field(struct event_walk *walk,
                                           struct cursor *cursor,
                                           unsigned depth, unsigned paths)
{
    const unsigned at = event_plan_lowest(paths);
    const uint8_t *start = cursor->at;

    enum cursor_fault fault =
        take_whole(cursor, depth, &walk->found->values[at]);
    walk->found->raw[at] = (struct span){start, (uint32_t)(cursor->at - start)};
    event_walk_found(walk, paths);
    return fault;
}

static enum cursor_fault walk_container(struct event_walk *walk,
                                        struct cursor *cursor,
                                        const struct cursor_value *container,
                                        unsigned depth, unsigned active);

/* Some paths lead through the value that comes, and some may end there. */
static enum cursor_fault walk_value(struct event_walk *walk,
                                    struct cursor *cursor, unsigned depth,
                                    unsigned paths)
{
    const unsigned ends = paths & walk->plan->ends[depth - 1];
    struct cursor_value value;
    enum cursor_fault fault;

    event_walk_enter(walk, depth - 1, paths);
    if (ends) {
        struct cursor whole = *cursor;
        fault = take_field(walk, &whole, depth, ends);
        if (fault != CURSOR_OK)
            return fault;
    }
    fault = cursor_take(cursor, &value);
    if (fault != CURSOR_OK || !cursor_is_container(&value))
        return fault;
    return walk_container(walk, cursor, &value, depth + 1, paths & ~ends);
}

/* `depth` is the number of open containers, the one that is walked included;
 * the steps before that name its entries. */
static inline enum cursor_fault walk_map(struct event_walk *walk,
                                         struct cursor *cursor,
                                         uint32_t entries, unsigned depth,
                                         unsigned active)
{
    const unsigned ends = walk->plan->ends[depth - 1];

    for (uint32_t entry = 0; entry < entries; entry++) {
        struct cursor_value key, ignored;
        unsigned paths = 0;

        enum cursor_fault fault = take_whole(cursor, depth, &key);
        if (fault != CURSOR_OK)
            return fault;
        if (key.type == CURSOR_TEXT)
            paths =
                event_plan_named(walk->plan, active, depth - 1, key.bytes,
                                 key.size, (size_t)(cursor->end - key.bytes));
        if (paths == 0)
            fault = take_whole(cursor, depth, &ignored);
        else if ((paths & ~ends) == 0)
            fault = take_field(walk, cursor, depth, paths);
        else
            fault = walk_value(walk, cursor, depth, paths);
        if (fault != CURSOR_OK)
            return fault;
    }
    return CURSOR_OK;
}

static enum cursor_fault walk_array(struct event_walk *walk,
                                    struct cursor *cursor, uint32_t entries,
                                    unsigned depth, unsigned active)
{
    for (uint32_t index = 0; index < entries; index++) {
        struct cursor_value ignored;
        unsigned paths =
            event_plan_indexed(walk->plan, active, depth - 1, index);

        enum cursor_fault fault = paths ? walk_value(walk, cursor, depth, paths)
                                        : take_whole(cursor, depth, &ignored);
        if (fault != CURSOR_OK)
            return fault;
    }
    return CURSOR_OK;
}

static enum cursor_fault walk_container(struct event_walk *walk,
                                        struct cursor *cursor,
                                        const struct cursor_value *container,
                                        unsigned depth, unsigned active)
{
    if (depth > CURSOR_DEPTH_MAX)
        return CURSOR_TOO_DEEP;
    if (container->type == CURSOR_MAP)
        return walk_map(walk, cursor, container->size, depth, active);
    return walk_array(walk, cursor, container->size, depth, active);
}

enum event_fault event_find_in_msgpack(const struct event_plan *plan,
                                       const uint8_t *bytes, size_t size,
                                       struct event_found *out)
{
    if (size == 0)
        return EVENT_EMPTY;
    if (size > EVENT_BYTES_MAX)
        return EVENT_TOO_LARGE;

    struct cursor cursor = cursor_over(bytes, size, EVENT_VALUES_MAX);
    struct event_walk walk = {.plan = plan, .found = out};
    struct cursor_value record;

    out->seen = 0;
    enum cursor_fault fault = cursor_take(&cursor, &record);
    if (fault == CURSOR_OK && record.type == CURSOR_MAP)
        fault = walk_map(&walk, &cursor, record.size, 1, plan->in_value);
    else if (fault == CURSOR_OK && record.type == CURSOR_ARRAY)
        fault = cursor_skip_contents(&cursor, &record, 1);
    if (fault != CURSOR_OK)
        return event_walk_form(fault);
    if (!cursor_at_end(&cursor))
        return EVENT_TRAILING;
    if (record.type != CURSOR_MAP)
        return EVENT_NOT_A_MAP;
    return event_walk_end(&walk);
}
