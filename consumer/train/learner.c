#include "consumer/train/learner.h"

#include "common/base/log.h"

#include "consumer/train/model_gate.h"
#include "consumer/train/trainer_metrics.h"

#include <inttypes.h>
#include <stdlib.h>

struct learner {
    struct learner_config config;
    struct metrics *metrics;
    struct retrain_policy policy;
    struct fit_job *job;         /* NULL: no fit is under way */
    struct fit_result result;    /* of the last fit, until it is released */
    bool has_model;              /* `result` holds it */
    struct offset_range *ranges; /* that the last fit learned from */
    size_t range_count;
    struct folding *folding; /* NULL: biases stay as they were fitted */
    struct learner_counts counts;
};

int learner_new(const struct learner_config *config, struct metrics *metrics,
                struct learner **out, struct error *err)
{
    struct learner *learner = calloc(1, sizeof(*learner));

    if (!learner)
        return error_no_memory(err, "a learner");
    learner->config = *config;
    learner->policy = config->policy;
    learner->metrics = metrics;
    learner->config.fit.counts_rows = config->folds && config->fit.ops->biases;
    if (learner->config.fit.counts_rows &&
        folding_new(config->ids_max, &learner->folding, err) < 0) {
        free(learner);
        return -1;
    }
    *out = learner;
    return 0;
}

static void drop_model(struct learner *learner)
{
    if (learner->has_model)
        fit_result_free(&learner->result);
    learner->has_model = false;
}

void learner_free(struct learner *learner)
{
    if (!learner)
        return;
    learner_stop(learner);
    drop_model(learner);
    folding_free(learner->folding);
    free(learner->ranges);
    free(learner);
}

/* --- A fit begins ----------------------------------------------------- */

void learner_request(struct learner *learner)
{
    retrain_policy_request(&learner->policy);
}

bool learner_is_due(const struct learner *learner, int64_t now_ms,
                    uint64_t answered)
{
    return retrain_policy_is_due(&learner->policy, now_ms, answered);
}

static int keep_ranges(struct learner *learner,
                       const struct offset_range *ranges, size_t count,
                       struct error *err)
{
    struct offset_range *copy = NULL;

    if (offset_ranges_copy(ranges, count, &copy, err) < 0)
        return -1;
    free(learner->ranges);
    learner->ranges = copy;
    learner->range_count = count;
    return 0;
}

static int too_little(const struct learner *learner,
                      const struct training_log *log, size_t rows,
                      struct error *err)
{
    return error_set(
        err, ERROR_UNAVAILABLE,
        "too little to learn from: %zu rows whose window is "
        "over, %" PRIu64 " still open, and retrain.min_rows is %" PRIu64,
        rows, training_log_counts(log).open, learner->config.policy.rows_min);
}

/* The next reason to learn tries again: there may be fewer ids by then. */
static int skip_fit(struct learner *learner, const struct error *why,
                    struct error *err)
{
    learner->counts.skipped++;
    metrics_add(learner->metrics, TRAINER_FITS, FIT_SKIPPED, 1);
    if (learner->config.once) {
        *err = *why;
        return -1;
    }
    log_warn("the fit is skipped: its model would not fit", "reason=\"%s\"",
             why->text);
    return 0;
}

static void show_unknown(struct learner *learner,
                         const struct training_set *set)
{
    struct metrics *metrics = learner->metrics;

    if (set->users_unknown == 0 && set->ads_unknown == 0)
        return;
    learner->counts.ids_unknown += set->users_unknown;
    learner->counts.ids_unknown += set->ads_unknown;
    metrics_add(metrics, TRAINER_UNKNOWN_IDS, TRAINER_SIDE_USER,
                set->users_unknown);
    metrics_add(metrics, TRAINER_UNKNOWN_IDS, TRAINER_SIDE_AD,
                set->ads_unknown);
    metrics_add(metrics, TRAINER_LEFT_OUT_ROWS, 0, set->rows_left_out);
    log_warn("some ids are not learned",
             "max_ids=%" PRIu64 " users_unknown=%u ads_unknown=%u "
             "rows_left_out=%zu reason=\"there are more users and ads than "
             "training.max_ids; those with the fewest rows are unknown to "
             "this model\"",
             learner->config.ids_max, set->users_unknown, set->ads_unknown,
             set->rows_left_out);
}

int learner_start(struct learner *learner, const struct learner_source *source,
                  int64_t now_ms, struct error *err)
{
    const struct learner_config *config = &learner->config;
    const struct training_log *log = source->log;
    struct training_set *set = NULL;
    struct error why;

    if (training_log_select(log, config->holdout, source->final_ms, &set, err) <
        0)
        return -1;
    size_t rows = set->all_count + set->rows_left_out;
    if (set->count == 0 || rows < config->policy.rows_min) {
        training_set_free(set);
        if (config->once)
            return too_little(learner, log, rows, err);
        retrain_policy_postpone(&learner->policy, now_ms);
        return 0;
    }
    show_unknown(learner, set);
    retrain_policy_start(&learner->policy, now_ms,
                         training_log_counts(log).answered);
    if (fit_need_check(&config->fit, set, &config->limits, &why) < 0) {
        training_set_free(set);
        return skip_fit(learner, &why, err);
    }
    if (keep_ranges(learner, source->ranges, source->range_count, err) < 0 ||
        (learner->folding && folding_start(learner->folding, log, err) < 0)) {
        training_set_free(set);
        return -1;
    }
    log_info("learning", "algorithm=%s rows=%zu holdout=%zu users=%u ads=%u",
             config->fit.ops->name, set->all_count, set->held_count,
             id_map_count(set->users), id_map_count(set->ads));
    learner->counts.started++;
    return fit_job_start(&config->fit, set, &learner->job, err);
}

/* --- A fit ends ------------------------------------------------------- */

/* A fit that failed costs one model, not the trainer. */
static int fit_failed(struct learner *learner, const struct error *why,
                      struct error *err)
{
    learner->counts.failed++;
    if (learner->folding)
        folding_cancel(learner->folding);
    metrics_add(learner->metrics, TRAINER_FITS, FIT_FAILED, 1);
    if (learner->config.once) {
        *err = *why;
        return -1;
    }
    log_error("fit failed", "reason=\"%s\"", why->text);
    return 0;
}

static int finish_fit(struct learner *learner, const struct manifest *published,
                      struct error *err)
{
    struct error why;
    int status = fit_job_finish(learner->job, &learner->result, &why);

    learner->job = NULL;
    if (status < 0)
        return fit_failed(learner, &why, err);
    learner->has_model = true;
    if (!model_gate_passes(&learner->result, &learner->config.fit.scale,
                           published, learner->metrics)) {
        learner->counts.refused++;
        drop_model(learner);
        if (learner->folding)
            folding_cancel(learner->folding);
    }
    return 0;
}

int learner_poll(struct learner *learner, const struct manifest *published,
                 enum learner_state *out, struct error *err)
{
    enum learner_state without = LEARNER_IDLE;

    if (learner->job && !fit_job_is_done(learner->job)) {
        *out = LEARNER_FITTING;
        return 0;
    }
    if (learner->job) {
        if (finish_fit(learner, published, err) < 0)
            return -1;
        without = LEARNER_WITHOUT_MODEL;
    }
    *out = learner->has_model ? LEARNER_HAS_MODEL : without;
    return 0;
}

struct publication_fit learner_model(const struct learner *learner)
{
    return (struct publication_fit){.config = &learner->config.fit,
                                    .result = &learner->result,
                                    .ranges = learner->ranges,
                                    .range_count = learner->range_count};
}

int learner_release(struct learner *learner, const struct training_log *log,
                    struct error *err)
{
    int status = 0;

    if (learner->folding)
        status = folding_finish(learner->folding, log, &learner->result, err);
    drop_model(learner);
    return status;
}

/* --- Between fits ----------------------------------------------------- */

bool learner_folds(const struct learner *learner)
{
    return learner->folding != NULL;
}

int learner_take(struct learner *learner, const struct training_log *log,
                 const struct join_outcome *outcome, struct error *err)
{
    return learner->folding ? folding_take(learner->folding, log, outcome, err)
                            : 0;
}

static uint64_t count_changes(const void *from)
{
    const struct learner *learner = from;
    const struct bias_fold *state = folding_state(learner->folding);

    return state ? bias_fold_changes(state) : 0;
}

static int make_delta(void *from, const struct trainer_reading *reading,
                      struct snapshot_delta *head, struct learned_delta *out,
                      struct error *err)
{
    struct learner *learner = from;
    struct bias_fold *state = folding_state(learner->folding);
    struct learned_delta delta = {.changes = bias_fold_changes(state),
                                  .count = reading->count};

    int status =
        offset_ranges_copy(reading->ranges, reading->count, &delta.ranges, err);
    if (status == 0)
        status = bias_fold_delta(state, head, &delta.bytes, err);
    if (status < 0) {
        learned_delta_free(&delta);
        return -1;
    }
    bias_fold_forget(state);
    *out = delta;
    return 0;
}

/* A fit that is under way, or waits to be published, is what was asked for. */
static void request(void *from)
{
    struct learner *learner = from;

    if (!learner->job && !learner->has_model)
        learner_request(learner);
}

struct delta_source learner_deltas(struct learner *learner)
{
    return (struct delta_source){.learner = learner,
                                 .changes = count_changes,
                                 .make = make_delta,
                                 .request = request};
}

size_t learner_bytes(const struct learner *learner)
{
    return learner->folding ? folding_bytes(learner->folding) : 0;
}

void learner_stop(struct learner *learner)
{
    struct fit_result result;
    struct error why;

    if (!learner->job)
        return;
    fit_job_cancel(learner->job);
    if (fit_job_finish(learner->job, &result, &why) == 0)
        fit_result_free(&result);
    learner->job = NULL;
    learner->counts.cancelled++;
    metrics_add(learner->metrics, TRAINER_FITS, FIT_CANCELLED, 1);
}

struct learner_counts learner_counts(const struct learner *learner)
{
    return learner->counts;
}
