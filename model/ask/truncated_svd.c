/*
 * truncated_svd.c - a randomised range finder (Halko, Martinsson and Tropp
 * 2011, algorithms 4.4 and 5.1).
 *
 *   Y = X G, G random (items, rank + SPARE);  Q = orth(Y)
 *   repeat: Z = orth(X^T Q), Q = orth(X Z), B = Q^T X
 *   until the wanted singular values of B settle; X ~ Q B
 */
#include "model/ask/truncated_svd.h"

#include "model/maths/linalg.h"
#include "model/maths/numpy_random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE = 10, ITERATIONS_MAX = 200, ITERATIONS_MIN = 4 };

static const double settled = 1e-12;  /* relative change of a value */
static const double zero_row = 1e-12; /* relative to the largest value */

/* The matrix by user, every pair once. */
struct sparse {
    size_t *first;       /* (users + 1) */
    struct rated *cells; /* mean values */
};

struct finder {
    const struct ratings *train;
    struct sparse x;
    uint32_t users, items, rank;
    size_t width;      /* columns carried: rank + SPARE at most */
    double *q;         /* (users, width) */
    double *z;         /* (items, width) */
    double *b;         /* (width, items) */
    double *u, *s, *v; /* (width, width), (width), (width, items) */
    double *before;    /* (rank) */
};

/* --- The matrix ------------------------------------------------------- */

/* Ties do not matter: equal items are averaged. */
static int by_item(const void *a, const void *b)
{
    uint32_t left = ((const struct rated *)a)->other;
    uint32_t right = ((const struct rated *)b)->other;

    return (left > right) - (left < right);
}

/* Averages equal items of a list; returns how many are left. */
static size_t merge(struct rated *cells, size_t n)
{
    size_t kept = 0;

    qsort(cells, n, sizeof(*cells), by_item);
    for (size_t at = 0; at < n;) {
        size_t end = at;
        double sum = 0;
        while (end < n && cells[end].other == cells[at].other)
            sum += cells[end++].value;
        cells[kept++] =
            (struct rated){cells[at].other, sum / (double)(end - at)};
        at = end;
    }
    return kept;
}

static void build(struct finder *f)
{
    const struct ratings *train = f->train;
    size_t used = 0;

    for (uint32_t u = 0; u < f->users; u++) {
        size_t n = train->user_first[u + 1] - train->user_first[u];
        memcpy(f->x.cells + used, train->by_user + train->user_first[u],
               n * sizeof(struct rated));
        f->x.first[u] = used;
        used += merge(f->x.cells + used, n);
    }
    f->x.first[f->users] = used;
}

/* q = X z */
static void times(struct finder *f)
{
    const size_t width = f->width;

    memset(f->q, 0, f->users * width * sizeof(double));
    for (uint32_t u = 0; u < f->users; u++)
        for (size_t at = f->x.first[u]; at < f->x.first[u + 1]; at++) {
            const double *z = f->z + f->x.cells[at].other * width;
            for (size_t k = 0; k < width; k++)
                f->q[u * width + k] += f->x.cells[at].value * z[k];
        }
}

/* z = X^T q */
static void times_transposed(struct finder *f)
{
    const size_t width = f->width;

    memset(f->z, 0, f->items * width * sizeof(double));
    for (uint32_t u = 0; u < f->users; u++)
        for (size_t at = f->x.first[u]; at < f->x.first[u + 1]; at++) {
            double *z = f->z + f->x.cells[at].other * width;
            for (size_t k = 0; k < width; k++)
                z[k] += f->x.cells[at].value * f->q[u * width + k];
        }
}

/* --- Finding the range ------------------------------------------------ */

/* q = orth(X z), B = q^T X = (X^T q)^T, and B's singular values. */
static int project(struct finder *f, struct error *err)
{
    times(f);
    if (linalg_orthonormalise(f->q, f->users, f->width, err) < 0)
        return -1;
    times_transposed(f);
    for (size_t k = 0; k < f->width; k++)
        for (size_t i = 0; i < f->items; i++)
            f->b[k * f->items + i] = f->z[i * f->width + k];
    return linalg_svd(f->b, f->width, f->items, f->u, f->s, f->v, err);
}

static bool has_settled(struct finder *f)
{
    bool all = true;

    for (size_t k = 0; k < f->rank; k++) {
        if (fabs(f->s[k] - f->before[k]) > settled * f->s[0])
            all = false;
        f->before[k] = f->s[k];
    }
    return all;
}

static int find(struct finder *f, uint32_t seed, const atomic_bool *cancel,
                struct error *err)
{
    struct numpy_random random;

    numpy_random_seed(&random, seed);
    for (size_t at = 0; at < f->items * f->width; at++)
        f->z[at] = numpy_random_normal(&random, 0, 1);
    for (int iteration = 0; iteration < ITERATIONS_MAX; iteration++) {
        if (cancel && atomic_load(cancel))
            return error_set(err, ERROR_TEMPORARY, "the fit was cancelled");
        if (project(f, err) < 0)
            return -1;
        if (has_settled(f) && iteration >= ITERATIONS_MIN)
            return 0;
        if (linalg_orthonormalise(f->z, f->items, f->width, err) < 0)
            return -1;
    }
    return 0; /* equal values settle slowly; the rest is noise */
}

/* --- The result ------------------------------------------------------- */

static void finder_free(struct finder *f)
{
    free(f->x.first);
    free(f->x.cells);
    free(f->q);
    free(f->z);
    free(f->b);
    free(f->u);
    free(f->s);
    free(f->v);
    free(f->before);
}

static int finder_new(struct finder *f, struct error *err)
{
    const size_t users = f->users, items = f->items, width = f->width;

    f->x.first = calloc(users + 1, sizeof(size_t));
    f->x.cells = calloc(f->train->count, sizeof(struct rated));
    f->q = calloc(users * width, sizeof(double));
    f->z = calloc(items * width, sizeof(double));
    f->b = calloc(items * width, sizeof(double));
    f->u = calloc(width * width, sizeof(double));
    f->s = calloc(width, sizeof(double));
    f->v = calloc(items * width, sizeof(double));
    f->before = calloc(f->rank, sizeof(double));
    if (!f->x.first || !f->x.cells || !f->q || !f->z || !f->b || !f->u ||
        !f->s || !f->v || !f->before)
        return error_no_memory(err, "%zu users, %zu items, rank %u", users,
                               items, f->rank);
    build(f);
    return 0;
}

/* Sets rows of mere rounding errors to 0, so that a user outside the range has
 * similarity 0 with all. */
static void clear_noise(double *rows, size_t count, uint32_t rank, double limit)
{
    for (size_t row = 0; row < count; row++) {
        double sum = 0;
        for (uint32_t k = 0; k < rank; k++)
            sum += rows[row * rank + k] * rows[row * rank + k];
        if (sqrt(sum) <= limit)
            memset(rows + row * rank, 0, rank * sizeof(double));
    }
}

static int conclude(const struct finder *f, struct truncated_svd **out,
                    struct error *err)
{
    struct truncated_svd *svd = calloc(1, sizeof(*svd));
    double *left = calloc(f->width * f->rank, sizeof(*left));

    if (svd) {
        svd->values = calloc(f->rank, sizeof(double));
        svd->user = calloc((size_t)f->users * f->rank, sizeof(double));
        svd->item = calloc((size_t)f->items * f->rank, sizeof(double));
    }
    if (!svd || !left || !svd->values || !svd->user || !svd->item) {
        free(left);
        truncated_svd_free(svd);
        return error_no_memory(err, "the truncated svd");
    }
    svd->users = f->users;
    svd->items = f->items;
    svd->rank = f->rank;
    memcpy(svd->values, f->s, f->rank * sizeof(double));
    for (size_t row = 0; row < f->width; row++)
        for (size_t k = 0; k < f->rank; k++)
            left[row * f->rank + k] = f->u[row * f->width + k] * f->s[k];
    linalg_multiply(f->q, left, f->users, f->width, f->rank, svd->user);
    for (size_t i = 0; i < f->items; i++)
        for (size_t k = 0; k < f->rank; k++)
            svd->item[i * f->rank + k] = f->v[k * f->items + i];
    clear_noise(svd->user, f->users, f->rank, zero_row * f->s[0]);
    clear_noise(svd->item, f->items, f->rank, zero_row);
    free(left);
    *out = svd;
    return 0;
}

int truncated_svd_fit(const struct ratings *train, uint32_t rank, uint32_t seed,
                      const atomic_bool *cancel, struct truncated_svd **out,
                      struct error *err)
{
    const uint32_t side =
        train->users < train->items ? train->users : train->items;
    struct finder f = {.train = train,
                       .users = train->users,
                       .items = train->items,
                       .rank = rank,
                       .width = rank + SPARE < side ? rank + SPARE : side};
    int status = -1;

    if (rank == 0 || rank > side)
        return error_set(err, ERROR_CONFIG, "rank %u is outside 1..%u", rank,
                         side);
    if (finder_new(&f, err) == 0 && find(&f, seed, cancel, err) == 0)
        status = conclude(&f, out, err);
    finder_free(&f);
    return status;
}

double truncated_svd_cosine(const double *rows, uint32_t rank, uint32_t a,
                            uint32_t b)
{
    const double *x = rows + (size_t)a * rank, *y = rows + (size_t)b * rank;
    double xy = 0, xx = 0, yy = 0;

    for (uint32_t k = 0; k < rank; k++) {
        xy += x[k] * y[k];
        xx += x[k] * x[k];
        yy += y[k] * y[k];
    }
    return xx > 0 && yy > 0 ? xy / (sqrt(xx) * sqrt(yy)) : 0;
}

void truncated_svd_free(struct truncated_svd *svd)
{
    if (!svd)
        return;
    free(svd->values);
    free(svd->user);
    free(svd->item);
    free(svd);
}
