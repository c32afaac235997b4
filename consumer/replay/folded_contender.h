/*
 * folded_contender.h - a contender that is refitted, and whose biases go on
 * between two fits, as those of the trainer's models do (folding.h).
 *
 *     folded_contender_new(&config, &folded, err)
 *     folded_contender_start(folded, log, err)     a fit begins
 *     folded_contender_finish(folded, log, &result, err)
 *     for each record:
 *         folded_contender_advance(folded, event time, snapshot, err)
 *         answer with the snapshot
 *         folded_contender_take(folded, log, &outcome, err) for each outcome
 *
 * The snapshot that answers is the contender's. It is brought to the state of
 * the biases at whole multiples of `publish_ms` of event time, by the bytes of
 * a delta; where publish_ms is 0, before each answer. One thread.
 */
#ifndef CONSUMER_FOLDED_CONTENDER_H
#define CONSUMER_FOLDED_CONTENDER_H

#include "common/base/error.h"

#include "consumer/learn/fit_job.h"
#include "consumer/learn/join.h"
#include "consumer/learn/training_log.h"

#include <stdint.h>

struct folded_contender;
struct snapshot; /* model/snapshot.h */

struct folded_contender_config {
    uint64_t ids_max;   /* as in folding.h */
    int64_t publish_ms; /* event time; 0: each outcome is known at once */
};

/* ERROR_MEMORY. */
int folded_contender_new(const struct folded_contender_config *config,
                         struct folded_contender **out,
                         struct error *err) MUST_CHECK;

/* NULL is fine. */
void folded_contender_free(struct folded_contender *self);

/* As folding_start(), folding_finish() and folding_take(). */
int folded_contender_start(struct folded_contender *self,
                           const struct training_log *log,
                           struct error *err) MUST_CHECK;
int folded_contender_finish(struct folded_contender *self,
                            const struct training_log *log,
                            const struct fit_result *result,
                            struct error *err) MUST_CHECK;
int folded_contender_take(struct folded_contender *self,
                          const struct training_log *log,
                          const struct join_outcome *outcome,
                          struct error *err) MUST_CHECK;

/* Event time has come that far: brings the snapshot of the newest fit, which is
 * NULL before the first one, to the state of now where that is due. Fails as
 * bias_fold_bring(). */
int folded_contender_advance(struct folded_contender *self, int64_t ts_ms,
                             struct snapshot *snapshot,
                             struct error *err) MUST_CHECK;

#endif
