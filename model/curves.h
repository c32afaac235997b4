/*
 * curves.h - what predictions look like beside their labels: reliability
 * diagram, ROC curve, distribution of scores.
 *
 * Plain values of bounded size, whatever the number of rows.
 */
#ifndef MODEL_CURVES_H
#define MODEL_CURVES_H

#include "common/error.h"

#include <stddef.h>

enum { ROC_POINTS_MAX = 256, RELIABILITY_BINS = 12, SCORE_BINS = 2000 };

/* A share of the rows with the lowest predictions, then the next, ...; rows
 * of equal predictions are never parted. */
struct reliability_bin {
    size_t rows;
    double predicted;  /* mean prediction */
    double click_rate; /* mean label, */
    double low, high;  /* and its interval of 95 % (Wilson 1927) */
};

/* Of the rows at or above some prediction. */
struct roc_point {
    double false_rate, true_rate; /* shares of non-clicks and of clicks */
};

struct curves {
    struct reliability_bin bins[RELIABILITY_BINS];
    size_t bin_count;
    struct roc_point roc[ROC_POINTS_MAX];          /* from (0,0) to (1,1) */
    size_t roc_count;                              /* 0: one class is missing */
    double clicks[SCORE_BINS], others[SCORE_BINS]; /* weights by prediction,
                                                      equal parts of 0..1 */
};

/* n predictions and n labels in [0, 1]. Fails only without memory. */
int curves_draw(const double *labels, const double *predictions, size_t n,
                struct curves *out, struct error *err) MUST_CHECK;

#endif
