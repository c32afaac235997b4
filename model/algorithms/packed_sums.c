#include "model/algorithms/packed_sums.h"

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
    packing.end = packing.rq_at + square;
    for (uint64_t r = 0; r <= span; r++)
        for (uint64_t q = 0; q <= span; q++)
            packing.word[r][q] = 1 | r << packing.r_at | q << packing.q_at |
                                 (r * r) << packing.rr_at |
                                 (q * q) << packing.qq_at |
                                 (r * q) << packing.rq_at;
    return packing;
}

/* No field has more than 16 bits: conversions from int32_t have vectors. */
static void unpack_field(const uint64_t *words, unsigned first, unsigned behind,
                         double *to)
{
    const uint64_t mask = (UINT64_C(1) << (behind - first)) - 1;
    int32_t field[COLUMNS];

    for (int i = 0; i < COLUMNS; i++)
        field[i] = (int32_t)(words[i] >> first & mask);
    for (int i = 0; i < COLUMNS; i++)
        to[i] = field[i];
}

/* sum (b + r)^2 = n b^2 + 2 b sum r + sum r^2, and so on. */
static void add_base(double b, struct sum_columns *to)
{
    for (int i = 0; i < COLUMNS; i++) {
        double n = to->n[i], r = to->r[i], q = to->q[i];
        to->r[i] = r + n * b;
        to->q[i] = q + n * b;
        to->rr[i] += 2 * b * r + n * b * b;
        to->qq[i] += 2 * b * q + n * b * b;
        to->rq[i] += b * (r + q) + n * b * b;
    }
}

void packing_unpack(const struct packing *packing, const uint64_t *words,
                    struct sum_columns *to)
{
    const struct packing *at = packing;

    unpack_field(words, 0, at->r_at, to->n);
    unpack_field(words, at->r_at, at->q_at, to->r);
    unpack_field(words, at->q_at, at->rr_at, to->q);
    unpack_field(words, at->rr_at, at->qq_at, to->rr);
    unpack_field(words, at->qq_at, at->rq_at, to->qq);
    unpack_field(words, at->rq_at, at->end, to->rq);
    add_base(packing->base, to);
}
