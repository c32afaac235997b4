/*
 * buffer.h - bytes that grow.
 *
 * Zeroed is empty and valid. A failed append leaves the buffer as it was and
 * marks it: one check of buffer_failed() after many appends is enough.
 */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *bytes;
    size_t size, room;
    bool failed; /* out of memory at some append */
};

void buffer_append(struct buffer *buffer, const void *data, size_t size);

/* Appends a number in little endian, on every machine. */
void buffer_append_u32(struct buffer *buffer, uint32_t value);
void buffer_append_u64(struct buffer *buffer, uint64_t value);
void buffer_append_f64(struct buffer *buffer, double value);

/* The same for `count` values, one behind the other. */
void buffer_append_f64_array(struct buffer *buffer, const double *values,
                             size_t count);
void buffer_append_f32_array(struct buffer *buffer, const float *values,
                             size_t count);
void buffer_append_u32_array(struct buffer *buffer, const uint32_t *values,
                             size_t count);

/* Makes room for `size` more bytes and returns their place; NULL when there is
 * no memory. The caller writes there and adds the number of bytes to
 * buffer->size. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);

static inline bool buffer_failed(const struct buffer *buffer)
{
    return buffer->failed;
}

/* Empties it and keeps the memory. */
static inline void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

/* Gives the memory back; the buffer is empty and valid again. */
void buffer_free(struct buffer *buffer);

#endif
