#include "common/event/avro_cursor.h"

enum event_fault avro_take_long_rest(struct avro_cursor *cursor, uint64_t *out)
{
    uint64_t bits = *out & 0x7f;

    for (unsigned shift = 7; cursor->at < cursor->end; shift += 7) {
        const uint8_t byte = *cursor->at++;
        if (shift == 63 && byte > 1)
            return EVENT_INVALID;
        bits |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = bits;
            return EVENT_OK;
        }
    }
    return EVENT_TRUNCATED;
}

/* Little endian. */
static uint64_t fixed_bits(const uint8_t *at, unsigned width)
{
    uint64_t bits = 0;

    for (unsigned i = width; i-- > 0;)
        bits = bits << 8 | at[i];
    return bits;
}

enum event_fault avro_take_float(struct avro_cursor *cursor, double *out)
{
    const uint8_t *const at = cursor->at;
    float single;
    enum event_fault fault = avro_pass(cursor, sizeof(single));

    if (fault != EVENT_OK)
        return fault;
    const uint32_t bits = (uint32_t)fixed_bits(at, sizeof(single));
    memcpy(&single, &bits, sizeof(single));
    *out = (double)single;
    return EVENT_OK;
}

enum event_fault avro_take_double(struct avro_cursor *cursor, double *out)
{
    const uint8_t *const at = cursor->at;
    enum event_fault fault = avro_pass(cursor, sizeof(*out));

    if (fault != EVENT_OK)
        return fault;
    const uint64_t bits = fixed_bits(at, sizeof(*out));
    memcpy(out, &bits, sizeof(bits));
    return EVENT_OK;
}

enum event_fault avro_take_block(struct avro_cursor *cursor, unsigned each,
                                 uint32_t *count, int64_t *size)
{
    int64_t entries;
    enum event_fault fault = avro_take_long(cursor, &entries);

    *size = -1;
    if (fault == EVENT_OK && entries < 0) {
        fault = avro_take_long(cursor, size);
        if (fault == EVENT_OK && (*size < 0 || entries == INT64_MIN))
            fault = EVENT_INVALID;
        entries = fault == EVENT_OK ? -entries : 0;
    }
    if (fault != EVENT_OK)
        return fault;
    if (entries > cursor->values_left / each)
        return EVENT_TOO_MANY;
    cursor->values_left -= (uint32_t)entries * each;
    *count = (uint32_t)entries;
    return EVENT_OK;
}
