#include "common/base/id.h"

#include "common/base/random.h"
#include "common/base/utf8.h"

#include <sodium.h>

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

struct id id_from_numeral(const char *text, size_t size)
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

struct id_key id_key_random(void)
{
    struct id_key key;

    randombytes_buf(&key, sizeof(key));
    return key;
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

uint64_t id_keyed_hash(const struct id *id, const struct id_key *key)
{
    struct sip s = {key->words[0] ^ 0x736f6d6570736575u,
                    key->words[1] ^ 0x646f72616e646f6du,
                    key->words[0] ^ 0x6c7967656e657261u,
                    key->words[1] ^ 0x7465646279746573u};
    uint64_t last = (uint64_t)8 << 56; /* the length and the last bytes */

    if (id->text) {
        uint32_t at = 0;
        last = (uint64_t)id->size << 56;
        for (; at + 8 <= id->size; at += 8) {
            uint64_t word;
            memcpy(&word, id->text + at, sizeof(word));
            sip_word(&s, word);
        }
        for (uint32_t shift = 0; at < id->size; at++, shift += 8)
            last |= (uint64_t)(uint8_t)id->text[at] << shift;
    } else {
        sip_word(&s, (uint64_t)id->number);
    }
    sip_word(&s, last);
    s.v2 ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
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

size_t id_print_safe(const struct id *id, char out[ID_SAFE_SIZE])
{
    char text[ID_PRINT_SIZE];
    size_t size = id_print(id, text);

    return utf8_print(text, size, out);
}
