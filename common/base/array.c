#include "common/base/array.h"

#include <stdint.h>
#include <stdlib.h>

enum { ROOM_FIRST = 16 };

void *array_with_room(void *list, size_t count, size_t *room, size_t item_size)
{
    size_t more = *room ? 2 * *room : ROOM_FIRST;

    if (count < *room)
        return list;
    if (more > SIZE_MAX / 2 / item_size)
        return NULL;
    void *grown = realloc(list, more * item_size);
    if (grown)
        *room = more;
    return grown;
}
