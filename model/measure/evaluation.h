/*
 * evaluation.h - the errors of predictions, measured by their labels.
 *
 * All take labels and predictions in the same order. Labels may be weights in
 * [0, 1]; with labels outside (stars), the measures of clicks (log-loss,
 * entropy, AUC, ECE) are NaN. RMSE, MSE, MAE and FCP are the reference's.
 *
 * Figures of clicks are sums over the rows in the order of prediction, then
 * label. So the same rows give the same bits, in any order that they came in,
 * and whether they were sorted here or on disk.
 */
#ifndef MODEL_EVALUATION_H
#define MODEL_EVALUATION_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { ECE_BINS = 10 };

struct evaluation {
    size_t rows;
    double click_rate; /* mean label */
    double rmse, mse, mae;
    double logloss;            /* natural log; p is held in [1e-15, 1-1e-15] */
    double normalised_entropy; /* logloss / logloss of the click rate; NaN when
                                  that is 0 */
    double auc;                /* ties count one half; NaN with one class */
    double calibration; /* sum of predictions / sum of labels; NaN without
                           clicks */
    double ece;         /* expected calibration error, 10 equal-width bins */
    double fcp;         /* by evaluate_fcp(), where users are known; else NaN */
};

/* n = 0 gives NaN everywhere. Fails only with ERROR_MEMORY; *out is then
 * left alone. */
int evaluate(const double *labels, const double *predictions, size_t n,
             struct evaluation *out, struct error *err) MUST_CHECK;

/* --- Row by row ------------------------------------------------------- */

/* The numbers that one row of clicks adds. */
struct evaluation_terms {
    double label, prediction;
    double square, distance, loss, gap;
    size_t bin; /* of the calibration error */
};

struct evaluation_terms evaluation_terms(double label, double prediction);

/* All zero before the first row. */
struct evaluation_sums {
    double rows, predicted, squares, distance, loss;
    double gaps[ECE_BINS]; /* predictions - labels */

    /* Of the AUC: pairs ranked right, clicks and the rest below the newest
     * prediction, and at it. */
    double right, clicks, others;
    double tied, tied_clicks, tied_others;
};

/* The next row: label in [0, 1], in the order of prediction, then label. */
void evaluation_add(struct evaluation_sums *sums,
                    const struct evaluation_terms *row);

/* The figures so far, the same as evaluate() gives for the same rows. */
struct evaluation evaluation_of(const struct evaluation_sums *sums);

/* --- Users ------------------------------------------------------------ */

/* The fraction of concordant pairs among a user's rows, as the reference
 * counts it: pairs with equal labels do not count, a tie of predictions is
 * discordant, and each kind is a mean over the users that have any of it. NaN
 * where no pair can be compared. Nobody's rows (INDEX_UNKNOWN) are left out.
 */
int evaluate_fcp(const uint32_t *users, const double *labels,
                 const double *predictions, size_t n, double *out,
                 struct error *err) MUST_CHECK;

#endif
