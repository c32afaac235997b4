#include "model/evaluation.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ECE_BINS = 10 };

static double clamp_probability(double p)
{
    return fmin(fmax(p, 1e-15), 1 - 1e-15);
}

static double entropy(double label, double p)
{
    p = clamp_probability(p);
    return -(label * log(p) + (1 - label) * log1p(-p));
}

struct scored {
    double p, label;
};

static int by_prediction(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;

    return (x->p > y->p) - (x->p < y->p);
}

/* The share of (click, no click) pairs ranked right, ties one half; a label
 * between 0 and 1 is that much click and the rest none. */
static double auc_of_sorted(const struct scored *sorted, size_t n)
{
    double positives = 0, negatives = 0, right = 0;

    for (size_t first = 0; first < n;) {
        double tied_positives = 0, tied_negatives = 0;
        size_t last = first;
        for (; last < n && !(sorted[last].p > sorted[first].p); last++) {
            tied_positives += sorted[last].label;
            tied_negatives += 1 - sorted[last].label;
        }
        right += tied_positives * (negatives + tied_negatives / 2);
        positives += tied_positives;
        negatives += tied_negatives;
        first = last;
    }
    return positives > 0 && negatives > 0 ? right / (positives * negatives)
                                          : NAN;
}

static int auc(const double *labels, const double *predictions, size_t n,
               double *out, struct error *err)
{
    struct scored *scored = malloc((n + 1) * sizeof(*scored));

    if (!scored)
        return error_set(err, ERROR_FAILED, "evaluation: out of memory");
    for (size_t i = 0; i < n; i++)
        scored[i] = (struct scored){predictions[i], labels[i]};
    qsort(scored, n, sizeof(*scored), by_prediction);
    *out = auc_of_sorted(scored, n);
    free(scored);
    return 0;
}

/* The mean distance of a bin's mean prediction from its mean label, weighted
 * by its rows. */
static double calibration_error(const double *labels, const double *predictions,
                                size_t n)
{
    double gap[ECE_BINS] = {0}, sum = 0;

    for (size_t i = 0; i < n; i++) {
        double p = fmin(fmax(predictions[i], 0), 1);
        int bin = (int)(p * ECE_BINS);
        gap[bin < ECE_BINS ? bin : ECE_BINS - 1] += predictions[i] - labels[i];
    }
    for (int bin = 0; bin < ECE_BINS; bin++)
        sum += fabs(gap[bin]);
    return sum / (double)n;
}

static void errors(const double *labels, const double *predictions, size_t n,
                   struct evaluation *out)
{
    double squares = 0, distance = 0, clicks = 0, predicted = 0;
    double rows = (double)n;

    for (size_t i = 0; i < n; i++) {
        double e = labels[i] - predictions[i];
        squares += e * e;
        distance += fabs(e);
        clicks += labels[i];
        predicted += predictions[i];
    }
    out->click_rate = clicks / rows;
    out->mse = squares / rows;
    out->rmse = sqrt(out->mse);
    out->mae = distance / rows;
    out->calibration = clicks > 0 ? predicted / clicks : NAN;
}

static void losses(const double *labels, const double *predictions, size_t n,
                   struct evaluation *out)
{
    double loss = 0;

    for (size_t i = 0; i < n; i++)
        loss += entropy(labels[i], predictions[i]);
    out->logloss = loss / (double)n;

    bool mixed = out->click_rate > 0 && out->click_rate < 1;
    out->normalised_entropy =
        mixed ? out->logloss / entropy(out->click_rate, out->click_rate) : NAN;
}

/* Could the labels be clicks? Stars have no log-loss. */
static bool are_clicks(const double *labels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(labels[i] >= 0 && labels[i] <= 1))
            return false;
    return true;
}

int evaluate(const double *labels, const double *predictions, size_t n,
             struct evaluation *out, struct error *err)
{
    struct evaluation result = {.rows = n,
                                .click_rate = NAN,
                                .rmse = NAN,
                                .mse = NAN,
                                .mae = NAN,
                                .logloss = NAN,
                                .normalised_entropy = NAN,
                                .auc = NAN,
                                .calibration = NAN,
                                .ece = NAN,
                                .fcp = NAN};

    if (n > 0)
        errors(labels, predictions, n, &result);
    if (n > 0 && are_clicks(labels, n)) {
        if (auc(labels, predictions, n, &result.auc, err) < 0)
            return -1;
        losses(labels, predictions, n, &result);
        result.ece = calibration_error(labels, predictions, n);
    }
    *out = result;
    return 0;
}
