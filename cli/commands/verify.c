/*
 * verify.c - `pctr verify` makes predictions again from the records
 * and models that they name, and tells whether they are what they were.
 */
#include "cli/command.h"
#include "cli/commands/open_registry.h"
#include "cli/commands/settings.h"
#include "cli/commands/verify_print.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/text.h"

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
    struct registry_settings registry;
    char predictions[250], impressions[250], models[250], chunks[250];
    char model_name[64], state_dir[512], trusted[1024];
    char from[64], to[64];
    double prior;
    uint32_t every, shown, timeout_ms;
    uint64_t cache_bytes;
    bool json;
};

#define FIELD(f)                                                               \
    offsetof(struct verify_settings, f),                                       \
        sizeof(((struct verify_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    RANGE_KEYS(from, to),
    {GROUP_DATA, "every", CONFIG_U32,  FIELD(every), "1", 1, 1000000000, NULL, "verify a sample: one prediction in N"},
    {GROUP_DATA, "shown", CONFIG_U32,  FIELD(shown), "10", 0, 4294967295.0, NULL, "findings that are shown in full; the others are counted"},
    {GROUP_DATA, "json",  CONFIG_BOOL, FIELD(json), "false", 0, 0, NULL, "print findings and the account as JSON, one object a line"},
    TOPIC_PREDICTIONS_KEY(predictions),
    TOPIC_IMPRESSIONS_KEY(impressions),
    TOPIC_MODEL_KEYS(models, chunks),
    IMPRESSION_FIELD_KEYS(fields),
    FORMAT_IMPRESSIONS_KEYS(fields),
    REGISTRY_KEYS(registry),
    ANONYMOUS_FIELD_KEY(fields),
    DEFAULT_FIELD_KEY(fields),
    MODEL_NAME_KEY(model_name),
    TRUSTED_KEYS_KEY(trusted),
    NO_MODEL_P_KEY(prior),
    {GROUP_MODEL, "state.dir", CONFIG_TEXT, FIELD(state_dir), "", 0, 0, NULL, "folder of a scorer, for models that Kafka has no more; empty: none"},
    {GROUP_LIMITS | RARE, "cache.max_bytes", CONFIG_U64, FIELD(cache_bytes), "1073741824", 1048576, 1099511627776, NULL, "memory for the models that are held at a time"},
    TIMEOUT_KEY(timeout_ms, "30000"),
    CONFIG_WAS_IN("cache.max_mb", "cache.max_bytes", 1048576),
    CONFIG_END,
};
/* clang-format on */

struct work {
    const struct invocation *with;
    struct verify_settings *settings;
    struct schema_registry *registry;
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
    struct verify_settings *settings = work->settings;
    if (open_registry(&settings->registry, settings->state_dir, NULL, 0,
                      &settings->fields, &work->registry, err) < 0)
        return -1;
    struct reproduction_config config = {
        .kafka = work->with->kafka,
        .impressions = settings->impressions,
        .fields = settings->fields,
        .prior = settings->prior,
        .models = {.reader = {.kafka = work->with->kafka},
                   .bytes_max = (size_t)settings->cache_bytes,
                   .timeout_ms = settings->timeout_ms},
        .block_max = BLOCK_MAX,
        .timeout_ms = settings->timeout_ms,
    };

    if (trusted_keys_read(settings->trusted, &config.models.reader.trusted,
                          err) < 0)
        return -1;
    text_copy(config.models.reader.name, sizeof(config.models.reader.name),
              settings->model_name);
    text_copy(config.models.reader.models, sizeof(config.models.reader.models),
              settings->models);
    text_copy(config.models.reader.chunks, sizeof(config.models.reader.chunks),
              settings->chunks);
    text_copy(config.models.state_dir, sizeof(config.models.state_dir),
              settings->state_dir);
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

static bool tell_progress(void *context, enum walk_moment moment)
{
    struct work *work = context;
    int64_t now_ms = clock_monotonic_ms();

    (void)moment;
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

/* A mismatch weighs more than damage, and damage more than records or models
 * that are gone. */
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
    schema_registry_close(work.registry);
    topic_extent_free(&extent);
    return status;
}

const struct command verify_command = {
    .name = "verify",
    .summary = "make predictions again and compare them bit for bit",
    .arguments = NULL,
    .examples = "  pctr verify -b HOST:PORT --from=-1h\n"
                "  pctr verify -b HOST:PORT --every=1000 --json\n",
    .help =
        "Each prediction names its impression (partition and offset) and its "
        "model (version and hash). Both are read again and scored by the "
        "scorer's own code; the field.*, no_model.p and model.name settings "
        "have to be the scorer's.\n"
        "\n"
        "Exit status: 0 all verified, 1 some predictions differ, 65 a model or "
        "a prediction is damaged, 69 an impression or a model is gone.\n",
    .keys = keys,
    .settings_size = sizeof(struct verify_settings),
    .kafka = KAFKA_ALWAYS,
    .run = run,
};
