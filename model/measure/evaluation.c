#include "model/measure/evaluation.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const struct evaluation nothing = {.click_rate = NAN,
                                          .rmse = NAN,
                                          .mse = NAN,
                                          .mae = NAN,
                                          .logloss = NAN,
                                          .normalised_entropy = NAN,
                                          .auc = NAN,
                                          .calibration = NAN,
                                          .ece = NAN,
                                          .fcp = NAN};

/* --- One row ---------------------------------------------------------- */

static double entropy(double label, double p)
{
    p = fmin(fmax(p, 1e-15), 1 - 1e-15);
    return -(label * log(p) + (1 - label) * log1p(-p));
}

struct evaluation_terms evaluation_terms(double label, double prediction)
{
    double gap = prediction - label;
    size_t bin = (size_t)(fmin(fmax(prediction, 0), 1) * ECE_BINS);

    return (struct evaluation_terms){
        .label = label,
        .prediction = prediction,
        .square = gap * gap,
        .distance = fabs(gap),
        .loss = entropy(label, prediction),
        .gap = gap,
        .bin = bin < ECE_BINS ? bin : ECE_BINS - 1,
    };
}

/* --- Sums ------------------------------------------------------------- */

/* The share of (click, no click) pairs ranked right, ties one half; a label
 * between 0 and 1 is that much click and the rest none. */
static void close_tie(struct evaluation_sums *sums)
{
    sums->right += sums->tied_clicks * (sums->others + sums->tied_others / 2);
    sums->clicks += sums->tied_clicks;
    sums->others += sums->tied_others;
    sums->tied_clicks = sums->tied_others = 0;
}

void evaluation_add(struct evaluation_sums *sums,
                    const struct evaluation_terms *row)
{
    if (row->prediction > sums->tied || row->prediction < sums->tied) {
        close_tie(sums);
        sums->tied = row->prediction;
    }
    sums->rows++;
    sums->predicted += row->prediction;
    sums->squares += row->square;
    sums->distance += row->distance;
    sums->loss += row->loss;
    sums->gaps[row->bin] += row->gap;
    sums->tied_clicks += row->label;
    sums->tied_others += 1 - row->label;
}

static void errors_of(const struct evaluation_sums *sums,
                      struct evaluation *out)
{
    out->rows = (size_t)sums->rows;
    out->click_rate = sums->clicks / sums->rows;
    out->mse = sums->squares / sums->rows;
    out->rmse = sqrt(out->mse);
    out->mae = sums->distance / sums->rows;
    out->calibration = sums->clicks > 0 ? sums->predicted / sums->clicks : NAN;
}

struct evaluation evaluation_of(const struct evaluation_sums *sums)
{
    struct evaluation out = nothing;
    struct evaluation_sums all = *sums;
    double gaps = 0;

    if (!(sums->rows > 0))
        return out;
    close_tie(&all);
    errors_of(&all, &out);
    for (int bin = 0; bin < ECE_BINS; bin++)
        gaps += fabs(all.gaps[bin]);
    out.ece = gaps / all.rows;
    out.logloss = all.loss / all.rows;
    if (all.clicks > 0 && all.others > 0) {
        out.auc = all.right / (all.clicks * all.others);
        out.normalised_entropy =
            out.logloss / entropy(out.click_rate, out.click_rate);
    }
    return out;
}

/* --- Rows at once ----------------------------------------------------- */

struct scored {
    double p, label;
};

static int by_prediction_and_label(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    int order = (x->p > y->p) - (x->p < y->p);

    return order ? order : (x->label > y->label) - (x->label < y->label);
}

static int evaluate_clicks(const double *labels, const double *predictions,
                           size_t n, struct evaluation *out, struct error *err)
{
    struct scored *scored = malloc((n + 1) * sizeof(*scored));
    struct evaluation_sums sums = {0};

    if (!scored)
        return error_no_memory(err, "the evaluation");
    for (size_t i = 0; i < n; i++)
        scored[i] = (struct scored){predictions[i], labels[i]};
    qsort(scored, n, sizeof(*scored), by_prediction_and_label);
    for (size_t i = 0; i < n; i++) {
        struct evaluation_terms row =
            evaluation_terms(scored[i].label, scored[i].p);
        evaluation_add(&sums, &row);
    }
    free(scored);
    *out = evaluation_of(&sums);
    return 0;
}

/* Stars have no log-loss and no order that matters. */
static struct evaluation evaluate_stars(const double *labels,
                                        const double *predictions, size_t n)
{
    struct evaluation out = nothing;
    struct evaluation_sums sums = {.rows = (double)n};

    for (size_t i = 0; i < n; i++) {
        double gap = labels[i] - predictions[i];
        sums.squares += gap * gap;
        sums.distance += fabs(gap);
        sums.clicks += labels[i];
        sums.predicted += predictions[i];
    }
    errors_of(&sums, &out);
    return out;
}

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
    if (n > 0 && are_clicks(labels, n))
        return evaluate_clicks(labels, predictions, n, out, err);
    *out = n > 0 ? evaluate_stars(labels, predictions, n) : nothing;
    return 0;
}
