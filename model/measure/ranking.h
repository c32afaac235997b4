/*
 * ranking.h - how good the first k of each user's rows are, by prediction.
 *
 * A user's rows are ordered by prediction, falling; equal ones stay as they
 * came. A row is relevant where its label is at least the threshold, and
 * recommended where its prediction is. Of the first k:
 *
 *   precision  relevant and recommended / recommended; 0 where none is
 *   recall     relevant and recommended / all the user's relevant rows
 *   NDCG       sum label_i / log2(i + 1) over its largest possible value
 *              (Jarvelin and Kekalainen 2002)
 *
 * each a mean over users: precision and recall over all of them, as the
 * reference's documentation has it, NDCG over those who have a label above 0.
 */
#ifndef MODEL_RANKING_H
#define MODEL_RANKING_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct ranking {
    size_t users;                   /* that have rows */
    double precision, recall, ndcg; /* NaN without users */
};

struct ranking_rows {
    const uint32_t *users;     /* (n); rows of INDEX_UNKNOWN are left out */
    const double *labels;      /* (n); not below 0 */
    const double *predictions; /* (n) */
    size_t n;
};

struct ranking_rule {
    uint32_t k; /* rows of a user that are looked at */
    double threshold;
};

/* Fails only with ERROR_MEMORY; *out is then left alone. */
int evaluate_ranking(const struct ranking_rows *rows,
                     const struct ranking_rule *rule, struct ranking *out,
                     struct error *err) MUST_CHECK;

#endif
