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

/* --- Values as msgpack -----------------------------------------------------
 */

/* Puts the head byte and then `width` bytes of the number, big endian. */
static void put_number(struct event_scratch *scratch, uint8_t head,
                       unsigned width, uint64_t number)
{
    *scratch->at++ = head;
    while (width-- > 0)
        *scratch->at++ = (uint8_t)(number >> (8 * width));
}

static void put_integer(struct event_scratch *scratch, int64_t number)
{
    const uint64_t bits = (uint64_t)number;

    if (number >= 0) {
        if (number < 0x80)
            *scratch->at++ = (uint8_t)number;
        else if (number <= UINT8_MAX)
            put_number(scratch, 0xcc, 1, bits);
        else if (number <= UINT16_MAX)
            put_number(scratch, 0xcd, 2, bits);
        else if (number <= UINT32_MAX)
            put_number(scratch, 0xce, 4, bits);
        else
            put_number(scratch, 0xcf, 8, bits);
    } else if (number >= -32) {
        *scratch->at++ = (uint8_t)bits;
    } else if (number >= INT8_MIN) {
        put_number(scratch, 0xd0, 1, bits);
    } else if (number >= INT16_MIN) {
        put_number(scratch, 0xd1, 2, bits);
    } else if (number >= INT32_MIN) {
        put_number(scratch, 0xd2, 4, bits);
    } else {
        put_number(scratch, 0xd3, 8, bits);
    }
}

struct span event_scratch_integer(struct event_scratch *scratch, int64_t number)
{
    uint8_t *const start = scratch->at;

    put_integer(scratch, number);
    return (struct span){start, (uint32_t)(scratch->at - start)};
}

struct span event_scratch_id(struct event_scratch *scratch,
                             const struct cursor_value *value)
{
    uint8_t *const start = scratch->at;

    if (value->type == CURSOR_INTEGER) {
        put_integer(scratch, value->integer);
    } else {
        if (value->type == CURSOR_BYTES)
            put_number(scratch, 0xc4, 1, value->size);
        else if (value->size < 32)
            *scratch->at++ = (uint8_t)(0xa0 | value->size);
        else
            put_number(scratch, 0xd9, 1, value->size);
        memcpy(scratch->at, value->bytes, value->size);
        scratch->at += value->size;
    }
    return (struct span){start, (uint32_t)(scratch->at - start)};
}
