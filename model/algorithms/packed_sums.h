/*
 * packed_sums.h - the six sums that compare two lists of small integers, all
 * in one 64-bit word, so that a pair of ratings is one addition.
 *
 * Labels come as codes 0..CODE_MAX above the lowest label, which keeps the
 * fields narrow; the sums of the labels themselves follow from those of the
 * codes. Everything is an integer that a double holds exactly: any order of
 * additions gives the bits that doubles would have given.
 */
#ifndef MODEL_PACKED_SUMS_H
#define MODEL_PACKED_SUMS_H

#include "model/rows/co_rated.h"

#include <stdint.h>

struct packing {
    double base;    /* the label with code 0 */
    uint64_t pairs; /* the most pairs that overflow no field */
    unsigned r_at, q_at, rr_at, qq_at, rq_at, end; /* first bits; n's is 0 */
    uint64_t word[CODE_MAX + 1][CODE_MAX + 1];     /* one pair, by both codes */
};

/* For labels base..base + span. */
struct packing packing_of(double base, unsigned span);

/* Several sums, as columns for the machine to work on side by side. */
enum { COLUMNS = 64 };
struct sum_columns {
    double n[COLUMNS], r[COLUMNS], q[COLUMNS];
    double rr[COLUMNS], qq[COLUMNS], rq[COLUMNS];
};

/* Unpacks COLUMNS words. */
void packing_unpack(const struct packing *packing, const uint64_t *words,
                    struct sum_columns *to);

#endif
