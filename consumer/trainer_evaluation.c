/*
 * trainer_evaluation.c - the trainer judges the models in service.
 */
#include "consumer/trainer_parts.h"

#include "common/clock.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONTACT_MS = 10000,
    PREDICTIONS_A_ROUND = 4096,
    RECORDS_MAX = 100000, /* of windows that wait for a broker to take them */
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

    if (!open_predictions(trainer))
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
    return 0;
}

void trainer_evaluation_close(struct trainer *trainer)
{
    merge_reader_close(trainer->evaluation.reader);
    evaluation_windows_free(trainer->evaluation.windows);
    evaluation_outbox_stop(trainer->evaluation.outbox);
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

/* --- In the trainer's rounds -------------------------------------------------
 */

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
