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

#include "model/kernel.h"
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

/* The four operations of struct model_ops. */
void factors_predict(const struct model *model, const struct pair *pairs,
                     size_t n, struct prediction *out);
void factors_save(const struct model *model, struct buffer *to);
int factors_load(struct bytes_reader *from, const struct model *head,
                 struct model **out, struct error *err) MUST_CHECK;
void factors_free(struct model *model);

#endif
