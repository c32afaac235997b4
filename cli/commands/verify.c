/*
 * verify.c - `pctr verify` makes predictions again from the records
 * and models that they name, and tells whether they are what they were.
 */
#include "cli/command.h"
#include "cli/commands/verify_print.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"

#include "consumer/read/extent.h"
#include "consumer/read/range_walk.h"
#include "consumer/verify/reproduction.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    BLOCK_MAX = 50000,
    MISMATCHED = 1, /* exit status */
    PROGRESS_MS = 10000,
};

struct verify_settings {
    struct event_fields fields;
    char predictions[250], impressions[250], models[250], chunks[250];
    char model_name[64], state_dir[512];
    char from[64], to[64];
    double prior;
    uint32_t every, shown, cache_mb, timeout_ms;
    bool json;
};

#define FIELD(f)                                                               \
    offsetof(struct verify_settings, f),                                       \
        sizeof(((struct verify_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {"topic.predictions", CONFIG_TEXT, FIELD(predictions), "pctr.predictions",  1, 0, NULL, "what is verified"},
    {"topic.impressions", CONFIG_TEXT, FIELD(impressions), "pctr.impressions",  1, 0, NULL, "what was scored"},
    {"topic.models",      CONFIG_TEXT, FIELD(models),      "pctr.models",       1, 0, NULL, "manifests of models"},
    {"topic.chunks",      CONFIG_TEXT, FIELD(chunks),      "pctr.model-chunks", 1, 0, NULL, "the bytes of models"},
    {"from",  CONFIG_TEXT, FIELD(from), "", 0, 0, NULL, "first prediction: a time, -15m (s, m, h, d) before now, or an offset as @123; empty: the oldest"},
    {"to",    CONFIG_TEXT, FIELD(to),   "", 0, 0, NULL, "where to end, that one excluded; empty: at the end of now"},
    {"every", CONFIG_U32,  FIELD(every), "1", 1, 1000000000, NULL, "a sample: one prediction in so many"},
    {"shown", CONFIG_U32,  FIELD(shown), "10", 0, 4294967295.0, NULL, "findings that are shown in full; the others are counted"},
    {"json",  CONFIG_BOOL, FIELD(json), "false", 0, 0, NULL, "findings and the account as JSON, one object a line"},
    {"field.id",        CONFIG_TEXT, FIELD(fields.id),        "id",   1, 0, NULL, "event field, as the scorer has it: unique id of the impression"},
    {"field.ts",        CONFIG_TEXT, FIELD(fields.ts),        "ts",   1, 0, NULL, "event field, as the scorer has it: event time"},
    {"field.user",      CONFIG_TEXT, FIELD(fields.user),      "user", 1, 0, NULL, "event field, as the scorer has it: who sees the ad"},
    {"field.ad",        CONFIG_TEXT, FIELD(fields.ad),        "ad",   1, 0, NULL, "event field, as the scorer has it: what is seen"},
    {"field.anonymous", CONFIG_TEXT, FIELD(fields.anonymous), "",     0, 0, NULL, "user ids that mean nobody, as the scorer has them"},
    {"no_model.p",      CONFIG_F64,  FIELD(prior), "0.05", 0, 1, NULL, "click probability while there was no model, as the scorer has it"},
    {"model.name",      CONFIG_TEXT, FIELD(model_name), "click", 1, 0, NULL, "which model"},
    {"state.dir",       CONFIG_TEXT, FIELD(state_dir), "", 0, 0, NULL, "a scorer's folder, for models that Kafka has no more; empty: none"},
    {"cache.max_mb",    CONFIG_U32,  FIELD(cache_mb), "1024", 1, 1048576, NULL, "MiB of models held at a time"},
    {"timeout_ms",      CONFIG_U32,  FIELD(timeout_ms), "30000", 100, 600000, NULL, "ms to wait for the broker"},
    {NULL, CONFIG_TEXT, 0, 0, NULL, 0, 0, NULL, NULL},
};
/* clang-format on */

struct work {
    const struct invocation *with;
    const struct verify_settings *settings;
    struct reproduction *reproduction;
    uint64_t read; /* predictions, of which every Nth is taken */
    uint64_t taken;
    uint64_t shown;
    int64_t start_ms, told_ms;
};

/* Prints the findings of a block, the first `shown` of all. */
static int take_findings(struct work *work, struct error *err)
{
    const struct verify_settings *settings = work->settings;
    const struct verify_print how = {settings->predictions,
                                     settings->impressions, settings->json};
    struct reproduction_finding finding;

    while (reproduction_next(work->reproduction, &finding))
        if (work->shown++ < settings->shown &&
            verify_print_finding(&how, &finding, err) < 0)
            return -1;
    return 0;
}

/* --- Reading ---------------------------------------------------------- */

static int open_reproduction(struct work *work, struct error *err)
{
    const struct verify_settings *settings = work->settings;
    struct reproduction_config config = {
        .kafka = work->with->kafka,
        .impressions = settings->impressions,
        .fields = settings->fields,
        .prior = settings->prior,
        .models = {.reader = {.kafka = work->with->kafka},
                   .bytes_max = (size_t)settings->cache_mb << 20,
                   .timeout_ms = settings->timeout_ms},
        .block_max = BLOCK_MAX,
        .timeout_ms = settings->timeout_ms,
    };

    strcpy(config.models.reader.name, settings->model_name);
    strcpy(config.models.reader.models, settings->models);
    strcpy(config.models.reader.chunks, settings->chunks);
    strcpy(config.models.state_dir, settings->state_dir);
    return reproduction_open(&config, &work->reproduction, err);
}

static int find_extent(const struct work *work, struct topic_extent *out,
                       struct error *err)
{
    const struct verify_settings *settings = work->settings;
    struct extent_query query = {.topic = settings->predictions,
                                 .partition = EXTENT_ALL_PARTITIONS,
                                 .timeout_ms = settings->timeout_ms};

    if (extent_query_bound(&query, settings->from, settings->to,
                           clock_wall_ms(), err) < 0)
        return -1;
    return topic_extent_find(&work->with->kafka, &query, out, err);
}

static bool tell_progress(void *context, bool idle)
{
    struct work *work = context;
    int64_t now_ms = clock_monotonic_ms();

    (void)idle;
    if (now_ms - work->told_ms >= PROGRESS_MS) {
        work->told_ms = now_ms;
        log_info("verifying", "predictions=%" PRIu64, work->taken);
    }
    return true;
}

static int take(void *context, const struct message *message, struct error *err)
{
    struct work *work = context;

    if (work->read++ % work->settings->every != 0)
        return 0;
    work->taken++;
    return reproduction_take(work->reproduction, message, err) < 0
               ? -1
               : take_findings(work, err);
}

static int read_all(struct work *work, const struct topic_extent *extent,
                    struct error *err)
{
    const struct range_walk walk = {.kafka = &work->with->kafka,
                                    .topic = work->settings->predictions,
                                    .timeout_ms = work->settings->timeout_ms,
                                    .on_record = take,
                                    .goes_on = tell_progress,
                                    .context = work};

    if (range_walk_run(&walk, extent->ranges, extent->count, err) < 0)
        return -1;
    if (reproduction_finish(work->reproduction, err) < 0)
        return -1;
    return take_findings(work, err);
}

/* --- The account ------------------------------------------------------ */

/* Mismatches before damage, damage before what is only gone. */
static int exit_status(const struct reproduction_counts *counts)
{
    uint64_t mismatched = 0, damaged = 0, gone = 0;

    for (int i = REPRODUCTION_VERIFIED + 1; i < REPRODUCTION_OUTCOMES; i++) {
        enum reproduction_outcome outcome = (enum reproduction_outcome)i;
        if (reproduction_is_mismatch(outcome))
            mismatched += counts->outcomes[i];
        else if (reproduction_is_damage(outcome))
            damaged += counts->outcomes[i];
        else
            gone += counts->outcomes[i];
    }
    if (mismatched > 0)
        return MISMATCHED;
    if (damaged > 0)
        return error_exit_status(ERROR_FORMAT);
    return gone > 0 ? error_exit_status(ERROR_UNAVAILABLE) : 0;
}

static int tell_all(const struct work *work, struct error *err)
{
    const struct verify_settings *settings = work->settings;
    struct reproduction_counts counts = reproduction_counts(work->reproduction);
    struct verify_account account = {
        .read = work->read,
        .taken = work->taken,
        .seconds = (double)(clock_monotonic_ms() - work->start_ms) / 1e3,
        .counts = &counts,
    };

    if (work->shown > settings->shown && !settings->json)
        printf("and %" PRIu64 " findings that are not shown (--shown)\n",
               work->shown - settings->shown);
    const struct verify_print how = {settings->predictions,
                                     settings->impressions, settings->json};
    if (verify_print_account(&how, &account, err) < 0)
        return -1;
    if (work->taken == 0)
        log_warn("nothing to verify", "topic=%s from=\"%s\" to=\"%s\"",
                 settings->predictions, settings->from, settings->to);
    if (counts.outcomes[REPRODUCTION_DIFFERS] > 0)
        log_warn("predictions differ: field.*, no_model.p and model.name have "
                 "to be the scorer's",
                 "predictions=%" PRIu64 " field.anonymous=\"%s\"",
                 counts.outcomes[REPRODUCTION_DIFFERS],
                 settings->fields.anonymous);
    return exit_status(&counts);
}

static int run(const struct invocation *with, void *settings, struct error *err)
{
    struct work work = {
        .with = with, .settings = settings, .start_ms = clock_monotonic_ms()};
    struct topic_extent extent = {.count = 0};
    int status = -1;

    work.told_ms = work.start_ms;
    if (stop_on_signals(0, err) == 0 && open_reproduction(&work, err) == 0 &&
        find_extent(&work, &extent, err) == 0)
        status = read_all(&work, &extent, err);
    if (status == 0) {
        if (extent.gone > 0)
            log_warn("retention took what was asked for first",
                     "topic=%s offsets=%" PRIu64, work.settings->predictions,
                     extent.gone);
        status = tell_all(&work, err);
        if (status == 0)
            status = stop_exit_status();
    }
    reproduction_close(work.reproduction);
    topic_extent_free(&extent);
    return status;
}

const struct command verify_command = {
    .name = "verify",
    .summary = "make predictions again and compare them bit for bit",
    .arguments = NULL,
    .help =
        "  pctr verify -b HOST:PORT --from=-1h\n"
        "  pctr verify -b HOST:PORT --every=1000 --json\n"
        "\n"
        "Each prediction names its impression (partition and offset) and its "
        "model (version and hash). Both are read again and scored by the "
        "scorer's own code; the field.*, no_model.p and model.name settings "
        "have to be the scorer's.\n"
        "\n"
        "Exit status: 0 all verified, 1 some are not what they should be, 65 a "
        "model or a prediction is damaged, 69 an impression or a model is "
        "gone.",
    .keys = keys,
    .settings_size = sizeof(struct verify_settings),
    .needs_kafka = true,
    .run = run,
};
