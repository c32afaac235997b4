/*
 * value_walk.h - every value of a record, one after the other, with its path.
 *
 * The record is a map of msgpack or an object of JSON, whose form has been
 * checked before. Of an array only the first elements are walked. A name that
 * no path can have (not a text, or with both kinds of quotes, or too long) is
 * passed over with all that is in it, and counted.
 *
 *   struct value_walk walk;
 *   value_walk_start(&walk, bytes, size);
 *   while (value_walk_next(&walk, &path, &value)) ...
 *
 * A plain value; nothing is allocated. One thread.
 */
#ifndef CLI_VALUE_WALK_H
#define CLI_VALUE_WALK_H

#include "common/event/cursor.h"
#include "common/event/event_path.h"
#include "common/event/json_cursor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VALUE_TEXT_MAX = 512,   /* of a text with escapes, the rest is cut off */
    VALUE_ELEMENTS_MAX = 3, /* of an array */
};

/* A container that is open. */
struct value_frame {
    bool is_map, is_first;
    uint32_t left;    /* entries; of msgpack only */
    uint32_t index;   /* of the next element */
    size_t path_size; /* of the container's own path */
};

struct value_walk {
    bool is_json;
    struct cursor cursor;           /* of msgpack */
    struct json_cursor json_cursor; /* of JSON */
    struct value_frame frames[CURSOR_DEPTH_MAX];
    unsigned depth;
    unsigned unnamed; /* names that no path can have */
    char path[EVENT_PATH_SIZE];
    uint8_t text[VALUE_TEXT_MAX]; /* of the newest text, without its escapes */
};

/* Borrows the bytes. */
void value_walk_start(struct value_walk *walk, const uint8_t *bytes,
                      size_t size);

/* The next value; of a container its head, before its contents. The path and a
 * text are valid until the next call. False at the end. */
bool value_walk_next(struct value_walk *walk, const char **path,
                     struct cursor_value *value);

#endif
