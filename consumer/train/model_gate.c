#include "consumer/train/model_gate.h"

#include "common/base/log.h"

#include "consumer/train/trainer_metrics.h"

#include <inttypes.h>
#include <math.h>

static enum gate_outcome judge(const struct fit_result *result,
                               const struct scale *scale,
                               const struct manifest *published)
{
    if (scale->low != 0 || scale->high != 1)
        return GATE_PASSED;
    if (result->is_one_class)
        return published ? GATE_REFUSED : GATE_UNGATED;
    return isnan(result->holdout.auc) ? GATE_UNGATED : GATE_PASSED;
}

bool model_gate_passes(const struct fit_result *result,
                       const struct scale *scale,
                       const struct manifest *published,
                       struct metrics *metrics)
{
    enum gate_outcome outcome = judge(result, scale, published);

    metrics_add(metrics, TRAINER_GATE, (int)outcome, 1);
    if (outcome == GATE_REFUSED)
        log_warn("model is not published",
                 "rows=%" PRIu64 " reason=\"its labels are all clicks, or none "
                 "is; the published model stays\"",
                 result->rows);
    if (outcome == GATE_UNGATED)
        log_warn("model is published without proof",
                 "rows=%" PRIu64 " holdout_rows=%zu reason=\"%s\"",
                 result->rows, result->holdout.rows,
                 result->is_one_class
                     ? "its labels are all clicks, or none is"
                     : "the held-out rows are all clicks, or none is");
    return outcome != GATE_REFUSED;
}
