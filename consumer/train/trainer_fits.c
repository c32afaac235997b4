/*
 * trainer_fits.c - when the trainer learns, and what becomes of the result.
 */
#include "consumer/train/trainer_parts.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The offsets that the rows come from, as of now. */
static int keep_ranges(struct trainer *trainer, struct error *err)
{
    size_t count = 0;
    const struct offset_range *ranges =
        merge_reader_ranges(trainer->reader, &count);
    struct offset_range *copy = malloc((count + 1) * sizeof(*copy));

    if (!copy)
        return error_no_memory(err, "%zu ranges", count);
    memcpy(copy, ranges, count * sizeof(*copy));
    free(trainer->ranges);
    trainer->ranges = copy;
    trainer->range_count = count;
    return 0;
}

static int too_little(struct trainer *trainer, size_t rows, struct error *err)
{
    if (trainer->config.once)
        return error_set(
            err, ERROR_UNAVAILABLE,
            "too little to learn from: %zu rows whose window is "
            "over, %" PRIu64 " still open, and retrain.min_rows is %" PRIu64,
            rows, training_log_counts(intake_log(trainer->intake)).open,
            trainer->config.retrain_rows_min);
    retrain_policy_postpone(&trainer->policy, clock_monotonic_ms());
    return 0;
}

static int start_fit(struct trainer *trainer, struct error *err)
{
    const struct training_log *log = intake_log(trainer->intake);
    struct training_set *set = NULL;

    if (training_log_select(log, trainer->config.holdout, &set, err) < 0)
        return -1;
    size_t rows = set->count + set->held_count;
    if (set->count == 0 || rows < trainer->config.retrain_rows_min) {
        training_set_free(set);
        return too_little(trainer, rows, err);
    }
    if (keep_ranges(trainer, err) < 0) {
        training_set_free(set);
        return -1;
    }
    log_info("learning", "algorithm=%s rows=%zu holdout=%zu users=%u ads=%u",
             trainer->fit.ops->name, set->count, set->held_count,
             id_map_count(set->users), id_map_count(set->ads));
    retrain_policy_start(&trainer->policy, clock_monotonic_ms(),
                         training_log_counts(log).answered);
    trainer->counts.started++;
    return fit_job_start(&trainer->fit, set, &trainer->job, err);
}

static void show_result(struct trainer *trainer,
                        const struct fit_result *result, uint64_t epoch)
{
    const struct evaluation *holdout = &result->holdout;
    struct metrics *metrics = trainer->metrics;

    trainer->counts.published++;
    trainer->counts.epoch = epoch;
    trainer->counts.holdout = *holdout;
    metrics_add(metrics, TRAINER_FITS, FIT_PUBLISHED, 1);
    metrics_add(metrics, TRAINER_PUBLISHED, 0, 1);
    metrics_observe(metrics, TRAINER_FIT_SECONDS, result->seconds);
    metrics_set(metrics, TRAINER_SAMPLES, 0, (double)result->rows);
    metrics_set(metrics, TRAINER_EPOCH, 0, (double)epoch);
    metrics_set(metrics, TRAINER_LAST_PUBLICATION, 0,
                (double)clock_wall_ms() / 1e3);
    metrics_set(metrics, TRAINER_HOLDOUT_ROWS, 0, (double)holdout->rows);
    metrics_set(metrics, TRAINER_HOLDOUT_RMSE, 0, holdout->rmse);
    metrics_set(metrics, TRAINER_HOLDOUT_MAE, 0, holdout->mae);
    metrics_set(metrics, TRAINER_HOLDOUT_LOGLOSS, 0, holdout->logloss);
    metrics_set(metrics, TRAINER_HOLDOUT_AUC, 0, holdout->auc);
    metrics_set(metrics, TRAINER_HOLDOUT_ENTROPY, 0,
                holdout->normalised_entropy);
    log_info("model published",
             "version=%" PRIu64 " algorithm=%s rows=%" PRIu64
             " users=%u ads=%u bytes=%zu fit_seconds=%.3f holdout_rows=%zu "
             "rmse=%.5f mae=%.5f logloss=%.5f auc=%.5f "
             "normalised_entropy=%.5f",
             epoch, trainer->fit.ops->name, result->rows, result->users,
             result->ads, result->bytes.size, result->seconds, holdout->rows,
             holdout->rmse, holdout->mae, holdout->logloss, holdout->auc,
             holdout->normalised_entropy);
}

/* Once more after a failure that may be over: the second publisher also finds
 * out whether the first one's transaction was committed. */
static int publish(struct trainer *trainer, const struct fit_result *result,
                   uint64_t *epoch, struct error *err)
{
    if (bad_records_flush(trainer->bad, err) < 0)
        return -1;
    for (int attempt = 0;; attempt++) {
        if (publication_publish(trainer->publication, &trainer->fit, result,
                                trainer->ranges, trainer->range_count, epoch,
                                err) == 0)
            return 0;
        if (err->code == ERROR_FENCED || attempt > 0)
            return error_wrap(err, "publish");
        log_warn("publication failed, once more", "reason=\"%s\"", err->text);
    }
}

/* A fit that failed costs one model, not the trainer. */
static int fit_failed(struct trainer *trainer, const struct error *why,
                      struct error *err)
{
    bool cancelled = atomic_load(&trainer->stop);

    metrics_add(trainer->metrics, TRAINER_FITS,
                cancelled ? FIT_CANCELLED : FIT_FAILED, 1);
    trainer->counts.cancelled += cancelled;
    if (cancelled)
        return 0;
    if (trainer->config.once) {
        *err = *why;
        return -1;
    }
    log_error("fit failed", "reason=\"%s\"", why->text);
    return 0;
}

static int finish_fit(struct trainer *trainer, struct error *err)
{
    struct fit_result result;
    struct error why;
    uint64_t epoch = 0;
    int status = fit_job_finish(trainer->job, &result, &why);

    trainer->job = NULL;
    if (status < 0)
        return fit_failed(trainer, &why, err);
    status = publish(trainer, &result, &epoch, err);
    if (status == 0) {
        show_result(trainer, &result, epoch);
        trainer->done = trainer->config.once;
    }
    fit_result_free(&result);
    return status;
}

static bool is_due(struct trainer *trainer)
{
    uint64_t answered =
        training_log_counts(intake_log(trainer->intake)).answered;

    if (trainer->config.once)
        return trainer->ended && trainer_evaluation_has_ended(trainer);
    /* Half of the past would give a model of the wrong half. */
    if (!atomic_load(&trainer->caught_up))
        return false;
    if (atomic_exchange(&trainer->requested, false))
        retrain_policy_request(&trainer->policy);
    return retrain_policy_is_due(&trainer->policy, clock_monotonic_ms(),
                                 answered);
}

int trainer_look_after_fits(struct trainer *trainer, struct error *err)
{
    if (trainer->job)
        return fit_job_is_done(trainer->job) ? finish_fit(trainer, err) : 0;
    return is_due(trainer) ? start_fit(trainer, err) : 0;
}
