/*
 * factors.h - what svd, svdpp and nmf know once they are fit, and how they
 * answer:
 *
 *   biased    mean + b_u + b_i + q_i . p_u; an unknown id adds nothing
 *   unbiased  q_i . p_u; impossible unless both ids are known
 *
 * Rows are padded for the kernels (kernel.h). The exact trainers keep double
 * rows, solver=fast float ones; a model has one or the other.
 */
#ifndef MODEL_FACTORS_H
#define MODEL_FACTORS_H

#include "model/maths/kernel.h"
#include "model/model.h"

struct factors {
    struct model model;
    uint32_t users, items, factors;
    size_t stride; /* of a row, in values */
    bool biased, single;
    double *b_u, *b_i;    /* (users), (items) */
    double *p, *q;        /* (users, stride), (items, stride); or */
    float *p_f32, *q_f32; /* the same as float where `single` */
};

struct bytes_reader;

/* All zeros. The caller frees with factors_free(). */
int factors_new(uint32_t users, uint32_t items, uint32_t factors, bool biased,
                bool single, struct factors **out,
                struct error *err) MUST_CHECK;

/* `rows` zeroed padded rows, aligned; the caller frees. NULL without memory. */
double *factors_rows_f64(size_t rows, size_t stride);
float *factors_rows_f32(size_t rows, size_t stride);

/* The factors inside a model; NULL where it is not made of factors. */
const struct factors *factors_of(const struct model *model);

/* For the ranking of many items: out (count, items) is never below what
 * factors_predict() estimates of users[i] and item first_item + j, and above
 * it by rounding only; infinite where that is not known. `scratch` has
 * factors_bounds_scratch() bytes. */
void factors_bounds(const struct factors *self, const uint32_t *users,
                    size_t count, uint32_t first_item, size_t items,
                    void *scratch, double *out);
size_t factors_bounds_scratch(const struct factors *self, size_t count,
                              size_t items);

/* The four operations of struct model_ops. */
void factors_predict(const struct model *model, const struct pair *pairs,
                     size_t n, struct prediction *out);
void factors_save(const struct model *model, struct buffer *to);
int factors_load(struct bytes_reader *from, const struct model *head,
                 struct model **out, struct error *err) MUST_CHECK;
void factors_free(struct model *model);

#endif
