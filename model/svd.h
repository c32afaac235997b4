/*
 * svd.h - what the two trainers of "svd" share.
 */
#ifndef MODEL_SVD_H
#define MODEL_SVD_H

#include "common/attributes.h"

#include "model/factors.h"

#include <stdatomic.h>

/* own < 0 means "as all". */
static inline double svd_rate(double own, double all)
{
    return own < 0 ? all : own;
}

/* The next row may lie anywhere, so the processor is told which it will be. */
static inline void svd_prefetch(const void *row, size_t bytes)
{
    enum { CACHE_LINE = 64 };

    for (size_t at = 0; at < bytes; at += CACHE_LINE)
        PREFETCH((const char *)row + at);
}

/* Reports a cancelled fit; -1. */
int svd_cancelled(struct error *err);

/* solver=fast: fills a model of float rows (svd_fast.c). */
int svd_fast_train(const struct ratings *train,
                   const struct model_params *params, const atomic_bool *cancel,
                   struct factors *self, struct error *err) MUST_CHECK;

#endif
