/*
 * event_find_json.c - the finder of fields in JSON.
 */
#include "common/event/event_scratch.h"
#include "common/event/event_walk.h"
#include "common/event/json_cursor.h"

/* One walk. */
struct json_walk {
    struct event_walk base;
    struct event_scratch *scratch;
    struct json_cursor cursor;
};

/* Takes a whole value, of a container its contents too. */
static inline enum cursor_fault take_whole(struct json_cursor *cursor,
                                           unsigned depth,
                                           struct cursor_value *value,
                                           bool *has_escapes)
{
    enum cursor_fault fault = json_take(cursor, value, has_escapes);

    if (fault == CURSOR_OK && cursor_is_container(value))
        fault = json_skip_contents(cursor, value->type, depth + 1);
    return fault;
}

/* A text longer than ID_TEXT_MAX is cut behind one byte more. */
static void unescape(struct event_scratch *scratch, struct cursor_value *text)
{
    const size_t room = ID_TEXT_MAX + 1;
    size_t size = json_unescape(text->bytes, text->size, scratch->at, room);

    text->bytes = scratch->at;
    text->size = (uint32_t)(size < room ? size : room);
    scratch->at += text->size;
}

/* The paths end at the value that comes. */
static enum cursor_fault take_field(struct json_walk *walk,
                                    struct json_cursor *cursor, unsigned depth,
                                    unsigned paths)
{
    const unsigned at = event_plan_lowest(paths);
    struct cursor_value *value = &walk->base.found->values[at];
    bool has_escapes;

    json_skip_blanks(cursor);
    const uint8_t *start = cursor->at;
    enum cursor_fault fault = take_whole(cursor, depth, value, &has_escapes);
    if (fault != CURSOR_OK)
        return fault;
    walk->base.found->raw[at] =
        (struct span){start, (uint32_t)(cursor->at - start)};
    /* A name may come thousands of times; its first value alone is kept. */
    if (has_escapes && !(walk->base.found->seen >> at & 1))
        unescape(walk->scratch, value);
    event_walk_found(&walk->base, paths);
    return CURSOR_OK;
}

static enum cursor_fault walk_container(struct json_walk *walk,
                                        enum cursor_type container,
                                        unsigned depth, unsigned active);

/* Some paths lead through the value that comes, and some may end there. */
static enum cursor_fault walk_value(struct json_walk *walk, unsigned depth,
                                    unsigned paths)
{
    const unsigned ends = paths & walk->base.plan->ends[depth - 1];
    struct cursor_value value;
    enum cursor_fault fault;
    bool has_escapes;

    event_walk_enter(&walk->base, depth - 1, paths);
    if (ends) {
        struct json_cursor whole = walk->cursor;
        fault = take_field(walk, &whole, depth, ends);
        if (fault != CURSOR_OK)
            return fault;
    }
    fault = json_take(&walk->cursor, &value, &has_escapes);
    if (fault != CURSOR_OK || !cursor_is_container(&value))
        return fault;
    return walk_container(walk, value.type, depth + 1, paths & ~ends);
}

/* Where in a container the walk is. */
struct json_place {
    enum cursor_type container;
    unsigned depth;  /* the number of open containers, that one included */
    unsigned active; /* the paths that lead into it */
    uint32_t index;  /* of the next entry */
};

/* Passes the members that are named as in the last record and have usual
 * values. The walk is before a member that is different then, or at the end. */
static inline void pass_known(struct json_walk *walk, struct json_place *map)
{
    const unsigned ends = map->active & walk->base.plan->ends[map->depth - 1];
    struct event_found *const found = walk->base.found;
    struct event_known *known = event_walk_known(&walk->base);
    const uint32_t most =
        event_walk_most(&walk->base, walk->cursor.values_left);
    const uint8_t *const end = walk->cursor.end;
    const uint8_t *at = walk->cursor.at;
    uint8_t place = event_order_place(map->depth, true, map->index == 0);
    unsigned seen = found->seen;
    uint32_t passed = 0;

    for (; passed < most; passed++, known++) {
        if (!event_known_is(known, place, at, (size_t)(end - at)))
            break;
        const uint8_t *const value = at + known->size;
        const uint8_t *const stop = json_usual_end(value, end);
        const unsigned paths = known->paths & map->active;
        if (!stop || (paths && !event_walk_is_plain(paths, ends, seen)))
            break;
        if (paths) {
            const unsigned i = event_plan_lowest(paths);
            json_usual_value(value, stop, end, &found->values[i]);
            found->raw[i] = (struct span){value, (uint32_t)(stop - value)};
            seen |= paths;
        }
        at = event_known_behind(known, value, (uint32_t)(stop - value));
        place = event_order_place(map->depth, true, false);
    }
    found->seen = seen;
    walk->cursor.at = at;
    walk->cursor.values_left -= 2 * passed;
    walk->base.names += passed;
    map->index += passed;
}

/* The paths whose `step` has this name, which holds escapes. */
static unsigned paths_unescaped(const struct event_plan *plan, unsigned step,
                                const struct json_text *name)
{
    uint8_t plain[EVENT_PATH_SIZE];
    size_t size = json_unescape(name->bytes, name->size, plain, sizeof(plain));

    return size > sizeof(plain)
               ? 0
               : event_plan_named(plan, step, plain, (uint32_t)size, size);
}

/* Takes the name of a member, the colon and blanks behind it, and returns
 * through *paths those that lead through it. `before` is what was taken before
 * the comma, or before the first name. */
static enum cursor_fault take_name(struct json_walk *walk,
                                   const struct json_place *map,
                                   const uint8_t *before, unsigned *paths)
{
    struct json_cursor *cursor = &walk->cursor;
    struct event_known *known = event_walk_known(&walk->base);
    struct json_text name;

    walk->base.names++;
    enum cursor_fault fault = json_take_name(cursor, &name);
    if (fault != CURSOR_OK)
        return fault;
    json_skip_blanks(cursor);
    *paths =
        name.has_escapes
            ? paths_unescaped(walk->base.plan, map->depth - 1, &name)
            : event_plan_named(walk->base.plan, map->depth - 1, name.bytes,
                               name.size, (size_t)(cursor->end - name.bytes));
    if (known)
        event_known_set(known,
                        event_order_place(map->depth, true, map->index == 0),
                        before, (size_t)(cursor->at - before), *paths);
    *paths &= map->active;
    return CURSOR_OK;
}

/* Takes the next entry; *is_closed: there was none, and the bracket is taken.
 */
static inline enum cursor_fault
walk_entry(struct json_walk *walk, struct json_place *place, bool *is_closed)
{
    const unsigned ends = walk->base.plan->ends[place->depth - 1];
    const uint8_t *const before = walk->cursor.at;
    enum cursor_fault fault = CURSOR_OK;
    struct cursor_value ignored;
    bool has_escapes;
    unsigned paths;

    enum json_step step =
        json_next(&walk->cursor, place->container, place->index == 0, &fault);
    *is_closed = step == JSON_CLOSED;
    if (step != JSON_ENTRY)
        return fault;
    if (place->container == CURSOR_MAP)
        fault = take_name(walk, place, before, &paths);
    else
        paths = event_plan_indexed(walk->base.plan, place->active,
                                   place->depth - 1, place->index);
    if (fault != CURSOR_OK)
        return fault;
    place->index++;
    if (paths == 0)
        return take_whole(&walk->cursor, place->depth, &ignored, &has_escapes);
    if ((paths & ~ends) == 0)
        return take_field(walk, &walk->cursor, place->depth, paths);
    return walk_value(walk, place->depth, paths);
}

/* The steps of the paths before `depth` name the entries. */
static enum cursor_fault walk_container(struct json_walk *walk,
                                        enum cursor_type container,
                                        unsigned depth, unsigned active)
{
    const bool has_order = container == CURSOR_MAP && walk->base.plan->order;
    struct json_place place = {container, depth, active, 0};
    enum cursor_fault fault = CURSOR_OK;
    bool is_closed = false;

    if (depth > CURSOR_DEPTH_MAX)
        return CURSOR_TOO_DEEP;
    while (fault == CURSOR_OK && !is_closed) {
        if (has_order)
            pass_known(walk, &place);
        fault = walk_entry(walk, &place, &is_closed);
    }
    return fault;
}

enum event_fault event_find_in_json(const struct event_plan *plan,
                                    const uint8_t *bytes, size_t size,
                                    struct event_scratch *scratch)
{
    if (size == 0)
        return EVENT_EMPTY;
    if (size > EVENT_BYTES_MAX)
        return EVENT_TOO_LARGE;

    struct json_walk walk = {
        .base = {.plan = plan, .found = &scratch->found},
        .scratch = scratch,
        .cursor = json_cursor_over(bytes, size, EVENT_VALUES_MAX)};
    struct cursor_value record;
    bool has_escapes;

    scratch->found.seen = 0;
    enum cursor_fault fault = json_take(&walk.cursor, &record, &has_escapes);
    const bool is_map = fault == CURSOR_OK && record.type == CURSOR_MAP;
    if (fault == CURSOR_OK && cursor_is_container(&record))
        fault =
            walk_container(&walk, record.type, 1, is_map ? plan->in_value : 0);
    if (fault != CURSOR_OK)
        return event_walk_form(fault);
    json_skip_blanks(&walk.cursor);
    if (walk.cursor.at != walk.cursor.end)
        return EVENT_TRAILING;
    return is_map ? event_walk_end(&walk.base) : EVENT_NOT_A_MAP;
}
