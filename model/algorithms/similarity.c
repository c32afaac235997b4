#include "model/algorithms/similarity.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 64, BLOCK = 8 };

/* A variance below this share of its terms is rounding error. */
#define VARIANCE_EPSILON 1e-12

/* Labels whose spread is below this share of them are an offset and little
 * more. Stars and clicks are not. */
#define OFFSET_SPREAD 1e-3

/* Labels beyond 2^200, or all below 2^-200, are scaled: a similarity has
 * products of four of them, which overflow, or vanish. */
enum { UNSCALED_EXPONENT = 200, SCALE_EXPONENT_MAX = 1000 };

/* The sums over the pairs of one x and one x'; r is x's, q is x''s. */
struct sums {
    double n, r, q, rr, qq, rq; /* msd has sum (r - q)^2 in rr */
};

/* --- From sums to a similarity ---------------------------------------- */

static inline double ratio(double above, double below_squared)
{
    double value = above / sqrt(below_squared);

    return below_squared > 0 ? value : 0;
}

static inline double pearson(struct sums s)
{
    double r = s.n * s.rr - s.r * s.r;
    double q = s.n * s.qq - s.q * s.q;
    double both = r > VARIANCE_EPSILON * s.n * s.rr ? r * q : 0;

    both = q > VARIANCE_EPSILON * s.n * s.qq ? both : 0;
    return ratio(s.n * s.rq - s.r * s.q, both);
}

static inline double cosine(struct sums s)
{
    return ratio(s.rq, s.rr * s.qq);
}

static inline double msd(struct sums s)
{
    double value = 1 / (s.rr / s.n + 1);

    return s.n > 0 ? value : 0;
}

static double similarity_of(const struct similarities *similarity,
                            const struct sums *s)
{
    if (s->n == 0 || s->n < similarity->min_support)
        return 0;
    switch (similarity->measure) {
    case SIM_COSINE:
        return cosine(*s);
    case SIM_PEARSON:
        return pearson(*s);
    case SIM_PEARSON_BASELINE:
        return s->n < 2 ? 0
                        : cosine(*s) *
                              ((s->n - 1) / (s->n - 1 + similarity->shrinkage));
    case SIM_MSD:
        break;
    }
    return msd(*s);
}

/* --- Small integers --------------------------------------------------- */

/* The number of blocks of COLUMNS sums that hold all x'. */
static size_t blocks_of(const struct similarities *similarity)
{
    return ((size_t)similarity->lists->xs + COLUMNS - 1) / COLUMNS;
}

/* With which x' a row of the matrix compares x. */
enum compared { COMPARED_WITH_ALL, COMPARED_WITH_THOSE_BEHIND };

static enum compared compared_from(uint32_t from)
{
    return from > 0 ? COMPARED_WITH_THOSE_BEHIND : COMPARED_WITH_ALL;
}

/* Adds the pairs of x's entries at..end with all x', or with those behind x. */
static void add_words(const struct similarities *similarity, size_t at,
                      size_t end, enum compared compared, uint64_t *words)
{
    const bool behind = compared == COMPARED_WITH_THOSE_BEHIND;
    const struct co_rated *lists = similarity->lists;

    for (; at < end; at++) {
        uint32_t y = lists->x_list[at].other;
        unsigned r = (unsigned)(lists->x_list[at].value - lists->code_base);
        const uint64_t *word = similarity->packing.word[r];
        const uint32_t *code =
            lists->coded + (behind ? lists->behind[at] : lists->y_first[y]);
        const uint32_t *last = lists->coded + lists->y_first[y + 1];
        for (; code < last; code++)
            words[*code >> CODE_BITS] += word[*code & CODE_MAX];
    }
}

static void add_columns(struct sum_columns *to, const struct sum_columns *more)
{
    for (int i = 0; i < COLUMNS; i++) {
        to->n[i] += more->n[i];
        to->r[i] += more->r[i];
        to->q[i] += more->q[i];
        to->rr[i] += more->rr[i];
        to->qq[i] += more->qq[i];
        to->rq[i] += more->rq[i];
    }
}

static struct sums column(const struct sum_columns *from, int i)
{
    return (struct sums){from->n[i],  from->r[i],  from->q[i],
                         from->rr[i], from->qq[i], from->rq[i]};
}

static void similarity_columns(const struct similarities *similarity,
                               struct sum_columns *sums, double *out)
{
    const double needed = similarity->min_support;

    if (similarity->measure == SIM_PEARSON)
        for (int i = 0; i < COLUMNS; i++)
            out[i] = pearson(column(sums, i));
    else if (similarity->measure == SIM_COSINE)
        for (int i = 0; i < COLUMNS; i++)
            out[i] = cosine(column(sums, i));
    else
        for (int i = 0; i < COLUMNS; i++) {
            sums->rr[i] += sums->qq[i] - 2 * sums->rq[i];
            out[i] = msd(column(sums, i));
        }
    for (int i = 0; i < COLUMNS; i++)
        out[i] = sums->n[i] >= needed ? out[i] : 0;
}

/* Fills the row of x from x' = `from` on. A stretch of x's entries is as long
 * as the words allow. Where x has several stretches, the sums of all but the
 * last are kept in `whole`. Leaves the scratch zeroed. */
static void packed_row(const struct similarities *similarity, uint32_t x,
                       uint32_t from, void *scratch, double *row)
{
    const struct co_rated *lists = similarity->lists;
    const struct packing *packing = &similarity->packing;
    const size_t blocks = blocks_of(similarity);
    struct sum_columns *whole = scratch;            /* (blocks) */
    uint64_t *words = (uint64_t *)(whole + blocks); /* (blocks, COLUMNS) */
    size_t at = lists->x_first[x], end = lists->x_first[x + 1];
    const size_t stretch = packing->pairs / lists->repeats_max;
    const bool several = end - at > stretch;
    struct sum_columns columns;
    double out[COLUMNS];

    for (; end - at > stretch; at += stretch) {
        add_words(similarity, at, at + stretch, compared_from(from), words);
        for (size_t i = 0; i < blocks; i++) {
            packing_unpack(packing, words + i * COLUMNS, &columns);
            add_columns(&whole[i], &columns);
        }
        memset(words, 0, blocks * COLUMNS * sizeof(*words));
    }
    add_words(similarity, at, end, compared_from(from), words);

    for (uint32_t first = from / COLUMNS * COLUMNS; first < lists->xs;
         first += COLUMNS) {
        uint32_t begin = first > from ? first : from;
        uint32_t last =
            lists->xs - first < COLUMNS ? lists->xs : first + COLUMNS;
        packing_unpack(packing, words + first, &columns);
        if (several)
            add_columns(&columns, &whole[first / COLUMNS]);
        similarity_columns(similarity, &columns, out);
        memcpy(row + begin, out + (begin - first),
               (last - begin) * sizeof(*row));
    }
    memset(words, 0, blocks * COLUMNS * sizeof(*words));
    if (several)
        memset(whole, 0, blocks * sizeof(*whole));
}

/* --- Any labels ------------------------------------------------------- */

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

/* Returns the part of a rating that enters the sums: the rating itself, or its
 * difference from the offset or the baseline, scaled. */
static double part_of(const struct similarities *similarity, uint32_t x,
                      uint32_t y, double value)
{
    double taken =
        similarity->measure != SIM_PEARSON_BASELINE
            ? similarity->offset
            : similarity->mean + similarity->y_bias[y] + similarity->x_bias[x];

    return (value - taken) * similarity->scale;
}

/* The rows of one x and one y: several where a pair has several labels. */
struct repeats {
    uint32_t x;
    const struct rated *rows; /* (n) */
    size_t n;
};

/* Adds all combinations of these rows with the others' rows of the same y. The
 * outer loop runs over the rows of the lower index, as in the reference,
 * which evaluates the upper triangle: both halves of the matrix have the same
 * bits. */
static void add_group(const struct similarities *similarity,
                      const struct repeats *mine, enum compared compared,
                      struct sums *sums)
{
    const struct co_rated *lists = similarity->lists;
    const uint32_t x = mine->x, y = mine->rows->other;

    for (size_t i = lists->y_first[y];
         i < lists->y_first[y + 1] && compared == COMPARED_WITH_ALL; i++) {
        uint32_t other = lists->y_list[i].other;
        double q = part_of(similarity, other, y, lists->y_list[i].value);
        for (size_t m = 0; m < mine->n && other < x; m++)
            add_pair(&sums[other], similarity->measure,
                     part_of(similarity, x, y, mine->rows[m].value), q);
    }
    for (size_t m = 0; m < mine->n; m++) {
        double r = part_of(similarity, x, y, mine->rows[m].value);
        for (size_t i = lists->y_first[y]; i < lists->y_first[y + 1]; i++) {
            uint32_t other = lists->y_list[i].other;
            if (other > x)
                add_pair(&sums[other], similarity->measure, r,
                         part_of(similarity, other, y, lists->y_list[i].value));
        }
    }
}

static void double_row(const struct similarities *similarity, uint32_t x,
                       uint32_t from, struct sums *sums, double *row)
{
    const struct co_rated *lists = similarity->lists;
    size_t at = lists->x_first[x], end = lists->x_first[x + 1];

    while (at < end) {
        size_t n = 1;
        while (at + n < end &&
               lists->x_list[at + n].other == lists->x_list[at].other)
            n++;
        add_group(similarity, &(struct repeats){x, &lists->x_list[at], n},
                  compared_from(from), sums);
        at += n;
    }
    for (uint32_t other = from; other < lists->xs; other++)
        row[other] = similarity_of(similarity, &sums[other]);
    memset(sums + from, 0, (lists->xs - from) * sizeof(*sums));
}

struct label_range {
    double lowest, highest;
};

static struct label_range range_of(const struct co_rated *lists)
{
    struct label_range range = {INFINITY, -INFINITY};

    for (size_t at = 0; at < lists->count; at++) {
        range.lowest = fmin(range.lowest, lists->x_list[at].value);
        range.highest = fmax(range.highest, lists->x_list[at].value);
    }
    return range;
}

/* Returns a number to be subtracted from each label: 0, or the lowest label
 * where the labels differ by a small part of it. Such labels would lose the
 * digits by which they differ in the sums of a pearson. The pearson of the
 * differences is the same, and subtracting has no rounding error. */
static double offset_of(struct label_range range)
{
    return range.highest - range.lowest < OFFSET_SPREAD * fabs(range.lowest)
               ? range.lowest
               : 0;
}

/* Returns a power of two, which changes no digit of a label: 1 for labels of
 * any usual size. */
static double scale_of(struct label_range range, double offset)
{
    double most =
        fmax(fabs(range.lowest - offset), fabs(range.highest - offset));
    int exponent = 0;

    (void)frexp(most, &exponent);
    if (!isfinite(most) || abs(exponent) <= UNSCALED_EXPONENT)
        return 1;
    return ldexp(1, exponent < -SCALE_EXPONENT_MAX ? SCALE_EXPONENT_MAX
                                                   : -exponent);
}

/* --- The interface ---------------------------------------------------- */

struct similarities similarity_over(const struct co_rated *lists,
                                    const struct model_params *params,
                                    double mean, const double *x_bias,
                                    const double *y_bias)
{
    struct similarities similarity = {
        .lists = lists,
        .measure = (enum similarity)params->similarity,
        .min_support = params->min_support,
        .shrinkage = params->shrinkage,
        .mean = mean,
        .x_bias = x_bias,
        .y_bias = y_bias,
        .scale = 1,
    };
    const struct label_range range = range_of(lists);

    if (similarity.measure == SIM_PEARSON)
        similarity.offset = offset_of(range);
    if (similarity.measure != SIM_MSD) /* which depends on the unit */
        similarity.scale = scale_of(range, similarity.offset);
    if (similarity.measure == SIM_PEARSON_BASELINE || !lists->coded)
        return similarity;
    similarity.packing = packing_of(lists->code_base, lists->code_span);
    similarity.small_integers = lists->repeats_max <= similarity.packing.pairs;
    return similarity;
}

size_t similarity_scratch_bytes(const struct similarities *similarity)
{
    return blocks_of(similarity) *
           (sizeof(struct sum_columns) + COLUMNS * sizeof(uint64_t));
}

/* Fills the row of x from x' = `from` on, which is 0 or x + 1. */
static void fill_row(const struct similarities *similarity, uint32_t x,
                     uint32_t from, void *scratch, double *row)
{
    if (similarity->small_integers)
        packed_row(similarity, x, from, scratch, row);
    else
        double_row(similarity, x, from, scratch, row);
    row[x] = 1;
}

void similarity_row(const struct similarities *similarity, uint32_t x,
                    void *scratch, double *row)
{
    fill_row(similarity, x, 0, scratch, row);
}

/* --- The whole matrix ------------------------------------------------- */

struct matrix_work {
    const struct similarities *similarity;
    double *matrix;
    atomic_uint next;
    atomic_bool failed;
};

/* A thread takes blocks of rows: the part behind the diagonal, and its mirror
 * image in whole cache lines. No other block writes to either. */
static void *work_blocks(void *argument)
{
    struct matrix_work *work = argument;
    const uint32_t xs = work->similarity->lists->xs;
    double *matrix = work->matrix;
    void *scratch = calloc(1, similarity_scratch_bytes(work->similarity) + 1);

    if (!scratch) {
        atomic_store(&work->failed, true);
        return NULL;
    }
    for (uint32_t x = atomic_fetch_add(&work->next, BLOCK); x < xs;
         x = atomic_fetch_add(&work->next, BLOCK)) {
        uint32_t end = xs - x < BLOCK ? xs : x + BLOCK;
        for (uint32_t at = x; at < end; at++)
            fill_row(work->similarity, at, at + 1, scratch,
                     matrix + (size_t)at * xs);
        for (size_t other = (size_t)x + 1; other < xs; other++)
            for (uint32_t at = x; at < end && at < other; at++)
                matrix[other * xs + at] = matrix[(size_t)at * xs + other];
    }
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
           pthread_create(&helpers[started], NULL, work_blocks, &work) == 0)
        started++;
    work_blocks(&work);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
    if (atomic_load(&work.failed))
        return error_no_memory(err, "the similarities");
    return 0;
}
