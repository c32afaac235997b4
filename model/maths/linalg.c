#include "model/maths/linalg.h"

#include <cblas.h>
#include <lapacke.h>

#include <stdlib.h>

int linalg_orthonormalise(double *a, size_t rows, size_t columns,
                          struct error *err)
{
    double *tau = malloc((columns + 1) * sizeof(*tau));
    const lapack_int m = (lapack_int)rows, n = (lapack_int)columns;

    if (!tau)
        return error_no_memory(err, "the linalg");
    lapack_int failed = LAPACKE_dgeqrf(LAPACK_ROW_MAJOR, m, n, a, n, tau);
    if (failed == 0)
        failed = LAPACKE_dorgqr(LAPACK_ROW_MAJOR, m, n, n, a, n, tau);
    free(tau);
    if (failed != 0)
        return error_set(err, ERROR_FAILED, "QR of %zu x %zu: LAPACK says %d",
                         rows, columns, (int)failed);
    return 0;
}

int linalg_svd(double *a, size_t rows, size_t columns, double *u, double *s,
               double *vt, struct error *err)
{
    const lapack_int m = (lapack_int)rows, n = (lapack_int)columns;
    lapack_int failed =
        LAPACKE_dgesdd(LAPACK_ROW_MAJOR, 'S', m, n, a, n, s, u, m, vt, n);

    if (failed != 0)
        return error_set(err, ERROR_FAILED, "SVD of %zu x %zu: LAPACK says %d",
                         rows, columns, (int)failed);
    return 0;
}

void linalg_multiply(const double *a, const double *b, size_t n, size_t m,
                     size_t k, double *c)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)k,
                (int)m, 1, a, (int)m, b, (int)k, 0, c, (int)k);
}

void linalg_multiply_transposed(const double *a, const double *b, size_t n,
                                size_t m, size_t k, double *c)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)k, (int)m,
                1, a, (int)m, b, (int)m, 0, c, (int)k);
}

void linalg_multiply_transposed_f32(const float *a, const float *b, size_t n,
                                    size_t m, size_t k, float *c)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)k, (int)m,
                1, a, (int)m, b, (int)m, 0, c, (int)k);
}

int linalg_solve(double *a, double *b, size_t n, struct error *err)
{
    lapack_int failed = LAPACKE_dposv(LAPACK_ROW_MAJOR, 'U', (lapack_int)n, 1,
                                      a, (lapack_int)n, b, 1);

    if (failed != 0)
        return error_set(err, ERROR_FAILED,
                         "%zu equations: not positive definite at %d", n,
                         (int)failed);
    return 0;
}
