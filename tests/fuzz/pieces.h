/*
 * pieces.h - the bytes of a fuzzer as a row of numbers and strings. Where they
 * are used up, numbers are 0 and strings are empty.
 */
#ifndef FUZZ_PIECES_H
#define FUZZ_PIECES_H

#include <stddef.h>
#include <stdint.h>

struct pieces {
    const uint8_t *bytes;
    size_t size;
};

/* Little endian, `width` bytes. */
static inline uint64_t pieces_number(struct pieces *from, size_t width)
{
    uint64_t number = 0;

    for (size_t i = 0; i < width && from->size > 0; i++) {
        number |= (uint64_t)*from->bytes << (8 * i);
        from->bytes++;
        from->size--;
    }
    return number;
}

/* A length of `width` bytes, and as many bytes as that or as there are. */
static inline const uint8_t *pieces_bytes(struct pieces *from, size_t width,
                                          size_t *size)
{
    uint64_t wanted = pieces_number(from, width);
    const uint8_t *bytes = from->bytes;

    *size = wanted < from->size ? (size_t)wanted : from->size;
    from->bytes += *size;
    from->size -= *size;
    return bytes;
}

#endif
