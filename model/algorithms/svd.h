/*
 * svd.h - the parts that the models fit by stochastic gradient descent (svd,
 * svdpp, nmf) share: their parameter rows and the prefetch of a row; and the
 * second solver of "svd".
 */
#ifndef MODEL_SVD_H
#define MODEL_SVD_H

#include "common/base/attributes.h"

#include "model/algorithms/factors.h"

#include <stdatomic.h>

/* clang-format off */
/* Rows of a model's table behind its lr_all and reg_all, to be read by
 * svd_rate(). */
#define SVD_RATE_PARAMS \
    PARAM_F64("lr_bu",    lr_bu,    "-1",   -1, 10,    "learning rate of user biases; below 0: lr_all"), \
    PARAM_F64("lr_bi",    lr_bi,    "-1",   -1, 10,    "learning rate of item biases; below 0: lr_all"), \
    PARAM_F64("lr_pu",    lr_pu,    "-1",   -1, 10,    "learning rate of user factors; below 0: lr_all"), \
    PARAM_F64("lr_qi",    lr_qi,    "-1",   -1, 10,    "learning rate of item factors; below 0: lr_all")
#define SVD_DAMPING_PARAMS \
    PARAM_F64("reg_bu",   reg_bu,   "-1",   -1, 1e3,   "regularisation of user biases; below 0: reg_all"), \
    PARAM_F64("reg_bi",   reg_bi,   "-1",   -1, 1e3,   "regularisation of item biases; below 0: reg_all"), \
    PARAM_F64("reg_pu",   reg_pu,   "-1",   -1, 1e3,   "regularisation of user factors; below 0: reg_all"), \
    PARAM_F64("reg_qi",   reg_qi,   "-1",   -1, 1e3,   "regularisation of item factors; below 0: reg_all")
/* clang-format on */

/* A rate below 0 stands for the rate of all. */
static inline double svd_rate(double own, double all)
{
    return own < 0 ? all : own;
}

/* Tells the processor which row comes soon, since it may lie anywhere. */
static inline void svd_prefetch(const void *row, size_t bytes)
{
    enum { CACHE_LINE = 64 };

    for (size_t at = 0; at < bytes; at += CACHE_LINE)
        PREFETCH((const char *)row + at);
}

/* solver=fast: fills a model of float rows (svd_fast.c). Fails with
 * ERROR_TEMPORARY where it was cancelled or no thread could start, and with
 * ERROR_MEMORY; the model is then worth nothing. */
int svd_fast_train(const struct ratings *train,
                   const struct model_params *params, const atomic_bool *cancel,
                   struct factors *self, struct error *err) MUST_CHECK;

#endif
