#include "common/base/bytes_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const uint8_t *bytes_read(struct bytes_reader *from, size_t size)
{
    if (from->failed || size > from->left) {
        from->failed = true;
        return NULL;
    }
    const uint8_t *at = from->at;
    from->at += size;
    from->left -= size;
    return at;
}

static uint32_t u32_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
           (uint32_t)at[3] << 24;
}

static uint64_t u64_at(const uint8_t *at)
{
    return u32_at(at) | (uint64_t)u32_at(at + 4) << 32;
}

static double f64_at(const uint8_t *at)
{
    uint64_t bits = u64_at(at);
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

uint32_t bytes_read_u32(struct bytes_reader *from)
{
    const uint8_t *at = bytes_read(from, 4);

    return at ? u32_at(at) : 0;
}

uint64_t bytes_read_u64(struct bytes_reader *from)
{
    const uint8_t *at = bytes_read(from, 8);

    return at ? u64_at(at) : 0;
}

double bytes_read_f64(struct bytes_reader *from)
{
    const uint8_t *at = bytes_read(from, 8);

    return at ? f64_at(at) : 0;
}

/* The bytes of `count` values of `width`, or NULL when there are fewer. */
static const uint8_t *take_array(struct bytes_reader *from, size_t count,
                                 size_t width)
{
    if (count > from->left / width) {
        from->failed = true;
        return NULL;
    }
    return bytes_read(from, count * width);
}

double *bytes_read_f64_array(struct bytes_reader *from, size_t count)
{
    const uint8_t *at = take_array(from, count, 8);
    double *values = at ? malloc((count + 1) * sizeof(*values)) : NULL;

    if (!values) {
        from->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = f64_at(at + 8 * i);
        if (!isfinite(values[i]))
            from->failed = true;
    }
    if (!from->failed)
        return values;
    free(values);
    return NULL;
}

uint32_t *bytes_read_u32_array(struct bytes_reader *from, size_t count)
{
    const uint8_t *at = take_array(from, count, 4);
    uint32_t *values = at ? malloc((count + 1) * sizeof(*values)) : NULL;

    if (!values) {
        from->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        values[i] = u32_at(at + 4 * i);
    return values;
}
