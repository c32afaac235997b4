/*
 * command_demo.c - `pctr demo`: the whole way in one process, for a first
 * look. An embedded broker, a feed, two scoring workers, a trainer, and an
 * observer that reads what they write.
 */
#include "cli/command.h"
#include "cli/demo_observer.h"
#include "cli/demo_view.h"
#include "cli/embedded_broker.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/stop.h"

#include "consumer/model_watcher.h"
#include "consumer/scorer.h"
#include "consumer/trainer.h"

#include "producer/feed.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    PARTITIONS = 4,
    WORKERS = 2,
    WINDOW_MS = 3000,
    DELAY_MS = 600,
    TERMINAL_MS = 250,
    PLAIN_MS = 2000,
    DRAIN_MS = 20000, /* from the last impression to the last prediction */
    DEADLINE_MS = 20000,
    PENDING_MAX = 1 << 20,
};

#define MODEL_NAME "click"

struct demo_settings {
    struct table_source_config table;
    struct world_config world;
    double rate;
    uint64_t seed;
    char anonymous[256], algorithm[32], params[512];
    uint64_t retrain_rows;
};

#define FIELD(f)                                                               \
    offsetof(struct demo_settings, f), sizeof(((struct demo_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {"rate",            CONFIG_F64,  FIELD(rate), "2000", 1, 1e6, NULL, "impressions a second"},
    {"rows",            CONFIG_U64,  FIELD(world.rows), "50000", 1000, 1e9, NULL, "impressions of the synthetic world"},
    {"users",           CONFIG_U32,  FIELD(world.users), "500", 1, 10000000, NULL, "users of the world"},
    {"ads",             CONFIG_U32,  FIELD(world.ads), "100", 1, 10000000, NULL, "ads of the world"},
    {"seed",            CONFIG_U64,  FIELD(seed), "1", 0, 4294967295.0, NULL, "of the world and the model"},
    {"column.user",     CONFIG_TEXT, FIELD(table.user), "", 0, 0, NULL, "column of FILE with the user"},
    {"column.ad",       CONFIG_TEXT, FIELD(table.ad), "", 0, 0, NULL, "column of FILE with the ad"},
    {"column.click",    CONFIG_TEXT, FIELD(table.click), "", 0, 0, NULL, "column of FILE with the label"},
    {"click.min",       CONFIG_F64,  FIELD(table.click_min), "0", 0, 1e9, NULL, "a label from here on is a click"},
    {"field.anonymous", CONFIG_TEXT, FIELD(anonymous), "", 0, 0, NULL, "user ids that mean nobody"},
    {"model.algorithm", CONFIG_TEXT, FIELD(algorithm), "baseline", 0, 0, NULL, "what the trainer fits"},
    {"model.params",    CONFIG_TEXT, FIELD(params), "", 0, 0, NULL, "its hyper-parameters"},
    {"retrain.rows",    CONFIG_U64,  FIELD(retrain_rows), "6000", 100, 1e9, NULL, "a new model after so many rows"},
    {NULL, CONFIG_TEXT, 0, 0, NULL, 0, 0, NULL, NULL},
};
/* clang-format on */

struct demo {
    const struct demo_settings *settings;
    struct kafka_settings kafka;
    struct embedded_broker *broker;
    struct event_source *source;
    struct feed *feed;
    struct model_board *board;
    struct model_watcher *watcher;
    struct scorer *scorer;
    struct trainer *trainer;
    struct demo_observer *observer;

    pthread_t feeding;
    bool feeding_started;
    atomic_bool fed; /* the feed is through */
    int feed_status;
    struct error feed_error;
};

static const char impressions[] = "pctr.impressions", labels[] = "pctr.labels",
                  predictions[] = "pctr.predictions",
                  dead_letters[] = "pctr.dead-letters",
                  models[] = "pctr.models", chunks[] = "pctr.model-chunks";

/* --- The parts, in the order in which they start
 * -------------------------------------- */

static int start_broker(struct demo *demo, struct error *err)
{
    static const struct embedded_topic topics[] = {
        {impressions, PARTITIONS},
        {labels, PARTITIONS},
        {predictions, PARTITIONS},
        {dead_letters, PARTITIONS},
        {models, 1},
        {chunks, 1},
    };

    if (embedded_broker_start(topics, sizeof(topics) / sizeof(topics[0]),
                              &demo->broker, err) < 0)
        return -1;
    embedded_broker_settings(demo->broker, &demo->kafka);
    return 0;
}

static struct event_fields fields_of(const struct demo_settings *settings)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;

    memcpy(fields.anonymous, settings->anonymous, sizeof(fields.anonymous));
    return fields;
}

static int start_models(struct demo *demo, struct error *err)
{
    struct model_watcher_config config = {
        .reader = {.kafka = demo->kafka, .name = MODEL_NAME}};

    strcpy(config.reader.models, models);
    strcpy(config.reader.chunks, chunks);
    if (model_board_new(&demo->board, err) < 0)
        return -1;
    return model_watcher_start(&config, demo->board, &demo->watcher, err);
}

static int catch_up(void *watcher, unsigned timeout_ms, struct error *err)
{
    return model_watcher_catch_up(watcher, timeout_ms, err);
}

static int start_scorer(struct demo *demo, struct error *err)
{
    struct scorer_config config = {
        .kafka = demo->kafka,
        .group = "demo",
        .slot = "0",
        .workers = WORKERS,
        .fields = fields_of(demo->settings),
        .delivery = DELIVERY_AT_LEAST_ONCE,
        .commit_interval_ms = 100,
        .commit_max_events = 10000,
        .batch_max_events = 1000,
        .linger_ms = 1,
        .compression = "none",
        .no_model = NO_MODEL_PRIOR,
        .no_model_p = 0.05,
        .model_catch_up_ms = 5000,
        .dead_letters_max_share = 0.5,
        .offset_start = START_EARLIEST,
        .offset_lost = START_FAIL,
    };
    struct scorer_parts parts = {
        .board = demo->board, .catch_up = catch_up, .context = demo->watcher};

    strcpy(config.impressions, impressions);
    strcpy(config.predictions, predictions);
    strcpy(config.dead_letters, dead_letters);
    return scorer_start(&config, &parts, &demo->scorer, err);
}

static int start_trainer(struct demo *demo, struct error *err)
{
    const struct demo_settings *settings = demo->settings;
    struct trainer_config config = {
        .kafka = demo->kafka,
        .name = MODEL_NAME,
        .intake = {.fields = fields_of(settings),
                   .join = {WINDOW_MS, 2 * WINDOW_MS, PENDING_MAX},
                   .log = {.rows_max = PENDING_MAX}},
        .buffer_bytes = 64 << 20,
        .retrain_rows = settings->retrain_rows,
        .retrain_rows_min = settings->retrain_rows / 4,
        .holdout = 0.2,
        .calibrate = true,
        .seed = settings->seed,
        .scale = {0, 1},
        .bad_share_max = 1,
        .chunk_bytes = 512 << 10,
    };

    strcpy(config.impressions, impressions);
    strcpy(config.labels, labels);
    strcpy(config.dead_letters, dead_letters);
    strcpy(config.models, models);
    strcpy(config.chunks, chunks);
    memcpy(config.algorithm, settings->algorithm, sizeof(config.algorithm));
    memcpy(config.params, settings->params, sizeof(config.params));
    return trainer_start(&config, NULL, &demo->trainer, err);
}

static int start_observer(struct demo *demo, struct error *err)
{
    const struct demo_observer_config config = {
        .kafka = demo->kafka,
        .fields = fields_of(demo->settings),
        .predictions = predictions,
        .labels = labels,
        .dead_letters = dead_letters,
        .join = {WINDOW_MS, 2 * WINDOW_MS, PENDING_MAX},
    };

    return demo_observer_open(&config, &demo->observer, err);
}

static void *run_feed(void *context)
{
    struct demo *demo = context;

    demo->feed_status = feed_run(demo->feed, &demo->feed_error);
    demo->fed = true;
    return NULL;
}

static int start_feed(struct demo *demo, struct error *err)
{
    struct feed_config config = {
        .kafka = demo->kafka,
        .fields = fields_of(demo->settings),
        .rate = demo->settings->rate,
        .clock = CLOCK_WALL,
        .delay_ms = DELAY_MS,
        .seed = demo->settings->seed,
    };

    strcpy(config.impressions, impressions);
    strcpy(config.labels, labels);
    if (feed_open(&config, demo->source, &demo->feed, err) < 0)
        return -1;
    demo->feeding_started =
        pthread_create(&demo->feeding, NULL, run_feed, demo) == 0;
    return demo->feeding_started
               ? 0
               : error_set(err, ERROR_FAILED, "start the feed's thread");
}

static int start(struct demo *demo, struct error *err)
{
    if (start_broker(demo, err) < 0 || start_models(demo, err) < 0 ||
        start_scorer(demo, err) < 0 || start_trainer(demo, err) < 0 ||
        start_observer(demo, err) < 0 || start_feed(demo, err) < 0)
        return -1;
    return 0;
}

/* --- Watching
 * ------------------------------------------------------------------------- */

static bool all_alive(const struct demo *demo)
{
    return scorer_is_running(demo->scorer) && trainer_is_running(demo->trainer);
}

static bool is_complete(const struct demo *demo)
{
    struct demo_observer_counts seen = demo_observer_counts(demo->observer);
    struct feed_counts fed = feed_counts(demo->feed);

    return seen.predictions + seen.dead_letters >= fed.impressions &&
           seen.labels >= fed.labels;
}

static int watch(struct demo *demo, struct error *err)
{
    struct demo_view view;
    int64_t fed_at_ms = 0, shown_ms = 0;
    struct demo_moment moment = {.seconds = 0};

    demo_view_start(&view);
    int64_t started_ms = clock_monotonic_ms();
    while (all_alive(demo)) {
        if (demo_observer_serve(demo->observer, TERMINAL_MS / 2, err) < 0)
            return -1;
        int64_t now_ms = clock_monotonic_ms();
        if (now_ms - shown_ms >= (view.terminal ? TERMINAL_MS : PLAIN_MS)) {
            moment.seconds = (double)(now_ms - started_ms) / 1e3;
            moment.impressions = feed_counts(demo->feed).impressions;
            moment.serving = model_board_epoch(demo->board);
            if (demo_observer_moment(demo->observer, &moment, err) < 0)
                return -1;
            demo_view_show(&view, &moment);
            shown_ms = now_ms;
        }
        if (!demo->fed)
            fed_at_ms = now_ms;
        else if (is_complete(demo) || now_ms - fed_at_ms > DRAIN_MS)
            return 0;
    }
    return 0;
}

/* --- The end
 * -------------------------------------------------------------------------- */

/* All parts stop, whatever failed; the first failure is told. */
static int stop(struct demo *demo, struct trainer_counts *learned, int status,
                struct error *err)
{
    struct error late = {0};

    if (demo->feeding_started) {
        if (status < 0)
            stop_request();
        pthread_join(demo->feeding, NULL);
        if (status == 0 && demo->feed_status < 0) {
            *err = demo->feed_error;
            status = -1;
        }
    }
    if (demo->trainer) {
        trainer_stop(demo->trainer);
        if (trainer_join(demo->trainer, learned, &late) < 0 && status == 0) {
            *err = late;
            status = -1;
        }
    }
    if (demo->scorer) {
        scorer_stop(demo->scorer);
        if (scorer_join(demo->scorer, NULL, &late) < 0 && status == 0) {
            *err = late;
            status = -1;
        }
    }
    return status;
}

static void free_parts(struct demo *demo)
{
    demo_observer_close(demo->observer);
    model_watcher_stop(demo->watcher);
    model_board_free(demo->board);
    feed_close(demo->feed);
    event_source_close(demo->source);
    embedded_broker_stop(demo->broker);
}

static void print_gain(const struct demo_version *versions, size_t count)
{
    const struct demo_version *first = versions, *last = versions + count - 1;

    while (first < last && first->version == 0)
        first++;
    if (first >= last)
        return;
    double before = first->evaluation.normalised_entropy;
    double after = last->evaluation.normalised_entropy;
    printf("\nModel %" PRIu64 " against model %" PRIu64
           ": AUC %.4f -> %.4f, normalised entropy %.4f -> %.4f "
           "(%.1f %% %s).\n",
           last->version, first->version, first->evaluation.auc,
           last->evaluation.auc, before, after,
           100 * (after < before ? before - after : after - before) / before,
           after < before ? "better" : "worse");
}

static int print_account(struct demo *demo,
                         const struct trainer_counts *learned,
                         struct error *err)
{
    struct demo_version versions[DEMO_VERSIONS_MAX];
    struct demo_moment end = {.versions = versions};
    struct demo_observer_counts seen = demo_observer_counts(demo->observer);
    uint64_t in = feed_counts(demo->feed).impressions;
    uint64_t out = seen.predictions + seen.dead_letters;

    demo_observer_close_windows(demo->observer);
    if (demo_observer_moment(demo->observer, &end, err) < 0)
        return -1;
    putchar('\n');
    demo_view_versions(end.versions, end.version_count);
    if (end.version_count > 0)
        print_gain(end.versions, end.version_count);
    printf("\nimpressions in %" PRIu64 " %s predictions %" PRIu64
           " + dead letters %" PRIu64 "\n"
           "snapshots published %" PRIu64 ", rows learned %" PRIu64 "\n",
           in, in == out ? "=" : "!=", seen.predictions, seen.dead_letters,
           learned->published, learned->log.rows);
    fputs("The embedded broker has no transactions: this was at-least-once. "
          "Exactly-once needs a real Kafka (deploy/kafka, pctr score).\n",
          stdout);
    if (in != out)
        return error_set(err, ERROR_FAILED, "the account does not balance");
    return 0;
}

/* --- The command
 * ---------------------------------------------------------------------- */

static int open_source(const struct invocation *with,
                       struct demo_settings *settings,
                       struct event_source **source, struct error *err)
{
    if (with->argument_count > 1)
        return error_set(err, ERROR_USAGE, "name one FILE at most");
    settings->world.seed = settings->seed;
    settings->world.rank = 4;
    settings->world.click_rate = 0.15;
    settings->world.spread = 1;
    settings->world.affinity = 0.6;
    settings->world.zipf = 0.7;
    settings->world.drift = 0.3;
    if (with->argument_count == 0)
        return world_open(&settings->world, source, err);
    settings->table.path = with->arguments[0];
    settings->table.id_start = 1;
    strcpy(settings->table.extras, "none");
    return table_source_open(&settings->table, source, err);
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    struct demo_settings *settings = given;
    struct demo demo = {.settings = settings, .kafka = with->kafka};
    struct trainer_counts learned = {0};

    if (isatty(STDERR_FILENO))
        log_set_level(LOG_WARN); /* lines would tear the table */
    fputs("A first look: everything in one process, on an embedded broker.\n"
          "feed -> impressions -> 2 scoring workers -> predictions\n"
          "     -> labels -----> trainer -> snapshots -> the workers again\n\n",
          stderr);
    if (stop_on_signals(DEADLINE_MS, err) < 0)
        return -1;
    int status = open_source(with, settings, &demo.source, err);
    if (status == 0)
        status = start(&demo, err);
    if (status == 0)
        status = watch(&demo, err);
    status = stop(&demo, &learned, status, err);
    if (status == 0)
        status = print_account(&demo, &learned, err);
    free_parts(&demo);
    return status < 0 ? -1 : stop_exit_status();
}

const struct command demo_command = {
    .name = "demo",
    .summary = "see it all in one process, in under a minute",
    .arguments = "[FILE]",
    .help = "Feeds FILE (CSV, ARFF; see pctr feed) or a synthetic world to two "
            "scoring workers and a trainer on an embedded broker, shows what "
            "happens, and ends with an account.\n",
    .keys = keys,
    .settings_size = sizeof(struct demo_settings),
    .run = run,
};
