/*
 * array.h - lists that grow.
 */
#ifndef COMMON_ARRAY_H
#define COMMON_ARRAY_H

#include <stddef.h>

/* A list with room for one item more than `count`: the same one, or one of
 * twice the room in its place. NULL where there is no memory: then the list and
 * *room are what they were. */
void *array_with_room(void *list, size_t count, size_t *room, size_t item_size);

#endif
