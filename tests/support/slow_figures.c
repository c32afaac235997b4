#include "support/slow_figures.h"

#include <math.h>

static long double mean(const double *values, size_t n)
{
    long double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum / (long double)n;
}

static long double surprise(long double label, long double p)
{
    return label > 0 ? -logl(p) : -logl(1 - p);
}

/* Of all pairs of a click and none. */
static double auc(const double *labels, const double *predictions, size_t n)
{
    long double right = 0, pairs = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; labels[i] > 0 && j < n; j++) {
            if (labels[j] > 0)
                continue;
            pairs++;
            right += predictions[i] > predictions[j]   ? 1.0L
                     : predictions[i] < predictions[j] ? 0.0L
                                                       : 0.5L;
        }
    return pairs > 0 ? (double)(right / pairs) : NAN;
}

static double ece(const double *labels, const double *predictions, size_t n)
{
    long double sum = 0;

    for (int bin = 0; bin < 10; bin++) {
        long double gap = 0;
        for (size_t i = 0; i < n; i++)
            if ((int)fmin(9, floor(predictions[i] * 10)) == bin)
                gap += (long double)predictions[i] - labels[i];
        sum += fabsl(gap);
    }
    return (double)(sum / (long double)n);
}

struct slow_figures slow_figures(const double *labels,
                                 const double *predictions, size_t n)
{
    long double squares = 0, distances = 0, loss = 0;
    long double rate = mean(labels, n);

    for (size_t i = 0; i < n; i++) {
        long double error = (long double)labels[i] - predictions[i];
        squares += error * error;
        distances += fabsl(error);
        loss += surprise(labels[i], predictions[i]);
    }
    loss /= (long double)n;
    long double plain =
        rate * surprise(1, rate) + (1 - rate) * surprise(0, rate);
    return (struct slow_figures){
        .click_rate = (double)rate,
        .rmse = (double)sqrtl(squares / (long double)n),
        .mae = (double)(distances / (long double)n),
        .logloss = (double)loss,
        .normalised_entropy =
            rate > 0 && rate < 1 ? (double)(loss / plain) : NAN,
        .auc = auc(labels, predictions, n),
        .calibration = rate > 0 ? (double)(mean(predictions, n) / rate) : NAN,
        .ece = ece(labels, predictions, n),
    };
}
