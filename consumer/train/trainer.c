#include "consumer/train/trainer.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/kafka/kafka_watch.h"

#include "consumer/read/event_message.h"
#include "consumer/read/merge_reader.h"
#include "consumer/train/learner.h"
#include "consumer/train/model_outlet.h"
#include "consumer/train/trainer_metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAIT_MS = 50,          /* a round waits for its first record */
    REST_MS = 1000,        /* then a stream without records is at rest */
    MORE_MS = 1,           /* a round waits while predictions are still read */
    RECORDS_A_ROUND = 512, /* then the thread looks at its other work */
    SHOW_MS = 1000,
    OPEN_MS = 10000,
    BEAT_MAX_MS = 120000,
    PUBLISH_MAX_MS = 480000, /* an attempt to publish takes no longer */
};

struct trainer {
    struct trainer_config config;
    struct metrics *metrics;
    struct kafka_watch *clients; /* NULL without metrics */
    struct merge_reader *reader;
    struct intake *intake;
    struct bad_records *bad;
    struct learner *learner;
    struct model_outlet *outlet;
    struct live_evaluation *live; /* NULL: it is switched off */

    /* Of the thread alone: */
    int64_t from_ms; /* record time; 0: from the beginning */
    bool is_ended;   /* a single run has read what there was */
    bool is_done;
    int64_t record_ms; /* monotonic: when the last record came */
    int64_t shown_ms;
    struct trainer_counts counts, shown;

    pthread_t thread;
    atomic_bool stop, requested, running, caught_up;
    atomic_int_least64_t beat_ms;
    pthread_mutex_t lock; /* guards `shared` */
    struct trainer_counts shared;

    int status; /* of the thread, once it has ended */
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

/* An outcome that is pulled has gone to the training log; the live evaluation
 * gets it as well. */
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
                   .read_ms = clock_wall_ms(),
                   .ahead_ms = record->ahead_ms}};
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

/* Takes up to RECORDS_A_ROUND records, and waits WAIT_MS for each at most. */
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

/* --- Publishing ------------------------------------------------------- */

static int publish(struct trainer *trainer, struct error *err)
{
    const struct publication_fit model = learner_model(trainer->learner);
    bool is_sent = false;

    if (!model_outlet_is_due(trainer->outlet, clock_monotonic_ms()))
        return 0;
    /* An attempt at a broker that is away takes minutes. */
    atomic_store(&trainer->beat_ms, clock_monotonic_ms() + PUBLISH_MAX_MS);
    int status =
        model_outlet_send(trainer->outlet, trainer->bad, &model, &is_sent, err);
    atomic_store(&trainer->beat_ms, clock_monotonic_ms());
    if (status < 0 || !is_sent)
        return status;
    learner_release(trainer->learner);
    trainer->is_done = trainer->config.once;
    return 0;
}

/* --- Learning --------------------------------------------------------- */

static bool is_due(struct trainer *trainer)
{
    uint64_t answered =
        training_log_counts(intake_log(trainer->intake)).answered;

    if (trainer->config.once)
        return trainer->is_ended && live_evaluation_has_ended(trainer->live);
    /* From a part of the past we would learn a model of that part. */
    if (!atomic_load(&trainer->caught_up))
        return false;
    if (atomic_exchange(&trainer->requested, false))
        learner_request(trainer->learner);
    return learner_is_due(trainer->learner, clock_monotonic_ms(), answered);
}

/* Learns from the rows that were read up to now. */
static int start_fit(struct trainer *trainer, struct error *err)
{
    size_t count = 0;
    const struct offset_range *ranges =
        merge_reader_ranges(trainer->reader, &count);

    return learner_start(trainer->learner, intake_log(trainer->intake), ranges,
                         count, clock_monotonic_ms(), err);
}

static int look_after_fits(struct trainer *trainer, struct error *err)
{
    enum learner_state state;

    if (learner_poll(trainer->learner, model_outlet_newest(trainer->outlet),
                     &state, err) < 0)
        return -1;
    switch (state) {
    case LEARNER_IDLE:
        return is_due(trainer) ? start_fit(trainer, err) : 0;
    case LEARNER_FITTING:
        return 0;
    case LEARNER_WITHOUT_MODEL:
        trainer->is_done = trainer->config.once;
        return 0;
    case LEARNER_HAS_MODEL:
        return publish(trainer, err);
    }
    return 0;
}

/* --- The thread ------------------------------------------------------- */

/* Warns of the first event of each kind; the metric counts them all. */
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
        [ODD_JUMPED] = "a record is dated more than a minute after those "
                       "behind it in its partition; it does not hold them back",
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

    now->fits = learner_counts(trainer->learner);
    now->models = model_outlet_counts(trainer->outlet);
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

static void *run(void *context)
{
    struct trainer *trainer = context;
    struct error err = {0};

    trainer->status = work(trainer, &err);
    learner_stop(trainer->learner);
    /* Letters go out whatever ended the work. The first failure is told. */
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

static int open_learner(struct trainer *trainer, struct error *err)
{
    const struct trainer_config *from = &trainer->config;
    struct learner_config config = {
        .fit = {.scale = from->scale,
                .calibrate = from->calibrate && from->scale.low == 0 &&
                             from->scale.high == 1},
        .limits = from->limits,
        .policy = {.every_ms = from->retrain_every_ms,
                   .rows = from->retrain_rows,
                   .rows_min = from->retrain_rows_min},
        .holdout = from->holdout,
        .ids_max = from->intake.log.ids_max,
        .once = from->once,
    };
    struct fit_config *fit = &config.fit;

    if (from->limits.snapshot_bytes == 0)
        config.limits = fit_need_limits();
    if (model_find(from->algorithm, &fit->ops, err) < 0 ||
        params_start(fit->ops, &fit->params, err) < 0)
        return -1;
    fit->params.seed = from->seed;
    if (params_set(fit->ops, from->params, &fit->params, err) < 0)
        return -1;
    return learner_new(&config, trainer->metrics, &trainer->learner, err);
}

static int open_outlet(struct trainer *trainer, struct error *err)
{
    const struct trainer_config *from = &trainer->config;
    struct snapshot_publisher_config config = {
        .kafka = from->kafka, .chunk_bytes = from->chunk_bytes};

    if (signing_key_read(from->signing_key, &config.signing, err) < 0)
        return -1;
    memcpy(config.name, from->name, sizeof(config.name));
    memcpy(config.models, from->models, sizeof(config.models));
    memcpy(config.chunks, from->chunks, sizeof(config.chunks));
    return model_outlet_open(
        &config, from->once ? OUTLET_TRIES_TWICE : OUTLET_OUTLIVES_AN_OUTAGE,
        trainer->metrics, &trainer->outlet, err);
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
    return bad_records_open(&config, model_outlet_newest(trainer->outlet),
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

    if (kafka_watch_new(trainer->metrics, TRAINER_KAFKA, &trainer->clients,
                        err) < 0)
        return -1;
    config.kafka.watch = trainer->clients;
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
        .format = (enum event_format)from->evaluations_format,
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
    kafka_watch_free(trainer->clients);
    bad_records_close(trainer->bad);
    model_outlet_close(trainer->outlet);
    live_evaluation_close(trainer->live);
    intake_free(trainer->intake);
    learner_free(trainer->learner);
    pthread_mutex_destroy(&trainer->lock);
    free(trainer);
}

static int start(struct trainer *trainer, struct error *err)
{
    if (open_learner(trainer, err) < 0 || open_reader(trainer, err) < 0 ||
        open_outlet(trainer, err) < 0 || open_evaluation(trainer, err) < 0 ||
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
