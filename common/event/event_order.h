/*
 * event_order.h - the names that the fields of the last record had, in their
 * order.
 *
 * A producer writes its fields in one order, again and again. So the bytes of
 * the n-th name of a record, with all that stands around it, are nearly always
 * those of the n-th name before, and what those meant they mean again: two
 * comparisons of eight bytes are enough. What is remembered is what the same
 * bytes in the same place always come to, so it is never wrong, whatever comes
 * next. Zeroed is empty. One thread at a time.
 */
#ifndef COMMON_EVENT_ORDER_H
#define COMMON_EVENT_ORDER_H

#include "common/base/word.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EVENT_ORDER_MAX = 32,      /* names of a record; more are not remembered */
    EVENT_ORDER_BYTES_MAX = 16 /* of a name and what is around it; likewise */
};

struct event_known {
    uint64_t first, last; /* eight bytes, and the last eight; of a shorter name
                             both are its bytes */
    uint64_t mask;        /* of the bytes that count */
    uint32_t paths;       /* those that lead through this name */
    uint32_t value_size;  /* of the last value behind it */
    uint8_t place;        /* where it is known to stand; 0: nothing is known */
    uint8_t size, offset; /* of `last` */
};

struct event_order {
    struct event_known known[EVENT_ORDER_MAX];
};

/* What a walk knows about where it is, in a number that is not 0. `depth` is
 * the number of open containers. */
static inline uint8_t event_order_place(unsigned depth, bool is_json,
                                        bool is_first)
{
    return (uint8_t)(depth << 2 | (unsigned)is_json << 1 | is_first);
}

/* Is the name at `at` in this place the known one? */
static inline bool event_known_is(const struct event_known *known,
                                  uint8_t place, const uint8_t *at, size_t left)
{
    if (known->place != place || left < known->size)
        return false;
    if (left < 8)
        return ((word_within(at, left) ^ known->first) & known->mask) == 0;
    return (((word_at(at) ^ known->first) |
             (word_at(at + known->offset) ^ known->last)) &
            known->mask) == 0;
}

/* The byte behind a value of `size` bytes that stands behind the known name.
 * Most values are as long as the last one. To a processor that guesses so, what
 * comes next does not wait until the end of this value is found; hence the size
 * that is known is read again, and not the one that was found. */
static inline const uint8_t *event_known_behind(struct event_known *known,
                                                const uint8_t *value,
                                                uint32_t size)
{
    const volatile uint32_t *const usual = &known->value_size;

    if (*usual == size)
        return value + *usual;
    known->value_size = size;
    return value + size;
}

/* Remembers a name whose `size` bytes at `at` have been taken in this place and
 * that these paths lead through. */
void event_known_set(struct event_known *known, uint8_t place,
                     const uint8_t *at, size_t size, unsigned paths);

#endif
