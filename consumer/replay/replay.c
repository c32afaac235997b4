#include "consumer/replay/replay.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"

#include "consumer/replay/replay_pass.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAIT_MS = 200,
    TIMEOUT_MS = 10000,
    PREDICTION_SLACK_MS = 60 * 60 * 1000, /* clocks may differ */
    SHOW_MS = 5000,
};

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
        return replay_take_labelled(pass, &record->message, err);
    return record->topic == 0
               ? replay_take_impression(pass, &record->message, err)
               : replay_take_label(pass, &record->message, err);
}

static int read_all(struct replay_pass *pass, struct error *err)
{
    struct merge_record record;
    enum merge_result result;

    for (;;) {
        if (stop_requested())
            return error_set(err, ERROR_TEMPORARY, "asked to stop");
        if (merge_reader_next(pass->reader, WAIT_MS, &result, &record, err) < 0)
            return -1;
        if (result == MERGE_END)
            return replay_log_settle(pass->out->log, INT64_MAX, err);
        if (result == MERGE_RECORD && take(pass, &record, err) < 0)
            return -1;
        show(pass);
    }
}

static bool is_live(const struct contender_spec *spec)
{
    return spec->kind == CONTENDER_LIVE;
}

static bool has(const struct replay_config *config,
                bool (*is_such)(const struct contender_spec *))
{
    for (size_t c = 0; c < config->contender_count; c++)
        if (is_such(&config->contenders[c]))
            return true;
    return false;
}

static int open_live(struct replay_pass *pass, struct error *err)
{
    const struct replay_config *config = pass->config;
    struct live_models_config live = {.models = {.kafka = config->kafka},
                                      .timeout_ms = TIMEOUT_MS};
    bool reads_predictions = has(config, is_live);
    int64_t from_ms = config->from_ms == MERGE_FROM_BEGINNING
                          ? MERGE_FROM_BEGINNING
                          : config->from_ms - PREDICTION_SLACK_MS;

    if (!reads_predictions && !has(config, contender_is_version))
        return 0;
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

static int open_contenders(struct replay_pass *pass, struct error *err)
{
    for (size_t c = 0; c < pass->config->contender_count; c++) {
        const struct contender_spec *spec = &pass->config->contenders[c];
        if (contender_open(spec, pass->live, &pass->contenders[c], err) < 0)
            return -1;
        pass->opened++;
        if (contender_is_version(spec))
            pass->out->versions[c] = pass->contenders[c].model.manifest.epoch;
    }
    return 0;
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
    if (id_set_new(config->intake.fields.anonymous, &pass->nobody, err) < 0 ||
        replay_log_new(&log, &pass->out->log, err) < 0 ||
        intake_new(&config->intake, &pass->intake, err) < 0 ||
        open_answers(pass, err) < 0 || open_live(pass, err) < 0 ||
        open_contenders(pass, err) < 0)
        return -1;
    pass->questions =
        (struct contender_questions){pass->nobody, config->prior, pass->live};
    return open_reader(pass, err);
}

static void count_all(struct replay_pass *pass)
{
    struct replay_counts *counts = &pass->out->counts;

    counts->events = intake_counts(pass->intake);
    counts->books = intake_books(pass->intake);
    for (size_t c = 0; c < pass->opened; c++)
        counts->fieldless += pass->contenders[c].fieldless;
    pass->out->stream_ms = intake_stream_ms(pass->intake);
    if (pass->live)
        counts->live = live_models_counts(pass->live);
}

static void close_all(struct replay_pass *pass)
{
    merge_reader_close(pass->reader);
    replay_topic_close(pass->answers);
    for (size_t c = 0; c < pass->opened; c++)
        contender_close(&pass->contenders[c]);
    live_models_close(pass->live);
    intake_free(pass->intake);
    id_set_free(pass->nobody);
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
    pass->refit_ms = INT64_MIN;
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
