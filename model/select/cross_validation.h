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
    bool calibrate;           /* the last tenth of the training rows calibrates
                                 a model of the others; then the model is fit
                                 on all of them, as `pctr train` does it; a
                                 model of fields stays as it is */
    uint32_t ranking_k;       /* 0: no ranking */
    double ranking_threshold; /* of a relevant label */
};

struct fold_result {
    struct evaluation test, train; /* train only when asked for */
    struct ranking ranking;        /* of the test rows, when asked for */
    double fit_seconds, test_seconds;
    bool is_raw;   /* not calibrated, though that was asked for: the rows that
                      should have done it say too little */
    bool diverged; /* the fit did not end with numbers: all figures are NaN */
};

/* A model with its parameters, tried on a data set: the same for each fold. */
struct trial {
    const struct dataset *dataset;
    struct scale scale; /* of the labels */
    const struct model_ops *ops;
    const struct model_params *params;
    struct measures measures;
    const atomic_bool *cancel; /* NULL: the fit cannot be cancelled */
};

/* Fits on the training rows of one fold and measures on its test rows. Fails
 * with ERROR_CONFIG where a model cannot be fit, cannot go on learning for a
 * progressive measure, or would be calibrated for labels that are not 0..1,
 * with ERROR_TEMPORARY after a cancel, and with ERROR_MEMORY; `out` is then
 * untouched. */
int cross_validate_fold(const struct trial *trial, const struct fold *fold,
                        struct fold_result *out, struct error *err) MUST_CHECK;

/* Some rows of a data set. */
struct dataset_rows {
    const struct dataset *dataset;
    const size_t *rows; /* (n) places in the data set; NULL: all, in order */
    size_t n;
};

/* Measures the model's predictions (clipped) on these rows. `train` numbers
 * the ids as the model does. */
int cross_validate_measure(const struct model *model,
                           const struct trainset *train,
                           const struct dataset_rows *rows,
                           struct evaluation *out,
                           struct error *err) MUST_CHECK;

/* Mean and population standard deviation of those of n figures that have a
 * value; NaN where none has. Returns how many have. */
size_t mean_and_deviation(const double *figures, size_t n, double *mean,
                          double *deviation);

#endif
