/*
 * folding.h - what the newest fit has not seen goes into the biases of its
 * model (bias_fold.h).
 *
 *     folding_new(ids_max, &folding, err)
 *     folding_take(folding, log, &outcome, err)    each outcome of the join
 *     folding_start(folding, log, err)             a fit begins on the log's
 *     folding_finish(folding, log, &result, err)   rows; its model is in use
 *
 * A fit takes time, and labels come meanwhile. So while one is under way there
 * are two states: that of the model in use, which goes on, and a list of what
 * the coming model will not have seen: the labelled rows that the fit's
 * selection left, as they were, and then each outcome. When the new model is in
 * use it learns that list, and the state of the old one is dropped: every label
 * is in the fit or in the list, and none in both. A fit that comes to nothing
 * changes nothing.
 *
 * A row is found in the log by its number; what has left the log is not
 * learned. Knows no clock: the state is a function of the fit and the outcomes.
 * One thread.
 */
#ifndef CONSUMER_FOLDING_H
#define CONSUMER_FOLDING_H

#include "common/base/error.h"

#include "consumer/learn/fit_job.h"
#include "consumer/learn/join.h"
#include "consumer/learn/training_log.h"

#include "model/bias_fold.h"

#include <stddef.h>
#include <stdint.h>

struct folding;

/* Users and ads together get at most ids_max biases; 0: no limit. */
int folding_new(uint64_t ids_max, struct folding **out,
                struct error *err) MUST_CHECK;

/* NULL is fine. */
void folding_free(struct folding *folding);

/* An outcome of a row of the log. One without a label teaches nothing. Fails
 * with ERROR_MEMORY alone; the folding can then only be freed. */
int folding_take(struct folding *folding, const struct training_log *log,
                 const struct join_outcome *outcome,
                 struct error *err) MUST_CHECK;

/* A fit begins on what training_log_select() selects from the log as it is. One
 * that was under way is forgotten. ERROR_MEMORY as above. */
int folding_start(struct folding *folding, const struct training_log *log,
                  struct error *err) MUST_CHECK;

/* There will be no model of the fit under way. */
void folding_cancel(struct folding *folding);

/* The model of the fit under way is in use from now on: `result` is as
 * fit_job_finish() gave it, with rows counted. Fails as snapshot_decode(); the
 * folding can then only be freed. */
int folding_finish(struct folding *folding, const struct training_log *log,
                   const struct fit_result *result,
                   struct error *err) MUST_CHECK;

/* The state of the model in use; NULL: there is none yet, or it has no biases.
 * Borrowed until the next folding_finish(). */
struct bias_fold *folding_state(const struct folding *folding);

/* Memory in use, but for factors. */
size_t folding_bytes(const struct folding *folding);

#endif
