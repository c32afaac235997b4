/*
 * bytes_reader.h - takes values off bytes that are not trusted; the pair of
 * buffer.h.
 *
 * After the first value that does not fit, each further one is 0 and
 * bytes_reader_failed() stays true: a loader reads a row of fields and checks
 * once. An array is checked against the bytes that are there before memory is
 * taken for it. Running out of memory is a failure too, and is told apart, so
 * that good bytes are never refused for good. Little endian. One thread.
 */
#ifndef COMMON_BYTES_READER_H
#define COMMON_BYTES_READER_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_reader {
    const uint8_t *at;
    size_t left;
    bool failed;
    bool no_memory; /* the failure was the memory's, not the bytes' */
};

uint32_t bytes_read_u32(struct bytes_reader *from);
uint64_t bytes_read_u64(struct bytes_reader *from);
double bytes_read_f64(struct bytes_reader *from);

/* Returns `size` bytes of the input itself; NULL when there are fewer. */
const uint8_t *bytes_read(struct bytes_reader *from, size_t size);

/* Reads `count` values into the caller's memory. A number that is not finite
 * is a failure, and so is a u32 that is not below `limit`; the values from
 * there on are not written. */
void bytes_read_f64_into(struct bytes_reader *from, double *values,
                         size_t count);
void bytes_read_f32_into(struct bytes_reader *from, float *values,
                         size_t count);
void bytes_read_u32_into(struct bytes_reader *from, uint32_t *values,
                         size_t count, uint32_t limit);

/* Reads `count` finite values into memory that the caller frees; NULL where
 * the reader fails. */
double *bytes_read_f64_array(struct bytes_reader *from, size_t count);

static inline bool bytes_reader_failed(const struct bytes_reader *from)
{
    return from->failed;
}

/* Reports the failure of a reader, and returns -1: ERROR_MEMORY, or
 * ERROR_FORMAT with the text `fault`. */
int bytes_reader_refuse(const struct bytes_reader *from, const char *fault,
                        struct error *err);

#endif
