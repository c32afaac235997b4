#include "common/event/event_layout.h"

#include "common/event/packer.h"

#include <string.h>

static const char *name_of(const struct event_path *path, unsigned depth)
{
    return path->text + path->steps[depth].at;
}

static bool is_same_step(const struct event_path *a, const struct event_path *b,
                         unsigned depth)
{
    return a->steps[depth].size == b->steps[depth].size &&
           memcmp(name_of(a, depth), name_of(b, depth), a->steps[depth].size) ==
               0;
}

/* The steps that both have in common from the record on. */
static unsigned common_steps(const struct event_path *a,
                             const struct event_path *b)
{
    unsigned depth = 0;

    while (depth < a->count && depth < b->count && is_same_step(a, b, depth))
        depth++;
    return depth;
}

/* The record itself is a map, whatever the first step looks like. */
static bool is_index(const struct event_path *path, unsigned depth)
{
    return depth > 0 && path->steps[depth].index != EVENT_PATH_NO_INDEX;
}

/* --- Adding ----------------------------------------------------------- */

static int check_alone(const struct event_path *path, struct error *err)
{
    if (path->place != EVENT_IN_VALUE)
        return error_set(err, ERROR_CONFIG,
                         "'%s' stands beside the record's value, where this "
                         "program does not write it: name a path in the value",
                         path->text);
    for (unsigned depth = 0; depth < path->count; depth++)
        if (is_index(path, depth) &&
            path->steps[depth].index > EVENT_LAYOUT_INDEX_MAX)
            return error_set(err, ERROR_CONFIG,
                             "'%s' cannot be written: its index is above %d",
                             path->text, EVENT_LAYOUT_INDEX_MAX);
    return 0;
}

static int check_beside(const struct event_path *path,
                        const struct event_path *other, struct error *err)
{
    const unsigned depth = common_steps(path, other);

    if (depth == path->count || depth == other->count)
        return error_set(err, ERROR_CONFIG,
                         "'%s' cannot be written beside '%s': one is within "
                         "the other",
                         path->text, other->text);
    if (is_index(path, depth) != is_index(other, depth))
        return error_set(err, ERROR_CONFIG,
                         "'%s' cannot be written beside '%s': one needs an "
                         "array where the other needs a map",
                         path->text, other->text);
    return 0;
}

int event_layout_add(struct event_layout *layout, const struct event_path *path,
                     unsigned *at, struct error *err)
{
    if (check_alone(path, err) < 0)
        return -1;
    for (unsigned i = 0; i < layout->count; i++) {
        const struct event_path *other = &layout->paths[i];
        if (path->count == other->count &&
            common_steps(path, other) == path->count) {
            *at = i;
            return 0;
        }
        if (check_beside(path, other, err) < 0)
            return -1;
    }
    if (layout->count == EVENT_LAYOUT_MAX)
        return error_set(err, ERROR_CONFIG, "'%s': more than %d fields",
                         path->text, EVENT_LAYOUT_MAX);
    layout->paths[layout->count] = *path;
    *at = layout->count++;
    return 0;
}

bool event_layout_has(const struct event_layout *layout, const char *name)
{
    const size_t size = strlen(name);

    for (unsigned i = 0; i < layout->count; i++)
        if (layout->paths[i].steps[0].size == size &&
            memcmp(name_of(&layout->paths[i], 0), name, size) == 0)
            return true;
    return false;
}

/* --- Writing ---------------------------------------------------------- */

/* Paths are members of a set by their bit. */
struct writing {
    const struct event_layout *layout;
    const struct span *values;
    msgpack_packer packer;
};

/* Those of the set that go on as `first` does at that depth. */
static unsigned same_entry(const struct event_layout *layout, unsigned set,
                           unsigned first, unsigned depth)
{
    unsigned same = 0;

    for (unsigned i = first; i < layout->count; i++)
        if (set >> i & 1 &&
            is_same_step(&layout->paths[first], &layout->paths[i], depth))
            same |= 1u << i;
    return same;
}

static unsigned lowest(unsigned set)
{
    unsigned at = 0;

    while (!(set >> at & 1))
        at++;
    return at;
}

static unsigned count_entries(const struct event_layout *layout, unsigned set,
                              unsigned depth)
{
    unsigned count = 0;

    for (; set; count++)
        set &= ~same_entry(layout, set, lowest(set), depth);
    return count;
}

static void write_within(struct writing *to, unsigned set, unsigned depth,
                         size_t more);

/* What the paths of the set have in common ends below `depth`. */
static void write_entry(struct writing *to, unsigned set, unsigned depth)
{
    const unsigned first = lowest(set);
    const struct span value = to->values[first];

    if (depth + 1 < to->layout->paths[first].count)
        write_within(to, set, depth + 1, 0);
    else
        packer_raw(&to->packer, value.bytes, value.size);
}

static void write_array(struct writing *to, unsigned set, unsigned depth)
{
    const struct event_path *paths = to->layout->paths;
    uint32_t size = 0;

    for (unsigned i = 0; i < to->layout->count; i++)
        if (set >> i & 1 && paths[i].steps[depth].index >= size)
            size = paths[i].steps[depth].index + 1;
    msgpack_pack_array(&to->packer, size);
    for (uint32_t index = 0; index < size; index++) {
        unsigned here = 0;
        for (unsigned i = 0; i < to->layout->count; i++)
            if (set >> i & 1 && paths[i].steps[depth].index == index)
                here |= 1u << i;
        if (here)
            write_entry(to, here, depth);
        else
            msgpack_pack_nil(&to->packer);
    }
}

static void write_map(struct writing *to, unsigned set, unsigned depth,
                      size_t more)
{
    const struct event_layout *layout = to->layout;

    msgpack_pack_map(&to->packer, count_entries(layout, set, depth) + more);
    while (set) {
        const unsigned first = lowest(set);
        const unsigned same = same_entry(layout, set, first, depth);
        packer_text(&to->packer, name_of(&layout->paths[first], depth),
                    layout->paths[first].steps[depth].size);
        write_entry(to, same, depth);
        set &= ~same;
    }
}

/* The container at that depth. It recurses as deep as a path has steps. */
static void write_within(struct writing *to, unsigned set, unsigned depth,
                         size_t more)
{
    if (set && is_index(&to->layout->paths[lowest(set)], depth))
        write_array(to, set, depth);
    else
        write_map(to, set, depth, more);
}

void event_layout_write(const struct event_layout *layout,
                        const struct span *values, size_t more,
                        struct buffer *out)
{
    struct writing to = {layout, values, packer_into(out)};
    unsigned set = 0;

    for (unsigned i = 0; i < layout->count; i++)
        set |= (unsigned)(values[i].bytes != NULL) << i;
    write_within(&to, set, 0, more);
}
