/*
 * bytes_reader.h - takes values off bytes that nobody vouches for.
 *
 * After the first value that does not fit, every further one is 0 and
 * bytes_reader_failed() stays true: a loader reads a row of fields and checks
 * once. Arrays are checked against the bytes that are there before anything
 * is allocated. Little endian. One thread.
 */
#ifndef MODEL_BYTES_READER_H
#define MODEL_BYTES_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_reader {
    const uint8_t *at;
    size_t left;
    bool failed;
};

uint32_t bytes_read_u32(struct bytes_reader *from);
uint64_t bytes_read_u64(struct bytes_reader *from);
double bytes_read_f64(struct bytes_reader *from);

/* Borrowed: `size` bytes of the input; NULL when there are fewer. */
const uint8_t *bytes_read(struct bytes_reader *from, size_t size);

/* `count` values into memory that the caller frees; NULL (and failed) when
 * there are fewer, when one is not finite, or without memory. */
double *bytes_read_f64_array(struct bytes_reader *from, size_t count);
uint32_t *bytes_read_u32_array(struct bytes_reader *from, size_t count);

static inline bool bytes_reader_failed(const struct bytes_reader *from)
{
    return from->failed;
}

#endif
