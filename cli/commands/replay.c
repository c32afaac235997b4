/*
 * replay.c - `pctr replay` reads the history again and says how good
 * several models were, or would have been.
 */
#include "cli/command.h"
#include "cli/commands/open_registry.h"
#include "cli/commands/published_output.h"
#include "cli/commands/settings.h"
#include "cli/replay/predictions_file.h"
#include "cli/replay/replay_view.h"

#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/log.h"
#include "common/base/stop.h"

#include "consumer/read/extent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DEADLINE_MS = 30000, TIMEOUT_MS = 10000 };

struct replay_settings {
    struct replay_config replay;
    struct replay_report_config report;
    struct registry_settings registry;
    /* Settings in the types of the table below; replay.intake gets them. */
    struct intake_times times;
    uint64_t history_ms, every_ms, publish_ms, report_ms;
    uint64_t replicates;
    uint32_t slices_max;
    char from[2048], to[2048], last[32];
    struct replay_range range; /* where they are offsets */
    char slice[256], predictions[512], html[512];
    bool json;
};

#define FIELD(f)                                                               \
    offsetof(struct replay_settings, f),                                       \
        sizeof(((struct replay_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_DATA, "last",        CONFIG_TEXT, FIELD(last), "", 0, 0, NULL, "span of time up to now, as 24h (s, m, h, d), in place of --from"},
    {GROUP_DATA, "from",        CONFIG_TEXT, FIELD(from), "", 0, 0, NULL, "record time to begin at: 2026-11-24T12:00Z, or -24h (s, m, h, d) before now; or offsets of the partitions to read: 0:@100,3:@250; empty: the oldest"},
    {GROUP_DATA, "to",          CONFIG_TEXT, FIELD(to),   "", 0, 0, NULL, "record time, or offsets, to end before; empty: the end of now"},
    {GROUP_DATA, "html",        CONFIG_TEXT, FIELD(html), "", 0, 0, NULL, "file for the page with the plots"},
    {GROUP_DATA, "json",        CONFIG_BOOL, FIELD(json), "false", 0, 0, NULL, "print lines of JSON in place of tables"},
    {GROUP_DATA, "predictions.file",  CONFIG_TEXT, FIELD(predictions), "", 0, 0, NULL, "CSV file for every prediction"},
    {GROUP_DATA | RARE, "predictions.topic", CONFIG_TEXT, FIELD(replay.answers), "", 0, 0, NULL, "topic for every prediction, with the field contender; empty: none"},
    {GROUP_DATA | RARE, "predictions.force", CONFIG_BOOL, FIELD(replay.answers_forced), "false", 0, 0, NULL, "predictions.topic may be topic.predictions, which the scorers write"},
    {GROUP_DATA | RARE, "spool.dir",  CONFIG_TEXT, FIELD(replay.spool_folder), "", 0, 0, NULL, "folder for rows that memory does not hold: nameless files, gone at the end; empty: $TMPDIR, or /tmp"},
    TOPIC_IMPRESSIONS_KEY(replay.impressions),
    TOPIC_LABELS_KEY(replay.labels),
    TOPIC_PREDICTIONS_KEY(replay.predictions),
    TOPIC_MODEL_KEYS(replay.models, replay.chunks),
    IMPRESSION_FIELD_KEYS(replay.intake.fields),
    FORMAT_IMPRESSIONS_KEYS(replay.intake.fields),
    FORMAT_LABELS_KEYS(replay.intake.fields),
    REGISTRY_KEYS(registry),
    REGISTER_KEY(registry),
    FORMAT_PREDICTIONS_KEY(replay.intake.fields),
    CLICK_FIELD_KEY(replay.intake.fields),
    ANONYMOUS_FIELD_KEY(replay.intake.fields),
    DEFAULT_FIELD_KEY(replay.intake.fields),
    MODEL_NAME_KEY(replay.name),
    TRUSTED_KEYS_KEY(replay.trusted),
    NO_MODEL_P_KEY(replay.prior),
    {GROUP_MODEL, "refit.every_ms", CONFIG_U64, FIELD(every_ms), "86400000", 1000, TEN_YEARS_MS, NULL, "event time between two fits of a contender refit:... or folded:..."},
    {GROUP_MODEL, "publish.every_ms", CONFIG_U64, FIELD(publish_ms), "60000", 0, TEN_YEARS_MS, NULL, "event time after which a contender online:... or folded:... answers with what it has learned; 0: it knows each label at once"},
    {GROUP_MODEL | RARE, "refit.min_rows", CONFIG_U64, FIELD(replay.refit_rows_min), "100", 1, 2147483647, NULL, "least number of rows to fit on"},
    {GROUP_MODEL | RARE, "holdout",   CONFIG_F64,  FIELD(replay.holdout),   "0.1", 0, 0.9, NULL, "share of the newest rows that calibrate a refit, as pctr train has it"},
    {GROUP_MODEL | RARE, "calibrate", CONFIG_BOOL, FIELD(replay.calibrate), "true", 0, 0, NULL, "turn scores of refits into click probabilities (Platt)"},
    {GROUP_LEARNING, "history_ms", CONFIG_U64,  FIELD(history_ms), "0", 0, TEN_YEARS_MS, NULL, "record time before the range that contenders learn from and that is not counted"},
    {GROUP_LEARNING, "join", CONFIG_CHOICE, FIELD(replay.intake.mode), "impressions", 0, 0, JOIN_MODE_WORDS, "labels meet impressions by id, or carry user and ad themselves: then they alone are read"},
    JOIN_KEYS(replay.intake, times),
    TRAINING_KEYS(replay.intake, times),
    {GROUP_MEASURES, "slice",     CONFIG_TEXT, FIELD(slice), "", 0, 0, NULL, "fields of the impressions to report by, comma separated, at most 4"},
    {GROUP_MEASURES | RARE, "slice.max_values", CONFIG_U32, FIELD(slices_max), "20", 1, 100000, NULL, "values of a field that are reported: those with most rows"},
    {GROUP_MEASURES, "report.window_ms", CONFIG_U64, FIELD(report_ms), "0", 0, TEN_YEARS_MS, NULL, "event time of a line of the report; 0: a round length that gives about 50 lines"},
    {GROUP_MEASURES | RARE, "bootstrap",       CONFIG_U64, FIELD(replicates), "200", 0, 100000, NULL, "replicates for the intervals; 0: no intervals"},
    {GROUP_MEASURES | RARE, "bootstrap.seed",  CONFIG_U64, FIELD(report.bootstrap.seed), "1", 0, 4294967295.0, NULL, "seed of their random numbers"},
    {GROUP_MEASURES | RARE, "bootstrap.level", CONFIG_F64, FIELD(report.bootstrap.level), "0.95", 0.5, 0.999, NULL, "confidence level of the intervals"},
    {GROUP_LIMITS | RARE, "rows.max", CONFIG_U64,  FIELD(replay.rows_max), "100000000", 1, 4294967295.0, NULL, "impressions of a range: a bound on disk, 48 bytes each, 24 for each contender, and 56 more while figures are made"},
    {GROUP_LIMITS | RARE, "sort.max_bytes", CONFIG_U64,  FIELD(report.sort_bytes), "67108864", 1048576, 17179869184.0, NULL, "memory to sort predictions in; beyond it they are sorted in spool.dir"},
    FETCH_MEMORY_KEY(replay.buffer_bytes),
    CONFIG_WAS("predictions", "predictions.file"),
    CONFIG_WAS("slice.max", "slice.max_values"),
    CONFIG_WAS("window_ms", "report.window_ms"),
    CONFIG_WAS("sort_bytes", "sort.max_bytes"),
    CONFIG_END,
};
/* clang-format on */

/* --- Settings --------------------------------------------------------- */

/* Takes a bound of the range as a time; `open` is the bound where none is set.
 */
static int take_time(const char *name, const char *text, int64_t open,
                     int64_t *out, struct error *err)
{
    struct extent_bound bound;

    if (extent_bound_parse(text, clock_wall_ms(), &bound, err) < 0)
        return error_wrap(err, "%s", name);
    if (bound.kind == EXTENT_OFFSET)
        return error_set(err, ERROR_CONFIG,
                         "%s: an offset is of a partition: write "
                         "PARTITION:@OFFSET,...",
                         name);
    *out = bound.kind == EXTENT_OPEN ? open : bound.at;
    return 0;
}

static int take_range(const struct replay_settings *settings,
                      struct replay_config *config, struct error *err)
{
    char last[sizeof(settings->last) + 1];

    snprintf(last, sizeof(last), "-%s", settings->last);
    if (settings->from[0] && settings->last[0])
        return error_set(err, ERROR_CONFIG, "from and last: give one of them");
    if (take_time(settings->last[0] ? "last" : "from",
                  settings->last[0] ? last : settings->from,
                  MERGE_FROM_BEGINNING, &config->from_ms, err) < 0 ||
        take_time("to", settings->to, 0, &config->to_ms, err) < 0)
        return -1;
    if (config->to_ms > 0 && config->from_ms >= config->to_ms)
        return error_set(err, ERROR_CONFIG,
                         "the range is empty: it begins at or after to=%s",
                         settings->to);
    return 0;
}

static bool is_by_offsets(const struct replay_settings *settings)
{
    return replay_offsets_is(settings->from) || replay_offsets_is(settings->to);
}

/* Turns offsets into the range that is really there, for which the broker is
 * asked. */
static int find_range(struct replay_settings *settings, struct error *err)
{
    struct replay_config *config = &settings->replay;
    struct replay_range_query query = {
        .kafka = config->kafka,
        .rows = replay_rows_topic(config),
        .labels = replay_joins(config) ? config->labels : NULL,
        .reach_ms = config->intake.join.window_ms + config->intake.join.late_ms,
        .buffer_bytes = config->buffer_bytes,
        .timeout_ms = TIMEOUT_MS};

    if (!is_by_offsets(settings))
        return 0;
    if (settings->last[0] || config->history_ms > 0)
        return error_set(err, ERROR_CONFIG,
                         "last and history_ms go with times, not with offsets");
    if (replay_offsets_parse(settings->from, &query.from, err) < 0)
        return error_wrap(err, "from");
    if (replay_offsets_parse(settings->to, &query.to, err) < 0)
        return error_wrap(err, "to");
    if (replay_range_find(&query, &settings->range, err) < 0)
        return -1;
    config->range = &settings->range;
    config->from_ms = settings->range.from_ms;
    return 0;
}

static int take_slices(const struct replay_settings *settings,
                       struct replay_config *config, struct error *err)
{
    const char *at = settings->slice;

    for (size_t i = 0; *at; i++) {
        size_t length = strcspn(at, ",");
        if (i == REPLAY_SLICES_MAX || length == 0 ||
            length >= REPLAY_FIELD_SIZE)
            return error_set(err, ERROR_CONFIG,
                             "slice: at most %d names of fields, each of 1 to "
                             "%d bytes",
                             REPLAY_SLICES_MAX, REPLAY_FIELD_SIZE - 1);
        memcpy(config->fields[i], at, length);
        at += length + (at[length] == ',');
    }
    return 0;
}

static int take_contenders(const struct invocation *with,
                           struct replay_config *config, struct error *err)
{
    if (with->argument_count == 0) {
        config->contender_count = 1;
        return contender_parse("live", &config->contenders[0], err);
    }
    if (with->argument_count > CONTENDERS_MAX)
        return error_set(err, ERROR_USAGE, "more than %d contenders",
                         CONTENDERS_MAX);
    for (size_t i = 0; i < with->argument_count; i++)
        if (contender_parse(with->arguments[i], &config->contenders[i], err) <
            0)
            return -1;
    config->contender_count = with->argument_count;
    return 0;
}

/* With join=labels there are no impressions: refuses the settings that need
 * them. */
static int check_join(const struct replay_config *config, struct error *err)
{
    if (replay_joins(config))
        return 0;
    if (config->answers[0])
        return error_set(err, ERROR_CONFIG,
                         "predictions.topic: with join=labels there are no "
                         "impressions that predictions could name; write them "
                         "to a file: predictions=FILE");
    for (size_t c = 0; c < config->contender_count; c++)
        if (config->contenders[c].kind == CONTENDER_LIVE)
            return error_set(err, ERROR_CONFIG,
                             "contender live: with join=labels it is not known "
                             "which model was live for a label; name other "
                             "contenders: served, epoch:N, refit:ALGORITHM, "
                             "online:fields");
    return 0;
}

static int take_settings(struct replay_settings *settings,
                         const struct invocation *with, struct error *err)
{
    struct replay_config *config = &settings->replay;

    config->kafka = with->kafka;
    intake_times_take(&settings->times, &config->intake);
    config->history_ms = (int64_t)settings->history_ms;
    config->refit_every_ms = (int64_t)settings->every_ms;
    config->publish_every_ms = (int64_t)settings->publish_ms;
    config->scale = (struct scale){0, 1};
    settings->report.window_ms = (int64_t)settings->report_ms;
    settings->report.slices_max = settings->slices_max;
    settings->report.bootstrap.replicates = (size_t)settings->replicates;
    if ((!is_by_offsets(settings) && take_range(settings, config, err) < 0) ||
        take_slices(settings, config, err) < 0 ||
        take_contenders(with, config, err) < 0)
        return -1;
    return check_join(config, err);
}

/* --- Output ----------------------------------------------------------- */

static int write_page(const char *path, const struct replay_view *view,
                      struct error *err)
{
    if (!path[0])
        return 0;
    FILE *out = fopen(path, "w");
    if (!out)
        return error_system(err, ERROR_IO, errno, "%s", path);
    replay_print_page(view, out);
    int failed = ferror(out);
    if (fclose(out) != 0 || failed)
        return error_set(err, ERROR_IO, "%s: not all could be written", path);
    return 0;
}

/* Writes the page first, since a reader of the tables may stop after a few
 * lines. */
static int show(const struct replay_settings *settings,
                const struct replay_view *view, struct error *err)
{
    if (write_page(settings->html, view, err) < 0)
        return -1;
    if (settings->json) {
        if (replay_print_json(view, stdout, err) < 0)
            return -1;
    } else {
        replay_print_tables(view, stdout);
    }
    if (fflush(stdout) != 0)
        return error_set(err, ERROR_IO, "write the report");
    return 0;
}

/* An impression whose window is open has a label only if it was clicked. */
static int64_t settled_before_ms(const struct replay_settings *settings,
                                 const struct replay *replay)
{
    if (!replay_joins(&settings->replay))
        return INT64_MAX;
    return replay->stream_ms == INT64_MIN
               ? 0
               : replay->stream_ms - settings->replay.intake.join.window_ms;
}

static int report(struct replay_settings *settings, struct replay *replay,
                  struct error *err)
{
    struct replay_report *made = NULL;

    settings->report.settled_before_ms = settled_before_ms(settings, replay);
    if (replay_report_make(replay->log, &settings->report, &made, err) < 0)
        return -1;
    struct replay_view view = {&settings->replay, replay, made};
    int status = show(settings, &view, err);
    replay_report_free(made);
    return status;
}

/* Replays the history, and writes the predictions to their file on the way. */
static int replay_to_file(struct replay_settings *settings, struct replay *out,
                          struct error *err)
{
    struct replay_config *config = &settings->replay;
    struct predictions_file *file = NULL;
    struct error ignored;

    if (settings->predictions[0]) {
        if (predictions_file_open(settings->predictions, config, &file, err) <
            0)
            return -1;
        config->sinks[0] = predictions_file_sink(file);
    }
    int status = replay_run(config, out, err);
    if (predictions_file_close(file, status == 0 ? err : &ignored) < 0 &&
        status == 0) {
        replay_free(out);
        return -1;
    }
    return status;
}

static int replay_and_report(struct replay_settings *settings,
                             struct error *err)
{
    struct replay replay = {0};
    int64_t start_ms = clock_monotonic_ms();

    if (find_range(settings, err) < 0 ||
        replay_to_file(settings, &replay, err) < 0)
        return -1;
    log_info("replayed",
             "impressions=%" PRIu64 " labels=%" PRIu64 " fits=%" PRIu64
             " fit_seconds=%.3f seconds=%.3f",
             replay.log->count, replay.counts.events.labels, replay.counts.fits,
             replay.counts.fit_seconds,
             (double)(clock_monotonic_ms() - start_ms) / 1e3);
    if (replay.counts.expired > 0)
        log_warn("the range may have lost its beginning",
                 "partitions=%zu reason=\"retention took their oldest "
                 "records\"",
                 replay.counts.expired);
    int status = report(settings, &replay, err);
    replay_free(&replay);
    return status;
}

static struct published_output output_of(const struct replay_settings *settings)
{
    return published_predictions(settings->replay.answers, &settings->registry,
                                 NULL);
}

static int check(const void *of, struct error *err)
{
    const struct replay_settings *settings = of;
    const struct published_output output = output_of(settings);

    return published_output_check(
        &output, &settings->replay.intake.fields.predictions, err);
}

static int run(const struct invocation *with, void *context, struct error *err)
{
    struct replay_settings *settings = context;
    const struct published_output output = output_of(settings);
    struct schema_registry *registry = NULL;

    if (take_settings(settings, with, err) < 0 ||
        stop_on_signals(DEADLINE_MS, err) < 0 ||
        published_output_find(
            &output, &settings->replay.intake.fields.predictions, err) < 0)
        return -1;
    int status = open_registry(&settings->registry, NULL, NULL, 0,
                               &settings->replay.intake.fields, &registry, err);
    if (status == 0)
        status = replay_and_report(settings, err);
    schema_registry_close(registry);
    replay_range_free(&settings->range);
    return status;
}

const struct command replay_command = {
    .name = "replay",
    .summary = "read the history again and compare models on it",
    .arguments = "[[NAME=]CONTENDER...]",
    .examples =
        "A CONTENDER is\n"
        "  live                      the models that were live (the default)\n"
        "  epoch:N                   published version N\n"
        "  served                    the model that a scorer serves that "
        "starts now\n"
        "  newest                    the newest version, whatever is pinned\n"
        "  FILE                      a snapshot file\n"
        "  refit:ALGORITHM PARAMS    fitted every refit.every_ms as of then\n"
        "  folded:ALGORITHM PARAMS   the same, and biases go on with each "
        "label "
        "in\n"
        "                            between (baseline, svd, svdpp)\n"
        "  online:fields PARAMS      learns each label when it comes; known "
        "every\n"
        "                            publish.every_ms, which may be one of "
        "PARAMS\n"
        "  field:NAME                a probability in the impressions\n"
        "\n"
        "  pctr replay -b localhost:9092 --last=24h\n"
        "  pctr replay -b localhost:9092 --from=-7d --html=week.html \\\n"
        "      live next='refit:svd factors=20' base=refit:baseline\n",
    .help =
        "Reads impressions and labels of a range of time in one pass, lets "
        "every contender answer each impression with what was known by then, "
        "and reports how good the answers were. It joins no consumer group and "
        "ends by itself. With join=labels the labels topic alone is read.\n"
        "\n"
        "Exit status: 0 done, 65 more than rows.max or a broken snapshot, 69 "
        "no broker, topic or version, 73 spool.dir is full, 78 a setting is "
        "wrong; 0, without a report, also when it is stopped by SIGTERM.\n",
    .keys = keys,
    .settings_size = sizeof(struct replay_settings),
    .kafka = KAFKA_ALWAYS,
    .check = check,
    .run = run,
};
