/*
 * stand_in.h - what answers in the place of a model that can say nothing of a
 * pair: the biases of users and items,
 *
 *   b_ui = mean + b_u + b_i,
 *
 * where an id that is not known adds nothing. A plain value; zeroed it is none,
 * and the mean answers alone. Any number of threads may read it.
 */
#ifndef MODEL_STAND_IN_H
#define MODEL_STAND_IN_H

#include "common/base/buffer.h"
#include "common/base/bytes_reader.h"
#include "common/base/error.h"

#include "model/rows/ratings.h"

#include <stdatomic.h>
#include <stdint.h>

struct model_params;

struct stand_in {
    double *user, *item; /* (users), (items); NULL: none */
};

/* Fills in user (train->users) and item (train->items). Fails with
 * ERROR_TEMPORARY where it was cancelled, and with ERROR_MEMORY. */
typedef int stand_in_fit_fn(const struct ratings *train,
                            const atomic_bool *cancel, double *user,
                            double *item, struct error *err);

/* Fits it. The codes are those above; *out is then untouched. */
int stand_in_fit(stand_in_fit_fn *fit, const struct ratings *train,
                 const atomic_bool *cancel, struct stand_in *out,
                 struct error *err) MUST_CHECK;

/* The codes are ERROR_FORMAT (too few bytes, or not finite) and ERROR_MEMORY;
 * *out is then untouched. */
int stand_in_load(struct bytes_reader *from, uint32_t users, uint32_t items,
                  struct stand_in *out, struct error *err) MUST_CHECK;

/* f64 bias of each user, f64 bias of each item; nothing where there is none. */
void stand_in_save(const struct stand_in *self, uint32_t users, uint32_t items,
                   struct buffer *to);

/* What is added to the mean; 0 where there is none. */
double stand_in_biases(const struct stand_in *self, struct pair pair,
                       uint32_t users, uint32_t items);

void stand_in_free(struct stand_in *self);

#endif
