/*
 * online_learner.h - a trainer's model that learns each outcome at once.
 *
 * The sibling of learner.h for models of fields: there are no fits. The owner
 * hands it the outcomes of the join; when a model is due it takes one from the
 * state of then, with what a later trainer needs to go on from it, and keeps it
 * until the owner has published it. Learning goes on meanwhile.
 *
 * A trainer that starts goes on from the newest model: it reads the records of
 * the manifest's `resume` without learning, so that it has the join of then,
 * and then learns from those behind the manifest's `ranges`. The owner calls
 * all functions from one thread.
 */
#ifndef CONSUMER_ONLINE_LEARNER_H
#define CONSUMER_ONLINE_LEARNER_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/base/offset_range.h"
#include "common/event/manifest.h"

#include "consumer/learn/fit_job.h"
#include "consumer/learn/intake.h"
#include "consumer/learn/retrain_policy.h"
#include "consumer/train/delta_source.h"
#include "consumer/train/learner.h"
#include "consumer/train/model_publication.h"

#include "model/snapshot_delta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct online_learner;

struct online_learner_config {
    struct fit_config fit;        /* calibrate is not looked at */
    struct retrain_policy policy; /* with its first three fields alone */
    int64_t margin_ms;            /* of resume_points.h */
    bool once;                    /* as in learner.h */
    bool tracks; /* what changes since the newest model, for deltas */
};

/* `metrics` (of trainer_metric_families; may be NULL) must outlive it. Fails as
 * online_new(). */
int online_learner_new(const struct online_learner_config *config,
                       struct metrics *metrics, struct online_learner **out,
                       struct error *err) MUST_CHECK;

/* NULL is fine. */
void online_learner_free(struct online_learner *learner);

/* As online_fields(). */
const struct field_list *
online_learner_fields(const struct online_learner *learner);

/* Goes on from a published model, whose bytes these are; the next one is due as
 * if this one had been made now. Before the first outcome. ERROR_CONFIG: it was
 * made otherwise, or has nothing to resume from; ERROR_FORMAT, ERROR_LIMIT:
 * its bytes are of no use. It has then learned nothing. ERROR_MEMORY. */
int online_learner_resume(struct online_learner *learner,
                          const struct manifest *manifest,
                          const struct buffer *bytes, int64_t now_ms,
                          struct error *err) MUST_CHECK;

/* Learns an outcome. ERROR_MEMORY: it can only be freed. */
int online_learner_take(struct online_learner *learner,
                        const struct join_outcome *outcome,
                        struct error *err) MUST_CHECK;

/* After the outcomes of each record: is the present to be noted? */
bool online_learner_is_to_note(const struct online_learner *learner,
                               const struct intake *intake);
int online_learner_note(struct online_learner *learner,
                        const struct trainer_reading *reading,
                        struct error *err) MUST_CHECK;

/* The next model is due, whatever the policy says. */
void online_learner_request(struct online_learner *learner);

/* now_ms is monotonic. */
bool online_learner_is_due(const struct online_learner *learner,
                           int64_t now_ms);

/* Makes the model of the present, unless there are too few rows, it would be
 * too large, or does not pass the gate beside `published` (which may be NULL).
 * With `once` the first two are errors: ERROR_UNAVAILABLE and ERROR_LIMIT; and
 * there is none where nothing was learned since the model that it went on from.
 * Else ERROR_MEMORY. */
int online_learner_make(struct online_learner *learner,
                        const struct trainer_reading *reading,
                        const struct manifest *published, int64_t now_ms,
                        struct error *err) MUST_CHECK;

/* There is a model that is not released. */
bool online_learner_has_model(const struct online_learner *learner);

/* Then: borrowed until the next two calls. */
struct publication_fit
online_learner_model(const struct online_learner *learner);
void online_learner_release(struct online_learner *learner);

/* What it learned since the newest model that may be published; it tracks. */
struct delta_source online_learner_deltas(struct online_learner *learner);

struct learner_counts
online_learner_counts(const struct online_learner *learner);

/* Memory in use but for the model. */
size_t online_learner_bytes(const struct online_learner *learner);

#endif
