/*
 * similar.h - the similarity of a user to every other user, or of an ad to
 * every other ad, in one of several senses:
 *
 *   msd, cosine, pearson, pearson_baseline
 *           over the rows of both, as k-NN compares (similarity.h)
 *   matrix  cosine of their rows (ads: columns) of the user x ad matrix: mean
 *           value of a pair, 0 where there is none
 *   svd     the same after a truncated SVD of that matrix (truncated_svd.h)
 *
 * One row at a time. Not for several threads.
 */
#ifndef MODEL_SIMILAR_H
#define MODEL_SIMILAR_H

#include "common/base/error.h"

#include "model/params.h"
#include "model/rows/ratings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum similar_by { /* the first four are enum similarity */
                  SIMILAR_MSD = SIM_MSD,
                  SIMILAR_COSINE = SIM_COSINE,
                  SIMILAR_PEARSON = SIM_PEARSON,
                  SIMILAR_PEARSON_BASELINE = SIM_PEARSON_BASELINE,
                  SIMILAR_MATRIX,
                  SIMILAR_SVD,
};
#define SIMILAR_WORDS SIMILARITY_WORDS "|matrix|svd"

struct similar_settings {
    int by;     /* enum similar_by */
    bool users; /* compare users, else ads */
    uint32_t min_support;
    double shrinkage;       /* of pearson_baseline */
    uint32_t factors, seed; /* of svd */
};

struct similar;

/* `train` is borrowed. */
int similar_new(const struct ratings *train,
                const struct similar_settings *settings, struct similar **out,
                struct error *err) MUST_CHECK;

/* Returns the number of users (or ads) that are compared. */
uint32_t similar_count(const struct similar *similar);

/* Fills row (similar_count) with the similarity of x and all, itself included.
 */
void similar_row(struct similar *similar, uint32_t x, double *row);

struct similar_entry {
    uint32_t x;
    double similarity;
};

/* Finds the n most similar to x, falling, without x itself; equal ones stand by
 * index. Returns their number. A similarity that is not a number never counts.
 */
uint32_t similar_nearest(struct similar *similar, uint32_t x, uint32_t n,
                         struct similar_entry *out);

/* NULL is fine. */
void similar_free(struct similar *similar);

#endif
