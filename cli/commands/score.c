/*
 * score.c - `pctr score` turns impressions into predictions until it
 * is told to stop.
 */
#include "cli/command.h"
#include "cli/commands/open_registry.h"
#include "cli/commands/published_output.h"
#include "cli/commands/score_http.h"
#include "cli/commands/settings.h"
#include "cli/online/online_check.h"
#include "cli/serve/huge_pages.h"
#include "cli/versions.h"

#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/text.h"
#include "common/kafka/kafka_files.h"

#include "cli/serve/service.h"
#include "consumer/models/model_board.h"
#include "consumer/models/model_watcher.h"
#include "consumer/score/scorer.h"
#include "consumer/score/scorer_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 1000, TOPIC_WAIT_MS = 10000 };

struct score_settings {
    struct scorer_config scorer;
    char models[250], chunks[250];
    char model_name[64];
    char state_dir[512], trusted[1024];
    uint32_t load_deadline_ms;
    struct registry_settings registry;
    struct service_settings service;
    bool exit_at_end, huge_pages;
};

#define FIELD(f)                                                               \
    offsetof(struct score_settings, f), sizeof(((struct score_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    TOPIC_IMPRESSIONS_KEY(scorer.impressions),
    TOPIC_PREDICTIONS_KEY(scorer.predictions),
    TOPIC_DEAD_LETTERS_KEY(scorer.dead_letters),
    TOPIC_MODEL_KEYS(models, chunks),
    IMPRESSION_FIELD_KEYS(scorer.fields),
    FORMAT_IMPRESSIONS_KEYS(scorer.fields),
    REGISTRY_KEYS(registry),
    REGISTER_KEY(registry),
    FORMAT_PREDICTIONS_KEY(scorer.fields),
    ANONYMOUS_FIELD_KEY(scorer.fields),
    DEFAULT_FIELD_KEY(scorer.fields),
    MODEL_NAME_KEY(model_name),
    TRUSTED_KEYS_KEY(trusted),
    {GROUP_MODEL, "no_model.policy", CONFIG_CHOICE, FIELD(scorer.no_model), "prior", 0, 0, NO_MODEL_WORDS, "before the first model: predict no_model.p, or wait for a model"},
    NO_MODEL_P_KEY(scorer.no_model_p),
    {GROUP_MODEL | RARE, "model.catch_up_ms", CONFIG_U32, FIELD(scorer.model_catch_up_ms), "5000", 0, 600000, NULL, "how long one look at the newest model takes; partitions wait until it is in service; 0: they do not wait"},
    {GROUP_MODEL | RARE, "model.load_deadline_ms", CONFIG_U32, FIELD(load_deadline_ms), "600000", 1000, 86400000, NULL, "time after which a published model whose chunks did not come is refused"},
    {GROUP_MODEL, "state.dir", CONFIG_TEXT, FIELD(state_dir), "", 0, 0, NULL, "folder for a local copy of the model; empty: no copy"},
    {GROUP_DELIVERY, "workers", CONFIG_U32, FIELD(scorer.workers), "1", 1, SCORER_WORKERS_MAX, NULL, "scoring threads, each with its own consumer and producer"},
    {GROUP_DELIVERY, "group", CONFIG_TEXT, FIELD(scorer.group), "pctr-score", 1, 0, NULL, "consumer group that shares the partitions"},
    {GROUP_DELIVERY, "slot", CONFIG_TEXT, FIELD(scorer.slot), "0", 1, 0, NULL, "name of this process within the group; it stays the same after a restart, and no two processes share one"},
    {GROUP_DELIVERY, "delivery", CONFIG_CHOICE, FIELD(scorer.delivery), "exactly-once", 0, 0, DELIVERY_WORDS, "exactly-once needs readers with isolation.level=read_committed"},
    {GROUP_DELIVERY, "offset.start", CONFIG_CHOICE, FIELD(scorer.offset_start), "earliest", 0, 0, SUBSCRIBER_START_WORDS, "where a new group begins"},
    {GROUP_DELIVERY, "offset.lost", CONFIG_CHOICE, FIELD(scorer.offset_lost), "fail", 0, 0, SUBSCRIBER_LOST_WORDS, "where to go on when the committed offset is gone"},
    {GROUP_DELIVERY, "exit.at_end", CONFIG_BOOL, FIELD(exit_at_end), "false", 0, 0, NULL, "stop when every partition is scored to its end"},
    {GROUP_DELIVERY, "commit.interval_ms", CONFIG_U32, FIELD(scorer.commit_interval_ms), "100", 1, 60000, NULL, "time between two commits; exactly-once predictions become visible with a commit"},
    {GROUP_DELIVERY | RARE, "commit.max_events", CONFIG_U32, FIELD(scorer.commit_max_events), "500000", 1, 100000000, NULL, "records in one transaction"},
    {GROUP_DELIVERY | RARE, "transaction.timeout_ms", CONFIG_U32, FIELD(scorer.transaction_timeout_ms), "15000", 1000, 900000, NULL, "time after which the broker aborts the transaction of a dead scorer"},
    {GROUP_DELIVERY | RARE, "batch.max_events", CONFIG_U32, FIELD(scorer.batch_max_events), "10000", 1, 1000000, NULL, "records scored together"},
    {GROUP_DELIVERY | RARE, "predictions.linger_ms", CONFIG_U32, FIELD(scorer.linger_ms), "5", 0, 1000, NULL, "how long a prediction waits for others to be sent with it"},
    {GROUP_DELIVERY | RARE, "predictions.compression", CONFIG_TEXT, FIELD(scorer.compression), "none", 1, 0, NULL, "compression of predictions: none, lz4, zstd, snappy or gzip"},
    {GROUP_LIMITS, "dead_letters.max_share", CONFIG_F64, FIELD(scorer.dead_letters_max_share), "0.5", 0, 1, NULL, "share of bad records among the last 10000 of a partition above which its dead letters are slowed down"},
    {GROUP_LIMITS | RARE, "dead_letters.rate_max", CONFIG_U32, FIELD(scorer.dead_letters_rate_max), "100", 1, 1000000, NULL, "dead letters of such a partition in a second"},
    {GROUP_PROCESS | RARE, "memory.huge_pages", CONFIG_BOOL, FIELD(huge_pages), "true", 0, 0, NULL, "start over with malloc on huge pages, unless GLIBC_TUNABLES is set; saves a quarter of the processor time"},
    SERVICE_KEYS(service, "9464"),
#ifdef PCTR_TEST_HOOKS
    {GROUP_TESTS | RARE, "test.crash",         CONFIG_CHOICE, FIELD(scorer.plan.point), "never", 0, 0, CRASH_POINT_WORDS, "SIGKILL at this step of a transaction"},
    {GROUP_TESTS | RARE, "test.crash_after",   CONFIG_U32, FIELD(scorer.plan.passes), "0", 0, 1000000, NULL, "transactions that pass the step before"},
    {GROUP_TESTS | RARE, "test.random_aborts", CONFIG_U32, FIELD(scorer.plan.random_aborts), "0", 0, 1000000, NULL, "abort about one transaction in N; 0: none"},
#endif
    CONFIG_WAS("no_model", "no_model.policy"),
    CONFIG_WAS("linger_ms", "predictions.linger_ms"),
    CONFIG_WAS("compression", "predictions.compression"),
    CONFIG_END,
};
/* clang-format on */

/* Everything that runs, in the order it is started. */
struct scoring {
    struct score_http http; /* first: the routes' context */
    struct score_settings *settings;
    struct kafka_files *files;
    struct metrics *metrics;
    struct schema_registry *registry;
    struct model_board *board;
    struct model_watcher *watcher;
    struct scorer *scorer;
    struct service *service;
    uint64_t shown_epoch;
    int64_t tick_ms;
};

/* --- HTTP ------------------------------------------------------------- */

static bool is_live(void *context, char *why, size_t size)
{
    const struct scoring *scoring = context;

    return scorer_is_live(scoring->scorer, why, size);
}

static bool is_ready(void *context, char *why, size_t size)
{
    const struct scoring *scoring = context;

    return scorer_is_ready(scoring->scorer, why, size);
}

static int start_service(struct scoring *scoring, struct error *err)
{
    struct metric_label build[VERSION_LABELS];
    struct service_parts parts = {.metrics = scoring->metrics,
                                  .build_info = SCORER_BUILD_INFO,
                                  .build = build,
                                  .routes = score_http_routes,
                                  .live = is_live,
                                  .ready = is_ready,
                                  .context = scoring};

    scoring->http.scorer = scoring->scorer;
    versions_label(build);
    return service_start(&scoring->settings->service, &parts, &scoring->service,
                         err);
}

/* --- Starting --------------------------------------------------------- */

/* Refuses topics with which the scorer would read its own output, and never
 * end. */
static int check_loop(const struct score_settings *settings, struct error *err)
{
    const struct scorer_config *to = &settings->scorer;
    const char *loop = NULL;

    if (strcmp(to->impressions, to->predictions) == 0)
        loop = "topic.predictions";
    else if (strcmp(to->impressions, to->dead_letters) == 0)
        loop = "topic.dead_letters";
    if (!loop)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "%s: '%s' is topic.impressions too, and the scorer would "
                     "read what it writes: name another",
                     loop, to->impressions);
}

/* Each worker has a consumer and a producer; there is one for models, one that
 * looks at ends, and for a moment one that asks about a topic. */
static int check_descriptors(const struct scorer_config *config,
                             int32_t brokers, struct error *err)
{
    uint32_t clients = 2 * config->workers + 3;

    return descriptors_check(kafka_descriptors(clients, brokers) +
                                 SERVICE_DESCRIPTORS,
                             "lower workers and start more processes", err);
}

/* Reports a missing broker or topic, and too few file descriptors, before
 * anything starts. */
static int check_topics(const struct kafka_settings *kafka,
                        const struct score_settings *settings,
                        struct error *err)
{
    const char *const topics[] = {
        settings->scorer.impressions,
        settings->scorer.predictions,
        settings->scorer.dead_letters,
        settings->models,
        settings->chunks,
    };
    struct kafka_topic topic;

    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
        if (kafka_topic_describe(kafka, topics[i], TOPIC_WAIT_MS, &topic, err) <
            0)
            return -1;
    return check_descriptors(&settings->scorer, topic.brokers, err);
}

static int start_models(struct scoring *scoring,
                        const struct kafka_settings *kafka, struct error *err)
{
    const struct score_settings *settings = scoring->settings;
    struct model_watcher_config config = {
        .metrics = scoring->metrics,
        .refused_family = SCORER_MODEL_REJECTED,
        .load_deadline_ms = settings->load_deadline_ms};

    config.reader.kafka = *kafka;
    memcpy(config.reader.name, settings->model_name,
           sizeof(config.reader.name));
    memcpy(config.reader.models, settings->models,
           sizeof(config.reader.models));
    memcpy(config.reader.chunks, settings->chunks,
           sizeof(config.reader.chunks));
    memcpy(config.state_dir, settings->state_dir, sizeof(config.state_dir));
    if (trusted_keys_read(settings->trusted, &config.reader.trusted, err) < 0 ||
        model_board_new(&scoring->board, err) < 0)
        return -1;
    return model_watcher_start(&config, scoring->board, &scoring->watcher, err);
}

static struct published_output output_of(const struct score_settings *settings)
{
    return published_predictions(settings->scorer.predictions,
                                 &settings->registry, settings->state_dir);
}

static int start_registry(struct scoring *scoring, struct error *err)
{
    struct score_settings *settings = scoring->settings;
    const struct published_output output = output_of(settings);

    if (published_output_find(&output, &settings->scorer.fields.predictions,
                              err) < 0)
        return -1;
    return open_registry(&settings->registry, settings->state_dir,
                         scoring->metrics, SCORER_REGISTRY,
                         &settings->scorer.fields, &scoring->registry, err);
}

static int start_scorer(struct scoring *scoring, struct error *err)
{
    struct scorer_parts parts = {.board = scoring->board,
                                 .metrics = scoring->metrics,
                                 .watcher = scoring->watcher};

    return scorer_start(&scoring->settings->scorer, &parts, &scoring->scorer,
                        err);
}

static int start(struct scoring *scoring, const struct kafka_settings *kafka,
                 struct error *err)
{
    if (kafka_files_note(kafka, &scoring->files, err) < 0 ||
        metrics_new(scorer_metric_families, &scoring->metrics, err) < 0 ||
        start_registry(scoring, err) < 0 ||
        start_models(scoring, kafka, err) < 0 ||
        start_scorer(scoring, err) < 0 || start_service(scoring, err) < 0)
        return -1;
    return 0;
}

/* --- Running ---------------------------------------------------------- */

static void show_model(struct scoring *scoring)
{
    const struct served_model *model = model_board_take(scoring->board);
    char hex[DIGEST_HEX_SIZE], version[24];
    struct model_watch watch;

    model_watcher_look(scoring->watcher, &watch);
    metrics_set(scoring->metrics, SCORER_MODEL_WANTED, 0, (double)watch.wanted);
    metrics_set(scoring->metrics, SCORER_MODEL_SERVED, 0,
                model ? (double)model->manifest.epoch : 0);
    metrics_set(scoring->metrics, SCORER_MODEL_DELTA, 0,
                model ? (double)model->snapshot->delta : 0);
    if (!model)
        return;
    metrics_set(scoring->metrics, SCORER_MODEL_AGE, 0,
                (double)(clock_wall_ms() - model->manifest.created_ms) / 1e3);
    if (scoring->shown_epoch != model->manifest.epoch) {
        scoring->shown_epoch = model->manifest.epoch;
        snprintf(version, sizeof(version), "%" PRIu64, model->manifest.epoch);
        const struct metric_label labels[] = {
            {"name", model->manifest.name},
            {"version", version},
            {"algorithm", model->manifest.algorithm},
            {"sha256", digest_hex(&model->snapshot->sha256, hex)},
            {NULL, NULL}};
        metrics_set_info(scoring->metrics, SCORER_MODEL_INFO, labels);
    }
    model_board_put(scoring->board, model);
}

static void look_for_model(struct scoring *scoring)
{
    struct error err;

    log_info("looking for a new model", "name=%s",
             scoring->settings->model_name);
    if (model_watcher_catch_up(scoring->watcher,
                               scoring->settings->scorer.model_catch_up_ms,
                               &err) < 0)
        log_warn("looked in vain", "reason=\"%s\"", err.text);
}

static int serve(struct scoring *scoring, struct error *err)
{
    while (service_goes_on(scoring->service) &&
           scorer_is_running(scoring->scorer)) {
        if (scoring->settings->exit_at_end && scorer_at_end(scoring->scorer))
            return 0;
        if (stop_take_nudge())
            look_for_model(scoring);
        int64_t now_ms = clock_monotonic_ms();
        if (kafka_files_look(scoring->files, now_ms, err) < 0)
            return -1;
        if (now_ms - scoring->tick_ms >= TICK_MS) {
            scoring->tick_ms = now_ms;
            show_model(scoring);
        }
    }
    return 0;
}

/* Waits for the workers and logs what they did. */
static int finish(struct scorer *scorer, struct error *err)
{
    struct scorer_counts total;

    scorer_stop(scorer);
    int status = scorer_join(scorer, &total, err);
    log_info("scored",
             "predictions=%" PRIu64 " dead_letters=%" PRIu64 " commits=%" PRIu64
             " aborts=%" PRIu64 " rebuilds=%" PRIu64,
             total.predictions, total.dead_letters, total.commits, total.aborts,
             total.rebuilds);
    return status;
}

/* Stops everything in reverse order; the first failure stays. */
static int stop(struct scoring *scoring, int status, struct error *err)
{
    struct error late;

    service_stop(scoring->service);
    if (scoring->scorer)
        status = service_first_failure(status, err,
                                       finish(scoring->scorer, &late), &late);
    model_watcher_stop(scoring->watcher);
    model_board_free(scoring->board);
    schema_registry_close(scoring->registry);
    metrics_free(scoring->metrics);
    kafka_files_free(scoring->files);
    return status;
}

static int run(const struct invocation *with, void *context, struct error *err)
{
    struct score_settings *settings = context;
    struct scoring scoring = {.settings = settings};

    /* A scorer multiplies no matrices, and the threads of BLAS would spin
     * before they sleep. A value that is set already stays. */
    setenv("OPENBLAS_NUM_THREADS", "1", 0);
    if (settings->huge_pages)
        huge_pages_use();
    settings->scorer.kafka = with->kafka;
    settings->scorer.watch_end = settings->exit_at_end;
    settings->scorer.plan.random = (uint64_t)clock_wall_ms();
    if (service_prepare(&settings->service, err) < 0 ||
        check_topics(&with->kafka, settings, err) < 0)
        return -1;
    int status = start(&scoring, &with->kafka, err);
    if (status == 0) {
        log_info("scoring", "topic=%s group=%s slot=%s workers=%u",
                 settings->scorer.impressions, settings->scorer.group,
                 settings->scorer.slot, settings->scorer.workers);
        status = serve(&scoring, err);
    }
    status = stop(&scoring, status, err);
    return status < 0 ? -1 : stop_exit_status();
}

/* A record that waits for its schema holds a transaction open. */
static int check_wait(const struct score_settings *settings, struct error *err)
{
    const uint32_t most_ms = settings->scorer.transaction_timeout_ms / 2;

    if (settings->registry.url[0] == '\0' ||
        settings->scorer.delivery != DELIVERY_EXACTLY_ONCE ||
        settings->registry.wait_ms <= most_ms)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "registry.wait_ms=%u: at most half of "
                     "transaction.timeout_ms=%u, or the broker aborts "
                     "transactions while a record waits for its schema",
                     settings->registry.wait_ms,
                     settings->scorer.transaction_timeout_ms);
}

/* A transaction is open for an interval, and then everything in it has to be
 * delivered and committed before the broker gives it up. */
static int check(const void *of, struct error *err)
{
    const struct score_settings *settings = of;
    const struct scorer_config *config = &settings->scorer;

    const struct published_output output = output_of(settings);

    if (service_check(&settings->service, err) < 0 ||
        registry_settings_check(&settings->registry, err) < 0 ||
        published_output_check(&output, &config->fields.predictions, err) < 0)
        return -1;
    struct trusted_keys trusted;

    if (check_loop(settings, err) < 0 ||
        trusted_keys_read(settings->trusted, &trusted, err) < 0)
        return -1;
    if (kafka_check_codec(config->compression, err) < 0)
        return error_wrap(err, "predictions.compression");
    if (check_wait(settings, err) < 0)
        return -1;
    if (config->delivery != DELIVERY_EXACTLY_ONCE ||
        config->commit_interval_ms <= config->transaction_timeout_ms / 2)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "commit.interval_ms=%u: at most half of "
                     "transaction.timeout_ms=%u, or the broker aborts "
                     "transactions before they are committed",
                     config->commit_interval_ms,
                     config->transaction_timeout_ms);
}

static void ask(const void *of, struct online_check *check)
{
    const struct score_settings *settings = of;
    const struct scorer_config *config = &settings->scorer;
    const struct transactional_work work = {"score", config->group,
                                            config->slot, 0, NULL};
    struct snapshot_reader_config reader = {.kafka = *check->kafka};
    const struct published_output output = output_of(settings);
    struct error fault;

    online_ask_topic(check, "topic.impressions", config->impressions,
                     TOPIC_IS_READ);
    online_ask_topic(check, "topic.predictions", config->predictions,
                     TOPIC_IS_WRITTEN);
    online_ask_topic(check, "topic.dead_letters", config->dead_letters,
                     TOPIC_IS_WRITTEN);
    online_ask_topic(check, "topic.models", settings->models, TOPIC_IS_READ);
    online_ask_topic(check, "topic.chunks", settings->chunks, TOPIC_IS_READ);
    published_output_ask(&output, &config->fields.predictions, check);
    online_ask_group(check, config->group, config->impressions);
    if (config->delivery == DELIVERY_EXACTLY_ONCE)
        online_ask_transactions(check, &work, config->transaction_timeout_ms);
    text_copy(reader.name, sizeof(reader.name), settings->model_name);
    text_copy(reader.models, sizeof(reader.models), settings->models);
    text_copy(reader.chunks, sizeof(reader.chunks), settings->chunks);
    if (trusted_keys_read(settings->trusted, &reader.trusted, &fault) < 0)
        online_note(check, "trusted.keys", &fault);
    else
        online_ask_model(check, &reader,
                         config->no_model == NO_MODEL_WAIT
                             ? MODEL_IS_NEEDED
                             : MODEL_MAY_BE_MISSING);
}

const struct command score_command = {
    .name = "score",
    .summary = "turn impressions into predictions",
    .examples = "Examples:\n"
                "  pctr score -b localhost:9092 --workers=2\n"
                "  pctr score -b localhost:9092 --delivery=at-least-once "
                "--exit.at_end\n",
    .help = "Takes impressions off Kafka, predicts with the newest published "
            "model, and sends one prediction or one dead letter for each.\n"
            "\n"
            "On http.port it answers at once: GET /score?user=&ad= a pair, "
            "with the model's fields by name; GET /rank?user=&ads=A,B,C&n= "
            "the best of some ads; POST /score up to 1000 pairs as JSON.\n"
            "\n"
            "SIGTERM commits what is scored and leaves; SIGUSR1 looks for a "
            "new model at once. Exit status: 0 done, 65 too many bad records, "
            "69 no broker or topic, 75 start again, 77 not allowed, 78 a "
            "setting is wrong, 79 another live process has the slot.\n",
    .keys = keys,
    .settings_size = sizeof(struct score_settings),
    .kafka = KAFKA_ALWAYS,
    .check = check,
    .ask = ask,
    .run = run,
};
