/*
 * factors.h - the fitted form that svd, svdpp and nmf share, and how it
 * answers:
 *
 *   biased    mean + b_u + b_i + q_i . p_u; an unknown id adds nothing
 *   unbiased  q_i . p_u; impossible unless both ids are known
 *
 * Rows are padded for the kernels (kernel.h). The exact trainers keep double
 * rows, solver=fast float ones; a model has one or the other. Ids that came
 * after the fit have a bias and no rows: the model's head counts them, and
 * `users` and `items` here do not. Copies share the rows.
 */
#ifndef MODEL_FACTORS_H
#define MODEL_FACTORS_H

#include "model/maths/kernel.h"
#include "model/model.h"

#include <stdatomic.h>

struct factors {
    struct model model;
    uint32_t users, items, rank; /* of the rows */
    size_t stride;               /* of a row, in values */
    bool biased, single;
    double *b_u, *b_i;    /* (model.users), (model.items) after the fit */
    double *p, *q;        /* (users, stride), (items, stride); or */
    float *p_f32, *q_f32; /* the same as float where `single` */
    atomic_uint *owners;  /* of the rows */
};

struct bytes_reader;

struct factors_shape {
    uint32_t users, items, rank;
    bool biased; /* with mean and biases */
    bool single; /* with float rows instead of double ones */
};

/* Makes factors that are all zero; the caller frees them with factors_free().
 * Fails only with ERROR_MEMORY, and then leaves *out alone. */
int factors_new(const struct factors_shape *shape, struct factors **out,
                struct error *err) MUST_CHECK;

/* Makes `rows` padded rows of zeros, aligned; the caller frees them. Returns
 * NULL without memory. */
double *factors_rows_f64(size_t rows, size_t stride);
float *factors_rows_f32(size_t rows, size_t stride);

/* Returns the factors inside a model; NULL where it has none. */
const struct factors *factors_of(const struct model *model);

/* The pairs of `count` users with the `items` items from first_item on. */
struct factors_block {
    const uint32_t *users; /* (count); INDEX_UNKNOWN is allowed */
    size_t count;
    uint32_t first_item;
    size_t items;
};

/* Serves the ranking of many items: out (count, items) is never below the
 * estimate that factors_predict() makes of a pair, and above it by rounding
 * only; it is infinite where the user or the estimate is unknown, and where an
 * item of the block has no row. `scratch`
 * has factors_bounds_scratch() bytes. */
void factors_bounds(const struct factors *self,
                    const struct factors_block *block, void *scratch,
                    double *out);
size_t factors_bounds_scratch(const struct factors *self, size_t count,
                              size_t items);

/* Five operations of struct model_ops; factors_load() fails with ERROR_FORMAT
 * or ERROR_MEMORY and then leaves *out alone. factors_bytes() leaves the biases
 * out. */
void factors_predict(const struct model *model, const struct pair *pairs,
                     size_t n, struct prediction *out);
void factors_save(const struct model *model, struct buffer *to);
uint64_t factors_bytes(const struct model_extent *extent,
                       const struct model_params *params);
int factors_load(struct bytes_reader *from, const struct model *head,
                 struct model **out, struct error *err) MUST_CHECK;
void factors_free(struct model *model);

/* Two of struct bias_ops, and a find() for fits of `epochs` steps of size lr_bu
 * and lr_bi for each row: a bias that has few rows is then about
 * sum(e) / (1 / (lr epochs) + rows). */
int factors_grow(struct model *model, uint32_t users, uint32_t items,
                 struct error *err) MUST_CHECK;
int factors_copy(const struct model *model, struct model **out,
                 struct error *err) MUST_CHECK;
bool factors_biases(const struct model *model, struct model_biases *out);

#endif
