#include "common/base/id.h"

#include "common/base/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Reads a canonical decimal int64: no plus sign, no leading zero, no "-0". */
static bool parse_canonical(const char *text, size_t size, int64_t *out)
{
    size_t at = size > 0 && text[0] == '-';
    size_t digits = size - at;

    if (digits == 0 || digits > 19)
        return false;
    if (text[at] == '0' && (digits > 1 || at))
        return false;

    uint64_t value = 0;
    for (; at < size; at++) {
        unsigned digit = (unsigned)(unsigned char)text[at] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit; /* 19 digits fit in 64 bits */
    }

    bool negative = text[0] == '-';
    if (value > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

struct id id_from_text(const char *text, size_t size)
{
    int64_t number;

    if (parse_canonical(text, size, &number))
        return id_from_number(number);
    return (struct id){.text = text, .size = (uint32_t)size};
}

bool id_equal(const struct id *a, const struct id *b)
{
    if (!a->text || !b->text)
        return !a->text && !b->text && a->number == b->number;
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

uint64_t id_hash(const struct id *id)
{
    if (!id->text)
        return random_mix((uint64_t)id->number + 0x9e3779b97f4a7c15u);

    uint64_t hash = 0x9e3779b97f4a7c15u * (id->size + 1);
    for (uint32_t at = 0; at < id->size; at += 8) {
        uint64_t word = 0;
        uint32_t left = id->size - at;
        memcpy(&word, id->text + at, left < 8 ? left : 8);
        hash = random_mix(hash ^ word);
    }
    return hash;
}

size_t id_print(const struct id *id, char out[ID_PRINT_SIZE])
{
    if (!id->text) {
        int length = snprintf(out, ID_PRINT_SIZE, "%" PRId64, id->number);
        return length < 0 ? 0 : (size_t)length;
    }
    memcpy(out, id->text, id->size);
    out[id->size] = '\0';
    return id->size;
}
