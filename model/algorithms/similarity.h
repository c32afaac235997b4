/*
 * similarity.h - how alike two users (or two items) are, by what both rated.
 *
 * Source: Surprise 1.1.4. Over the pairs of ratings r, r' of x and x' for the
 * same y (all combinations where a pair has several rows), n of them:
 *
 *   msd      1 / (1 + (1/n) sum (r - r')^2)
 *   cosine   sum r r' / sqrt(sum r^2 sum r'^2)
 *   pearson  (n sum r r' - sum r sum r') /
 *            sqrt((n sum r^2 - (sum r)^2) (n sum r'^2 - (sum r')^2))
 *   pearson_baseline  sum d d' / sqrt(sum d^2 sum d'^2) (n-1)/(n-1+shrinkage),
 *            d = r - (mean + b_x + b_y); needs n >= 2
 *
 * The diagonal is 1; n < min_support gives 0. Unlike there, a denominator of
 * zero gives 0, and so does a pearson variance that is only rounding error;
 * labels beside a large number, such as 1000000.01, have that number taken off,
 * and labels around 1e150, or 1e-150, are scaled by a power of two.
 *
 * Rows come one at a time: no square matrix unless asked for. Immutable.
 */
#ifndef MODEL_SIMILARITY_H
#define MODEL_SIMILARITY_H

#include "model/algorithms/packed_sums.h"
#include "model/params.h"
#include "model/rows/co_rated.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct similarities {
    const struct co_rated *lists; /* borrowed, as are the biases */
    enum similarity measure;
    uint32_t min_support;
    double shrinkage;
    double offset;                 /* for pearson: what all labels share */
    double scale;                  /* power of two; 1 for usual labels */
    double mean;                   /* for pearson_baseline, */
    const double *x_bias, *y_bias; /* (xs), (ys) */
    bool small_integers;           /* all labels: exact sums, any order */
    struct packing packing;        /* theirs */
};

/* Borrows the lists and the biases, which only pearson_baseline needs. */
struct similarities similarity_over(const struct co_rated *lists,
                                    const struct model_params *params,
                                    double mean, const double *x_bias,
                                    const double *y_bias);

/* Returns the bytes of scratch that a row needs: zeroed, and left zeroed. */
size_t similarity_scratch_bytes(const struct similarities *similarity);

/* Fills row (xs) with the similarity of x and every x', itself included. */
void similarity_row(const struct similarities *similarity, uint32_t x,
                    void *scratch, double *row);

/* Fills the whole matrix (xs, xs) on `threads` threads, with the same bits for
 * any number of them. Fails only with ERROR_MEMORY. */
int similarity_matrix(const struct similarities *similarity, uint32_t threads,
                      double *matrix, struct error *err) MUST_CHECK;

#endif
