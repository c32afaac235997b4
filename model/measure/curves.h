/*
 * curves.h - predictions drawn beside their labels: reliability diagram, ROC
 * curve, distribution of scores.
 *
 * Plain values of bounded size for any number of rows.
 */
#ifndef MODEL_CURVES_H
#define MODEL_CURVES_H

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

/* Drawn row by row, in the order of prediction. */
struct curves_pass {
    struct curves *out;
    size_t rows, done, bin;
    double p, clicks, others; /* of the newest tie; below it */
    double tied_clicks, tied_others;
    size_t tied, kept;
    struct reliability_bin sums; /* of the bin under way */
};

/* `out` is borrowed until the end; `rows` is how many will come. */
void curves_begin(struct curves_pass *pass, size_t rows, struct curves *out);

/* A label in [0, 1]. */
void curves_add(struct curves_pass *pass, double label, double prediction);
void curves_end(struct curves_pass *pass);

#endif
