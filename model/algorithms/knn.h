/*
 * knn.h - the neighbours that a k-NN model finds, for those who ask for them
 * and not for a prediction.
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

/* Is it one of the k-NN models? */
bool knn_is(const struct model *model);

/* The k most similar to x, best first, x left out; earlier ones win ties, and
 * similarities of zero and below count. Returns how many: fewer than k only
 * where there are no more. x must be known to the model. */
uint32_t knn_neighbours(const struct model *model, uint32_t x, uint32_t k,
                        struct neighbour *out);

#endif
