#include "common/base/buffer.h"

#include <stdlib.h>
#include <string.h>

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (size > SIZE_MAX - buffer->size)
        goto failed;

    size_t needed = buffer->size + size;
    if (needed > buffer->room || !buffer->bytes) { /* also for no bytes */
        size_t room = buffer->room < 256 ? 256 : buffer->room;
        while (room < needed)
            room = room > SIZE_MAX / 2 ? needed : room * 2;
        uint8_t *bytes = realloc(buffer->bytes, room);
        if (!bytes)
            goto failed;
        buffer->bytes = bytes;
        buffer->room = room;
    }
    return buffer->bytes + buffer->size;

failed:
    buffer->failed = true;
    return NULL;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    uint8_t *to = buffer_reserve(buffer, size);

    if (!to || size == 0)
        return;
    memcpy(to, data, size);
    buffer->size += size;
}

void buffer_append_u32(struct buffer *buffer, uint32_t value)
{
    uint8_t bytes[4];

    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    buffer_append(buffer, bytes, sizeof(bytes));
}

void buffer_append_u64(struct buffer *buffer, uint64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    buffer_append(buffer, bytes, sizeof(bytes));
}

void buffer_append_f64(struct buffer *buffer, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    buffer_append_u64(buffer, bits);
}

void buffer_append_f64_array(struct buffer *buffer, const double *values,
                             size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_append_f64(buffer, values[i]);
}

void buffer_append_f32_array(struct buffer *buffer, const float *values,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof(bits));
        buffer_append_u32(buffer, bits);
    }
}

void buffer_append_u32_array(struct buffer *buffer, const uint32_t *values,
                             size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_append_u32(buffer, values[i]);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}
