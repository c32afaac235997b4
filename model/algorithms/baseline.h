/*
 * baseline.h - biases of users and items, for the baseline model and for those
 * that build on it (knn-baseline, pearson_baseline).
 *
 *   b_ui = mean + b_u + b_i
 *
 * ALS (Koren 2010, as Surprise 1.1.4): each epoch first items, then users,
 * in place:  b_i = sum (r - mean - b_u) / (reg_i + |U_i|), then
 *            b_u = sum (r - mean - b_i) / (reg_u + |I_u|).
 * SGD: per rating e = r - b_ui; b += lr (e - reg b), both with the same e.
 */
#ifndef MODEL_BASELINE_H
#define MODEL_BASELINE_H

#include "model/params.h"
#include "model/rows/ratings.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Overwrites user_bias (users) and item_bias (items) by the bsl_ parameters.
 * Rows of nobody have b_u = 0 and move only b_i. `cancel` may be NULL. Fails
 * with ERROR_TEMPORARY where it was cancelled and with ERROR_MEMORY; the
 * biases are then worth nothing. */
int baseline_biases(const struct ratings *train,
                    const struct model_params *params,
                    const atomic_bool *cancel, double *user_bias,
                    double *item_bias, struct error *err) MUST_CHECK;

/* A bias array of `from` ids has one of `to`, 0 where it is new. ERROR_MEMORY
 * alone; it is then as it was. */
int baseline_grow(double **biases, uint32_t from, uint32_t to,
                  struct error *err) MUST_CHECK;

/* A copy, which the caller frees; NULL without memory. */
double *baseline_copy_biases(const double *biases, uint32_t count);

/* The same by the defaults of the model "baseline", for whoever can say nothing
 * of some pairs (model.h). */
int baseline_stand_in(const struct ratings *train, const atomic_bool *cancel,
                      double *user_bias, double *item_bias,
                      struct error *err) MUST_CHECK;

/* The bsl_ rows of a model's parameter table. */
/* clang-format off */
#define BASELINE_KEYS                                                                                                     \
    PARAM_CHOICE("bsl_method", bsl_method, "als", BASELINE_METHOD_WORDS, "how the biases are estimated"),                 \
    PARAM_U32("bsl_epochs",    bsl_epochs, "0",  0, 100000, "passes over the rows; 0: 10 for als, 20 for sgd"),           \
    PARAM_F64("bsl_reg_u",     bsl_reg_u,  "15", 0, 1e9,    "als: rows added to a user's count"),                         \
    PARAM_F64("bsl_reg_i",     bsl_reg_i,  "10", 0, 1e9,    "als: rows added to an item's count"),                        \
    PARAM_F64("bsl_reg",       bsl_reg,    "0.02", 0, 1e6,  "sgd: regularisation"),                                       \
    PARAM_F64("bsl_lr",        bsl_lr,     "0.005", 0, 1,   "sgd: learning rate")
/* clang-format on */

#endif
