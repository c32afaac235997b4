#include "common/event/cursor.h"

#include <assert.h>
#include <string.h>

const uint8_t cursor_sizes[256] = {
    1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,
    1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,
    1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,
    1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,
    1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,
    1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,
    1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  0,  0,  0,  0,  0,
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
    0,  0,  0,  0,  0,  0,  0,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
    12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    31, 32, 1,  0,  1,  1,  0,  0,  0,  0,  0,  0,  5,  9,  2,  3,  5,  9,  2,
    3,  5,  9,  3,  4,  6,  10, 18, 0,  0,  0,  0,  0,  0,  0,  1,  1,  1,  1,
    1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,
    1,  1,  1,  1,  1,  1,  1,  1,  1};

/* The `width` bytes behind the head byte. */
static bool take_number(struct cursor *cursor, unsigned width, uint64_t *out)
{
    if ((size_t)(cursor->end - cursor->at) < width)
        return false;
    *out = cursor_big_endian(cursor->at, width);
    cursor->at += width;
    return true;
}

static enum cursor_fault take_unsigned(struct cursor *cursor, unsigned width,
                                       struct cursor_value *out)
{
    uint64_t value;

    if (!take_number(cursor, width, &value))
        return CURSOR_TRUNCATED;
    if (value > INT64_MAX) {
        out->type = CURSOR_HUGE;
        out->huge = value;
    } else {
        out->type = CURSOR_INTEGER;
        out->integer = (int64_t)value;
    }
    return CURSOR_OK;
}

static enum cursor_fault take_signed(struct cursor *cursor, unsigned width,
                                     struct cursor_value *out)
{
    uint64_t value;

    if (!take_number(cursor, width, &value))
        return CURSOR_TRUNCATED;
    uint64_t sign = (uint64_t)1 << (8 * width - 1);
    out->type = CURSOR_INTEGER;
    out->integer = (int64_t)((value ^ sign) - sign);
    return CURSOR_OK;
}

static enum cursor_fault take_float(struct cursor *cursor, unsigned width,
                                    struct cursor_value *out)
{
    uint64_t bits;

    if (!take_number(cursor, width, &bits))
        return CURSOR_TRUNCATED;
    out->type = CURSOR_FLOAT;
    if (width == sizeof(double)) {
        memcpy(&out->real, &bits, sizeof(double));
    } else {
        uint32_t half = (uint32_t)bits;
        float value;
        memcpy(&value, &half, sizeof(value));
        out->real = (double)value;
    }
    return CURSOR_OK;
}

static enum cursor_fault take_bytes(struct cursor *cursor,
                                    enum cursor_type type, uint64_t size,
                                    struct cursor_value *out)
{
    if (size > (size_t)(cursor->end - cursor->at))
        return CURSOR_TRUNCATED;
    out->type = type;
    out->size = (uint32_t)size;
    out->bytes = cursor->at;
    cursor->at += size;
    return CURSOR_OK;
}

static enum cursor_fault take_extension(struct cursor *cursor, uint64_t size,
                                        struct cursor_value *out)
{
    uint64_t type;

    if (!take_number(cursor, 1, &type))
        return CURSOR_TRUNCATED;
    out->extension = (int8_t)type;
    return take_bytes(cursor, CURSOR_EXTENSION, size, out);
}

static uint64_t contents(const struct cursor_value *container)
{
    return (uint64_t)container->size << (container->type == CURSOR_MAP);
}

/* An element is a byte at least. */
static enum cursor_fault take_container(struct cursor *cursor,
                                        enum cursor_type type, uint64_t size,
                                        struct cursor_value *out)
{
    out->type = type;
    out->size = (uint32_t)size;
    if (contents(out) > (size_t)(cursor->end - cursor->at))
        return CURSOR_TRUNCATED;
    if (contents(out) > cursor->values_left)
        return CURSOR_TOO_MANY;
    return CURSOR_OK;
}

/* A size of `width` bytes, and then what it is the size of. */
static enum cursor_fault take_sized(struct cursor *cursor,
                                    enum cursor_type type, unsigned width,
                                    struct cursor_value *out)
{
    uint64_t size;

    if (!take_number(cursor, width, &size))
        return CURSOR_TRUNCATED;
    if (type == CURSOR_EXTENSION)
        return take_extension(cursor, size, out);
    if (type >= CURSOR_ARRAY)
        return take_container(cursor, type, size, out);
    return take_bytes(cursor, type, size, out);
}

/* Heads 0xc0 to 0xdf. */
static enum cursor_fault take_tagged(struct cursor *cursor, uint8_t head,
                                     struct cursor_value *out)
{
    switch (head) {
    case 0xc0:
        out->type = CURSOR_NIL;
        return CURSOR_OK;
    case 0xc2:
    case 0xc3:
        out->type = CURSOR_BOOL;
        out->boolean = head == 0xc3;
        return CURSOR_OK;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return take_sized(cursor, CURSOR_BYTES, 1u << (head - 0xc4), out);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return take_sized(cursor, CURSOR_EXTENSION, 1u << (head - 0xc7), out);
    case 0xca:
    case 0xcb:
        return take_float(cursor, head == 0xca ? 4 : 8, out);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return take_unsigned(cursor, 1u << (head - 0xcc), out);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return take_signed(cursor, 1u << (head - 0xd0), out);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        return take_extension(cursor, 1u << (head - 0xd4), out);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return take_sized(cursor, CURSOR_TEXT, 1u << (head - 0xd9), out);
    case 0xdc:
    case 0xdd:
        return take_sized(cursor, CURSOR_ARRAY, head == 0xdc ? 2 : 4, out);
    case 0xde:
    case 0xdf:
        return take_sized(cursor, CURSOR_MAP, head == 0xde ? 2 : 4, out);
    default:
        return CURSOR_INVALID;
    }
}

enum cursor_fault cursor_take_any(struct cursor *cursor,
                                  struct cursor_value *out)
{
    if (cursor->at == cursor->end)
        return CURSOR_TRUNCATED;
    if (cursor->values_left == 0)
        return CURSOR_TOO_MANY;
    cursor->values_left--;

    uint8_t head = *cursor->at++;
    if (head < 0x80 || head >= 0xe0) {
        out->type = CURSOR_INTEGER;
        out->integer = head < 0x80 ? head : head - 0x100;
        return CURSOR_OK;
    }
    if (head >= 0xc0)
        return take_tagged(cursor, head, out);
    if (head >= 0xa0)
        return take_bytes(cursor, CURSOR_TEXT, head & 0x1f, out);
    return take_container(cursor, head < 0x90 ? CURSOR_MAP : CURSOR_ARRAY,
                          head & 0x0f, out);
}

enum cursor_fault cursor_skip_contents(struct cursor *cursor,
                                       const struct cursor_value *container,
                                       unsigned depth)
{
    uint64_t left[CURSOR_DEPTH_MAX];
    unsigned open = 0; /* index of the innermost container */

    assert(cursor_is_container(container));
    if (depth > CURSOR_DEPTH_MAX)
        return CURSOR_TOO_DEEP;
    left[0] = contents(container);
    for (;;) {
        struct cursor_value value;

        while (left[open] == 0) {
            if (open == 0)
                return CURSOR_OK;
            open--;
        }
        left[open]--;
        enum cursor_fault fault = cursor_take(cursor, &value);
        if (fault != CURSOR_OK)
            return fault;
        if (!cursor_is_container(&value))
            continue;
        if (depth + open + 1 > CURSOR_DEPTH_MAX)
            return CURSOR_TOO_DEEP;
        left[++open] = contents(&value);
    }
}
