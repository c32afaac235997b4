/*
 * slow_figures.h - the figures of clicks from their definitions: pair by pair,
 * without a thought for time or rounding.
 */
#ifndef SUPPORT_SLOW_FIGURES_H
#define SUPPORT_SLOW_FIGURES_H

#include <stddef.h>

struct slow_figures {
    double click_rate, rmse, mae, logloss, normalised_entropy, auc, calibration,
        ece;
};

/* Labels are 0 or 1, predictions between them. What cannot be said is NaN. */
struct slow_figures slow_figures(const double *labels,
                                 const double *predictions, size_t n);

#endif
