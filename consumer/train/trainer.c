#include "consumer/train/trainer.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include "consumer/train/trainer_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAIT_MS = 50,          /* for a record */
    MORE_MS = 1,           /* where others are still to be read */
    RECORDS_A_ROUND = 512, /* before looking at anything else */
    SHOW_MS = 1000,
    OPEN_MS = 10000,
    BEAT_MAX_MS = 120000, /* a publication may take so long */
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
    bool is_label = topic == TRAINER_TOPIC_LABELS;

    trainer->counts.bad++;
    metrics_add(trainer->metrics, TRAINER_BAD, (int)became->fault, 1);
    return bad_records_take(
        trainer->bad,
        is_label ? trainer->config.labels : trainer->config.impressions,
        is_label, message, became->fault, became->field, err);
}

static int take(struct trainer *trainer, const struct merge_record *record,
                struct error *err)
{
    const struct message *message = &record->message;
    enum trainer_topic topic = topic_of(trainer, record);
    const struct intake_record taken = {
        .kind =
            topic == TRAINER_TOPIC_LABELS ? INTAKE_LABEL : INTAKE_IMPRESSION,
        .bytes = message->value,
        .size = message->value_size,
        .origin = {.record_ms = message->timestamp_ms}};
    struct intake_result became;
    struct join_outcome outcome;

    metrics_add(trainer->metrics, TRAINER_CONSUMED, (int)topic, 1);
    if (intake_take(trainer->intake, &taken, &became, err) < 0)
        return -1;
    if (became.fault)
        return take_bad(trainer, message, topic, &became, err);
    bad_records_note_good(trainer->bad);
    if (taken.kind == INTAKE_IMPRESSION &&
        trainer_evaluation_impression(trainer, &became.row, message, err) < 0)
        return -1;
    while (intake_next_outcome(trainer->intake, &outcome))
        trainer_evaluation_outcome(trainer, &outcome);
    return trainer_evaluation_advance(trainer, err);
}

/* Up to RECORDS_A_ROUND records, or what comes within WAIT_MS. */
static int read_round(struct trainer *trainer, struct error *err)
{
    struct merge_record record;
    enum merge_result result;

    if (trainer->ended) {
        clock_sleep_ms(trainer_evaluation_has_ended(trainer) ? WAIT_MS
                                                             : MORE_MS);
        return 0;
    }
    for (int i = 0; i < RECORDS_A_ROUND; i++) {
        if (merge_reader_next(trainer->reader, WAIT_MS, &result, &record, err) <
            0)
            return -1;
        if (result != MERGE_RECORD) {
            trainer->ended = result == MERGE_END;
            return 0;
        }
        if (take(trainer, &record, err) < 0)
            return -1;
    }
    return 0;
}

/* --- The thread ------------------------------------------------------- */

static void show_counts(struct trainer *trainer)
{
    struct trainer_counts *counts = &trainer->counts;
    uint64_t letters = bad_records_sent(trainer->bad);
    struct intake_counts events = intake_counts(trainer->intake);

    metrics_add(trainer->metrics, TRAINER_SKEWED, 0,
                events.skewed - counts->events.skewed);
    metrics_add(trainer->metrics, TRAINER_DEAD_LETTERS, 0,
                letters - counts->dead_letters);
    counts->events = events;
    counts->dead_letters = letters;
    counts->books = intake_books(trainer->intake);
    counts->log = training_log_counts(intake_log(trainer->intake));
    trainer_evaluation_show(trainer);
    trainer_metrics_join(trainer->metrics, &trainer->shown_books,
                         &counts->books);
    trainer->shown_books = counts->books;
    metrics_set(trainer->metrics, TRAINER_LAG, 0,
                (double)merge_reader_lag(trainer->reader));
    metrics_set(trainer->metrics, TRAINER_LOG_ROWS, 0,
                (double)counts->log.rows);
    metrics_set(trainer->metrics, TRAINER_MEMORY, 0,
                (double)intake_bytes(trainer->intake));

    pthread_mutex_lock(&trainer->lock);
    trainer->shared = *counts;
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

static int work(struct trainer *trainer, struct error *err)
{
    while (!atomic_load(&trainer->stop) && !trainer->done) {
        if (read_round(trainer, err) < 0)
            return -1;
        look_around(trainer);
        if (trainer_look_after_evaluations(trainer, err) < 0 ||
            trainer_look_after_fits(trainer, err) < 0)
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
    if (trainer->status == 0)
        trainer->status = bad_records_flush(trainer->bad, &err);
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

static void trainer_free(struct trainer *trainer)
{
    merge_reader_close(trainer->reader);
    bad_records_close(trainer->bad);
    publication_close(trainer->publication);
    trainer_evaluation_close(trainer);
    intake_free(trainer->intake);
    free(trainer->ranges);
    pthread_mutex_destroy(&trainer->lock);
    free(trainer);
}

static int start(struct trainer *trainer, struct error *err)
{
    if (prepare_fit(trainer, err) < 0 || open_reader(trainer, err) < 0 ||
        open_publication(trainer, err) < 0 ||
        trainer_evaluation_open(trainer, err) < 0 ||
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
    trainer->metrics = metrics;
    trainer->policy = (struct retrain_policy){
        .every_ms = config->retrain_every_ms,
        .rows = config->retrain_rows,
        .rows_min = config->retrain_rows_min,
    };
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
