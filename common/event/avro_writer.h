/*
 * avro_writer.h - puts the elements of Avro's binary form where there is room
 * for them.
 *
 * Each function writes at `at` and returns the place behind what it wrote. The
 * caller has reserved the room: AVRO_LONG_MAX bytes for a number, and as many
 * more as a text has. No state: any thread.
 */
#ifndef COMMON_AVRO_WRITER_H
#define COMMON_AVRO_WRITER_H

#include "common/base/word.h"
#include "common/event/event_schemas.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { AVRO_LONG_MAX = 10, AVRO_DOUBLE_SIZE = 8 };

/* The zero and the number of the schema, as Confluent's serializers write them.
 */
static inline uint8_t *avro_put_head(uint8_t *at, uint32_t schema)
{
    *at++ = 0;
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(schema >> shift);
    return at;
}

/* Seven bits a byte, the lowest first; the lowest bit is the sign. */
static inline uint8_t *avro_put_long(uint8_t *at, int64_t number)
{
    uint64_t bits = (uint64_t)number << 1 ^ (0 - (uint64_t)(number < 0));

    for (; bits >= 0x80; bits >>= 7)
        *at++ = (uint8_t)(bits | 0x80);
    *at++ = (uint8_t)bits;
    return at;
}

/* The number of a branch or symbol, which is below 64. */
static inline uint8_t *avro_put_choice(uint8_t *at, unsigned choice)
{
    *at++ = (uint8_t)(choice << 1);
    return at;
}

static inline uint8_t *avro_put_fixed(uint8_t *at, const void *bytes,
                                      size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

/* A string, or bytes. */
static inline uint8_t *avro_put_text(uint8_t *at, const void *bytes,
                                     size_t size)
{
    return avro_put_fixed(avro_put_long(at, (int64_t)size), bytes, size);
}

/* The eight bytes of the number, the lowest first. */
static inline uint8_t *avro_put_double(uint8_t *at, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    bits = htole64(bits);
    return avro_put_fixed(at, &bits, sizeof(bits));
}

#endif
