/*
 * fold_in.h - a user or an ad that came after the fit, without another fit.
 *
 * Its factors and bias are the ridge regression of its rows on the fixed other
 * side (svd, exact or fast):
 *
 *   minimise sum (r - mean - b_other - b - x . y_other)^2
 *            + n (reg_x |x|^2 + reg_b b^2)
 *
 * which is where SGD with the same damping would settle. For baseline it is
 * one exact half-step of ALS: b = sum (r - mean - b_other) / (reg + n).
 */
#ifndef MODEL_FOLD_IN_H
#define MODEL_FOLD_IN_H

#include "model/model.h"

enum fold_side { FOLD_USER, FOLD_ITEM };

struct folded {
    enum fold_side side;
    uint32_t factors; /* 0: a bias alone */
    double bias;
    double values[]; /* (factors) */
};

/* Folds in a user or an ad by its rows, list (n), each with the other side and
 * the label. Rows with an unknown other side are skipped, and one must be left.
 * Fails with ERROR_CONFIG, for a model that does not fold too, and with
 * ERROR_MEMORY; *out is then left alone. The caller frees *out with free(). */
int fold_in(const struct model *model, enum fold_side side,
            const struct rated *list, size_t n, struct folded **out,
            struct error *err) MUST_CHECK;

/* Returns the estimate, on the scale, for the folded side and a known or
 * unknown other. */
double fold_in_predict(const struct model *model, const struct folded *folded,
                       uint32_t other);

#endif
