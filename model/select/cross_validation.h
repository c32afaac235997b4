/*
 * cross_validation.h - fit on each fold's training rows, measure on its test
 * rows, as the reference's cross_validate() does.
 */
#ifndef MODEL_CROSS_VALIDATION_H
#define MODEL_CROSS_VALIDATION_H

#include "common/base/error.h"

#include "model/measure/evaluation.h"
#include "model/measure/ranking.h"
#include "model/model.h"
#include "model/rows/dataset.h"
#include "model/select/splitter.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* What is measured besides the test rows' errors. */
struct measures {
    bool train;               /* the training rows' too */
    bool progressive;         /* each test row is learned after it was asked
                                 for, in the order of the fold */
    uint32_t ranking_k;       /* 0: no ranking */
    double ranking_threshold; /* of a relevant label */
};

struct fold_result {
    struct evaluation test, train; /* train only when asked for */
    struct ranking ranking;        /* of the test rows, when asked for */
    double fit_seconds, test_seconds;
    bool diverged; /* the fit did not end with numbers: all figures are NaN */
};

/* One fold. Fails with ERROR_CONFIG where a model cannot be fit, or cannot go
 * on learning for a progressive measure, and with ERROR_TEMPORARY and
 * ERROR_MEMORY; `out` is then untouched. */
int cross_validate_fold(const struct dataset *dataset, const struct fold *fold,
                        const struct model_ops *ops,
                        const struct model_params *params, struct scale scale,
                        const struct measures *measures,
                        const atomic_bool *cancel, struct fold_result *out,
                        struct error *err) MUST_CHECK;

/* The model's predictions (clipped) on rows[0..n-1] of the data set; NULL is
 * all, in order. */
int cross_validate_measure(const struct model *model,
                           const struct trainset *train,
                           const struct dataset *dataset, const size_t *rows,
                           size_t n, struct evaluation *out,
                           struct error *err) MUST_CHECK;

/* Mean and population standard deviation of those of n figures that have a
 * value; NaN where none has. Returns how many have. */
size_t mean_and_deviation(const double *figures, size_t n, double *mean,
                          double *deviation);

#endif
