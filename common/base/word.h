/*
 * word.h - eight bytes at a time, in C that any machine runs.
 *
 * A word is made of eight bytes, the first one lowest, whatever the byte order
 * of the machine: compilers make one load of it. The high bit of each byte is a
 * flag where a function says so; flags above the lowest one may be wrong,
 * because carries go upwards.
 */
#ifndef COMMON_WORD_H
#define COMMON_WORD_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORD_ONES UINT64_C(0x0101010101010101)

static inline uint64_t word_at(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 |
           (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 |
           (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

/* The same of four bytes. */
static inline uint64_t word_half(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 |
           (uint64_t)at[3] << 24;
}

/* The same where only `left` bytes may be read; zeros follow them. */
static inline uint64_t word_within(const uint8_t *at, size_t left)
{
    if (left >= 8)
        return word_at(at);
    if (left >= 4)
        return word_half(at) | word_half(at + left - 4) << (8 * (left - 4));
    if (left == 0)
        return 0;
    return (uint64_t)at[0] | (uint64_t)at[left / 2] << (8 * (left / 2)) |
           (uint64_t)at[left - 1] << (8 * (left - 1));
}

/* Writes eight bytes, the highest one first: one swap and one store, which
 * compilers do not make of shifts and eight stores. */
static inline void word_put_swapped(uint8_t *at, uint64_t word)
{
    const uint64_t swapped = htobe64(word);

    memcpy(at, &swapped, sizeof(swapped));
}

/* Each byte of the word is `byte`. */
static inline uint64_t word_of(uint8_t byte)
{
    return byte * WORD_ONES;
}

/* The number of bytes below the lowest flag; there must be one. */
static inline unsigned word_lowest(uint64_t flags)
{
    return (unsigned)__builtin_ctzll(flags) / 8;
}

/* Flags the bytes that are no decimal digit. */
static inline uint64_t word_no_digits(uint64_t word)
{
    const uint64_t digits = word ^ word_of('0');

    return ((digits + word_of(0x7f - 9)) | digits) & word_of(0x80);
}

/* The number that the first `count` bytes are, digits all; 1 to 8 of them. */
static inline uint64_t word_number(uint64_t word, unsigned count)
{
    /* Zeros in front, and then neighbours are joined three times. */
    word = (word ^ word_of('0')) << (64 - 8 * count);
    word = (word * (10 * 256 + 1)) >> 8;
    word =
        ((word & UINT64_C(0x00ff00ff00ff00ff)) * (UINT64_C(100) * 65536 + 1)) >>
        16;
    return ((word & UINT64_C(0x0000ffff0000ffff)) *
            ((UINT64_C(10000) << 32) + 1)) >>
           32;
}

#endif
