#include "cli/guess/value_walk.h"

#include "common/base/utf8.h"
#include "common/event/event_codec.h"
#include "common/event/event_find.h"

#include <stdio.h>
#include <string.h>

/* --- Paths ------------------------------------------------------------ */

/* Can a path have the name without quotes? */
static bool is_plain(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const char c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
              c == '-' || (c >= '0' && c <= '9')))
            return false;
    }
    return size > 0;
}

/* Puts the step behind the path of its container. False where no path has
 * such a step. */
static bool add_step(struct value_walk *walk, const char *before,
                     const char *name, size_t size, const char *behind)
{
    const struct value_frame *frame = &walk->frames[walk->depth - 1];
    char *at = walk->path + frame->path_size;
    const size_t room = EVENT_PATH_SIZE - frame->path_size;
    const int written =
        snprintf(at, room, "%s%.*s%s", before, (int)size, name, behind);

    return written > 0 && (size_t)written < room;
}

/* A name with control characters could not be written into a file of
 * settings. */
static bool is_writable(const char *name, size_t size)
{
    char printed[UTF8_PRINT_SIZE(EVENT_PATH_SIZE)];

    return size > 0 && size < EVENT_PATH_SIZE &&
           utf8_is_valid((const uint8_t *)name, size) &&
           !memchr(name, '\\', size) && utf8_print(name, size, printed) == size;
}

static bool add_name(struct value_walk *walk, const char *name, size_t size)
{
    const bool is_first = walk->frames[walk->depth - 1].path_size == 0;

    if (is_plain(name, size))
        return add_step(walk, is_first ? "" : ".", name, size, "");
    if (!is_writable(name, size))
        return false;
    if (!memchr(name, '\'', size))
        return add_step(walk, is_first ? "$['" : "['", name, size, "']");
    return !memchr(name, '"', size) &&
           add_step(walk, is_first ? "$[\"" : "[\"", name, size, "\"]");
}

static bool add_index(struct value_walk *walk, uint32_t index)
{
    char text[16];

    snprintf(text, sizeof(text), "[%u]", (unsigned)index);
    return index < VALUE_ELEMENTS_MAX &&
           add_step(walk, "", text, strlen(text), "");
}

/* --- Both formats ----------------------------------------------------- */

void value_walk_start(struct value_walk *walk, const uint8_t *bytes,
                      size_t size)
{
    struct cursor_value head;
    bool has_escapes;

    walk->is_json = event_find_is_json(bytes, size);
    walk->cursor = cursor_over(bytes, size, EVENT_VALUES_MAX);
    walk->json_cursor = json_cursor_over(bytes, size, EVENT_VALUES_MAX);
    walk->depth = 0;
    walk->unnamed = 0;
    const enum cursor_fault fault =
        walk->is_json ? json_take(&walk->json_cursor, &head, &has_escapes)
                      : cursor_take(&walk->cursor, &head);
    if (fault != CURSOR_OK || head.type != CURSOR_MAP)
        return;
    walk->frames[0] = (struct value_frame){
        .is_map = true, .is_first = true, .left = head.size};
    walk->depth = 1;
}

/* Goes to the next entry of the innermost container; false at its end. */
static bool next_entry(struct value_walk *walk)
{
    struct value_frame *frame = &walk->frames[walk->depth - 1];
    enum cursor_fault fault;

    if (!walk->is_json)
        return frame->left-- > 0;
    const bool is_there =
        json_next(&walk->json_cursor, frame->is_map ? CURSOR_MAP : CURSOR_ARRAY,
                  frame->is_first, &fault) == JSON_ENTRY;
    frame->is_first = false;
    return is_there;
}

/* Takes the name of an entry and puts its path in place. False where no path
 * has it, or the record ends, which its form excludes. */
static bool take_name(struct value_walk *walk)
{
    struct value_frame *frame = &walk->frames[walk->depth - 1];

    if (!frame->is_map)
        return add_index(walk, frame->index++);
    if (walk->is_json) {
        struct json_text name = {.size = 0};
        size_t size = json_take_name(&walk->json_cursor, &name) == CURSOR_OK
                          ? json_unescape(name.bytes, name.size, walk->text,
                                          sizeof(walk->text))
                          : 0;
        return size <= sizeof(walk->text) &&
               add_name(walk, (const char *)walk->text, size);
    }
    struct cursor_value name = {.type = CURSOR_NIL};
    if (cursor_take(&walk->cursor, &name) != CURSOR_OK)
        return false;
    if (cursor_is_container(&name))
        (void)cursor_skip_contents(&walk->cursor, &name, walk->depth + 1);
    return name.type == CURSOR_TEXT &&
           add_name(walk, (const char *)name.bytes, name.size);
}

static enum cursor_fault take_value(struct value_walk *walk,
                                    struct cursor_value *value)
{
    bool has_escapes;

    if (!walk->is_json)
        return cursor_take(&walk->cursor, value);
    const enum cursor_fault fault =
        json_take(&walk->json_cursor, value, &has_escapes);
    if (fault == CURSOR_OK && has_escapes) {
        size_t size = json_unescape(value->bytes, value->size, walk->text,
                                    sizeof(walk->text));
        value->bytes = walk->text;
        value->size =
            (uint32_t)(size < sizeof(walk->text) ? size : sizeof(walk->text));
    }
    return fault;
}

/* Opens a container whose path stands, or passes over it. */
static void enter(struct value_walk *walk, const struct cursor_value *value,
                  bool is_walked)
{
    if (is_walked && walk->depth < CURSOR_DEPTH_MAX)
        walk->frames[walk->depth++] = (struct value_frame){
            .is_map = value->type == CURSOR_MAP,
            .is_first = true,
            .left = value->size,
            .path_size = strlen(walk->path),
        };
    else if (walk->is_json)
        (void)json_skip_contents(&walk->json_cursor, value->type,
                                 walk->depth + 1);
    else
        (void)cursor_skip_contents(&walk->cursor, value, walk->depth + 1);
}

bool value_walk_next(struct value_walk *walk, const char **path,
                     struct cursor_value *value)
{
    while (walk->depth > 0) {
        if (!next_entry(walk)) {
            walk->depth--;
            continue;
        }
        const bool is_map = walk->frames[walk->depth - 1].is_map;
        const bool is_walked = take_name(walk);
        if (take_value(walk, value) != CURSOR_OK) {
            walk->depth = 0;
            return false;
        }
        walk->unnamed += !is_walked && is_map;
        if (cursor_is_container(value))
            enter(walk, value, is_walked);
        if (!is_walked)
            continue;
        *path = walk->path;
        return true;
    }
    return false;
}
