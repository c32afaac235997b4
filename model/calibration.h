/*
 * calibration.h - from a score to a click probability (Platt 1999).
 *
 *   p = 1 / (1 + exp(-(slope s + offset)))
 *
 * A linear model says 0 or less for pairs that are merely unlikely, and one
 * click there costs more than all else it learned. Slope and offset are those
 * with the least log-loss on rows that were not learned from; ranking, and so
 * the AUC, stays.
 */
#ifndef MODEL_CALIBRATION_H
#define MODEL_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed: none, the score is the answer. */
struct calibration {
    double slope, offset;
};

static inline bool calibration_is_set(const struct calibration *calibration)
{
    return calibration->slope > 0;
}

double calibration_apply(const struct calibration *calibration, double score);

/* Do n labels say enough for two numbers to be learned from them? These cost
 * 1 / (n H) of the entropy H of a label: above a hundredth they do not. */
bool calibration_is_worth(const double *labels, size_t n);

/* Newton's method on n scores and labels in [0, 1]. Without clicks, without
 * non-clicks, or where higher scores are not better, *out is none. */
void calibration_fit(const double *scores, const double *labels, size_t n,
                     struct calibration *out);

#endif
