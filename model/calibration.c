#include "model/calibration.h"

#include <math.h>

enum { STEPS_MAX = 100 };

double calibration_apply(const struct calibration *calibration, double score)
{
    return 1 / (1 + exp(-(calibration->slope * score + calibration->offset)));
}

/* Gradient and Hessian of the log-loss in (slope, offset). */
struct curve {
    double by_slope, by_offset;
    double slope_slope, slope_offset, offset_offset;
};

/* Platt's targets: a label is drawn towards one half by one row of each kind,
 * so that scores that separate the labels do not drive the slope to infinity.
 */
static struct curve curve_at(const struct calibration *at, const double *scores,
                             const double *labels, size_t n, double high,
                             double low)
{
    struct curve c = {0};

    for (size_t i = 0; i < n; i++) {
        double target = labels[i] * high + (1 - labels[i]) * low;
        double p = calibration_apply(at, scores[i]);
        double d = p - target, weight = p * (1 - p);
        c.by_slope += d * scores[i];
        c.by_offset += d;
        c.slope_slope += weight * scores[i] * scores[i];
        c.slope_offset += weight * scores[i];
        c.offset_offset += weight;
    }
    return c;
}

/* One step of Newton's method; false when there is no way down. */
static bool step(struct calibration *at, const struct curve *c, double *moved)
{
    double ridge = 1e-10 * (1 + c->slope_slope + c->offset_offset);
    double a = c->slope_slope + ridge, d = c->offset_offset + ridge;
    double determinant = a * d - c->slope_offset * c->slope_offset;

    if (!(determinant > 0))
        return false;
    double slope =
        (d * c->by_slope - c->slope_offset * c->by_offset) / determinant;
    double offset =
        (a * c->by_offset - c->slope_offset * c->by_slope) / determinant;
    /* A long step from a poor start may overshoot: shorten it. */
    double longest = fmax(fabs(slope), fabs(offset)), scale = 1;
    if (longest > 10)
        scale = 10 / longest;
    at->slope -= scale * slope;
    at->offset -= scale * offset;
    *moved = longest;
    return isfinite(at->slope) && isfinite(at->offset);
}

void calibration_fit(const double *scores, const double *labels, size_t n,
                     struct calibration *out)
{
    double clicks = 0, moved = 1;

    *out = (struct calibration){0};
    for (size_t i = 0; i < n; i++)
        clicks += labels[i];
    double others = (double)n - clicks;
    if (!(clicks > 0 && others > 0))
        return;

    double high = (clicks + 1) / (clicks + 2), low = 1 / (others + 2);
    struct calibration at = {.slope = 0, .offset = log(clicks / others)};
    for (int i = 0; i < STEPS_MAX && moved > 1e-12; i++) {
        struct curve c = curve_at(&at, scores, labels, n, high, low);
        if (!step(&at, &c, &moved))
            return;
    }
    if (at.slope > 0)
        *out = at;
}
