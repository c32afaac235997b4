#include "consumer/train/live_evaluation.h"

#include "common/base/clock.h"
#include "common/base/figure_text.h"
#include "common/base/log.h"
#include "common/event/event_avro.h"
#include "common/event/event_reader.h"

#include "consumer/evaluate/evaluation_rows.h"
#include "consumer/train/evaluation_source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONTACT_MS = 10000,
    PREDICTIONS_A_ROUND = 4096,
    RECORDS_MAX = 100000, /* of windows that wait for a broker to take them */
};

struct live_evaluation {
    struct live_evaluation_config config;
    struct evaluation_source *source; /* of the predictions */
    struct event_reader *reader;      /* likewise */
    struct event_scratch scratch;     /* of one prediction */
    struct evaluation_windows *windows;
    struct evaluation_outbox *outbox;
    bool has_ended; /* the source, in a single run */
    bool is_away;   /* the source cannot be read */
    bool is_caught_up;
    bool has_begun[EVALUATION_PARTITIONS_MAX]; /* an impression was read */
    uint64_t early, missed; /* windows that the log has been told of */
    struct live_evaluation_counts counts;
};

/* --- Opening ---------------------------------------------------------- */

static int open_source(struct live_evaluation *self, struct error *err)
{
    const struct live_evaluation_config *from = &self->config;
    const struct merge_reader_config config = {
        .kafka = from->kafka,
        .topics = {from->predictions},
        .from_ms = from->from_ms ? from->from_ms : MERGE_FROM_BEGINNING,
        .ends = from->once,
        .grows = !from->once,
        .linger_ms = from->linger_ms,
        .buffer_bytes = from->buffer_bytes,
        .timeout_ms = CONTACT_MS,
    };

    return evaluation_source_open(&config, &self->source, err);
}

static int open_outbox(struct live_evaluation *self, struct error *err)
{
    struct evaluation_outbox_config config = {
        .publication = {.kafka = self->config.kafka,
                        .output = self->config.output,
                        .schemas = self->config.schemas},
        .records_max = RECORDS_MAX};

    memcpy(config.publication.name, self->config.name,
           sizeof(config.publication.name));
    memcpy(config.publication.topic, self->config.evaluations,
           sizeof(config.publication.topic));
    if (evaluation_outbox_start(&config, &self->outbox, err) < 0)
        return -1;
    self->counts.has_newest = evaluation_outbox_newest(self->outbox, CONTACT_MS,
                                                       &self->counts.newest);
    return evaluation_outbox_check(self->outbox, err);
}

/* The first window begins after those that are published, and after what the
 * reader's start may have cut. */
static int open_windows(struct live_evaluation *self, struct error *err)
{
    const struct live_evaluation_config *from = &self->config;
    const struct evaluation_event *newest = &self->counts.newest;
    struct evaluation_windows_config config = {.window_ms = from->window_ms,
                                               .join = from->join,
                                               .rows_max = from->rows_max,
                                               .from_ms = from->from_ms};

    if (self->counts.has_newest &&
        newest->start_ms + newest->window_ms > config.from_ms)
        config.from_ms = newest->start_ms + newest->window_ms;
    return evaluation_windows_new(&config, &self->windows, err);
}

/* Predictions of impressions before the first one that is read are passed
 * over. */
static void begin_partitions(struct live_evaluation *self,
                             const struct offset_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(ranges[i].topic, self->config.impressions) == 0)
            evaluation_windows_begin(self->windows, ranges[i].partition,
                                     ranges[i].first);
}

/* A single run does not wait for predictions to become readable. */
static bool is_worth_it(const struct live_evaluation *self)
{
    const struct error *trouble = evaluation_source_trouble(self->source);
    bool is_worth = !(trouble && self->config.once);

    if (trouble)
        log_warn("models in service are not evaluated",
                 "again=%s reason=\"%s\"", is_worth ? "later" : "never",
                 trouble->text);
    return is_worth;
}

int live_evaluation_open(const struct live_evaluation_config *config,
                         const struct offset_range *ranges, size_t range_count,
                         struct live_evaluation **out, struct error *err)
{
    struct live_evaluation *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "the live evaluation");
    self->config = *config;
    self->counts.is_on = true;
    const struct event_fields fields = {.schemas = config->schemas};
    if (event_output_check(&config->output, "format.evaluations", err) < 0 ||
        event_reader_new(&fields, EVENT_PREDICTIONS, &self->reader, err) < 0 ||
        open_source(self, err) < 0)
        goto failed;
    if (!is_worth_it(self)) {
        live_evaluation_close(self);
        *out = NULL;
        return 0;
    }
    self->is_away = evaluation_source_trouble(self->source) != NULL;
    if (open_outbox(self, err) < 0 || open_windows(self, err) < 0)
        goto failed;
    begin_partitions(self, ranges, range_count);
    /* The topic may have held predictions that have expired. */
    evaluation_windows_doubt(self->windows, self->is_away
                                                ? EVALUATION_UNREADABLE
                                                : EVALUATION_UNKNOWN_START);
    *out = self;
    return 0;

failed:
    live_evaluation_close(self);
    return -1;
}

void live_evaluation_close(struct live_evaluation *self)
{
    if (!self)
        return;
    evaluation_source_close(self->source);
    event_reader_free(self->reader);
    event_scratch_free(&self->scratch);
    evaluation_windows_free(self->windows);
    evaluation_outbox_stop(self->outbox);
    free(self);
}

/* --- The trainer's records -------------------------------------------- */

/* A partition that begins behind its first offset has lost rows, and with them
 * whole figures; but not where the trainer itself left them out. */
static void skip_what_is_cut(struct live_evaluation *self,
                             const struct intake_row *row,
                             const struct message *message)
{
    int32_t partition = message->partition;

    if (partition >= EVALUATION_PARTITIONS_MAX || self->has_begun[partition])
        return;
    self->has_begun[partition] = true;
    if (message->offset > 0 && self->config.from_ms == 0 && !self->is_caught_up)
        evaluation_windows_skip(self->windows, row->ts_ms);
}

int live_evaluation_impression(struct live_evaluation *self,
                               const struct intake_row *row,
                               const struct message *message, struct error *err)
{
    if (!self)
        return 0;
    skip_what_is_cut(self, row, message);
    return evaluation_windows_impression(self->windows, row, message->partition,
                                         message->offset, err);
}

void live_evaluation_outcome(struct live_evaluation *self,
                             const struct join_outcome *outcome)
{
    if (self)
        evaluation_windows_label(self->windows, outcome);
}

int live_evaluation_advance(struct live_evaluation *self, int64_t stream_ms,
                            struct error *err)
{
    return self ? evaluation_windows_advance(self->windows, stream_ms, err) : 0;
}

/* --- Predictions ------------------------------------------------------ */

/* A prediction whose schema is not to be had is lost, and with it the windows
 * that it may belong to. */
static int miss_prediction(struct live_evaluation *self, enum event_fault fault,
                           struct error *err)
{
    const struct event_fields fields = {.schemas = self->config.schemas};

    if (event_reader_check(&fields, fault, err) < 0)
        return -1;
    if (self->counts.bad[fault] == 1)
        log_error("windows are not judged: the schema of a prediction is not "
                  "known",
                  "topic=%s reason=%s registry.url=%s",
                  self->config.predictions, event_fault_name(fault),
                  fault == EVENT_NO_REGISTRY ? "missing" : "set");
    evaluation_windows_doubt(self->windows, EVALUATION_UNREADABLE);
    return 0;
}

/* Predictions that cannot be decoded are counted. They do not become dead
 * letters. */
static int take_prediction(struct live_evaluation *self,
                           const struct message *message, struct error *err)
{
    struct prediction_event event;

    event_scratch_clear(&self->scratch);
    if (event_scratch_ready(&self->scratch, err) < 0)
        return -1;
    const enum event_fault fault = event_reader_prediction(
        self->reader, message->value, message->value_size, &self->scratch,
        &event, NULL);

    self->counts.predictions++;
    if (fault == EVENT_OK)
        return evaluation_windows_prediction(self->windows, &event, err);
    self->counts.bad[fault]++;
    return fault == EVENT_SCHEMA_UNKNOWN || fault == EVENT_NO_REGISTRY
               ? miss_prediction(self, fault, err)
               : 0;
}

/* While predictions cannot be read, windows wait for them; those that are made
 * meanwhile may never come. */
static void note_trouble(struct live_evaluation *self)
{
    const struct error *trouble = evaluation_source_trouble(self->source);

    if (self->is_away == (trouble != NULL))
        return;
    self->is_away = trouble != NULL;
    if (!trouble) {
        log_info("predictions are read again", "topic=%s",
                 self->config.predictions);
        return;
    }
    log_error("predictions cannot be read, once more later", "reason=\"%s\"",
              trouble->text);
    evaluation_windows_doubt(self->windows, EVALUATION_UNREADABLE);
}

static int read_predictions(struct live_evaluation *self,
                            enum live_reading impressions, struct error *err)
{
    enum evaluation_source_result result = EVALUATION_SOURCE_RECORD;
    struct merge_record record;

    if (!evaluation_windows_has_room(self->windows) &&
        impressions == LIVE_ALL_READ)
        evaluation_windows_give_up(self->windows);
    for (int i = 0;
         i < PREDICTIONS_A_ROUND && result == EVALUATION_SOURCE_RECORD &&
         evaluation_windows_has_room(self->windows);
         i++) {
        result = evaluation_source_next(self->source, &record);
        note_trouble(self);
        self->has_ended = result == EVALUATION_SOURCE_END;
        if (result == EVALUATION_SOURCE_RECORD &&
            take_prediction(self, &record.message, err) < 0)
            return -1;
    }
    return 0;
}

bool live_evaluation_has_ended(const struct live_evaluation *self)
{
    return !self || self->has_ended || self->is_away;
}

/* --- Closed windows --------------------------------------------------- */

static struct evaluation_event
make_event(const struct live_evaluation *self,
           const struct evaluation_window *window,
           const struct evaluation *figures, size_t left_out)
{
    struct evaluation_event event = {
        .start_ms = window->start_ms,
        .window_ms = self->config.window_ms,
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

    memcpy(event.name, self->config.name, sizeof(event.name));
    return event;
}

/* The record of all versions is the first of its window. */
static int offer(struct live_evaluation *self,
                 const struct evaluation_window *window,
                 const struct evaluation_event *all, struct error *err)
{
    size_t count = 0;
    struct evaluation_event *events =
        malloc((window->version_count + 1) * sizeof(*events));

    if (!events)
        return error_no_memory(err, "%zu evaluations",
                               window->version_count + 1);
    events[count++] = *all;
    for (size_t i = 0; i < window->version_count; i++) {
        const struct evaluation_version *version = &window->versions[i];
        if (version->figures.rows == 0)
            continue;
        events[count] =
            make_event(self, window, &version->figures, version->left_out);
        events[count].has_version = true;
        events[count++].version = version->version;
    }
    int status = evaluation_outbox_offer(self->outbox, events, count, err);
    free(events);
    return status;
}

/* The log is told once of all windows that were closed since the last time. */
static void log_incomplete(struct live_evaluation *self)
{
    struct evaluation_counts counts = evaluation_windows_counts(self->windows);

    if (counts.missed > self->missed)
        log_warn("windows were not judged",
                 "windows=%" PRIu64 " reason=\"predictions are missing that "
                 "may have been made while they could not be read, or before "
                 "the oldest one on the topic\"",
                 counts.missed - self->missed);
    if (counts.early > self->early)
        log_warn("windows closed before they were over",
                 "windows=%" PRIu64
                 " reason=\"more rows than evaluation.max_rows=%" PRIu32 "\"",
                 counts.early - self->early, self->config.rows_max);
    self->early = counts.early;
    self->missed = counts.missed;
}

static void log_newest(const struct evaluation_event *all, size_t windows)
{
    char start[CLOCK_TEXT_SIZE], rate[FIGURE_TEXT_SIZE], rmse[FIGURE_TEXT_SIZE],
        logloss[FIGURE_TEXT_SIZE], auc[FIGURE_TEXT_SIZE],
        entropy[FIGURE_TEXT_SIZE], calibration[FIGURE_TEXT_SIZE];

    log_info(
        "models in service evaluated",
        "windows=%zu newest=%s rows=%" PRIu64
        " click_rate=%s rmse=%s logloss=%s auc=%s normalised_entropy=%s "
        "calibration=%s",
        windows, clock_format(all->start_ms, start), all->rows,
        figure_text(all->click_rate, 5, rate), figure_text(all->rmse, 5, rmse),
        figure_text(all->logloss, 5, logloss), figure_text(all->auc, 5, auc),
        figure_text(all->normalised_entropy, 5, entropy),
        figure_text(all->calibration, 4, calibration));
}

static int take_windows(struct live_evaluation *self, struct error *err)
{
    struct evaluation_window window;
    size_t windows = 0;
    int status = 0;

    while (status == 0 && evaluation_windows_next(self->windows, &window)) {
        self->counts.newest =
            make_event(self, &window, &window.all, window.left_out);
        self->counts.has_newest = true;
        self->counts.epoch = window.versions[window.version_count - 1].version;
        status = offer(self, &window, &self->counts.newest, err);
        evaluation_window_free(&window);
        windows++;
    }
    if (windows > 0)
        log_newest(&self->counts.newest, windows);
    log_incomplete(self);
    return status;
}

/* --- In the trainer's rounds ------------------------------------------ */

int live_evaluation_read(struct live_evaluation *self,
                         enum live_reading impressions, struct error *err)
{
    if (!self)
        return 0;
    self->is_caught_up = impressions != LIVE_CATCHING_UP;
    if ((!self->has_ended && read_predictions(self, impressions, err) < 0) ||
        take_windows(self, err) < 0)
        return -1;
    return evaluation_outbox_check(self->outbox, err);
}

struct live_evaluation_counts
live_evaluation_counts(struct live_evaluation *self)
{
    if (!self)
        return (struct live_evaluation_counts){.is_on = false};
    self->counts.windows = evaluation_windows_counts(self->windows);
    self->counts.outbox = evaluation_outbox_counts(self->outbox);
    self->counts.rows = evaluation_windows_rows(self->windows);
    self->counts.bytes = evaluation_windows_bytes(self->windows);
    self->counts.is_readable = !self->is_away;
    return self->counts;
}
