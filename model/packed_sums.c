#include "model/packed_sums.h"

static unsigned bits_of(uint64_t largest)
{
    unsigned bits = 0;

    for (; largest > 0; largest >>= 1)
        bits++;
    return bits;
}

static unsigned bits_needed(uint64_t pairs, uint64_t span)
{
    return bits_of(pairs) + 2 * bits_of(pairs * span) +
           3 * bits_of(pairs * span * span);
}

struct packing packing_of(double base, unsigned span)
{
    struct packing packing = {.base = base, .pairs = 1};

    while (bits_needed(packing.pairs + 1, span) <= 64 &&
           packing.pairs < UINT16_MAX)
        packing.pairs++;
    unsigned sum = bits_of(packing.pairs * span);
    unsigned square = bits_of(packing.pairs * span * span);
    packing.r_at = bits_of(packing.pairs);
    packing.q_at = packing.r_at + sum;
    packing.rr_at = packing.q_at + sum;
    packing.qq_at = packing.rr_at + square;
    packing.rq_at = packing.qq_at + square;
    for (uint64_t r = 0; r <= span; r++)
        for (uint64_t q = 0; q <= span; q++)
            packing.word[r][q] = 1 | r << packing.r_at | q << packing.q_at |
                                 (r * r) << packing.rr_at |
                                 (q * q) << packing.qq_at |
                                 (r * q) << packing.rq_at;
    return packing;
}

static double field(uint64_t word, unsigned first, unsigned behind)
{
    return (double)(int64_t)(word >> first &
                             ((UINT64_C(1) << (behind - first)) - 1));
}

/* sum (b + r)^2 = n b^2 + 2 b sum r + sum r^2, and so on. */
void packing_unpack(const struct packing *packing, uint64_t word,
                    struct sums *to)
{
    const struct packing *at = packing;
    double b = packing->base;
    double n = field(word, 0, at->r_at);
    double r = field(word, at->r_at, at->q_at);
    double q = field(word, at->q_at, at->rr_at);

    to->n += n;
    to->r += r + n * b;
    to->q += q + n * b;
    to->rr += field(word, at->rr_at, at->qq_at) + 2 * b * r + n * b * b;
    to->qq += field(word, at->qq_at, at->rq_at) + 2 * b * q + n * b * b;
    to->rq += (double)(int64_t)(word >> at->rq_at) + b * (r + q) + n * b * b;
}
