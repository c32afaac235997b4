/*
 * model_gate.h - whether a model that was learned may be published.
 */
#ifndef CONSUMER_MODEL_GATE_H
#define CONSUMER_MODEL_GATE_H

#include "common/base/metrics.h"
#include "common/event/manifest.h"

#include "consumer/learn/fit_job.h"

#include <stdbool.h>

/* Only models of clicks are gated. From labels of one class a model learns to
 * say the same for every pair: it does not replace `published` (the model in
 * service; NULL: there is none). Where the rows that measure it have one class,
 * the model passes unproven. Counts and logs what came out; `metrics` (of
 * trainer_metric_families) may be NULL. Any thread. */
bool model_gate_passes(const struct fit_result *result,
                       const struct scale *scale,
                       const struct manifest *published,
                       struct metrics *metrics);

#endif
