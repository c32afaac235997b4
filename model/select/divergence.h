/*
 * divergence.h - whether a fit ended with numbers.
 *
 * Gradient descent with too large a step ends in infinities. Such a model
 * still answers, with the mean for everybody, and its figures look like those
 * of a bad model; but it is none, and no reader takes its snapshot.
 */
#ifndef MODEL_DIVERGENCE_H
#define MODEL_DIVERGENCE_H

#include "common/base/error.h"

#include "model/model.h"

#include <stdbool.h>

/* Saves the model in memory and loads it, as any reader would. *diverged: what
 * was learned is not finite. Fails with ERROR_MEMORY; *diverged is then
 * untouched. */
int divergence_check(const struct model *model, bool *diverged,
                     struct error *err) MUST_CHECK;

#endif
