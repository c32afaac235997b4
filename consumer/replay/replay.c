#include "consumer/replay/replay.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include "consumer/learn/field_scan.h"
#include "consumer/read/event_message.h"
#include "consumer/read/range_walk.h"
#include "consumer/replay/contenders.h"
#include "consumer/replay/replay_topic.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_MS = 10000,
    PREDICTION_SLACK_MS = 60 * 60 * 1000, /* clocks may differ */
    SHOW_MS = 5000,
    AHEAD_MS = 60 * 60 * 1000, /* by which brokers let records be ahead */
};

/* One pass over the history. */
struct replay_pass {
    const struct replay_config *config;
    struct replay *out;
    struct merge_reader *reader;
    struct intake *intake;
    struct live_models *live;
    struct replay_topic *answers; /* NULL: they go nowhere else */
    struct contenders contenders;
    struct id_set *nobody; /* the users of field.anonymous */
    struct contender_questions questions;
    struct field_list list;      /* values that some contenders learn from */
    struct field_scan scan;      /* of them, in records that make rows */
    struct event_reader *rows;   /* of the records that make rows */
    struct event_reader *labels; /* of those that only label rows */
    /* Of the record that makes a row: the event, what rows are sliced by, the
     * contenders' fields. */
    struct event_scratch scratch;
    bool in_range; /* an impression of the range has been seen */
    uint64_t base; /* sequence of the first one, which is row 0 of the log */
    int64_t shown_ms;
};

/* --- Rows ------------------------------------------------------------- */

/* A history that was just fed ends a few minutes ahead of the clock, which is
 * allowed here: figures must not depend on when they are made. */
static struct intake_origin origin_of(const struct merge_record *record)
{
    return (struct intake_origin){.partition = record->message.partition,
                                  .record_ms = record->message.timestamp_ms,
                                  .read_ms = clock_wall_ms() + AHEAD_MS,
                                  .ahead_ms = record->ahead_ms};
}

/* An impression before the range is learned from and not counted. */
static bool is_history(struct replay_pass *pass,
                       const struct merge_record *record)
{
    int64_t ms = record->message.timestamp_ms - record->ahead_ms;

    if (!pass->in_range && ms < pass->config->from_ms) {
        pass->out->counts.history++;
        return true;
    }
    if (!pass->in_range)
        pass->base = training_log_counts(intake_log(pass->intake)).appended;
    pass->in_range = true;
    return false;
}

/* Appends the row that `head` begins and lets every contender answer it. */
static int answer_row(struct replay_pass *pass, const struct impression *event,
                      const struct message *message, struct replay_row *head,
                      struct error *err)
{
    struct replay_log *log = pass->out->log;
    struct replay_row *row = NULL;

    head->partition = message->partition;
    head->offset = message->offset;
    head->unit = id_set_has(pass->nobody, &event->user) ? log->count
                                                        : id_hash(&event->user);
    if (replay_log_append(log, head, &pass->scratch.found, &row, err) < 0)
        return -1;
    for (size_t c = 0; c < pass->contenders.count; c++)
        if (contender_answer(&pass->contenders.all[c], &pass->questions, event,
                             message, &row->answers[c], err) < 0)
            return -1;
    if (replay_log_note_swaps(log, err) < 0)
        return -1;
    const struct replay_topic_answers answers = {
        .event = event,
        .message = message,
        .contenders = pass->contenders.all,
        .answers = row->answers,
        .count = pass->contenders.count};
    return pass->answers ? replay_topic_send(pass->answers, &answers, err) : 0;
}

/* Passes the outcomes of the join on to the contenders that go on learning, and
 * to the log. Those of the history have no row there. */
static int take_outcomes(struct replay_pass *pass, struct error *err)
{
    struct join_outcome outcome;

    while (intake_next_outcome(pass->intake, &outcome)) {
        if (pass->in_range && outcome.sequence >= pass->base)
            replay_log_label(pass->out->log, outcome.sequence - pass->base,
                             outcome.label);
        if (contenders_learn(&pass->contenders, intake_log(pass->intake),
                             &outcome, err) < 0)
            return -1;
    }
    return 0;
}

/* The join comes first, because it says whether the impression is new. It does
 * not change the models, so the contenders answer as if they came first. */
static int take_impression(struct replay_pass *pass,
                           const struct merge_record *record, struct error *err)
{
    const struct message *message = &record->message;
    struct impression event;
    struct intake_row became = {.is_new = false};

    const char *about;
    struct span headers[EVENT_PLAN_MAX];
    const struct event_record bytes =
        event_message_record(message, pass->rows, headers);
    event_scratch_clear(&pass->scratch);
    if (event_scratch_ready(&pass->scratch, err) < 0)
        return -1;
    enum event_fault fault = event_reader_impression(
        pass->rows, &bytes, &pass->scratch, &event, &about);
    if (fault != EVENT_OK) {
        pass->out->counts.bad_impressions += fault != EVENT_PASSED_OVER;
        return event_reader_check(&pass->config->intake.fields, fault, err);
    }
    const struct intake_origin origin = origin_of(record);
    struct stream_stamp stamp =
        intake_stamp(pass->intake, INTAKE_IMPRESSION, event.ts_ms, &origin);
    if (contenders_advance(&pass->contenders, pass->intake, stamp.counts_ms,
                           err) < 0)
        return -1;
    bool is_row = !is_history(pass, record);
    if (intake_impression(pass->intake, &event, &origin, &became, err) < 0)
        return -1;
    if (became.values)
        field_scan_values(&pass->scan, &pass->scratch.found, became.values);
    is_row = is_row && became.is_new;
    struct replay_log *log = pass->out->log;
    int64_t reach_ms = intake_reach_ms(pass->intake);
    struct replay_row head = {.ts_ms = became.ts_ms, .label = NAN};
    if (is_row && answer_row(pass, &event, message, &head, err) < 0)
        return -1;
    assert(!is_row || became.sequence - pass->base + 1 == log->count);
    if (take_outcomes(pass, err) < 0)
        return -1;
    if (is_row && became.is_unknown)
        pass->out->counts.disordered++;
    return replay_log_settle(log, reach_ms, err);
}

/* Reads a label; *is_label is false where the record is none, which is
 * counted. */
static int read_label(struct replay_pass *pass, struct event_reader *reader,
                      const struct message *message, struct label *out,
                      bool *is_label, struct error *err)
{
    const char *about;
    struct span headers[EVENT_PLAN_MAX];
    const struct event_record record =
        event_message_record(message, reader, headers);

    event_scratch_clear(&pass->scratch);
    if (event_scratch_ready(&pass->scratch, err) < 0)
        return -1;
    enum event_fault fault =
        event_reader_label(reader, &record, &pass->scratch, out, &about);
    *is_label = fault == EVENT_OK;
    pass->out->counts.bad_labels +=
        fault != EVENT_OK && fault != EVENT_PASSED_OVER;
    return event_reader_check(&pass->config->intake.fields, fault, err);
}

static int take_label(struct replay_pass *pass,
                      const struct merge_record *record, struct error *err)
{
    const struct message *message = &record->message;
    struct label label;
    bool is_label;

    if (read_label(pass, pass->labels, message, &label, &is_label, err) < 0)
        return -1;
    if (!is_label)
        return 0;
    const struct intake_origin origin = origin_of(record);
    return intake_label(pass->intake, &label, &origin, err) < 0
               ? -1
               : take_outcomes(pass, err);
}

/* A label with user and ad, whose record was just read, is an outcome. */
static int learn_labelled(struct replay_pass *pass, const struct label *label,
                          struct error *err)
{
    uint64_t values[FIELD_VALUES_MAX];
    const bool has_values = pass->list.values > 0;

    if (has_values)
        field_scan_values(&pass->scan, &pass->scratch.found, values);
    const struct join_outcome outcome =
        intake_labelled(pass->intake, label, has_values ? values : NULL);
    return contenders_learn(&pass->contenders, intake_log(pass->intake),
                            &outcome, err);
}

/* JOIN_LABELS: a label with user and ad makes a row, which is final at once.
 * The contenders answer it before it is learned from. */
static int take_labelled(struct replay_pass *pass,
                         const struct merge_record *record, struct error *err)
{
    const struct message *message = &record->message;
    struct label label;
    bool is_label;

    if (read_label(pass, pass->rows, message, &label, &is_label, err) < 0)
        return -1;
    if (!is_label || !label.has_pair) {
        pass->out->counts.bad_labels += is_label;
        return 0;
    }
    const struct intake_origin origin = origin_of(record);
    struct stream_stamp stamp =
        intake_stamp(pass->intake, INTAKE_LABEL, label.ts_ms, &origin);
    if (contenders_advance(&pass->contenders, pass->intake, stamp.counts_ms,
                           err) < 0)
        return -1;
    if (!is_history(pass, record)) {
        const struct impression event = {.id = label.id,
                                         .user = label.user,
                                         .ad = label.ad,
                                         .ts_ms = stamp.ts_ms};
        struct replay_row head = {.ts_ms = stamp.ts_ms,
                                  .label = (float)label.click};
        if (answer_row(pass, &event, message, &head, err) < 0 ||
            replay_log_settle(pass->out->log, INT64_MAX, err) < 0)
            return -1;
    }
    if (intake_label(pass->intake, &label, &origin, err) < 0)
        return -1;
    return learn_labelled(pass, &label, err);
}

/* --- The pass --------------------------------------------------------- */

static void show(struct replay_pass *pass)
{
    int64_t now_ms = clock_monotonic_ms();

    if (now_ms - pass->shown_ms < SHOW_MS)
        return;
    pass->shown_ms = now_ms;
    log_info("replaying",
             "impressions=%" PRIu64 " fits=%" PRIu64 " lag=%" PRIu64,
             pass->out->log->count, pass->out->counts.fits,
             merge_reader_lag(pass->reader));
}

static int take(struct replay_pass *pass, const struct merge_record *record,
                struct error *err)
{
    if (!replay_joins(pass->config))
        return take_labelled(pass, record, err);
    return record->topic == 0 ? take_impression(pass, record, err)
                              : take_label(pass, record, err);
}

static int read_all(struct replay_pass *pass, struct error *err)
{
    struct merge_record record;
    bool found = true;

    while (found) {
        if (range_walk_next(pass->reader, &record, &found, err) < 0 ||
            (found && take(pass, &record, err) < 0))
            return -1;
        show(pass);
    }
    intake_rest(pass->intake);
    if (take_outcomes(pass, err) < 0)
        return -1;
    return replay_log_settle(pass->out->log, INT64_MAX, err);
}

static bool is_live(const struct contender_spec *spec)
{
    return spec->kind == CONTENDER_LIVE;
}

static bool has_contender(const struct replay_config *config,
                          bool (*is_meant)(const struct contender_spec *))
{
    for (size_t c = 0; c < config->contender_count; c++)
        if (is_meant(&config->contenders[c]))
            return true;
    return false;
}

static int open_live(struct replay_pass *pass, struct error *err)
{
    const struct replay_config *config = pass->config;
    struct live_models_config live = {.schemas = config->intake.fields.schemas,
                                      .models = {.kafka = config->kafka},
                                      .timeout_ms = TIMEOUT_MS};
    bool reads_predictions = has_contender(config, is_live);
    int64_t from_ms = config->from_ms == MERGE_FROM_BEGINNING
                          ? MERGE_FROM_BEGINNING
                          : config->from_ms - PREDICTION_SLACK_MS;

    if (!reads_predictions && !has_contender(config, contender_is_version))
        return 0;
    if (trusted_keys_read(config->trusted, &live.models.trusted, err) < 0)
        return -1;
    memcpy(live.models.name, config->name, sizeof(live.models.name));
    memcpy(live.models.models, config->models, sizeof(live.models.models));
    memcpy(live.models.chunks, config->chunks, sizeof(live.models.chunks));
    if (live_models_open(&live, &pass->live, err) < 0)
        return -1;
    return reads_predictions
               ? live_models_read_predictions(pass->live, config->predictions,
                                              from_ms, config->buffer_bytes,
                                              err)
               : 0;
}

/* The values of all contenders that learn online are found in one walk over a
 * record, and the join keeps them until the label is there. */
static int open_intake(struct replay_pass *pass, struct error *err)
{
    struct intake_config intake = pass->config->intake;

    if (contenders_add_values(&pass->contenders, &pass->list, err) < 0)
        return -1;
    if (pass->list.values > 0) {
        intake.list = &pass->list;
        if (field_scan_want(&pass->scan, &intake.fields, &pass->list,
                            pass->rows, err) < 0)
            return -1;
    }
    return intake_new(&intake, &pass->intake, err);
}

static int open_reader(struct replay_pass *pass, struct error *err)
{
    const struct replay_config *config = pass->config;
    struct merge_reader_config reader = {
        .kafka = config->kafka,
        .topics = {replay_rows_topic(config),
                   replay_joins(config) ? config->labels : NULL},
        .from_ms = config->from_ms == MERGE_FROM_BEGINNING
                       ? MERGE_FROM_BEGINNING
                       : config->from_ms - config->history_ms,
        .to_ms = config->to_ms,
        .ends = true,
        .buffer_bytes = config->buffer_bytes,
        .timeout_ms = TIMEOUT_MS};

    if (config->range) {
        reader.ranges = config->range->ranges;
        reader.range_count = config->range->count;
    }
    if (merge_reader_open(&reader, &pass->reader, err) < 0)
        return -1;
    pass->out->counts.expired = config->range
                                    ? config->range->expired
                                    : merge_reader_expired(pass->reader);
    return 0;
}

static int open_answers(struct replay_pass *pass, struct error *err)
{
    const struct replay_config *config = pass->config;
    const struct replay_topic_config topic = {
        .output = config->intake.fields.predictions,
        .kafka = config->kafka,
        .topic = config->answers,
        .live = config->predictions,
        .others = {config->impressions, config->labels, config->models,
                   config->chunks},
        .is_forced = config->answers_forced};

    return config->answers[0] ? replay_topic_open(&topic, &pass->answers, err)
                              : 0;
}

static int open_all(struct replay_pass *pass, struct error *err)
{
    const struct replay_config *config = pass->config;
    struct replay_log_config log = {.contenders = config->contender_count,
                                    .rows_max = config->rows_max,
                                    .folder = config->spool_folder};

    memcpy(log.fields, config->fields, sizeof(log.fields));
    memcpy(log.sinks, config->sinks, sizeof(log.sinks));
    if (event_reader_new(&config->intake.fields,
                         replay_joins(config) ? EVENT_IMPRESSIONS
                                              : EVENT_LABELS,
                         &pass->rows, err) < 0 ||
        event_reader_new(&config->intake.fields, EVENT_LABELS, &pass->labels,
                         err) < 0 ||
        replay_log_new(&log, &pass->out->log, err) < 0 ||
        replay_log_want(pass->out->log, pass->rows, err) < 0 ||
        id_set_new(config->intake.fields.anonymous, &pass->nobody, err) < 0 ||
        open_answers(pass, err) < 0 || open_live(pass, err) < 0 ||
        contenders_open(&pass->contenders, config, pass->live, pass->rows,
                        err) < 0 ||
        open_intake(pass, err) < 0)
        return -1;
    for (size_t c = 0; c < config->contender_count; c++)
        if (contender_is_version(&config->contenders[c]))
            pass->out->versions[c] =
                pass->contenders.all[c].model.manifest.epoch;
    pass->questions =
        (struct contender_questions){.nobody = pass->nobody,
                                     .found = &pass->scratch.found,
                                     .names = &config->intake.fields,
                                     .prior = config->prior,
                                     .live = pass->live};
    return open_reader(pass, err);
}

static void count_all(struct replay_pass *pass)
{
    struct replay_counts *counts = &pass->out->counts;

    counts->events = intake_counts(pass->intake);
    counts->books = intake_books(pass->intake);
    counts->fieldless = contenders_fieldless(&pass->contenders);
    counts->fits = pass->contenders.fits;
    counts->fit_seconds = pass->contenders.fit_seconds;
    pass->out->stream_ms =
        replay_joins(pass->config) ? intake_stream_ms(pass->intake) : INT64_MIN;
    if (pass->live)
        counts->live = live_models_counts(pass->live);
}

static void close_all(struct replay_pass *pass)
{
    merge_reader_close(pass->reader);
    replay_topic_close(pass->answers);
    contenders_close(&pass->contenders);
    live_models_close(pass->live);
    intake_free(pass->intake);
    id_set_free(pass->nobody);
    event_reader_free(pass->rows);
    event_reader_free(pass->labels);
    event_scratch_free(&pass->scratch);
}

int replay_run(const struct replay_config *config, struct replay *out,
               struct error *err)
{
    struct replay replay = {0};
    struct replay_pass *pass = calloc(1, sizeof(*pass));

    if (!pass)
        return error_no_memory(err, "a replay");
    pass->config = config;
    pass->out = &replay;
    pass->shown_ms = clock_monotonic_ms();
    int status = open_all(pass, err);
    if (status == 0)
        status = read_all(pass, err);
    if (status == 0 && pass->answers)
        status = replay_topic_flush(pass->answers, err);
    if (status == 0)
        count_all(pass);
    close_all(pass);
    free(pass);
    if (status < 0)
        replay_free(&replay);
    else
        *out = replay;
    return status;
}

void replay_free(struct replay *replay)
{
    replay_log_free(replay->log);
    replay->log = NULL;
}
