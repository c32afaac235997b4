/*
 * trainer_evaluation.c - the trainer judges the models in service.
 */
#include "consumer/trainer_parts.h"

#include "common/clock.h"
#include "common/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONTACT_MS = 10000,
    PREDICTIONS_A_ROUND = 4096,
    RETRY_MS = 5000, /* and twice as long after each failure, */
    RETRY_MAX_MS = 320000,
    EVENTS_MAX = 100000, /* that wait for a broker to take them */
};

/* --- Opening ----------------------------------------------------------------
 */

static int open_reader(struct trainer *trainer, struct error *err)
{
    const struct trainer_config *from = &trainer->config;
    const struct merge_reader_config config = {
        .kafka = from->kafka,
        .topics = {from->predictions},
        .from_ms = trainer->from_ms ? trainer->from_ms : MERGE_FROM_BEGINNING,
        .ends = from->once,
        .linger_ms = from->linger_ms,
        .buffer_bytes = from->buffer_bytes / 4,
        .timeout_ms = CONTACT_MS,
    };

    if (from->intake.mode == JOIN_LABELS)
        return error_set(err, ERROR_CONFIG,
                         "join=labels: impressions are not read");
    return merge_reader_open(&config, &trainer->evaluation.reader, err);
}

/* Not for the trainer's time: predictions are of now, and a history that is
 * fed would never let them come. So they have a reader of their own. */
static bool open_predictions(struct trainer *trainer)
{
    struct error why;

    if (!trainer->config.evaluate)
        return false;
    trainer->evaluation.is_on = open_reader(trainer, &why) == 0;
    if (!trainer->evaluation.is_on)
        log_warn("models in service are not evaluated", "reason=\"%s\"",
                 why.text);
    return trainer->evaluation.is_on;
}

/* Predictions of what was before are nobody's. */
static void begin_partitions(struct trainer *trainer)
{
    size_t count = 0;
    const struct manifest_range *ranges =
        merge_reader_ranges(trainer->reader, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(ranges[i].topic, trainer->config.impressions) == 0)
            evaluation_windows_begin(trainer->evaluation.windows,
                                     ranges[i].partition, ranges[i].first);
}

/* What cannot be published can still be looked at on /metrics. */
static int open_publication(struct trainer *trainer, struct error *err)
{
    struct evaluation_publication_config config = {.kafka =
                                                       trainer->config.kafka};
    struct error why;

    memcpy(config.name, trainer->config.name, sizeof(config.name));
    memcpy(config.topic, trainer->config.evaluations, sizeof(config.topic));
    if (evaluation_publication_open(&config, &trainer->evaluation.publication,
                                    &why) == 0)
        return 0;
    if (why.code == ERROR_FENCED) {
        *err = why;
        return -1;
    }
    log_warn("evaluations are not published", "reason=\"%s\"", why.text);
    return 0;
}

/* Behind what is published, and behind what the history may have cut. */
static int64_t first_window_ms(const struct trainer *trainer,
                               const struct evaluation_event *newest)
{
    int64_t from_ms = newest ? newest->start_ms + newest->window_ms : 0;

    if (trainer->from_ms > from_ms)
        from_ms = trainer->from_ms;
    return from_ms;
}

int trainer_evaluation_open(struct trainer *trainer, struct error *err)
{
    const struct trainer_config *config = &trainer->config;
    const struct evaluation_event *newest = NULL;

    if (!open_predictions(trainer))
        return 0;
    if (open_publication(trainer, err) < 0)
        return -1;
    if (trainer->evaluation.publication)
        newest = evaluation_publication_newest(trainer->evaluation.publication);
    if (newest)
        trainer_metrics_window(trainer->metrics, newest);
    const struct evaluation_windows_config windows = {
        .window_ms = config->evaluation_window_ms,
        .join = config->intake.join,
        .rows_max = config->evaluation_rows,
        .from_ms = first_window_ms(trainer, newest)};
    if (evaluation_windows_new(&windows, &trainer->evaluation.windows, err) < 0)
        return -1;
    begin_partitions(trainer);
    return 0;
}

void trainer_evaluation_close(struct trainer *trainer)
{
    merge_reader_close(trainer->evaluation.reader);
    evaluation_windows_free(trainer->evaluation.windows);
    evaluation_publication_close(trainer->evaluation.publication);
    free(trainer->evaluation.events);
}

/* --- Records ----------------------------------------------------------------
 */

void trainer_evaluation_begin(struct trainer *trainer,
                              const struct message *message)
{
    trainer->evaluation.record = message;
}

/* A partition that begins behind its first offset has lost rows, and with them
 * whole figures; but not where the trainer itself left them out. */
static void skip_what_is_cut(struct trainer *trainer,
                             const struct intake_row *row)
{
    struct trainer_evaluation *self = &trainer->evaluation;
    int32_t partition = self->record->partition;

    if (partition >= EVALUATION_PARTITIONS_MAX || self->began[partition])
        return;
    self->began[partition] = true;
    if (self->record->offset > 0 && trainer->config.history_ms == 0 &&
        !atomic_load(&trainer->caught_up))
        evaluation_windows_skip(self->windows, row->ts_ms);
}

int trainer_evaluation_impression(void *context, const struct intake_row *row,
                                  struct error *err)
{
    struct trainer *trainer = context;
    const struct message *record = trainer->evaluation.record;

    if (!trainer->evaluation.is_on)
        return 0;
    skip_what_is_cut(trainer, row);
    return evaluation_windows_impression(trainer->evaluation.windows, row,
                                         record->partition, record->offset,
                                         err);
}

void trainer_evaluation_outcome(void *context,
                                const struct join_outcome *outcome)
{
    struct trainer *trainer = context;

    if (trainer->evaluation.is_on)
        evaluation_windows_label(trainer->evaluation.windows, outcome);
}

int trainer_evaluation_advance(struct trainer *trainer, struct error *err)
{
    if (!trainer->evaluation.is_on)
        return 0;
    return evaluation_windows_advance(trainer->evaluation.windows,
                                      intake_stream_ms(trainer->intake), err);
}

/* What is no prediction is counted; it is nobody's dead letter. */
static int take_prediction(struct trainer *trainer,
                           const struct message *message, struct error *err)
{
    struct prediction_event event;
    enum event_fault fault = event_decode_prediction(
        message->value, message->value_size, &event, NULL);

    metrics_add(trainer->metrics, TRAINER_CONSUMED, TRAINER_TOPIC_PREDICTIONS,
                1);
    if (fault == EVENT_OK)
        return evaluation_windows_prediction(trainer->evaluation.windows,
                                             &event, err);
    metrics_add(trainer->metrics, TRAINER_BAD, (int)fault, 1);
    return 0;
}

/* What cannot be read any more is not judged any more. */
static void turn_off(struct trainer *trainer, const struct error *why)
{
    log_error("models in service are not evaluated any more", "reason=\"%s\"",
              why->text);
    trainer->evaluation.is_on = false;
}

static bool is_all_read(const struct trainer *trainer)
{
    return trainer->ended || (atomic_load(&trainer->caught_up) &&
                              merge_reader_lag(trainer->reader) == 0);
}

static int read_predictions(struct trainer *trainer, struct error *err)
{
    struct trainer_evaluation *self = &trainer->evaluation;
    struct merge_record record;
    enum merge_result result = MERGE_RECORD;
    struct error why;

    if (!evaluation_windows_has_room(self->windows) && is_all_read(trainer))
        evaluation_windows_give_up(self->windows);
    for (int i = 0; i < PREDICTIONS_A_ROUND && result == MERGE_RECORD &&
                    evaluation_windows_has_room(self->windows);
         i++) {
        if (merge_reader_next(self->reader, 0, &result, &record, &why) < 0) {
            turn_off(trainer, &why);
            return 0;
        }
        self->has_ended = result == MERGE_END;
        if (result == MERGE_RECORD &&
            take_prediction(trainer, &record.message, err) < 0)
            return -1;
    }
    return 0;
}

bool trainer_evaluation_has_ended(const struct trainer *trainer)
{
    return !trainer->evaluation.is_on || trainer->evaluation.has_ended;
}

/* --- Windows ----------------------------------------------------------------
 */

static struct evaluation_event
make_event(const struct trainer *trainer,
           const struct evaluation_window *window,
           const struct evaluation *figures, size_t left_out)
{
    struct evaluation_event event = {
        .start_ms = window->start_ms,
        .window_ms = trainer->config.evaluation_window_ms,
        .rows = figures->rows,
        .click_rate = figures->click_rate,
        .rmse = figures->rmse,
        .mae = figures->mae,
        .logloss = figures->logloss,
        .normalised_entropy = figures->normalised_entropy,
        .auc = figures->auc,
        .calibration = figures->calibration,
        .ece = figures->ece,
        .left_out = left_out,
        .is_early = window->is_early,
        .created_ms = clock_wall_ms(),
    };

    memcpy(event.name, trainer->config.name, sizeof(event.name));
    return event;
}

static int make_room(struct trainer_evaluation *self, size_t count,
                     struct error *err)
{
    if (self->count + count <= self->room)
        return 0;
    size_t room = 2 * (self->count + count);
    struct evaluation_event *events =
        realloc(self->events, room * sizeof(*events));
    if (!events)
        return error_set(err, ERROR_LIMIT, "no memory for %zu evaluations",
                         room);
    self->events = events;
    self->room = room;
    return 0;
}

/* The record of all versions is the first of its window. */
static int enqueue(struct trainer *trainer,
                   const struct evaluation_window *window,
                   const struct evaluation_event *all, struct error *err)
{
    struct trainer_evaluation *self = &trainer->evaluation;
    size_t count = window->version_count + 1;

    if (!self->publication)
        return 0;
    if (self->count + count > EVENTS_MAX) {
        metrics_add(trainer->metrics, TRAINER_EVALUATIONS, EVALUATION_DROPPED,
                    count);
        return 0;
    }
    if (make_room(self, count, err) < 0)
        return -1;
    self->events[self->count++] = *all;
    for (size_t i = 0; i < window->version_count; i++) {
        const struct evaluation_version *version = &window->versions[i];
        if (version->figures.rows == 0)
            continue;
        struct evaluation_event event =
            make_event(trainer, window, &version->figures, version->left_out);
        event.has_version = true;
        event.version = version->version;
        self->events[self->count++] = event;
    }
    return 0;
}

static void show_window(struct trainer *trainer,
                        const struct evaluation_window *window,
                        const struct evaluation_event *all)
{
    char start[CLOCK_TEXT_SIZE];
    uint64_t epoch = window->versions[window->version_count - 1].version;

    trainer_metrics_window(trainer->metrics, all);
    metrics_set(trainer->metrics, TRAINER_WINDOW_EPOCH, 0, (double)epoch);
    if (window->is_early)
        log_warn("window closed before it was over",
                 "window=%s reason=\"more than evaluation.rows=%" PRIu32 "\"",
                 clock_format(window->start_ms, start),
                 trainer->config.evaluation_rows);
}

static void log_newest(const struct evaluation_event *all, size_t windows)
{
    char start[CLOCK_TEXT_SIZE];

    log_info("models in service evaluated",
             "windows=%zu newest=%s rows=%" PRIu64
             " click_rate=%.5f rmse=%.5f logloss=%.5f auc=%.5f "
             "normalised_entropy=%.5f calibration=%.4f",
             windows, clock_format(all->start_ms, start), all->rows,
             all->click_rate, all->rmse, all->logloss, all->auc,
             all->normalised_entropy, all->calibration);
}

static int take_windows(struct trainer *trainer, struct error *err)
{
    struct evaluation_window window;
    struct evaluation_event all;
    size_t windows = 0;
    int status = 0;

    while (status == 0 &&
           evaluation_windows_next(trainer->evaluation.windows, &window)) {
        all = make_event(trainer, &window, &window.all, window.left_out);
        show_window(trainer, &window, &all);
        status = enqueue(trainer, &window, &all, err);
        evaluation_window_free(&window);
        windows++;
    }
    if (windows > 0)
        log_newest(&all, windows);
    return status;
}

/* --- Publishing -------------------------------------------------------------
 */

static int publish(struct trainer *trainer, struct error *err)
{
    struct trainer_evaluation *self = &trainer->evaluation;
    struct error why;

    if (self->count == 0 || clock_monotonic_ms() < self->retry_ms)
        return 0;
    if (evaluation_publication_publish(self->publication, self->events,
                                       self->count, &why) == 0) {
        metrics_add(trainer->metrics, TRAINER_EVALUATIONS, EVALUATION_PUBLISHED,
                    self->count);
        trainer->counts.evaluations += self->count;
        self->count = 0;
        self->pause_ms = 0;
        return 0;
    }
    if (why.code == ERROR_FENCED) {
        *err = why;
        return -1;
    }
    metrics_add(trainer->metrics, TRAINER_EVALUATIONS, EVALUATION_FAILED, 1);
    self->pause_ms = self->pause_ms ? 2 * self->pause_ms : RETRY_MS;
    if (self->pause_ms > RETRY_MAX_MS)
        self->pause_ms = RETRY_MAX_MS;
    self->retry_ms = clock_monotonic_ms() + self->pause_ms;
    log_warn("evaluations could not be published, once more later",
             "records=%zu pause_ms=%" PRId64 " reason=\"%s\"", self->count,
             self->pause_ms, why.text);
    return 0;
}

int trainer_look_after_evaluations(struct trainer *trainer, struct error *err)
{
    if (!trainer->evaluation.is_on)
        return 0;
    if ((!trainer->evaluation.has_ended &&
         read_predictions(trainer, err) < 0) ||
        take_windows(trainer, err) < 0)
        return -1;
    return trainer->evaluation.publication ? publish(trainer, err) : 0;
}

void trainer_evaluation_show(struct trainer *trainer)
{
    struct trainer_evaluation *self = &trainer->evaluation;

    if (!self->is_on)
        return;
    trainer->counts.evaluation = evaluation_windows_counts(self->windows);
    trainer_metrics_evaluation(trainer->metrics, &self->shown,
                               &trainer->counts.evaluation);
    self->shown = trainer->counts.evaluation;
    metrics_set(trainer->metrics, TRAINER_EVALUATION_OPEN, 0,
                (double)evaluation_windows_rows(self->windows));
    metrics_set(trainer->metrics, TRAINER_EVALUATION_MEMORY, 0,
                (double)evaluation_windows_bytes(self->windows));
}
