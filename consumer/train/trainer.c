#include "consumer/train/trainer.h"

#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/figure_text.h"
#include "common/base/log.h"

#include "consumer/learn/fit_job.h"
#include "consumer/learn/retrain_policy.h"
#include "consumer/read/event_message.h"
#include "consumer/read/merge_reader.h"
#include "consumer/train/model_publication.h"
#include "consumer/train/trainer_metrics.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAIT_MS = 50,          /* for a record */
    REST_MS = 1000,        /* without a record */
    MORE_MS = 1,           /* where others are still to be read */
    RECORDS_A_ROUND = 512, /* before looking at anything else */
    SHOW_MS = 1000,
    OPEN_MS = 10000,
    BEAT_MAX_MS = 120000,
    PUBLISH_MAX_MS = 480000, /* more for one attempt to publish */
    PUBLISH_PAUSE_MS = 5000, /* before the next attempt, and twice as long */
    PUBLISH_PAUSE_MAX_MS = 60000, /* each time, up to this */
};

struct trainer {
    struct trainer_config config;
    struct metrics *metrics;
    struct merge_reader *reader;
    struct intake *intake;
    struct bad_records *bad;
    struct publication *publication;
    struct live_evaluation *live; /* NULL: off */

    /* The thread's: */
    struct retrain_policy policy;
    struct fit_config fit;
    struct fit_job *job;      /* NULL: none is under way */
    struct fit_result result; /* of the last one, not published yet: */
    bool has_result;
    struct backoff pause; /* between attempts to publish it */
    unsigned attempts;
    int64_t publish_ms;          /* monotonic; not before */
    struct offset_range *ranges; /* that the job learns from */
    size_t range_count;
    int64_t from_ms; /* record time; 0: from the beginning */
    bool is_ended;   /* the reading, of a single run */
    bool is_done;
    int64_t record_ms; /* monotonic: when the last record came */
    int64_t shown_ms;
    struct trainer_counts counts, shown;

    pthread_t thread;
    atomic_bool stop, requested, running, caught_up;
    atomic_int_least64_t beat_ms;
    pthread_mutex_t lock; /* of the following */
    struct trainer_counts shared;

    int status; /* of the thread, once it is over */
    struct error err;
};

/* --- Records ---------------------------------------------------------- */

static enum trainer_topic topic_of(const struct trainer *trainer,
                                   const struct merge_record *record)
{
    return trainer->config.intake.mode == JOIN_LABELS || record->topic == 1
               ? TRAINER_TOPIC_LABELS
               : TRAINER_TOPIC_IMPRESSIONS;
}

static int take_bad(struct trainer *trainer, const struct message *message,
                    enum trainer_topic topic,
                    const struct intake_result *became, struct error *err)
{
    const struct bad_record bad = {
        .kind = topic == TRAINER_TOPIC_LABELS ? BAD_LABEL : BAD_IMPRESSION,
        .message = message,
        .fault = became->fault,
        .field = became->field};

    trainer->counts.bad++;
    metrics_add(trainer->metrics, TRAINER_BAD, (int)became->fault, 1);
    return bad_records_take(trainer->bad, &bad, err);
}

/* Outcomes go to the log by being pulled, and to the live evaluation. */
static int settle(struct trainer *trainer, struct error *err)
{
    struct join_outcome outcome;

    while (intake_next_outcome(trainer->intake, &outcome))
        live_evaluation_outcome(trainer->live, &outcome);
    return live_evaluation_advance(trainer->live,
                                   intake_stream_ms(trainer->intake), err);
}

static int take(struct trainer *trainer, const struct merge_record *record,
                struct error *err)
{
    const struct message *message = &record->message;
    enum trainer_topic topic = topic_of(trainer, record);
    const enum intake_kind kind =
        topic == TRAINER_TOPIC_LABELS ? INTAKE_LABEL : INTAKE_IMPRESSION;
    struct span headers[EVENT_PLAN_MAX];
    const struct event_record event = event_message_record(
        message, intake_reader(trainer->intake, kind), headers);
    const struct intake_record taken = {
        .kind = kind,
        .bytes = event.value,
        .size = event.value_size,
        .key = event.key,
        .key_size = event.key_size,
        .headers = event.headers,
        .origin = {.partition = message->partition,
                   .record_ms = message->timestamp_ms,
                   .read_ms = clock_wall_ms()}};
    struct intake_result became;

    metrics_add(trainer->metrics, TRAINER_CONSUMED, (int)topic, 1);
    if (intake_take(trainer->intake, &taken, &became, err) < 0)
        return -1;
    if (became.fault == EVENT_PASSED_OVER) {
        metrics_add(trainer->metrics, TRAINER_BAD, EVENT_PASSED_OVER, 1);
        return 0;
    }
    if (became.fault)
        return take_bad(trainer, message, topic, &became, err);
    if (taken.kind == INTAKE_LABEL &&
        bad_records_note_good(trainer->bad, message->partition, err) < 0)
        return -1;
    if (taken.kind == INTAKE_IMPRESSION &&
        live_evaluation_impression(trainer->live, &became.row, message, err) <
            0)
        return -1;
    return settle(trainer, err);
}

/* A second without a record, with all partitions read to their ends, lets event
 * time go on to the newest event. */
static int rest(struct trainer *trainer, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    if (!trainer->is_ended && (merge_reader_lag(trainer->reader) > 0 ||
                               now_ms - trainer->record_ms < REST_MS))
        return 0;
    trainer->record_ms = now_ms;
    intake_rest(trainer->intake);
    return settle(trainer, err);
}

/* Up to RECORDS_A_ROUND records, or what comes within WAIT_MS. */
static int read_round(struct trainer *trainer, struct error *err)
{
    struct merge_record record;
    enum merge_result result;

    if (trainer->is_ended) {
        clock_sleep_ms(live_evaluation_has_ended(trainer->live) ? WAIT_MS
                                                                : MORE_MS);
        return 0;
    }
    for (int i = 0; i < RECORDS_A_ROUND; i++) {
        if (merge_reader_next(trainer->reader, WAIT_MS, &result, &record, err) <
            0)
            return -1;
        if (result != MERGE_RECORD) {
            if (i > 0)
                trainer->record_ms = clock_monotonic_ms();
            trainer->is_ended = result == MERGE_END;
            return rest(trainer, err);
        }
        if (take(trainer, &record, err) < 0)
            return -1;
    }
    trainer->record_ms = clock_monotonic_ms();
    return 0;
}

/* --- Fits ------------------------------------------------------------- */

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

/* The next reason to learn tries again: there may be fewer ids by then. */
static int skip_fit(struct trainer *trainer, const struct error *why,
                    struct error *err)
{
    trainer->counts.skipped++;
    metrics_add(trainer->metrics, TRAINER_FITS, FIT_SKIPPED, 1);
    if (trainer->config.once) {
        *err = *why;
        return -1;
    }
    log_warn("the fit is skipped: its model would not fit", "reason=\"%s\"",
             why->text);
    return 0;
}

static void show_unknown(struct trainer *trainer,
                         const struct training_set *set)
{
    struct metrics *metrics = trainer->metrics;

    if (set->users_unknown == 0 && set->ads_unknown == 0)
        return;
    trainer->counts.ids_unknown += set->users_unknown;
    trainer->counts.ids_unknown += set->ads_unknown;
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
             trainer->config.intake.log.ids_max, set->users_unknown,
             set->ads_unknown, set->rows_left_out);
}

static int start_fit(struct trainer *trainer, struct error *err)
{
    const struct training_log *log = intake_log(trainer->intake);
    struct training_set *set = NULL;
    struct error why;

    if (training_log_select(log, trainer->config.holdout, &set, err) < 0)
        return -1;
    size_t rows = set->count + set->held_count;
    if (set->count == 0 || rows < trainer->config.retrain_rows_min) {
        training_set_free(set);
        return too_little(trainer, rows, err);
    }
    show_unknown(trainer, set);
    retrain_policy_start(&trainer->policy, clock_monotonic_ms(),
                         training_log_counts(log).answered);
    if (fit_need_check(&trainer->fit, set, &trainer->config.limits, &why) < 0) {
        training_set_free(set);
        return skip_fit(trainer, &why, err);
    }
    if (keep_ranges(trainer, err) < 0) {
        training_set_free(set);
        return -1;
    }
    log_info("learning", "algorithm=%s rows=%zu holdout=%zu users=%u ads=%u",
             trainer->fit.ops->name, set->count, set->held_count,
             id_map_count(set->users), id_map_count(set->ads));
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
    char rmse[FIGURE_TEXT_SIZE], mae[FIGURE_TEXT_SIZE],
        logloss[FIGURE_TEXT_SIZE], auc[FIGURE_TEXT_SIZE],
        entropy[FIGURE_TEXT_SIZE];
    log_info("model published",
             "version=%" PRIu64 " algorithm=%s rows=%" PRIu64
             " users=%u ads=%u bytes=%zu fit_seconds=%.3f holdout_rows=%zu "
             "rmse=%s mae=%s logloss=%s auc=%s normalised_entropy=%s",
             epoch, trainer->fit.ops->name, result->rows, result->users,
             result->ads, result->bytes.size, result->seconds, holdout->rows,
             figure_text(holdout->rmse, 5, rmse),
             figure_text(holdout->mae, 5, mae),
             figure_text(holdout->logloss, 5, logloss),
             figure_text(holdout->auc, 5, auc),
             figure_text(holdout->normalised_entropy, 5, entropy));
}

/* Gates a model for clicks. From labels of one class a model learns to say the
 * same for everything: it does not replace one that is published. Where the
 * held-out rows have one class the model is published unproven. */
static enum gate_outcome judge(const struct trainer *trainer)
{
    const struct fit_result *result = &trainer->result;

    if (trainer->config.scale.low != 0 || trainer->config.scale.high != 1)
        return GATE_PASSED;
    if (result->is_one_class)
        return publication_newest(trainer->publication) ? GATE_REFUSED
                                                        : GATE_UNGATED;
    return isnan(result->holdout.auc) ? GATE_UNGATED : GATE_PASSED;
}

/* Returns whether the model may be published. */
static bool pass_gate(struct trainer *trainer)
{
    const struct fit_result *result = &trainer->result;
    enum gate_outcome outcome = judge(trainer);

    trainer->counts.refused += outcome == GATE_REFUSED;
    metrics_add(trainer->metrics, TRAINER_GATE, (int)outcome, 1);
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

/* Troubles that waiting may end. */
static bool is_worth_waiting(const struct error *why)
{
    switch (why->code) {
    case ERROR_FENCED: /* there is a younger trainer */
    case ERROR_LIMIT:  /* there are no more versions */
    case ERROR_MEMORY:
    case ERROR_AUTH:
    case ERROR_CONFIG:
        return false;
    default:
        return true;
    }
}

/* A single run tries twice: the second publisher also finds out whether the
 * first one's transaction was committed. A running trainer outlives an outage
 * and keeps the model for when it is over. */
static int publish_failed(struct trainer *trainer, const struct error *why,
                          struct error *err)
{
    trainer->counts.unpublished++;
    trainer->attempts++;
    metrics_add(trainer->metrics, TRAINER_PUBLICATION_FAILURES, 0, 1);
    if (!is_worth_waiting(why) ||
        (trainer->config.once && trainer->attempts > 1)) {
        *err = *why;
        return error_wrap(err, "publish");
    }
    int64_t pause_ms = backoff_next(&trainer->pause);
    trainer->publish_ms = clock_monotonic_ms() + pause_ms;
    log_warn("publication failed, once more later",
             "attempt=%u pause_ms=%" PRId64 " reason=\"%s\"", trainer->attempts,
             pause_ms, why->text);
    return 0;
}

static int publish(struct trainer *trainer, struct error *err)
{
    const struct publication_fit fit = {.config = &trainer->fit,
                                        .result = &trainer->result,
                                        .ranges = trainer->ranges,
                                        .range_count = trainer->range_count};
    struct error why;
    uint64_t epoch = 0;

    /* Asking a broker that is away takes minutes. */
    atomic_store(&trainer->beat_ms, clock_monotonic_ms() + PUBLISH_MAX_MS);
    int status = bad_records_flush(trainer->bad, &why);
    if (status == 0)
        status = publication_publish(trainer->publication, &fit, &epoch, &why);
    atomic_store(&trainer->beat_ms, clock_monotonic_ms());
    if (status < 0)
        return publish_failed(trainer, &why, err);
    show_result(trainer, &trainer->result, epoch);
    fit_result_free(&trainer->result);
    trainer->has_result = false;
    trainer->attempts = 0;
    backoff_reset(&trainer->pause);
    trainer->is_done = trainer->config.once;
    return 0;
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
    struct error why;
    int status = fit_job_finish(trainer->job, &trainer->result, &why);

    trainer->job = NULL;
    if (status < 0)
        return fit_failed(trainer, &why, err);
    if (!pass_gate(trainer)) {
        fit_result_free(&trainer->result);
        trainer->is_done = trainer->config.once;
        return 0;
    }
    trainer->has_result = true;
    return publish(trainer, err);
}

static bool is_due(struct trainer *trainer)
{
    uint64_t answered =
        training_log_counts(intake_log(trainer->intake)).answered;

    if (trainer->config.once)
        return trainer->is_ended && live_evaluation_has_ended(trainer->live);
    /* Half of the past would give a model of the wrong half. */
    if (!atomic_load(&trainer->caught_up))
        return false;
    if (atomic_exchange(&trainer->requested, false))
        retrain_policy_request(&trainer->policy);
    return retrain_policy_is_due(&trainer->policy, clock_monotonic_ms(),
                                 answered);
}

static int look_after_fits(struct trainer *trainer, struct error *err)
{
    if (trainer->job)
        return fit_job_is_done(trainer->job) ? finish_fit(trainer, err) : 0;
    if (trainer->has_result)
        return clock_monotonic_ms() >= trainer->publish_ms
                   ? publish(trainer, err)
                   : 0;
    return is_due(trainer) ? start_fit(trainer, err) : 0;
}

/* --- The thread ------------------------------------------------------- */

/* Once of each kind: the metric tells of the others. */
static void warn_of_odd_times(const struct trainer_counts *now,
                              const struct trainer_counts *before)
{
    static const char *const texts[ODD_TIMES] = {
        [ODD_UNTIMED] = "a record has no time of its own, or one of long "
                        "before its event; it does not move event time",
        [ODD_AHEAD] = "an event is dated more than a minute after its record; "
                      "is a producer's clock ahead?",
        [ODD_SKEWED] = "an event is dated more than 30 minutes after its "
                       "record; it counts as of the record's time",
        [ODD_FUTURE] = "a record is dated long after the moment at which it "
                       "was read; it does not move event time that far",
        [ODD_SECONDS] = "an event's time looks like seconds, not milliseconds "
                        "since 1970",
        [ODD_LATE] = "an event came when stream time had passed its window "
                     "and grace; such impressions are not learned from",
    };

    for (int kind = 0; kind < ODD_TIMES; kind++)
        if (now->events.odd[kind] > 0 && before->events.odd[kind] == 0)
            log_warn("events have odd times",
                     "kind=%s events=%" PRIu64 " reason=\"%s\"",
                     odd_time_name((enum odd_time)kind), now->events.odd[kind],
                     texts[kind]);
}

static void show_counts(struct trainer *trainer)
{
    struct trainer_counts *now = &trainer->counts;
    const struct trainer_counts *before = &trainer->shown;
    struct metrics *metrics = trainer->metrics;

    now->events = intake_counts(trainer->intake);
    now->letters = bad_records_counts(trainer->bad);
    now->books = intake_books(trainer->intake);
    now->log = training_log_counts(intake_log(trainer->intake));
    now->evaluation = live_evaluation_counts(trainer->live);
    for (int kind = 0; kind < ODD_TIMES; kind++)
        metrics_add(metrics, TRAINER_ODD_TIMES, kind,
                    now->events.odd[kind] - before->events.odd[kind]);
    warn_of_odd_times(now, before);
    metrics_add(metrics, TRAINER_DEAD_LETTERS, 0,
                now->letters.sent - before->letters.sent);
    metrics_add(metrics, TRAINER_HELD_LETTERS, 0,
                now->letters.held - before->letters.held);
    trainer_metrics_evaluation(metrics, &before->evaluation, &now->evaluation);
    trainer_metrics_join(metrics, &before->books, &now->books);
    metrics_set(metrics, TRAINER_LAG, 0,
                (double)merge_reader_lag(trainer->reader));
    metrics_set(metrics, TRAINER_LOG_ROWS, 0, (double)now->log.rows);
    metrics_set(metrics, TRAINER_MEMORY, 0,
                (double)intake_bytes(trainer->intake));
    trainer->shown = *now;

    pthread_mutex_lock(&trainer->lock);
    trainer->shared = *now;
    pthread_mutex_unlock(&trainer->lock);
}

static void look_around(struct trainer *trainer)
{
    int64_t now_ms = clock_monotonic_ms();

    atomic_store(&trainer->beat_ms, now_ms);
    if (!atomic_load(&trainer->caught_up) &&
        merge_reader_caught_up(trainer->reader)) {
        log_info("caught up", "rows=%" PRIu64,
                 training_log_counts(intake_log(trainer->intake)).rows);
        atomic_store(&trainer->caught_up, true);
    }
    if (now_ms - trainer->shown_ms >= SHOW_MS) {
        trainer->shown_ms = now_ms;
        show_counts(trainer);
    }
}

static enum live_reading how_far(struct trainer *trainer)
{
    if (trainer->is_ended)
        return LIVE_ALL_READ;
    if (!atomic_load(&trainer->caught_up))
        return LIVE_CATCHING_UP;
    return merge_reader_lag(trainer->reader) == 0 ? LIVE_ALL_READ : LIVE_BEHIND;
}

static int work(struct trainer *trainer, struct error *err)
{
    while (!atomic_load(&trainer->stop) && !trainer->is_done) {
        if (read_round(trainer, err) < 0)
            return -1;
        look_around(trainer);
        if (live_evaluation_read(trainer->live, how_far(trainer), err) < 0 ||
            look_after_fits(trainer, err) < 0)
            return -1;
    }
    return 0;
}

static void drop_job(struct trainer *trainer)
{
    struct fit_result result;

    if (!trainer->job)
        return;
    fit_job_cancel(trainer->job);
    if (fit_job_finish(trainer->job, &result, &trainer->err) == 0)
        fit_result_free(&result);
    trainer->job = NULL;
    trainer->counts.cancelled++;
    metrics_add(trainer->metrics, TRAINER_FITS, FIT_CANCELLED, 1);
}

static void *run(void *context)
{
    struct trainer *trainer = context;
    struct error err = {0};

    trainer->status = work(trainer, &err);
    drop_job(trainer);
    /* Letters go out whatever ended the work; what ended it is told. */
    struct error why = {0};
    if (bad_records_flush(trainer->bad, &why) < 0 && trainer->status == 0) {
        trainer->status = -1;
        err = why;
    }
    trainer->err = err;
    show_counts(trainer);
    atomic_store(&trainer->running, false);
    return NULL;
}

/* --- Opening ---------------------------------------------------------- */

static int prepare_fit(struct trainer *trainer, struct error *err)
{
    const struct trainer_config *config = &trainer->config;
    struct fit_config *fit = &trainer->fit;

    if (model_find(config->algorithm, &fit->ops, err) < 0 ||
        params_start(fit->ops, &fit->params, err) < 0)
        return -1;
    fit->params.seed = config->seed;
    fit->scale = config->scale;
    fit->calibrate =
        config->calibrate && config->scale.low == 0 && config->scale.high == 1;
    return params_set(fit->ops, config->params, &fit->params, err);
}

static int open_publication(struct trainer *trainer, struct error *err)
{
    const struct trainer_config *from = &trainer->config;
    struct snapshot_publisher_config config = {
        .kafka = from->kafka, .chunk_bytes = from->chunk_bytes};

    if (signing_key_read(from->signing_key, &config.signing, err) < 0)
        return -1;
    memcpy(config.name, from->name, sizeof(config.name));
    memcpy(config.models, from->models, sizeof(config.models));
    memcpy(config.chunks, from->chunks, sizeof(config.chunks));
    return publication_open(&config, &trainer->publication, err);
}

static int open_bad_records(struct trainer *trainer, struct error *err)
{
    const struct trainer_config *from = &trainer->config;
    struct bad_records_config config = {.kafka = from->kafka,
                                        .policy = from->bad_records,
                                        .share_max = from->bad_share_max};

    memcpy(config.impressions, from->impressions, sizeof(config.impressions));
    memcpy(config.labels, from->labels, sizeof(config.labels));
    memcpy(config.dead_letters, from->dead_letters,
           sizeof(config.dead_letters));
    return bad_records_open(&config, publication_newest(trainer->publication),
                            &trainer->bad, err);
}

static int open_reader(struct trainer *trainer, struct error *err)
{
    const struct trainer_config *from = &trainer->config;
    struct merge_reader_config config = {
        .kafka = from->kafka,
        .topics = {from->impressions, from->labels},
        .from_ms = trainer->from_ms ? trainer->from_ms : MERGE_FROM_BEGINNING,
        .ends = from->once,
        .grows = !from->once,
        .linger_ms = from->linger_ms,
        .buffer_bytes = from->buffer_bytes,
        .timeout_ms = OPEN_MS,
    };

    if (from->intake.mode == JOIN_LABELS) {
        config.topics[0] = from->labels;
        config.topics[1] = NULL;
    }
    return merge_reader_open(&config, &trainer->reader, err);
}

static int open_evaluation(struct trainer *trainer, struct error *err)
{
    const struct trainer_config *from = &trainer->config;
    struct live_evaluation_config config = {
        .kafka = from->kafka,
        .window_ms = from->evaluation_window_ms,
        .rows_max = from->evaluation_rows,
        .join = from->intake.join,
        .from_ms = trainer->from_ms,
        .once = from->once,
        .linger_ms = from->linger_ms,
        .buffer_bytes = from->buffer_bytes / 4,
    };
    size_t count = 0;
    const struct offset_range *ranges =
        merge_reader_ranges(trainer->reader, &count);

    if (!from->evaluate)
        return 0;
    if (from->intake.mode == JOIN_LABELS) {
        log_warn("models in service are not evaluated",
                 "reason=\"join=labels: impressions are not read\"");
        return 0;
    }
    memcpy(config.name, from->name, sizeof(config.name));
    memcpy(config.impressions, from->impressions, sizeof(config.impressions));
    memcpy(config.predictions, from->predictions, sizeof(config.predictions));
    memcpy(config.evaluations, from->evaluations, sizeof(config.evaluations));
    return live_evaluation_open(&config, ranges, count, &trainer->live, err);
}

static void trainer_free(struct trainer *trainer)
{
    merge_reader_close(trainer->reader);
    bad_records_close(trainer->bad);
    publication_close(trainer->publication);
    live_evaluation_close(trainer->live);
    intake_free(trainer->intake);
    if (trainer->has_result)
        fit_result_free(&trainer->result);
    free(trainer->ranges);
    pthread_mutex_destroy(&trainer->lock);
    free(trainer);
}

static int start(struct trainer *trainer, struct error *err)
{
    if (prepare_fit(trainer, err) < 0 || open_reader(trainer, err) < 0 ||
        open_publication(trainer, err) < 0 ||
        open_evaluation(trainer, err) < 0 ||
        intake_new(&trainer->config.intake, &trainer->intake, err) < 0 ||
        open_bad_records(trainer, err) < 0)
        return -1;
    atomic_store(&trainer->running, true);
    atomic_store(&trainer->beat_ms, clock_monotonic_ms());
    int error = pthread_create(&trainer->thread, NULL, run, trainer);
    if (error)
        return error_set(err, ERROR_TEMPORARY, "start the trainer: %s",
                         strerror(error));
    return 0;
}

int trainer_start(const struct trainer_config *config, struct metrics *metrics,
                  struct trainer **out, struct error *err)
{
    struct trainer *trainer = calloc(1, sizeof(*trainer));

    if (!trainer)
        return error_no_memory(err, "a trainer");
    trainer->config = *config;
    if (config->limits.snapshot_bytes == 0)
        trainer->config.limits = fit_need_limits();
    trainer->metrics = metrics;
    trainer->policy = (struct retrain_policy){
        .every_ms = config->retrain_every_ms,
        .rows = config->retrain_rows,
        .rows_min = config->retrain_rows_min,
    };
    trainer->pause = (struct backoff){.first_ms = PUBLISH_PAUSE_MS,
                                      .most_ms = PUBLISH_PAUSE_MAX_MS};
    if (config->history_ms)
        trainer->from_ms = clock_wall_ms() - config->history_ms;
    pthread_mutex_init(&trainer->lock, NULL);
    if (start(trainer, err) < 0) {
        trainer_free(trainer);
        return -1;
    }
    *out = trainer;
    return 0;
}

/* --- From other threads ----------------------------------------------- */

void trainer_request(struct trainer *trainer)
{
    atomic_store(&trainer->requested, true);
}

void trainer_stop(struct trainer *trainer)
{
    atomic_store(&trainer->stop, true);
}

int trainer_join(struct trainer *trainer, struct trainer_counts *total,
                 struct error *err)
{
    pthread_join(trainer->thread, NULL);
    int status = trainer->status;
    if (total)
        *total = trainer->counts;
    if (status < 0)
        *err = trainer->err;
    trainer_free(trainer);
    return status;
}

bool trainer_is_running(const struct trainer *trainer)
{
    return atomic_load(&trainer->running);
}

bool trainer_caught_up(const struct trainer *trainer)
{
    return atomic_load(&trainer->caught_up);
}

struct trainer_counts trainer_counts(struct trainer *trainer)
{
    pthread_mutex_lock(&trainer->lock);
    struct trainer_counts counts = trainer->shared;
    pthread_mutex_unlock(&trainer->lock);
    return counts;
}

bool trainer_is_live(const struct trainer *trainer, char *why, size_t size)
{
    int64_t age_ms = clock_monotonic_ms() - atomic_load(&trainer->beat_ms);

    if (age_ms <= BEAT_MAX_MS)
        return true;
    snprintf(why, size, "no round for %" PRId64 " ms", age_ms);
    return false;
}

bool trainer_is_ready(const struct trainer *trainer, char *why, size_t size)
{
    if (trainer_caught_up(trainer))
        return true;
    snprintf(why, size, "still reading what was there at the start");
    return false;
}
