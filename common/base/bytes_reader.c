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

void bytes_read_f64_into(struct bytes_reader *from, double *values,
                         size_t count)
{
    for (size_t i = 0; i < count && !from->failed; i++) {
        values[i] = bytes_read_f64(from);
        if (!isfinite(values[i]))
            from->failed = true;
    }
}

void bytes_read_f32_into(struct bytes_reader *from, float *values, size_t count)
{
    for (size_t i = 0; i < count && !from->failed; i++) {
        uint32_t bits = bytes_read_u32(from);
        memcpy(&values[i], &bits, sizeof(bits));
        if (!isfinite(values[i]))
            from->failed = true;
    }
}

void bytes_read_u32_into(struct bytes_reader *from, uint32_t *values,
                         size_t count, uint32_t limit)
{
    for (size_t i = 0; i < count && !from->failed; i++) {
        values[i] = bytes_read_u32(from);
        if (values[i] >= limit)
            from->failed = true;
    }
}

double *bytes_read_f64_array(struct bytes_reader *from, size_t count)
{
    if (count > from->left / 8)
        from->failed = true;
    if (from->failed)
        return NULL;
    double *values = malloc((count + 1) * sizeof(*values));
    if (!values) {
        from->failed = from->no_memory = true;
        return NULL;
    }
    bytes_read_f64_into(from, values, count);
    if (!from->failed)
        return values;
    free(values);
    return NULL;
}

int bytes_reader_refuse(const struct bytes_reader *from, const char *fault,
                        struct error *err)
{
    if (from->no_memory)
        return error_no_memory(err, "the values of a file");
    return error_set(err, ERROR_FORMAT, "%s", fault);
}
