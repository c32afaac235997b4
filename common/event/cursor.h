/*
 * cursor.h - takes msgpack values off bytes that nobody vouches for.
 *
 * No heap, no recursion, nothing is copied: text and bytes point into the
 * input. A count is believed only as far as there are bytes (one per element)
 * and values left (a budget of the caller's), so a few bytes cannot ask for
 * much work. One thread at a time.
 */
#ifndef COMMON_CURSOR_H
#define COMMON_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CURSOR_DEPTH_MAX = 8 }; /* containers within containers */

enum cursor_fault {
    CURSOR_OK,
    CURSOR_TRUNCATED, /* ends inside a value */
    CURSOR_INVALID,   /* 0xc1, the byte that msgpack does not have */
    CURSOR_TOO_DEEP,
    CURSOR_TOO_MANY, /* values */
};

enum cursor_type {
    CURSOR_NIL,
    CURSOR_BOOL,
    CURSOR_INTEGER,
    CURSOR_HUGE, /* an integer above INT64_MAX */
    CURSOR_FLOAT,
    CURSOR_TEXT,
    CURSOR_BYTES,
    CURSOR_EXTENSION,
    CURSOR_ARRAY, /* its elements, */
    CURSOR_MAP,   /* or keys and values in turn, are the next values */
};

struct cursor_value {
    enum cursor_type type;
    int8_t extension; /* the type of an extension */
    uint32_t size;    /* text, bytes, extension: bytes; array, map: entries */
    union {
        bool boolean;
        int64_t integer;
        uint64_t huge;
        double real;
        const uint8_t *bytes; /* text, bytes, extension */
    };
};

struct cursor {
    const uint8_t *at, *end;
    uint32_t values_left;
};

static inline struct cursor cursor_over(const uint8_t *bytes, size_t size,
                                        uint32_t values_max)
{
    return (struct cursor){bytes, bytes + size, values_max};
}

static inline bool cursor_at_end(const struct cursor *cursor)
{
    return cursor->at == cursor->end;
}

static inline bool cursor_is_container(const struct cursor_value *value)
{
    return value->type >= CURSOR_ARRAY;
}

/* By the head byte: how many bytes a value takes up, its head included; 0 where
 * more than the head is needed to know, of a container, and of 0xc1. */
extern const uint8_t cursor_sizes[256];

/* Takes one value; of a container only its head. */
enum cursor_fault cursor_take_any(struct cursor *cursor,
                                  struct cursor_value *out);

/* Takes the contents of a container just taken. `depth` is the number of
 * containers that are open there, that one included. */
enum cursor_fault cursor_skip_contents(struct cursor *cursor,
                                       const struct cursor_value *container,
                                       unsigned depth);

/* Big endian, as all of msgpack. */
static inline uint64_t cursor_big_endian(const uint8_t *at, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value = value << 8 | at[i];
    return value;
}

/* The same of eight bytes: compilers make one load and one swap of it. */
static inline uint64_t cursor_u64(const uint8_t *b)
{
    return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
           (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
           (uint64_t)b[6] << 8 | (uint64_t)b[7];
}

/* Reads a value that is wholly there, if it is one of those that nearly every
 * event is made of: short text, and whole numbers from 0. `left` is the number
 * of bytes from its head on. */
static inline bool cursor_read_usual(const uint8_t *at, size_t left,
                                     struct cursor_value *out)
{
    const uint8_t head = *at;

    if ((head & 0xe0) == 0xa0) {
        out->type = CURSOR_TEXT;
        out->size = head & 0x1f;
        out->bytes = at + 1;
        return true;
    }
    if ((head & 0xfc) == 0xcc && left > 8 && !(at[1] & 0x80)) {
        out->type = CURSOR_INTEGER;
        out->integer =
            (int64_t)(cursor_u64(at + 1) >> (64 - (8u << (head & 3))));
        return true;
    }
    if (head >= 0x80)
        return false;
    out->type = CURSOR_INTEGER;
    out->integer = head;
    return true;
}

/* The values that nearly every event is made of, without a call: short text,
 * and unsigned integers with room to read eight bytes at once. */
static inline enum cursor_fault cursor_take(struct cursor *cursor,
                                            struct cursor_value *out)
{
    const uint8_t *at = cursor->at;
    const size_t left = (size_t)(cursor->end - at);

    if (left > 0 && cursor->values_left > 0) {
        const uint8_t head = *at;
        if ((head & 0xe0) == 0xa0 && left > (head & 0x1fu)) {
            out->type = CURSOR_TEXT;
            out->size = head & 0x1f;
            out->bytes = at + 1;
            cursor->at = at + 1 + out->size;
            cursor->values_left--;
            return CURSOR_OK;
        }
        if ((head & 0xfc) == 0xcc && left > 8 && !(at[1] & 0x80)) {
            const unsigned width = 1u << (head & 3);
            const uint64_t value = cursor_u64(at + 1);
            out->type = CURSOR_INTEGER;
            out->integer = (int64_t)(value >> (64 - 8 * width));
            cursor->at = at + 1 + width;
            cursor->values_left--;
            return CURSOR_OK;
        }
    }
    return cursor_take_any(cursor, out);
}

#endif
