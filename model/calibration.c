#include "model/calibration.h"

#include <math.h>

enum { STEPS_MAX = 100, HALVINGS_MAX = 34 };

double calibration_apply(const struct calibration *calibration, double score)
{
    return 1 / (1 + exp(-(calibration->slope * score + calibration->offset)));
}

/* Platt's targets: a label is drawn towards one half by one row of each kind,
 * so that scores that separate the labels do not drive the slope to infinity.
 */
struct task {
    const double *scores, *labels;
    size_t n;
    double high, low; /* targets of a click and of none */
};

static double target_of(const struct task *task, size_t i)
{
    return task->labels[i] * task->high + (1 - task->labels[i]) * task->low;
}

/* log(1 + e^f) - target f, without e to a large number. */
static double loss_at(const struct task *task, const struct calibration *at)
{
    double loss = 0;

    for (size_t i = 0; i < task->n; i++) {
        double f = at->slope * task->scores[i] + at->offset;
        loss += log1p(exp(-fabs(f))) + fmax(f, 0) - target_of(task, i) * f;
    }
    return loss;
}

/* Gradient and Hessian of the loss in (slope, offset). */
struct curve {
    double by_slope, by_offset;
    double slope_slope, slope_offset, offset_offset;
};

static struct curve curve_at(const struct task *task,
                             const struct calibration *at)
{
    struct curve c = {0};

    for (size_t i = 0; i < task->n; i++) {
        double p = calibration_apply(at, task->scores[i]);
        double d = p - target_of(task, i), weight = p * (1 - p);
        c.by_slope += d * task->scores[i];
        c.by_offset += d;
        c.slope_slope += weight * task->scores[i] * task->scores[i];
        c.slope_offset += weight * task->scores[i];
        c.offset_offset += weight;
    }
    return c;
}

/* Newton's step; false where the curve has no bottom. */
static bool newton(const struct curve *c, struct calibration *out)
{
    double ridge = 1e-10 * (1 + c->slope_slope + c->offset_offset);
    double a = c->slope_slope + ridge, d = c->offset_offset + ridge;
    double determinant = a * d - c->slope_offset * c->slope_offset;

    out->slope =
        -(d * c->by_slope - c->slope_offset * c->by_offset) / determinant;
    out->offset =
        -(a * c->by_offset - c->slope_offset * c->by_slope) / determinant;
    return determinant > 0 && isfinite(out->slope) && isfinite(out->offset);
}

/* Moves along the step, halved until the loss falls by a share of what the
 * slope promises (Armijo 1966): from a poor start a whole step may land where
 * there is no way back. Rounding is no rise. */
static bool descend(const struct task *task, const struct curve *c,
                    const struct calibration *step, struct calibration *at,
                    double *loss)
{
    double promised = c->by_slope * step->slope + c->by_offset * step->offset;
    double scale = 1;

    for (int halvings = 0; halvings <= HALVINGS_MAX; halvings++, scale /= 2) {
        struct calibration next = {at->slope + scale * step->slope,
                                   at->offset + scale * step->offset};
        double there = loss_at(task, &next);
        if (there <= *loss + 1e-4 * scale * promised + 1e-12 * *loss) {
            *at = next;
            *loss = there;
            return true;
        }
    }
    return false;
}

static const double nats_min = 100;

bool calibration_is_worth(const double *labels, size_t n)
{
    double clicks = 0;

    for (size_t i = 0; i < n; i++)
        clicks += labels[i];
    const double rate = n > 0 ? clicks / (double)n : 0;
    if (!(rate > 0 && rate < 1))
        return false;
    const double entropy = -(rate * log(rate) + (1 - rate) * log1p(-rate));
    return (double)n * entropy >= nats_min;
}

void calibration_fit(const double *scores, const double *labels, size_t n,
                     struct calibration *out)
{
    double clicks = 0, longest = 1;

    *out = (struct calibration){0};
    for (size_t i = 0; i < n; i++)
        clicks += labels[i];
    double others = (double)n - clicks;
    if (!(clicks > 0 && others > 0))
        return;

    const struct task task = {scores, labels, n, (clicks + 1) / (clicks + 2),
                              1 / (others + 2)};
    struct calibration at = {.slope = 0, .offset = log(clicks / others)};
    double loss = loss_at(&task, &at);
    for (int i = 0; i < STEPS_MAX && longest > 1e-12; i++) {
        struct curve c = curve_at(&task, &at);
        struct calibration step;
        if (!newton(&c, &step) || !descend(&task, &c, &step, &at, &loss))
            return;
        longest = fmax(fabs(step.slope), fabs(step.offset));
    }
    if (at.slope > 0)
        *out = at;
}
