/*
 * live_evaluation.c - the trainer judges the models in service.
 */
#include "consumer/train/trainer_parts.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONTACT_MS = 10000,
    PREDICTIONS_A_ROUND = 4096,
    RECORDS_MAX = 100000, /* of windows that wait for a broker to take them */
};

/* --- Opening ---------------------------------------------------------- */

static int open_source(struct trainer *trainer, struct error *err)
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

    return evaluation_source_open(&config, &trainer->evaluation.source, err);
}

static void show_trouble(struct trainer *trainer, const struct error *trouble)
{
    trainer->evaluation.is_away = trouble != NULL;
    metrics_set(trainer->metrics, TRAINER_EVALUATION_READABLE, 0,
                trouble ? 0 : 1);
}

/* Not for the trainer's time: predictions are of now, and a history that is
 * fed would never let them come. So they have a reader of their own. */
static int open_predictions(struct trainer *trainer, struct error *err)
{
    struct trainer_evaluation *self = &trainer->evaluation;

    if (!trainer->config.evaluate)
        return 0;
    if (trainer->config.intake.mode == JOIN_LABELS) {
        log_warn("models in service are not evaluated",
                 "reason=\"join=labels: impressions are not read\"");
        return 0;
    }
    if (open_source(trainer, err) < 0)
        return -1;
    const struct error *trouble = evaluation_source_trouble(self->source);
    show_trouble(trainer, trouble);
    /* A single run does not wait for them. */
    self->is_on = !(self->is_away && trainer->config.once);
    if (trouble)
        log_warn("models in service are not evaluated",
                 "again=%s reason=\"%s\"", self->is_on ? "later" : "never",
                 trouble->text);
    return 0;
}

/* Predictions of what was before are nobody's. */
static void begin_partitions(struct trainer *trainer)
{
    size_t count = 0;
    const struct offset_range *ranges =
        merge_reader_ranges(trainer->reader, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(ranges[i].topic, trainer->config.impressions) == 0)
            evaluation_windows_begin(trainer->evaluation.windows,
                                     ranges[i].partition, ranges[i].first);
}

/* What cannot be published can still be looked at on /metrics. */
static int open_outbox(struct trainer *trainer, struct error *err)
{
    struct evaluation_outbox_config config = {
        .publication = {.kafka = trainer->config.kafka},
        .records_max = RECORDS_MAX,
        .metrics = trainer->metrics};

    memcpy(config.publication.name, trainer->config.name,
           sizeof(config.publication.name));
    memcpy(config.publication.topic, trainer->config.evaluations,
           sizeof(config.publication.topic));
    return evaluation_outbox_start(&config, &trainer->evaluation.outbox, err);
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
    struct evaluation_event newest;

    if (open_predictions(trainer, err) < 0)
        return -1;
    if (!trainer->evaluation.is_on)
        return 0;
    if (open_outbox(trainer, err) < 0)
        return -1;
    bool has_newest = evaluation_outbox_newest(trainer->evaluation.outbox,
                                               CONTACT_MS, &newest);
    if (evaluation_outbox_check(trainer->evaluation.outbox, err) < 0)
        return -1;
    if (has_newest)
        trainer_metrics_window(trainer->metrics, &newest);
    const struct evaluation_windows_config windows = {
        .window_ms = config->evaluation_window_ms,
        .join = config->intake.join,
        .rows_max = config->evaluation_rows,
        .from_ms = first_window_ms(trainer, has_newest ? &newest : NULL)};
    if (evaluation_windows_new(&windows, &trainer->evaluation.windows, err) < 0)
        return -1;
    begin_partitions(trainer);
    /* There may have been predictions that are not there any more. */
    evaluation_windows_doubt(trainer->evaluation.windows,
                             trainer->evaluation.is_away);
    return 0;
}

void trainer_evaluation_close(struct trainer *trainer)
{
    evaluation_source_close(trainer->evaluation.source);
    evaluation_windows_free(trainer->evaluation.windows);
    evaluation_outbox_stop(trainer->evaluation.outbox);
}

/* --- Records ---------------------------------------------------------- */

/* A partition that begins behind its first offset has lost rows, and with them
 * whole figures; but not where the trainer itself left them out. */
static void skip_what_is_cut(struct trainer *trainer,
                             const struct intake_row *row,
                             const struct message *message)
{
    struct trainer_evaluation *self = &trainer->evaluation;
    int32_t partition = message->partition;

    if (partition >= EVALUATION_PARTITIONS_MAX || self->began[partition])
        return;
    self->began[partition] = true;
    if (message->offset > 0 && trainer->config.history_ms == 0 &&
        !atomic_load(&trainer->caught_up))
        evaluation_windows_skip(self->windows, row->ts_ms);
}

int trainer_evaluation_impression(struct trainer *trainer,
                                  const struct intake_row *row,
                                  const struct message *message,
                                  struct error *err)
{
    if (!trainer->evaluation.is_on)
        return 0;
    skip_what_is_cut(trainer, row, message);
    return evaluation_windows_impression(trainer->evaluation.windows, row,
                                         message->partition, message->offset,
                                         err);
}

void trainer_evaluation_outcome(struct trainer *trainer,
                                const struct join_outcome *outcome)
{
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

/* Windows wait for their predictions meanwhile. Those that were made and not
 * read may never come. */
static void note_trouble(struct trainer *trainer)
{
    struct trainer_evaluation *self = &trainer->evaluation;
    const struct error *trouble = evaluation_source_trouble(self->source);

    if (self->is_away == (trouble != NULL))
        return;
    show_trouble(trainer, trouble);
    if (!trouble) {
        log_info("predictions are read again", "topic=%s",
                 trainer->config.predictions);
        return;
    }
    log_error("predictions cannot be read, once more later", "reason=\"%s\"",
              trouble->text);
    evaluation_windows_doubt(self->windows, true);
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
    enum source_result result = SOURCE_RECORD;

    if (!evaluation_windows_has_room(self->windows) && is_all_read(trainer))
        evaluation_windows_give_up(self->windows);
    for (int i = 0; i < PREDICTIONS_A_ROUND && result == SOURCE_RECORD &&
                    evaluation_windows_has_room(self->windows);
         i++) {
        result = evaluation_source_next(self->source, &record);
        note_trouble(trainer);
        self->has_ended = result == SOURCE_END;
        if (result == SOURCE_RECORD &&
            take_prediction(trainer, &record.message, err) < 0)
            return -1;
    }
    return 0;
}

bool trainer_evaluation_has_ended(const struct trainer *trainer)
{
    const struct trainer_evaluation *self = &trainer->evaluation;

    return !self->is_on || self->has_ended || self->is_away;
}

/* --- In the trainer's rounds ------------------------------------------ */

int trainer_look_after_evaluations(struct trainer *trainer, struct error *err)
{
    if (!trainer->evaluation.is_on)
        return 0;
    if ((!trainer->evaluation.has_ended &&
         read_predictions(trainer, err) < 0) ||
        trainer_windows_take(trainer, err) < 0)
        return -1;
    return evaluation_outbox_check(trainer->evaluation.outbox, err);
}

void trainer_evaluation_show(struct trainer *trainer)
{
    struct trainer_evaluation *self = &trainer->evaluation;

    if (!self->is_on)
        return;
    metrics_set(trainer->metrics, TRAINER_EVALUATIONS_WAITING, 0,
                (double)evaluation_outbox_counts(self->outbox).waiting);
    trainer->counts.evaluation = evaluation_windows_counts(self->windows);
    trainer_metrics_evaluation(trainer->metrics, &self->shown,
                               &trainer->counts.evaluation);
    self->shown = trainer->counts.evaluation;
    metrics_set(trainer->metrics, TRAINER_EVALUATION_OPEN, 0,
                (double)evaluation_windows_rows(self->windows));
    metrics_set(trainer->metrics, TRAINER_EVALUATION_MEMORY, 0,
                (double)evaluation_windows_bytes(self->windows));
}
