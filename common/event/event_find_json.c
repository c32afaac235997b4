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
    if (has_escapes)
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

/* The active paths whose `step` has this name, which holds escapes. */
static unsigned paths_unescaped(const struct event_plan *plan, unsigned active,
                                unsigned step, const struct json_text *name)
{
    uint8_t plain[EVENT_PATH_SIZE];
    size_t size = json_unescape(name->bytes, name->size, plain, sizeof(plain));

    return size > sizeof(plain) ? 0
                                : event_plan_named(plan, active, step, plain,
                                                   (uint32_t)size, size);
}

/* `depth` is the number of open containers, the one that is walked included;
 * the steps before that name its entries. */
static enum cursor_fault walk_container(struct json_walk *walk,
                                        enum cursor_type container,
                                        unsigned depth, unsigned active)
{
    const struct event_plan *plan = walk->base.plan;
    struct json_cursor *cursor = &walk->cursor;
    enum cursor_fault fault = CURSOR_OK;

    if (depth > CURSOR_DEPTH_MAX)
        return CURSOR_TOO_DEEP;
    const unsigned ends = plan->ends[depth - 1];
    for (uint32_t index = 0;; index++) {
        struct cursor_value ignored;
        struct json_text name;
        bool has_escapes;
        unsigned paths;

        enum json_step step = json_next(cursor, container, index == 0, &fault);
        if (step != JSON_ENTRY)
            return step == JSON_CLOSED ? CURSOR_OK : fault;
        if (container == CURSOR_MAP) {
            fault = json_take_name(cursor, &name);
            if (fault != CURSOR_OK)
                return fault;
            paths = name.has_escapes
                        ? paths_unescaped(plan, active, depth - 1, &name)
                        : event_plan_named(plan, active, depth - 1, name.bytes,
                                           name.size,
                                           (size_t)(cursor->end - name.bytes));
        } else {
            paths = event_plan_indexed(plan, active, depth - 1, index);
        }
        if (paths == 0)
            fault = take_whole(cursor, depth, &ignored, &has_escapes);
        else if ((paths & ~ends) == 0)
            fault = take_field(walk, cursor, depth, paths);
        else
            fault = walk_value(walk, depth, paths);
        if (fault != CURSOR_OK)
            return fault;
    }
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
