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

/* Where in the map the walk is. */
struct map_place {
    uint32_t entries; /* that are left */
    unsigned depth;   /* the number of open containers, the map included */
    unsigned active;  /* the paths that lead into it */
};

/* Passes the entries that are named as in the last record and have usual
 * values. The walk is before an entry that is different then, or at the end. */
static inline void pass_known(struct event_walk *walk, struct cursor *cursor,
                              struct map_place *map)
{
    const uint8_t place = event_order_place(map->depth, false, false);
    const unsigned ends = map->active & walk->plan->ends[map->depth - 1];
    struct event_found *const found = walk->found;
    const struct event_known *known = event_walk_known(walk);
    const uint32_t most = event_walk_most(walk, cursor->values_left);
    const uint8_t *at = cursor->at;
    unsigned seen = found->seen;
    uint32_t passed = 0;

    for (; passed < map->entries && passed < most; passed++, known++) {
        const size_t left = (size_t)(cursor->end - at);
        if (!event_known_is(known, place, at, left) || left <= known->size)
            break;
        const uint8_t *const value = at + known->size;
        const unsigned size = cursor_sizes[*value];
        const unsigned paths = known->paths & map->active;
        if (size == 0 || size > left - known->size)
            break;
        if (paths) {
            const unsigned i = event_plan_lowest(paths);
            if (!event_walk_is_plain(paths, ends, seen) ||
                !cursor_read_usual(value, left - known->size,
                                   &found->values[i]))
                break;
            found->raw[i] = (struct span){value, size};
            seen |= paths;
        }
        at = value + size;
    }
    found->seen = seen;
    cursor->at = at;
    cursor->values_left -= 2 * passed;
    walk->names += passed;
    map->entries -= passed;
}

/* Takes a key; returns through *paths those that lead through it. */
static enum cursor_fault take_key(struct event_walk *walk,
                                  struct cursor *cursor,
                                  const struct map_place *map, unsigned *paths)
{
    struct event_known *known = event_walk_known(walk);
    const uint8_t *const start = cursor->at;
    struct cursor_value key;

    *paths = 0;
    walk->names++;
    enum cursor_fault fault = take_whole(cursor, map->depth, &key);
    if (fault != CURSOR_OK || key.type != CURSOR_TEXT)
        return fault;
    *paths = event_plan_named(walk->plan, map->depth - 1, key.bytes, key.size,
                              (size_t)(cursor->end - key.bytes));
    if (known)
        event_known_set(known, event_order_place(map->depth, false, false),
                        start, (size_t)(cursor->at - start), *paths);
    *paths &= map->active;
    return CURSOR_OK;
}

/* The steps of the paths before `depth` name the entries of the map. */
static inline enum cursor_fault
walk_map(struct event_walk *walk, struct cursor *cursor, struct map_place map)
{
    const unsigned ends = walk->plan->ends[map.depth - 1];
    struct cursor_value ignored;
    unsigned paths;

    for (;;) {
        if (walk->plan->order)
            pass_known(walk, cursor, &map);
        if (map.entries == 0)
            return CURSOR_OK;
        map.entries--;
        enum cursor_fault fault = take_key(walk, cursor, &map, &paths);
        if (fault != CURSOR_OK)
            return fault;
        if (paths == 0)
            fault = take_whole(cursor, map.depth, &ignored);
        else if ((paths & ~ends) == 0)
            fault = take_field(walk, cursor, map.depth, paths);
        else
            fault = walk_value(walk, cursor, map.depth, paths);
        if (fault != CURSOR_OK)
            return fault;
    }
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
        return walk_map(walk, cursor,
                        (struct map_place){container->size, depth, active});
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
        fault = walk_map(&walk, &cursor,
                         (struct map_place){record.size, 1, plan->in_value});
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
