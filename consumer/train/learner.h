/*
 * learner.h - the fits of a trainer, one after the other.
 *
 * A learner knows when it is time to learn, selects the rows of the training
 * log, lets a thread fit them (fit_job.h), and judges the model that comes out.
 * It publishes nothing: it hands a model that may be published to its owner,
 * and does not fit again before the owner has let that model go. Between two
 * fits the biases of a model that has some may go on with each label
 * (folding.h), as deltas of the model that was published. The owner calls all
 * functions from one thread.
 */
#ifndef CONSUMER_LEARNER_H
#define CONSUMER_LEARNER_H

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/base/offset_range.h"
#include "common/event/manifest.h"

#include "consumer/learn/fit_job.h"
#include "consumer/learn/fit_need.h"
#include "consumer/learn/folding.h"
#include "consumer/learn/retrain_policy.h"
#include "consumer/learn/training_log.h"
#include "consumer/train/delta_source.h"
#include "consumer/train/model_publication.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct learner;

struct learner_config {
    struct fit_config fit;
    struct fit_need limits;
    struct retrain_policy policy; /* with its first three fields alone */
    double holdout;               /* share of the newest rows */
    uint64_t ids_max;             /* of the log; a warning names it */
    bool folds;                   /* biases go on between two fits */
    bool once; /* there is one fit alone: a fit that cannot begin, or that
                 fails, is an error and not a matter of waiting */
};

struct learner_counts {
    uint64_t started, failed, cancelled; /* fits */
    uint64_t skipped;     /* fits whose model would not fit its limits */
    uint64_t ids_unknown; /* beyond ids_max, over all fits */
    uint64_t refused;     /* models that were not fit to be published */
};

enum learner_state {
    LEARNER_IDLE,          /* no fit is under way: learner_start() may begin */
    LEARNER_FITTING,       /* a fit is under way */
    LEARNER_WITHOUT_MODEL, /* a fit has just ended without a model for us: it
                              failed, or the model was refused */
    LEARNER_HAS_MODEL,     /* learner_model() may be published */
};

/* `metrics` (of trainer_metric_families; may be NULL) must outlive the
 * learner. ERROR_MEMORY. */
int learner_new(const struct learner_config *config, struct metrics *metrics,
                struct learner **out, struct error *err) MUST_CHECK;

/* Stops as learner_stop() does. NULL is fine. */
void learner_free(struct learner *learner);

/* The next fit is due, whatever the policy says, once there are enough rows. */
void learner_request(struct learner *learner);

/* `answered` counts the rows of the log that ever got a label; now_ms is
 * monotonic. */
bool learner_is_due(const struct learner *learner, int64_t now_ms,
                    uint64_t answered);

/* What is learned from; all of it is borrowed for the call. */
struct learner_source {
    const struct training_log *log;
    int64_t final_ms;                  /* training_log_select() */
    const struct offset_range *ranges; /* the records that the rows came from */
    size_t range_count;
};

/* While the learner is idle: begins a fit on the rows of the source. No fit
 * begins where the rows are too few (they are asked for again a little later)
 * or where the model would exceed its limits (the next reason to learn tries
 * again). With `once` these two are errors: ERROR_UNAVAILABLE and ERROR_LIMIT.
 * Else ERROR_MEMORY, or ERROR_TEMPORARY where no thread can be started. After a
 * failure the learner is idle. */
int learner_start(struct learner *learner, const struct learner_source *source,
                  int64_t now_ms, struct error *err) MUST_CHECK;

/* Takes over the result of a fit that has ended, and judges it: a model that
 * learned from labels of one class does not replace `published` (the model in
 * service; NULL: there is none). Does not wait. A fit that failed costs one
 * model, and is an error with `once` alone: that of fit_job_finish(). */
int learner_poll(struct learner *learner, const struct manifest *published,
                 enum learner_state *out, struct error *err) MUST_CHECK;

/* After LEARNER_HAS_MODEL, and borrowed until learner_release(). */
struct publication_fit learner_model(const struct learner *learner);

/* The model is published: frees it. Biases go on from it, with what `log` has
 * that it has not seen. ERROR_MEMORY. */
int learner_release(struct learner *learner, const struct training_log *log,
                    struct error *err) MUST_CHECK;

/* Where biases go on: an outcome of a row of the log, after the log has it.
 * ERROR_MEMORY: the learner can only be freed. */
int learner_take(struct learner *learner, const struct training_log *log,
                 const struct join_outcome *outcome,
                 struct error *err) MUST_CHECK;

/* Do they, of models of this algorithm? */
bool learner_folds(const struct learner *learner);

/* What they became since the model was released. */
struct delta_source learner_deltas(struct learner *learner);

/* Cancels a fit that is under way, and waits for its thread. */
void learner_stop(struct learner *learner);

struct learner_counts learner_counts(const struct learner *learner);

/* Memory in use for biases that go on. */
size_t learner_bytes(const struct learner *learner);

#endif
