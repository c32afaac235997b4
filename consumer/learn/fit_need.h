/*
 * fit_need.h - whether a model can fit its limits, before it is fit.
 *
 * The needs are estimated from ids, rows and the model's parameters, and never
 * above the truth: a fit that is refused could not have ended well. Any thread.
 */
#ifndef CONSUMER_FIT_NEED_H
#define CONSUMER_FIT_NEED_H

#include "common/base/error.h"

#include "consumer/learn/fit_job.h"

#include "model/rows/training_set.h"

#include <stdint.h>

struct fit_need {
    uint64_t snapshot_bytes;
    uint64_t memory_bytes; /* of rows, model and snapshot at the fit's end */
};

struct fit_need fit_need_of(const struct fit_config *config,
                            const struct training_set *set);

/* The most that there is of both: MANIFEST_SNAPSHOT_MAX, and the memory of this
 * machine. */
struct fit_need fit_need_limits(void);

/* ERROR_LIMIT alone: one of the needs is above its limit. The text has the
 * numbers, and the settings that lower them. */
int fit_need_check(const struct fit_config *config,
                   const struct training_set *set,
                   const struct fit_need *limits, struct error *err) MUST_CHECK;

#endif
