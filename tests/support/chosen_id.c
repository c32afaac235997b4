#include "support/chosen_id.h"

/* The number whose product with the odd `factor` is 1, modulo 2^64: Newton's
 * iteration doubles the number of right bits. */
static uint64_t inverse(uint64_t factor)
{
    uint64_t x = factor;

    for (int i = 0; i < 6; i++)
        x *= 2 - factor * x;
    return x;
}

static uint64_t unshift(uint64_t x, int bits)
{
    uint64_t out = x;

    for (int done = bits; done < 64; done += bits)
        out = x ^ (out >> bits);
    return out;
}

/* random_mix() backwards. */
static uint64_t unmix(uint64_t x)
{
    x = unshift(x, 31) * inverse(0x94d049bb133111ebu);
    x = unshift(x, 27) * inverse(0xbf58476d1ce4e5b9u);
    return unshift(x, 30);
}

struct id chosen_id(uint32_t i)
{
    uint64_t hash = (uint64_t)i << 40;

    return id_from_number((int64_t)(unmix(hash) - 0x9e3779b97f4a7c15u));
}
