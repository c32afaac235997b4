/*
 * event_layout.h - where in a record its fields are to be written: the paths of
 * some fields as one tree of containers.
 *
 *   struct event_layout layout = {0};
 *
 *   event_layout_add(&layout, &id, &at[0], err)      id
 *   event_layout_add(&layout, &user, &at[1], err)    context.user.id
 *   event_layout_write(&layout, values, 0, out)
 *
 * writes {id, context: {user: {id}}}.
 *
 * Zeroed is empty and valid. A plain value: it may be copied.
 */
#ifndef COMMON_EVENT_LAYOUT_H
#define COMMON_EVENT_LAYOUT_H

#include "common/base/buffer.h"
#include "common/event/event.h"
#include "common/event/event_path.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    EVENT_LAYOUT_MAX = 8,         /* paths */
    EVENT_LAYOUT_INDEX_MAX = 255, /* of an array that is written */
};

struct event_layout {
    unsigned count;
    struct event_path paths[EVENT_LAYOUT_MAX];
};

/* Adds a path, and says its number, which is an earlier one where that path is
 * there already. Fails with ERROR_CONFIG where no record can hold it: it leads
 * beside the value, one of two fields would stand within the other, a container
 * would be an array and a map, or an index is above the limit. The layout is as
 * it was then. */
int event_layout_add(struct event_layout *layout, const struct event_path *path,
                     unsigned *at, struct error *err) MUST_CHECK;

/* Has the outermost map an entry of that name? */
bool event_layout_has(const struct event_layout *layout, const char *name);

/* Appends a map with a value for each path, by its number; a value is msgpack,
 * and one without bytes is left out. The caller appends `more` further entries
 * of the outermost map behind it. An array is as long as its highest index asks
 * for; what is not there is nil. A failure of memory stays in the buffer. */
void event_layout_write(const struct event_layout *layout,
                        const struct span *values, size_t more,
                        struct buffer *out);

#endif
