/*
 * linalg.h - dense linear algebra; the only file that knows BLAS and LAPACK.
 *
 * Matrices are row-major without padding. Any thread.
 */
#ifndef MODEL_LINALG_H
#define MODEL_LINALG_H

#include "common/base/error.h"

#include <stddef.h>

/* Replaces a (rows, columns), rows >= columns, by an orthonormal basis of its
 * columns. */
int linalg_orthonormalise(double *a, size_t rows, size_t columns,
                          struct error *err) MUST_CHECK;

/* a (rows, columns), overwritten, rows <= columns: a = u diag(s) vt with u
 * (rows, rows), s (rows), falling, and vt (rows, columns). */
int linalg_svd(double *a, size_t rows, size_t columns, double *u, double *s,
               double *vt, struct error *err) MUST_CHECK;

/* c (n, k) = a (n, m) b (m, k) */
void linalg_multiply(const double *a, const double *b, size_t n, size_t m,
                     size_t k, double *c);

/* c (n, k) = a (n, m) b^T, b is (k, m) */
void linalg_multiply_transposed(const double *a, const double *b, size_t n,
                                size_t m, size_t k, double *c);
void linalg_multiply_transposed_f32(const float *a, const float *b, size_t n,
                                    size_t m, size_t k, float *c);

/* Solves a x = b for symmetric positive definite a (n, n); the upper triangle
 * is read, a is overwritten, b becomes x. */
int linalg_solve(double *a, double *b, size_t n, struct error *err) MUST_CHECK;

#endif
