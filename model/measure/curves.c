#include "model/measure/curves.h"

#include <math.h>
#include <string.h>

/* --- Reliability ------------------------------------------------------ */

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

static void close_bin(struct curves_pass *pass)
{
    struct reliability_bin bin = pass->sums;

    if (bin.rows == 0)
        return;
    bin.predicted /= (double)bin.rows;
    bin.click_rate /= (double)bin.rows;
    surround(&bin);
    pass->out->bins[pass->out->bin_count++] = bin;
    pass->sums = (struct reliability_bin){0};
}

/* Before a new tie: has the bin its share of the rows? A long tie may have
 * taken that of further ones. */
static void leave_bin(struct curves_pass *pass)
{
    size_t before = pass->bin;

    while (pass->done >= pass->rows * (pass->bin + 1) / RELIABILITY_BINS)
        pass->bin++;
    if (pass->bin != before)
        close_bin(pass);
}

/* --- ROC -------------------------------------------------------------- */

/* Notes the rows below a threshold at the tie that ends, about every n / max-th
 * row; at the end they are turned into the rows above it. */
static void keep_threshold(struct curves_pass *pass)
{
    const size_t step = pass->rows / (ROC_POINTS_MAX - 2) + 1;
    struct curves *out = pass->out;

    if (pass->done > 0 && pass->done - pass->kept < step)
        return;
    pass->kept = pass->done;
    out->roc[out->roc_count++] = (struct roc_point){pass->others, pass->clicks};
}

static void turn_thresholds(struct curves_pass *pass)
{
    struct curves *out = pass->out;

    if (!(pass->clicks > 0) || !(pass->others > 0)) {
        out->roc_count = 0;
        return;
    }
    out->roc[out->roc_count++] = (struct roc_point){pass->others, pass->clicks};
    for (size_t low = 0, high = out->roc_count; low < high--; low++) {
        struct roc_point a = out->roc[low], b = out->roc[high];
        out->roc[low] =
            (struct roc_point){(pass->others - b.false_rate) / pass->others,
                               (pass->clicks - b.true_rate) / pass->clicks};
        out->roc[high] =
            (struct roc_point){(pass->others - a.false_rate) / pass->others,
                               (pass->clicks - a.true_rate) / pass->clicks};
    }
}

/* --- Rows ------------------------------------------------------------- */

void curves_begin(struct curves_pass *pass, size_t rows, struct curves *out)
{
    memset(out, 0, sizeof(*out));
    *pass = (struct curves_pass){.out = out, .rows = rows};
}

static void end_tie(struct curves_pass *pass)
{
    pass->done += pass->tied;
    pass->clicks += pass->tied_clicks;
    pass->others += pass->tied_others;
    pass->tied = 0;
    pass->tied_clicks = pass->tied_others = 0;
}

void curves_add(struct curves_pass *pass, double label, double prediction)
{
    struct curves *out = pass->out;
    size_t score = (size_t)(fmin(fmax(prediction, 0), 1) * SCORE_BINS);

    if (pass->tied == 0 || prediction > pass->p) {
        end_tie(pass);
        leave_bin(pass);
        keep_threshold(pass);
        pass->p = prediction;
    }
    pass->tied++;
    pass->tied_clicks += label;
    pass->tied_others += 1 - label;
    pass->sums.rows++;
    pass->sums.predicted += prediction;
    pass->sums.click_rate += label;
    score -= score == SCORE_BINS;
    out->clicks[score] += label;
    out->others[score] += 1 - label;
}

void curves_end(struct curves_pass *pass)
{
    end_tie(pass);
    close_bin(pass);
    turn_thresholds(pass);
}
