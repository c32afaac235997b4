#include "model/curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct scored {
    double p, label;
};

static int by_prediction(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;

    return (x->p > y->p) - (x->p < y->p);
}

/* Behind the last row with the prediction of row `at`. */
static size_t end_of_tie(const struct scored *rows, size_t n, size_t at)
{
    size_t end = at + 1;

    while (end < n && !(rows[end].p > rows[at].p))
        end++;
    return end;
}

/* --- Reliability ------------------------------------------------------------
 */

/* Wilson's interval of a share. */
static void surround(struct reliability_bin *bin)
{
    const double z = 1.959963984540054;
    double n = (double)bin->rows, rate = bin->click_rate;
    double middle = (rate + z * z / (2 * n)) / (1 + z * z / n);
    double half =
        z / (1 + z * z / n) * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n));

    bin->low = fmax(0, middle - half);
    bin->high = fmin(1, middle + half);
}

static struct reliability_bin bin_of(const struct scored *rows, size_t first,
                                     size_t end)
{
    struct reliability_bin bin = {.rows = end - first};

    for (size_t i = first; i < end; i++) {
        bin.predicted += rows[i].p;
        bin.click_rate += rows[i].label;
    }
    bin.predicted /= (double)bin.rows;
    bin.click_rate /= (double)bin.rows;
    surround(&bin);
    return bin;
}

static void draw_reliability(const struct scored *rows, size_t n,
                             struct curves *out)
{
    size_t first = 0;

    for (size_t bin = 0; bin < RELIABILITY_BINS && first < n; bin++) {
        size_t end = n * (bin + 1) / RELIABILITY_BINS;
        if (end <= first)
            continue; /* a tie has taken this share */
        end = end_of_tie(rows, n, end - 1);
        out->bins[out->bin_count++] = bin_of(rows, first, end);
        first = end;
    }
}

/* --- ROC --------------------------------------------------------------------
 */

/* From the highest prediction down; keeps about every n / max-th row. */
static void draw_roc(const struct scored *rows, size_t n, struct curves *out)
{
    const size_t step = n / (ROC_POINTS_MAX - 2) + 1;
    double clicks = 0, others = 0, all = 0;
    size_t kept = n;

    for (size_t i = 0; i < n; i++)
        all += rows[i].label;
    if (!(all > 0) || !(all < (double)n))
        return;
    out->roc[out->roc_count++] = (struct roc_point){0, 0};
    for (size_t i = n; i-- > 0;) {
        clicks += rows[i].label;
        others += 1 - rows[i].label;
        if (i > 0 && (!(rows[i].p > rows[i - 1].p) || kept - i < step))
            continue;
        kept = i;
        out->roc[out->roc_count++] =
            (struct roc_point){others / ((double)n - all), clicks / all};
    }
}

/* --- Distribution -----------------------------------------------------------
 */

static void draw_scores(const struct scored *rows, size_t n, struct curves *out)
{
    for (size_t i = 0; i < n; i++) {
        size_t bin = (size_t)(fmin(fmax(rows[i].p, 0), 1) * SCORE_BINS);
        if (bin == SCORE_BINS)
            bin--;
        out->clicks[bin] += rows[i].label;
        out->others[bin] += 1 - rows[i].label;
    }
}

int curves_draw(const double *labels, const double *predictions, size_t n,
                struct curves *out, struct error *err)
{
    struct scored *rows = malloc((n + 1) * sizeof(*rows));

    if (!rows)
        return error_set(err, ERROR_LIMIT, "no memory to draw %zu rows", n);
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct scored){predictions[i], labels[i]};
    qsort(rows, n, sizeof(*rows), by_prediction);
    memset(out, 0, sizeof(*out));
    draw_reliability(rows, n, out);
    draw_roc(rows, n, out);
    draw_scores(rows, n, out);
    free(rows);
    return 0;
}
