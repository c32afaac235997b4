/*
 * svd.h - what the two trainers of "svd" share.
 */
#ifndef MODEL_SVD_H
#define MODEL_SVD_H

#include "model/factors.h"

#include <stdatomic.h>

/* own < 0 means "as all". */
static inline double svd_rate(double own, double all)
{
    return own < 0 ? all : own;
}

/* Reports a cancelled fit; -1. */
int svd_cancelled(struct error *err);

#endif
