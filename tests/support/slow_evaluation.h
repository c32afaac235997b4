/*
 * slow_evaluation.h - how good the predictions on a pipeline's topics were,
 * from all its records at once and by the definitions.
 *
 * For feeds that number their impressions from 1, each shown once and with at
 * most clicks as labels. What is wrong ends the test.
 */
#ifndef SUPPORT_SLOW_EVALUATION_H
#define SUPPORT_SLOW_EVALUATION_H

#include "support/pipeline.h"

#include "common/event/evaluation_event.h"

#include <stddef.h>
#include <stdint.h>

struct slow_evaluation;

struct slow_reach {
    int64_t window_ms, late_ms; /* as the join's */
};

/* Every one of the `rows` impressions must have a prediction. */
struct slow_evaluation *slow_evaluation_read(const struct pipeline *pipe,
                                             struct slow_reach reach,
                                             size_t rows);

/* The event's figures are those of its window and version: rows exactly, the
 * rest to 1e-12. */
void slow_evaluation_assert(const struct slow_evaluation *slow,
                            const struct evaluation_event *event);

/* Windows that no label can change any more; none between them is empty. */
size_t slow_evaluation_windows(const struct slow_evaluation *slow,
                               int64_t window_ms);

void slow_evaluation_free(struct slow_evaluation *slow);

#endif
