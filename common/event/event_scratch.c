#include "common/event/event_scratch.h"

#include <stdlib.h>
#include <string.h>

struct event_scratch_block {
    struct event_scratch_block *next;
    uint8_t bytes[16 * EVENT_SCRATCH_ROOM];
};

static void use(struct event_scratch *scratch,
                struct event_scratch_block *block)
{
    scratch->current = block;
    scratch->at = block ? block->bytes : NULL;
    scratch->end = block ? block->bytes + sizeof(block->bytes) : NULL;
}

int event_scratch_grow(struct event_scratch *scratch, struct error *err)
{
    struct event_scratch_block **next =
        scratch->current ? &scratch->current->next : &scratch->first;

    if (!*next) {
        *next = malloc(sizeof(**next));
        if (!*next)
            return error_no_memory(err, "the texts of events");
        (*next)->next = NULL;
    }
    use(scratch, *next);
    return 0;
}

void event_scratch_clear(struct event_scratch *scratch)
{
    use(scratch, scratch->first);
}

void event_scratch_free(struct event_scratch *scratch)
{
    while (scratch->first) {
        struct event_scratch_block *block = scratch->first;
        scratch->first = block->next;
        free(block);
    }
    use(scratch, NULL);
}

/* --- Values as msgpack ------------------------------------------------ */

struct span event_scratch_negative(struct event_scratch *scratch,
                                   int64_t number)
{
    const uint64_t bits = (uint64_t)number;

    if (number >= -32)
        return event_scratch_number(scratch, (uint8_t)bits, 0, 0);
    if (number >= INT8_MIN)
        return event_scratch_number(scratch, 0xd0, 1, bits);
    if (number >= INT16_MIN)
        return event_scratch_number(scratch, 0xd1, 2, bits);
    if (number >= INT32_MIN)
        return event_scratch_number(scratch, 0xd2, 4, bits);
    return event_scratch_number(scratch, 0xd3, 8, bits);
}

struct span event_scratch_text(struct event_scratch *scratch,
                               const struct cursor_value *value)
{
    uint8_t *const start = scratch->at;

    if (value->type == CURSOR_BYTES)
        *scratch->at++ = 0xc4;
    else if (value->size >= 32)
        *scratch->at++ = 0xd9;
    *scratch->at++ = (uint8_t)(value->type == CURSOR_TEXT && value->size < 32
                                   ? 0xa0 | value->size
                                   : value->size);
    memcpy(scratch->at, value->bytes, value->size);
    scratch->at += value->size;
    return (struct span){start, (uint32_t)(scratch->at - start)};
}
