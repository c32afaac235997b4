/*
 * knn.h - the neighbours that a k-NN model finds, for callers that ask for
 * neighbours instead of a prediction.
 */
#ifndef MODEL_KNN_H
#define MODEL_KNN_H

#include "model/model.h"

#include <stdbool.h>
#include <stdint.h>

struct neighbour {
    uint32_t x; /* a user where the model is user based, else an item */
    double similarity;
};

/* Returns whether the model is one of the k-NN models. */
bool knn_is(const struct model *model);

/* Finds the k most similar to x, best first, without x itself; earlier ones win
 * ties, and similarities of zero and below count. Returns their number, which
 * is below k only where there are no more. The model must know x. */
uint32_t knn_neighbours(const struct model *model, uint32_t x, uint32_t k,
                        struct neighbour *out);

#endif
