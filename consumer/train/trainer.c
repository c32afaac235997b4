#include "consumer/train/trainer.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/kafka/kafka_watch.h"

#include "consumer/learn/online.h"
#include "consumer/read/merge_reader.h"
#include "consumer/train/delta_line.h"
#include "consumer/train/learner.h"
#include "consumer/train/model_outlet.h"
#include "consumer/train/online_learner.h"
#include "consumer/train/record_source.h"
#include "consumer/train/record_taker.h"
#include "consumer/train/trainer_metrics.h"
#include "consumer/train/trainer_parts.h"
#include "consumer/train/trainer_resume.h"

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
    BEAT_MAX_MS = 120000,
    PUBLISH_MAX_MS = 480000, /* an attempt to publish takes no longer */
    ONLINE_LOG_ROWS = 1024,  /* what is learned at once is not kept */
};

struct trainer {
    struct trainer_config config;
    struct metrics *metrics;
    struct kafka_watch *clients; /* NULL without metrics */
    struct record_source *source;
    struct intake *intake;
    struct bad_records *bad;
    struct learner *learner;       /* NULL where the model learns online */
    struct online_learner *online; /* NULL where it is fitted */
    struct model_outlet *outlet;
    struct delta_line *deltas;    /* NULL: none are published */
    struct live_evaluation *live; /* NULL: it is switched off */
    struct record_taker taker;

    /* Of the thread alone: */
    int64_t from_ms;                /* record time; 0: from the beginning */
    const struct manifest *resumed; /* while it opens: the model it goes on
                                       from; NULL: none */
    bool is_ended;                  /* a single run has read what there was */
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

static struct trainer_reading reading_of(struct trainer *trainer)
{
    struct trainer_reading reading = {.intake = trainer->intake};

    reading.ranges = record_source_ranges(trainer->source, &reading.count);
    return reading;
}

/* What is read again has been learned, but makes points to go on from. */
static int learn(struct trainer *trainer, const struct join_outcome *outcome,
                 struct error *err)
{
    if (trainer->learner)
        return learner_take(trainer->learner, intake_log(trainer->intake),
                            outcome, err);
    return record_source_is_again(trainer->source)
               ? 0
               : online_learner_take(trainer->online, outcome, err);
}

static int note_present(struct trainer *trainer, struct error *err)
{
    if (!trainer->online ||
        !online_learner_is_to_note(trainer->online, trainer->intake))
        return 0;
    const struct trainer_reading reading = reading_of(trainer);
    return online_learner_note(trainer->online, &reading, err);
}

/* An outcome that is pulled has gone to the training log; the live evaluation
 * and a model that goes on learning get it as well. */
static int settle(struct trainer *trainer, struct error *err)
{
    struct join_outcome outcome;

    while (intake_next_outcome(trainer->intake, &outcome)) {
        live_evaluation_outcome(trainer->live, &outcome);
        if (learn(trainer, &outcome, err) < 0)
            return -1;
    }
    if (note_present(trainer, err) < 0)
        return -1;
    return live_evaluation_advance(trainer->live,
                                   intake_stream_ms(trainer->intake), err);
}

static int take(struct trainer *trainer, const struct merge_record *record,
                struct error *err)
{
    bool is_event = false;

    if (record_taker_take(&trainer->taker, record, &is_event, err) < 0)
        return -1;
    return is_event ? settle(trainer, err) : 0;
}

/* A second without a record, with all partitions read to their ends, lets event
 * time go on to the newest event. Not where a model learns online: its state
 * follows from the records alone, whenever they were read. */
static int rest(struct trainer *trainer, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    if (trainer->online)
        return 0;
    if (!trainer->is_ended && (record_source_lag(trainer->source) > 0 ||
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
        if (record_source_next(trainer->source, WAIT_MS, &result, &record,
                               err) < 0)
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
    const struct publication_fit model =
        trainer->online ? online_learner_model(trainer->online)
                        : learner_model(trainer->learner);
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
    if (trainer->online)
        online_learner_release(trainer->online);
    else if (learner_release(trainer->learner, intake_log(trainer->intake),
                             err) < 0)
        return -1;
    if (trainer->deltas)
        delta_line_begin(trainer->deltas, clock_monotonic_ms());
    trainer->is_done = trainer->config.once;
    return 0;
}

/* --- Learning --------------------------------------------------------- */

static bool is_due(struct trainer *trainer)
{
    const int64_t now_ms = clock_monotonic_ms();
    uint64_t answered =
        training_log_counts(intake_log(trainer->intake)).answered;

    if (trainer->config.once)
        return trainer->is_ended && live_evaluation_has_ended(trainer->live);
    /* From a part of the past we would learn a model of that part. */
    if (!atomic_load(&trainer->caught_up))
        return false;
    bool is_requested = atomic_exchange(&trainer->requested, false);
    if (trainer->online) {
        if (is_requested)
            online_learner_request(trainer->online);
        return online_learner_is_due(trainer->online, now_ms);
    }
    if (is_requested)
        learner_request(trainer->learner);
    return learner_is_due(trainer->learner, now_ms, answered);
}

static int look_after_deltas(struct trainer *trainer, struct error *err)
{
    const int64_t now_ms = clock_monotonic_ms();

    if (!trainer->deltas || !atomic_load(&trainer->caught_up) ||
        !delta_line_is_due(trainer->deltas, now_ms))
        return 0;
    const struct trainer_reading reading = reading_of(trainer);
    return delta_line_send(trainer->deltas, &reading, now_ms, err);
}

/* A model that learns online is there at once. */
static int look_after_online(struct trainer *trainer, struct error *err)
{
    if (online_learner_has_model(trainer->online))
        return publish(trainer, err);
    if (!is_due(trainer))
        return look_after_deltas(trainer, err);
    const struct trainer_reading reading = reading_of(trainer);
    if (online_learner_make(trainer->online, &reading,
                            model_outlet_newest(trainer->outlet),
                            clock_monotonic_ms(), err) < 0)
        return -1;
    if (!online_learner_has_model(trainer->online))
        trainer->is_done = trainer->config.once;
    return 0;
}

/* Learns from the rows that were read up to now. */
static int start_fit(struct trainer *trainer, struct error *err)
{
    size_t count = 0;
    const struct offset_range *ranges =
        record_source_ranges(trainer->source, &count);

    const struct learner_source source = {
        .log = intake_log(trainer->intake),
        .final_ms = intake_final_ms(trainer->intake),
        .ranges = ranges,
        .range_count = count,
    };
    return learner_start(trainer->learner, &source, clock_monotonic_ms(), err);
}

static int look_after_fits(struct trainer *trainer, struct error *err)
{
    enum learner_state state;

    if (trainer->online)
        return look_after_online(trainer, err);
    if (learner_poll(trainer->learner, model_outlet_newest(trainer->outlet),
                     &state, err) < 0)
        return -1;
    switch (state) {
    case LEARNER_IDLE:
        return is_due(trainer) ? start_fit(trainer, err)
                               : look_after_deltas(trainer, err);
    case LEARNER_FITTING:
        return look_after_deltas(trainer, err);
    case LEARNER_WITHOUT_MODEL:
        trainer->is_done = trainer->config.once;
        return 0;
    case LEARNER_HAS_MODEL:
        return publish(trainer, err);
    }
    return 0;
}

/* --- The thread ------------------------------------------------------- */

static void show_counts(struct trainer *trainer)
{
    struct trainer_counts *now = &trainer->counts;
    struct metrics *metrics = trainer->metrics;

    now->fits = trainer->online ? online_learner_counts(trainer->online)
                                : learner_counts(trainer->learner);
    now->models = model_outlet_counts(trainer->outlet);
    now->events = intake_counts(trainer->intake);
    now->bad = trainer->taker.bad_count;
    now->letters = bad_records_counts(trainer->bad);
    now->books = intake_books(trainer->intake);
    now->delays = *intake_delays(trainer->intake);
    now->log = training_log_counts(intake_log(trainer->intake));
    now->evaluation = live_evaluation_counts(trainer->live);
    now->deltas = trainer->deltas ? delta_line_count(trainer->deltas) : 0;
    trainer_metrics_counts(metrics, &trainer->shown, now);
    metrics_set(metrics, TRAINER_LAG, 0,
                (double)record_source_lag(trainer->source));
    metrics_set(
        metrics, TRAINER_MEMORY, 0,
        (double)(intake_bytes(trainer->intake) +
                 (trainer->online ? online_learner_bytes(trainer->online)
                                  : learner_bytes(trainer->learner))));
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
        record_source_caught_up(trainer->source)) {
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
    return record_source_lag(trainer->source) == 0 ? LIVE_ALL_READ
                                                   : LIVE_BEHIND;
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
    if (trainer->learner)
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
    struct learner_config config;

    if (trainer_parts_learning(&trainer->config, &config, err) < 0)
        return -1;
    if (!online_is_for(config.fit.ops))
        return learner_new(&config, trainer->metrics, &trainer->learner, err);
    if (trainer_parts_online(&trainer->config, &config, trainer->metrics,
                             &trainer->online, err) < 0)
        return -1;
    trainer->config.intake.list = online_learner_fields(trainer->online);
    trainer->config.intake.log.rows_max = ONLINE_LOG_ROWS;
    return 0;
}

/* Goes on from the newest model where that is one to go on from. */
static int resume(struct trainer *trainer, struct error *err)
{
    struct resuming into = {.outlet = trainer->outlet,
                            .online = trainer->online,
                            .intake = trainer->intake};
    int status =
        trainer_resume(&trainer->config, &into, &trainer->resumed, err);

    trainer->intake = into.intake;
    return status;
}

/* Event time from which on nothing is missing, of impressions; 0: all. */
static int64_t evaluated_from(const struct trainer *trainer)
{
    int64_t newest_ms = intake_newest_ms(trainer->intake);

    if (!trainer->resumed)
        return trainer->from_ms;
    return newest_ms < 0 ? 0 : newest_ms + 1;
}

static void trainer_free(struct trainer *trainer)
{
    record_source_close(trainer->source);
    kafka_watch_free(trainer->clients);
    bad_records_close(trainer->bad);
    delta_line_free(trainer->deltas);
    model_outlet_close(trainer->outlet);
    live_evaluation_close(trainer->live);
    intake_free(trainer->intake);
    learner_free(trainer->learner);
    online_learner_free(trainer->online);
    pthread_mutex_destroy(&trainer->lock);
    free(trainer);
}

static int open_outlet(struct trainer *trainer, struct error *err)
{
    return trainer_parts_outlet(&trainer->config, trainer->metrics,
                                &trainer->outlet, err);
}

static int open_deltas(struct trainer *trainer, struct error *err)
{
    const struct delta_line_config config = {
        .every_ms = trainer->config.publish_every_ms,
        .outlet = trainer->outlet,
        .source = trainer->online ? online_learner_deltas(trainer->online)
                                  : learner_deltas(trainer->learner),
        .metrics = trainer->metrics,
        .is_resumed = trainer->resumed != NULL};

    if (config.every_ms == 0 || trainer->config.once ||
        (trainer->learner && !learner_folds(trainer->learner)))
        return 0;
    return delta_line_new(&config, &trainer->deltas, err);
}

/* Who goes on from a model needs it before the records; else the topics are
 * looked at before another trainer is fenced. */
static int open_parts(struct trainer *trainer, struct error *err)
{
    const struct trainer_config *config = &trainer->config;

    if (open_learner(trainer, err) < 0 ||
        intake_new(&config->intake, &trainer->intake, err) < 0)
        return -1;
    if (trainer->online &&
        (open_outlet(trainer, err) < 0 || resume(trainer, err) < 0))
        return -1;
    if (kafka_watch_new(trainer->metrics, TRAINER_KAFKA, &trainer->clients,
                        err) < 0 ||
        trainer_parts_source(config, trainer->clients, trainer->from_ms,
                             trainer->resumed, &trainer->source, err) < 0 ||
        (!trainer->outlet && open_outlet(trainer, err) < 0) ||
        open_deltas(trainer, err) < 0 ||
        trainer_parts_evaluation(config, evaluated_from(trainer),
                                 trainer->source, &trainer->live, err) < 0)
        return -1;
    trainer->resumed = NULL;
    if (trainer_parts_bad_records(config, model_outlet_newest(trainer->outlet),
                                  &trainer->bad, err) < 0)
        return -1;
    trainer->taker = (struct record_taker){.intake = trainer->intake,
                                           .mode = config->intake.mode,
                                           .bad = trainer->bad,
                                           .live = trainer->live,
                                           .metrics = trainer->metrics};
    return 0;
}

static int start(struct trainer *trainer, struct error *err)
{
    if (open_parts(trainer, err) < 0)
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
