#include "model/bootstrap.h"

#include "common/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A row of one contender, in the order of its predictions. */
struct sorted {
    double p, label, loss;
    uint32_t row, bin;
};

struct bootstrap {
    struct bootstrap_config config;
    size_t contenders;
    double *figures; /* (contenders, FIGURE_COUNT, replicates) */
    double *scratch; /* (replicates) */
};

double evaluation_figure(const struct evaluation *evaluation,
                         enum figure figure)
{
    const double figures[FIGURE_COUNT] = {
        [FIGURE_RMSE] = evaluation->rmse,
        [FIGURE_MAE] = evaluation->mae,
        [FIGURE_LOGLOSS] = evaluation->logloss,
        [FIGURE_ENTROPY] = evaluation->normalised_entropy,
        [FIGURE_AUC] = evaluation->auc,
        [FIGURE_CALIBRATION] = evaluation->calibration,
        [FIGURE_ECE] = evaluation->ece,
    };

    return figures[figure];
}

/* --- One replicate of one contender ----------------------------------------
 */

static double entropy(double label, double p)
{
    p = fmin(fmax(p, 1e-15), 1 - 1e-15);
    return -(label * log(p) + (1 - label) * log1p(-p));
}

struct sums {
    double rows, clicks, predicted, squares, distance, loss;
    double right, negatives; /* of the AUC */
    double gaps[ECE_BINS];
};

/* Rows of one prediction, from `first` on; returns where the next begins. */
static size_t add_tied(const struct sorted *rows, size_t n, size_t first,
                       const uint8_t *weights, struct sums *sums)
{
    double positives = 0, negatives = 0;
    size_t i = first;

    for (; i < n && !(rows[i].p > rows[first].p); i++) {
        const struct sorted *row = &rows[i];
        double weight = weights[row->row], error = row->label - row->p;
        positives += weight * row->label;
        negatives += weight * (1 - row->label);
        sums->rows += weight;
        sums->predicted += weight * row->p;
        sums->squares += weight * error * error;
        sums->distance += weight * fabs(error);
        sums->loss += weight * row->loss;
        sums->gaps[row->bin] -= weight * error;
    }
    sums->right += positives * (sums->negatives + negatives / 2);
    sums->clicks += positives;
    sums->negatives += negatives;
    return i;
}

static void figures_of(const struct sums *sums, double out[FIGURE_COUNT])
{
    double rate = sums->clicks / sums->rows, gaps = 0;
    bool mixed = sums->clicks > 0 && sums->negatives > 0;

    for (int bin = 0; bin < ECE_BINS; bin++)
        gaps += fabs(sums->gaps[bin]);
    out[FIGURE_RMSE] = sqrt(sums->squares / sums->rows);
    out[FIGURE_MAE] = sums->distance / sums->rows;
    out[FIGURE_LOGLOSS] = sums->loss / sums->rows;
    out[FIGURE_ENTROPY] =
        mixed ? out[FIGURE_LOGLOSS] / entropy(rate, rate) : NAN;
    out[FIGURE_AUC] =
        mixed ? sums->right / (sums->clicks * sums->negatives) : NAN;
    out[FIGURE_CALIBRATION] =
        sums->clicks > 0 ? sums->predicted / sums->clicks : NAN;
    out[FIGURE_ECE] = gaps / sums->rows;
}

static void replicate(const struct sorted *rows, size_t n,
                      const uint8_t *weights, double out[FIGURE_COUNT])
{
    struct sums sums = {0};

    for (size_t i = 0; i < n;)
        i = add_tied(rows, n, i, weights, &sums);
    figures_of(&sums, out);
}

/* --- All of them ------------------------------------------------------------
 */

static int by_prediction(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;

    return (x->p > y->p) - (x->p < y->p);
}

static void sort(const double *labels, const double *predictions, size_t n,
                 struct sorted *out)
{
    for (size_t i = 0; i < n; i++) {
        double p = fmin(fmax(predictions[i], 0), 1);
        uint32_t bin = (uint32_t)(p * ECE_BINS);
        out[i] = (struct sorted){
            predictions[i], labels[i], entropy(labels[i], predictions[i]),
            (uint32_t)i, bin < ECE_BINS ? bin : ECE_BINS - 1};
    }
    qsort(out, n, sizeof(*out), by_prediction);
}

/* By inversion: how often a row counts. */
static uint8_t poisson(uint64_t *state)
{
    double u = random_uniform(state), p = exp(-1), sum = p;
    uint8_t count = 0;

    while (u >= sum && count < 16)
        sum += p /= ++count;
    return count;
}

static double *cell(const struct bootstrap *bootstrap, size_t contender,
                    size_t figure, size_t replicate)
{
    return &bootstrap->figures[(contender * FIGURE_COUNT + figure) *
                                   bootstrap->config.replicates +
                               replicate];
}

static void run_all(struct bootstrap *bootstrap, const struct sorted *rows,
                    size_t n, uint8_t *weights)
{
    uint64_t state = bootstrap->config.seed;

    for (size_t r = 0; r < bootstrap->config.replicates; r++) {
        for (size_t i = 0; i < n; i++)
            weights[i] = poisson(&state);
        for (size_t c = 0; c < bootstrap->contenders; c++) {
            double figures[FIGURE_COUNT];
            replicate(&rows[c * n], n, weights, figures);
            for (size_t f = 0; f < FIGURE_COUNT; f++)
                *cell(bootstrap, c, f, r) = figures[f];
        }
    }
}

static int reserve(struct bootstrap *bootstrap, struct error *err)
{
    size_t count = bootstrap->config.replicates;

    bootstrap->figures =
        calloc(bootstrap->contenders * FIGURE_COUNT * count + 1,
               sizeof(*bootstrap->figures));
    bootstrap->scratch = calloc(count + 1, sizeof(*bootstrap->scratch));
    if (bootstrap->figures && bootstrap->scratch)
        return 0;
    return error_set(err, ERROR_LIMIT, "no memory for %zu replicates", count);
}

int bootstrap_run(const double *labels, const double *const *predictions,
                  size_t contenders, size_t n,
                  const struct bootstrap_config *config, struct bootstrap **out,
                  struct error *err)
{
    struct bootstrap *bootstrap = calloc(1, sizeof(*bootstrap));
    struct sorted *rows = calloc(contenders * n + 1, sizeof(*rows));
    uint8_t *weights = calloc(n + 1, 1);
    int status = -1;

    if (!bootstrap || !rows || !weights || n > UINT32_MAX) {
        error_set(err, ERROR_LIMIT, "no memory to bootstrap %zu rows", n);
        free(bootstrap);
        bootstrap = NULL;
    } else {
        bootstrap->config = *config;
        bootstrap->contenders = contenders;
        status = reserve(bootstrap, err);
    }
    if (status == 0) {
        for (size_t c = 0; c < contenders; c++)
            sort(labels, predictions[c], n, &rows[c * n]);
        run_all(bootstrap, rows, n, weights);
        *out = bootstrap;
    } else {
        bootstrap_free(bootstrap);
    }
    free(rows);
    free(weights);
    return status;
}

/* --- Intervals --------------------------------------------------------------
 */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Between the values of the sorted replicates, as numpy.percentile. */
static double percentile(const double *values, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t low = (size_t)at;

    if (low + 1 >= n)
        return values[n - 1];
    return values[low] + (at - (double)low) * (values[low + 1] - values[low]);
}

static struct interval percentiles(double *values, size_t n, double level)
{
    if (n == 0)
        return (struct interval){NAN, NAN};
    qsort(values, n, sizeof(*values), by_value);
    return (struct interval){percentile(values, n, (1 - level) / 2),
                             percentile(values, n, (1 + level) / 2)};
}

struct interval bootstrap_interval(const struct bootstrap *bootstrap,
                                   size_t contender, enum figure figure)
{
    size_t n = 0;

    for (size_t r = 0; r < bootstrap->config.replicates; r++) {
        double value = *cell(bootstrap, contender, figure, r);
        if (isfinite(value))
            bootstrap->scratch[n++] = value;
    }
    return percentiles(bootstrap->scratch, n, bootstrap->config.level);
}

struct interval bootstrap_difference(const struct bootstrap *bootstrap,
                                     size_t first, size_t second,
                                     enum figure figure)
{
    size_t n = 0;

    for (size_t r = 0; r < bootstrap->config.replicates; r++) {
        double value = *cell(bootstrap, first, figure, r) -
                       *cell(bootstrap, second, figure, r);
        if (isfinite(value))
            bootstrap->scratch[n++] = value;
    }
    return percentiles(bootstrap->scratch, n, bootstrap->config.level);
}

void bootstrap_free(struct bootstrap *bootstrap)
{
    if (!bootstrap)
        return;
    free(bootstrap->figures);
    free(bootstrap->scratch);
    free(bootstrap);
}
