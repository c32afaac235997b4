/*
 * truncated_svd.h - the largest singular values of the user x item matrix, for
 * similarities.
 *
 *   X ~ U diag(s) V^T;  X[u, i] = mean value of the pair, 0 where absent
 *
 * scikit-learn's TruncatedSVD: not centred, `transform` is U diag(s). Vectors
 * have a free sign (and rotation where values are equal): compare products and
 * cosines. Immutable once fit; any thread.
 */
#ifndef MODEL_TRUNCATED_SVD_H
#define MODEL_TRUNCATED_SVD_H

#include "common/base/error.h"
#include "model/rows/ratings.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct truncated_svd {
    uint32_t users, items, rank;
    double *values; /* (rank) falling */
    double *user;   /* (users, rank): U diag(s) */
    double *item;   /* (items, rank): V */
};

/* rank is at most the smaller side. Rows of nobody do not count. */
int truncated_svd_fit(const struct ratings *train, uint32_t rank, uint32_t seed,
                      const atomic_bool *cancel, struct truncated_svd **out,
                      struct error *err) MUST_CHECK;

/* Of two rows of `user` or of `item`; 0 where one of them is zero. */
double truncated_svd_cosine(const double *rows, uint32_t rank, uint32_t a,
                            uint32_t b);

/* NULL is fine. */
void truncated_svd_free(struct truncated_svd *svd);

#endif
