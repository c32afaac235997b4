/*
 * kernel.h - the inner loops of the factor models and of the neighbours.
 *
 * Each is written once (kernel_body.inc), with a fixed number of lanes and a
 * fixed reduction tree, and compiled for several instruction sets without
 * contraction: the same bits come out of all of them. Rows are padded with
 * zeros to kernel_stride() values and aligned to KERNEL_ALIGN bytes; a zero
 * stays zero under every step. Any thread.
 */
#ifndef MODEL_KERNEL_H
#define MODEL_KERNEL_H

#include "model/rows/ratings.h"

#include <stddef.h>
#include <stdint.h>

enum { KERNEL_ALIGN = 64, KERNEL_BLOCK = 8 /* values */ };

/* One step of SGD on a pair of rows. */
struct kernel_step {
    double error;
    double lr_p, reg_p, lr_q, reg_q;
};

/* One of SVD++, which carries a vector z for each group of a user's items. */
struct kernel_implicit {
    struct kernel_step step;
    size_t groups;
    const double *decay, *gain; /* (groups) */
};

/* Per-row adaptive step: gradients' mean squares so far. */
struct kernel_adapt {
    float error, reg, step_p, step_q;
    float square_p, square_q; /* out: of this step's gradients, summed */
};

struct kernel {
    const char *name; /* "avx2" */
    double (*dot_f64)(const double *a, const double *b, size_t n);
    float (*dot_f32)(const float *a, const float *b, size_t n);

    /* p += lr_p (e q - reg_p p); q += lr_q (e p - reg_q q), old values right */
    void (*step)(double *p, double *q, size_t n, const struct kernel_step *s);
    /* The same with x in place of p in q's gradient; then, of the old q,
     * z = decay z + error gain q for each group, and x = p + all z.
     * z is (groups, n). */
    void (*step_implicit)(double *p, double *q, double *x, double *z, size_t n,
                          const struct kernel_implicit *s);
    /* to = the sum of the listed rows. (rows, n) */
    void (*sum_rows)(double *to, const double *rows, size_t n,
                     const uint32_t *list, size_t count);
    /* row = scale row + shift, for each listed one. */
    void (*shift_rows)(double *rows, size_t n, const uint32_t *list,
                       size_t count, double scale, const double *shift);
    /* gp = reg p - e q; gq = reg q - e p; p -= step_p gp; q -= step_q gq */
    void (*step_adaptive)(float *p, float *q, size_t n, struct kernel_adapt *s);
    /* to[i] = row[list[i].other], rounded */
    void (*gather)(float *to, const double *row, const struct rated *list,
                   uint32_t n);
    /* How many of n are at least `floor`. */
    uint32_t (*count_from)(const float *values, uint32_t n, float floor);
};

/* The best one for this machine. */
const struct kernel *kernel_best(void);

/* Every one this machine can run, NULL at the end: for tests. */
const struct kernel *const *kernel_all(void);

static inline size_t kernel_stride(size_t factors)
{
    return (factors + KERNEL_BLOCK - 1) / KERNEL_BLOCK * KERNEL_BLOCK;
}

#endif
