#include "model/similarity.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Labels 0..7 and at most PACKED_MAX pairs: no field of `packed` overflows. */
enum { LABEL_MAX = 7, PACKED_MAX = 42000, THREADS_MAX = 64 };

/* A variance below this share of its terms is rounding error. */
#define VARIANCE_EPSILON 1e-12

/* The sums over the pairs of one x and one x'; r is x's, q is x''s. */
struct sums {
    double n, r, q, rr, qq, rq; /* msd has sum (r - q)^2 in rr */
};

/* The same in 16 bytes, so that a pair is one addition of two words. */
struct packed {
    uint64_t n_r_q;    /* 16, 24, 24 bits */
    uint64_t rr_qq_rq; /* 21, 21, 22 bits */
};

/* --- From sums to a similarity -----------------------------------------------
 */

static double ratio(double above, double below_squared)
{
    return below_squared > 0 ? above / sqrt(below_squared) : 0;
}

static double pearson(const struct sums *s)
{
    double r = s->n * s->rr - s->r * s->r;
    double q = s->n * s->qq - s->q * s->q;

    if (r <= VARIANCE_EPSILON * s->n * s->rr ||
        q <= VARIANCE_EPSILON * s->n * s->qq)
        return 0;
    return ratio(s->n * s->rq - s->r * s->q, r * q);
}

static double similarity_of(const struct similarities *similarity,
                            const struct sums *s)
{
    if (s->n == 0 || s->n < similarity->min_support)
        return 0;
    switch (similarity->measure) {
    case SIM_COSINE:
        return ratio(s->rq, s->rr * s->qq);
    case SIM_PEARSON:
        return pearson(s);
    case SIM_PEARSON_BASELINE:
        return s->n < 2 ? 0
                        : ratio(s->rq, s->rr * s->qq) *
                              ((s->n - 1) / (s->n - 1 + similarity->shrinkage));
    case SIM_MSD:
        break;
    }
    return 1 / (s->rr / s->n + 1);
}

/* --- Small integers ----------------------------------------------------------
 */

static struct packed packed_pair(uint64_t r, uint64_t q)
{
    return (struct packed){1 | r << 16 | q << 40,
                           r * r | (q * q) << 21 | (r * q) << 42};
}

static struct sums unpacked(struct packed sums, enum similarity measure)
{
    struct sums s = {
        .n = (double)(sums.n_r_q & 0xffff),
        .r = (double)(sums.n_r_q >> 16 & 0xffffff),
        .q = (double)(sums.n_r_q >> 40),
        .rr = (double)(sums.rr_qq_rq & 0x1fffff),
        .qq = (double)(sums.rr_qq_rq >> 21 & 0x1fffff),
        .rq = (double)(sums.rr_qq_rq >> 42),
    };

    if (measure == SIM_MSD)
        s.rr = s.rr + s.qq - 2 * s.rq;
    return s;
}

static void packed_row(const struct similarities *similarity, uint32_t x,
                       struct packed *sums, double *row)
{
    const struct co_rated *lists = similarity->lists;

    for (size_t at = lists->x_first[x]; at < lists->x_first[x + 1]; at++) {
        struct packed with[LABEL_MAX + 1];
        uint32_t y = lists->x_list[at].other;
        uint64_t r = (uint64_t)lists->x_list[at].value;
        for (uint64_t q = 0; q <= LABEL_MAX; q++)
            with[q] = packed_pair(r, q);
        for (size_t i = lists->y_first[y]; i < lists->y_first[y + 1]; i++) {
            struct packed *to = &sums[lists->coded[i] >> 3];
            const struct packed *add = &with[lists->coded[i] & LABEL_MAX];
            to->n_r_q += add->n_r_q;
            to->rr_qq_rq += add->rr_qq_rq;
        }
    }
    for (uint32_t other = 0; other < lists->xs; other++) {
        row[other] = 0;
        if (sums[other].n_r_q == 0)
            continue;
        struct sums s = unpacked(sums[other], similarity->measure);
        row[other] = similarity_of(similarity, &s);
    }
    memset(sums, 0, lists->xs * sizeof(*sums));
}

/* --- Any labels --------------------------------------------------------------
 */

static void add_pair(struct sums *to, enum similarity measure, double r,
                     double q)
{
    to->n += 1;
    if (measure == SIM_MSD) {
        to->rr += (r - q) * (r - q);
        return;
    }
    to->r += r;
    to->q += q;
    to->rr += r * r;
    to->qq += q * q;
    to->rq += r * q;
}

/* What enters the sums for a rating: itself, or what the baseline leaves. */
static double part_of(const struct similarities *similarity, uint32_t x,
                      uint32_t y, double value)
{
    if (similarity->measure != SIM_PEARSON_BASELINE)
        return value;
    return value -
           (similarity->mean + similarity->y_bias[y] + similarity->x_bias[x]);
}

/* All combinations of x's rows of one y (`mine`) with the others' rows. The
 * outer loop is over the lower index's rows, as where the reference evaluates
 * the upper triangle: so both halves of the matrix have the same bits. */
static void add_group(const struct similarities *similarity, uint32_t x,
                      const struct rated *mine, size_t n, struct sums *sums)
{
    const struct co_rated *lists = similarity->lists;
    uint32_t y = mine->other;

    for (size_t i = lists->y_first[y]; i < lists->y_first[y + 1]; i++) {
        uint32_t other = lists->y_list[i].other;
        double q = part_of(similarity, other, y, lists->y_list[i].value);
        for (size_t m = 0; m < n && other < x; m++)
            add_pair(&sums[other], similarity->measure,
                     part_of(similarity, x, y, mine[m].value), q);
    }
    for (size_t m = 0; m < n; m++) {
        double r = part_of(similarity, x, y, mine[m].value);
        for (size_t i = lists->y_first[y]; i < lists->y_first[y + 1]; i++) {
            uint32_t other = lists->y_list[i].other;
            if (other > x)
                add_pair(&sums[other], similarity->measure, r,
                         part_of(similarity, other, y, lists->y_list[i].value));
        }
    }
}

static void double_row(const struct similarities *similarity, uint32_t x,
                       struct sums *sums, double *row)
{
    const struct co_rated *lists = similarity->lists;
    size_t at = lists->x_first[x], end = lists->x_first[x + 1];

    while (at < end) {
        size_t n = 1;
        while (at + n < end &&
               lists->x_list[at + n].other == lists->x_list[at].other)
            n++;
        add_group(similarity, x, &lists->x_list[at], n, sums);
        at += n;
    }
    for (uint32_t other = 0; other < lists->xs; other++)
        row[other] = similarity_of(similarity, &sums[other]);
    memset(sums, 0, lists->xs * sizeof(*sums));
}

/* --- The interface -----------------------------------------------------------
 */

struct similarities similarity_over(const struct co_rated *lists,
                                    const struct model_params *params,
                                    double mean, const double *x_bias,
                                    const double *y_bias)
{
    enum similarity measure = (enum similarity)params->similarity;

    return (struct similarities){
        .lists = lists,
        .measure = measure,
        .min_support = params->min_support,
        .shrinkage = params->shrinkage,
        .mean = mean,
        .x_bias = x_bias,
        .y_bias = y_bias,
        .small_integers =
            measure != SIM_PEARSON_BASELINE && lists->coded != NULL,
    };
}

size_t similarity_scratch_bytes(const struct similarities *similarity)
{
    return similarity->lists->xs * sizeof(struct sums);
}

void similarity_row(const struct similarities *similarity, uint32_t x,
                    void *scratch, double *row)
{
    const struct co_rated *lists = similarity->lists;
    size_t rows = lists->x_first[x + 1] - lists->x_first[x];

    if (similarity->small_integers && rows * lists->repeats_max <= PACKED_MAX)
        packed_row(similarity, x, scratch, row);
    else
        double_row(similarity, x, scratch, row);
    row[x] = 1;
}

struct matrix_work {
    const struct similarities *similarity;
    double *matrix;
    atomic_uint next;
    atomic_bool failed;
};

static void *work_rows(void *argument)
{
    struct matrix_work *work = argument;
    uint32_t xs = work->similarity->lists->xs;
    void *scratch = calloc(1, similarity_scratch_bytes(work->similarity) + 1);

    if (!scratch) {
        atomic_store(&work->failed, true);
        return NULL;
    }
    for (uint32_t x = atomic_fetch_add(&work->next, 1); x < xs;
         x = atomic_fetch_add(&work->next, 1))
        similarity_row(work->similarity, x, scratch,
                       work->matrix + (size_t)x * xs);
    free(scratch);
    return NULL;
}

int similarity_matrix(const struct similarities *similarity, uint32_t threads,
                      double *matrix, struct error *err)
{
    struct matrix_work work = {.similarity = similarity, .matrix = matrix};
    pthread_t helpers[THREADS_MAX];
    uint32_t started = 0;

    while (started + 1 < threads && started < THREADS_MAX &&
           pthread_create(&helpers[started], NULL, work_rows, &work) == 0)
        started++;
    work_rows(&work);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
    if (atomic_load(&work.failed))
        return error_set(err, ERROR_FAILED, "similarities: out of memory");
    return 0;
}
