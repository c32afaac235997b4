/*
 * event_scratch.h - what one thread needs to read events: the fields that were
 * found in the newest record, and bytes of events that no record holds as such.
 *
 * Those are the text of a JSON string with escapes, or the msgpack form of an
 * id that came as JSON: events point there as they point into their record.
 * They stay where they are until event_scratch_clear(), so that a batch of
 * events can use one scratch. Zeroed is empty and valid. One thread.
 */
#ifndef COMMON_EVENT_SCRATCH_H
#define COMMON_EVENT_SCRATCH_H

#include "common/base/attributes.h"
#include "common/base/error.h"
#include "common/base/word.h"
#include "common/event/event_find.h"

#include <stddef.h>
#include <stdint.h>

/* More than any one record needs: an unescaped text for each path, and the
 * msgpack form of four of them. */
enum { EVENT_SCRATCH_ROOM = (EVENT_PLAN_MAX + 4) * (ID_TEXT_MAX + 9) };

struct event_scratch_block;

struct event_scratch {
    uint8_t *at, *end;                 /* what is free of the current block */
    struct event_scratch_block *first; /* kept until event_scratch_free() */
    struct event_scratch_block *current;
    struct event_found found; /* of the record that was read last */
    uint64_t guessed_times;   /* how many times were in a unit that was guessed;
                                 for the owner to read */
};

/* Gets a further block. Fails with ERROR_MEMORY only; the scratch is as it was
 * then. */
int event_scratch_grow(struct event_scratch *scratch,
                       struct error *err) MUST_CHECK;

/* Makes ready for one record: to be called before each. Fails as
 * event_scratch_grow() does. */
static inline int event_scratch_ready(struct event_scratch *scratch,
                                      struct error *err)
{
    return scratch->end - scratch->at < EVENT_SCRATCH_ROOM
               ? event_scratch_grow(scratch, err)
               : 0;
}

/* Forgets the bytes that were written and keeps the memory and the count. */
void event_scratch_clear(struct event_scratch *scratch);

/* The scratch is empty and valid again. */
void event_scratch_free(struct event_scratch *scratch);

/* --- Values as msgpack, of which there must be room ------------------- */

/* A head byte and then `width` bytes of the number. */
static inline struct span event_scratch_number(struct event_scratch *scratch,
                                               uint8_t head, unsigned width,
                                               uint64_t number)
{
    uint8_t *const start = scratch->at;
    const uint64_t bits = width ? number << (64 - 8 * width) : 0;

    start[0] = head;
    word_put_swapped(start + 1, bits);
    scratch->at = start + 1 + width;
    return (struct span){start, 1 + width};
}

struct span event_scratch_negative(struct event_scratch *scratch,
                                   int64_t number);

static inline struct span event_scratch_integer(struct event_scratch *scratch,
                                                int64_t number)
{
    if (number < 0)
        return event_scratch_negative(scratch, number);
    if (number < 0x80)
        return event_scratch_number(scratch, (uint8_t)number, 0, 0);
    const unsigned step = (unsigned)(number > UINT8_MAX) +
                          (unsigned)(number > UINT16_MAX) +
                          (unsigned)(number > UINT32_MAX);
    return event_scratch_number(scratch, (uint8_t)(0xcc + step), 1u << step,
                                (uint64_t)number);
}

/* Text or bytes of at most ID_TEXT_MAX. */
struct span event_scratch_text(struct event_scratch *scratch,
                               const struct cursor_value *value);

/* An id keeps its type: a number, a text, bytes. */
static inline struct span event_scratch_id(struct event_scratch *scratch,
                                           const struct cursor_value *value)
{
    return value->type == CURSOR_INTEGER
               ? event_scratch_integer(scratch, value->integer)
               : event_scratch_text(scratch, value);
}

#endif
