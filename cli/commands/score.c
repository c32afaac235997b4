/*
 * score.c - `pctr score` turns impressions into predictions until it
 * is told to stop.
 */
#include "cli/command.h"
#include "cli/commands/settings.h"
#include "cli/json/json_writer.h"
#include "cli/serve/huge_pages.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/version.h"

#include "cli/serve/status_server.h"
#include "consumer/models/model_board.h"
#include "consumer/models/model_watcher.h"
#include "consumer/score/scorer.h"
#include "consumer/score/scorer_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUND_MS = 50, TICK_MS = 1000, TOPIC_WAIT_MS = 10000 };

struct score_settings {
    struct scorer_config scorer;
    char models[250], chunks[250];
    char model_name[64];
    char state_dir[512];
    char http_address[64];
    uint32_t http_port;
    uint32_t deadline_ms;
    bool exit_at_end, huge_pages;
};

#define FIELD(f)                                                               \
    offsetof(struct score_settings, f), sizeof(((struct score_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {"topic.impressions",  CONFIG_TEXT, FIELD(scorer.impressions),  "pctr.impressions",  1, 0, NULL, "events to score"},
    {"topic.predictions",  CONFIG_TEXT, FIELD(scorer.predictions),  "pctr.predictions",  1, 0, NULL, "the scores"},
    {"topic.dead_letters", CONFIG_TEXT, FIELD(scorer.dead_letters), "pctr.dead-letters", 1, 0, NULL, "records that could not be scored"},
    {"topic.models",       CONFIG_TEXT, FIELD(models),              "pctr.models",       1, 0, NULL, "manifests of models"},
    {"topic.chunks",       CONFIG_TEXT, FIELD(chunks),              "pctr.model-chunks", 1, 0, NULL, "the bytes of models"},
    IMPRESSION_FIELD_KEYS(scorer.fields),
    ANONYMOUS_FIELD_KEY(scorer.fields),
    {"workers",  CONFIG_U32,  FIELD(scorer.workers), "1", 1, SCORER_WORKERS_MAX, NULL, "scoring threads, each with its own consumer and producer"},
    {"group",    CONFIG_TEXT, FIELD(scorer.group),   "pctr-score", 1, 0, NULL, "consumer group that shares the partitions"},
    {"slot",     CONFIG_TEXT, FIELD(scorer.slot),    "0", 1, 0, NULL, "name of this process within the group: the same after a restart, no other's"},
    {"delivery", CONFIG_CHOICE, FIELD(scorer.delivery), "exactly-once", 0, 0, DELIVERY_WORDS, "exactly-once needs readers with isolation.level=read_committed"},
    {"commit.interval_ms",     CONFIG_U32, FIELD(scorer.commit_interval_ms), "100", 1, 60000, NULL, "ms between two commits; exactly-once predictions become visible with one"},
    {"commit.max_events",      CONFIG_U32, FIELD(scorer.commit_max_events), "500000", 1, 100000000, NULL, "records in one transaction"},
    {"transaction.timeout_ms", CONFIG_U32, FIELD(scorer.transaction_timeout_ms), "15000", 1000, 900000, NULL, "ms after which the broker aborts a transaction of a dead scorer"},
    {"batch.max_events",       CONFIG_U32, FIELD(scorer.batch_max_events), "10000", 1, 1000000, NULL, "records scored together"},
    {"linger_ms",              CONFIG_U32, FIELD(scorer.linger_ms), "5", 0, 1000, NULL, "ms that predictions wait for company at high rates"},
    {"compression",            CONFIG_TEXT, FIELD(scorer.compression), "none", 1, 0, NULL, "of predictions: none, lz4, zstd, snappy or gzip"},
    {"no_model",          CONFIG_CHOICE, FIELD(scorer.no_model), "prior", 0, 0, NO_MODEL_WORDS, "before the first model: predict no_model.p, or wait for one"},
    {"no_model.p",        CONFIG_F64, FIELD(scorer.no_model_p), "0.05", 0, 1, NULL, "click probability while there is no model"},
    {"model.name",        CONFIG_TEXT, FIELD(model_name), "click", 1, 0, NULL, "which model to serve"},
    {"model.catch_up_ms", CONFIG_U32, FIELD(scorer.model_catch_up_ms), "5000", 0, 600000, NULL, "ms to wait for the newest model when partitions are assigned"},
    {"state.dir",         CONFIG_TEXT, FIELD(state_dir), "", 0, 0, NULL, "folder for a local copy of the model; empty: none"},
    {"dead_letters.max_share", CONFIG_F64, FIELD(scorer.dead_letters_max_share), "0.5", 0, 1, NULL, "stop (65) when more of the last 10000 records are bad"},
    {"offset.start", CONFIG_CHOICE, FIELD(scorer.offset_start), "earliest", 0, 0, SUBSCRIBER_START_WORDS, "where a new group begins"},
    {"offset.lost",  CONFIG_CHOICE, FIELD(scorer.offset_lost), "fail", 0, 0, SUBSCRIBER_LOST_WORDS, "where to go on when the committed offset is gone"},
    {"exit.at_end",  CONFIG_BOOL, FIELD(exit_at_end), "false", 0, 0, NULL, "stop when every partition is scored to its end"},
    {"memory.huge_pages", CONFIG_BOOL, FIELD(huge_pages), "true", 0, 0, NULL, "start over with malloc on huge pages, unless GLIBC_TUNABLES is set: a quarter less CPU"},
    {"shutdown.deadline_ms", CONFIG_U32, FIELD(deadline_ms), "30000", 0, 600000, NULL, "ms after SIGTERM until the process ends whatever it does; 0: never"},
    {"http.address", CONFIG_TEXT, FIELD(http_address), "127.0.0.1", 1, 0, NULL, "where /metrics, /livez, /readyz, /version and /score are"},
    {"http.port",    CONFIG_U32,  FIELD(http_port), "9464", 0, 65535, NULL, "0: no HTTP"},
#ifdef PCTR_TEST_HOOKS
    {"test.crash",         CONFIG_CHOICE, FIELD(scorer.plan.point), "never", 0, 0, CRASH_POINT_WORDS, "for tests: SIGKILL at this step of a transaction"},
    {"test.crash_after",   CONFIG_U32, FIELD(scorer.plan.passes), "0", 0, 1000000, NULL, "for tests: transactions that pass the step before"},
    {"test.random_aborts", CONFIG_U32, FIELD(scorer.plan.random_aborts), "0", 0, 1000000, NULL, "for tests: abort one transaction in this many; 0: none"},
#endif
    {NULL, CONFIG_TEXT, 0, 0, NULL, 0, 0, NULL, NULL},
};
/* clang-format on */

/* Everything that runs, in the order it is started. */
struct service {
    const struct score_settings *settings;
    struct metrics *metrics;
    struct model_board *board;
    struct model_watcher *watcher;
    struct scorer *scorer;
    struct status_server *server;
    uint64_t shown_epoch;
    int64_t tick_ms;
};

/* --- HTTP ------------------------------------------------------------- */

static bool take_id(const struct status_query *query, const char *name,
                    struct id *out)
{
    const char *text = status_query_get(query, name);
    size_t size = text ? strlen(text) : 0;

    if (size == 0 || size > ID_TEXT_MAX)
        return false;
    *out = id_from_text(text, size);
    return true;
}

/* /score?user=7&ad=12 */
static int answer_score(void *context, const struct status_query *query,
                        FILE *body)
{
    const struct service *service = context;
    struct id user, ad;
    uint64_t version = 0;

    struct buffer line = {0};
    struct json_writer to = {.to = &line};
    struct error err;
    char why[64];
    int status = 200;

    json_writer_open(&to, '{');
    if (!take_id(query, "user", &user) || !take_id(query, "ad", &ad)) {
        snprintf(why, sizeof(why), "give user= and ad=, each 1 to %d bytes",
                 ID_TEXT_MAX);
        json_writer_member_text(&to, "error", why);
        status = 400;
    } else {
        struct prediction answer =
            scorer_predict(service->scorer, &user, &ad, &version);
        json_writer_member_real(&to, "p", answer.value);
        json_writer_member_text(&to, "basis", basis_name(answer.basis));
        json_writer_member_unsigned(&to, "model", version);
    }
    json_writer_close(&to, '}');
    if (json_writer_print_line(&to, body, &err) < 0)
        status = 503;
    buffer_free(&line);
    return status;
}

static bool is_live(void *context, char *why, size_t size)
{
    const struct service *service = context;

    return scorer_is_live(service->scorer, why, size);
}

static bool is_ready(void *context, char *why, size_t size)
{
    const struct service *service = context;

    return scorer_is_ready(service->scorer, why, size);
}

static int start_http(struct service *service, struct error *err)
{
    static const struct status_route routes[] = {{"/score", answer_score},
                                                 {NULL, NULL}};
    struct status_config config = {.port = service->settings->http_port,
                                   .metrics = service->metrics,
                                   .routes = routes,
                                   .live = is_live,
                                   .ready = is_ready,
                                   .context = service};

    memcpy(config.address, service->settings->http_address,
           sizeof(config.address));
    return status_server_start(&config, &service->server, err);
}

/* --- Starting --------------------------------------------------------- */

/* What reads its own output never ends. */
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

/* A broker or a topic that is not there is said before anything starts. */
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
    return 0;
}

static int catch_up(void *context, unsigned timeout_ms, struct error *err)
{
    return model_watcher_catch_up(context, timeout_ms, err);
}

static int start_models(struct service *service,
                        const struct kafka_settings *kafka, struct error *err)
{
    const struct score_settings *settings = service->settings;
    struct model_watcher_config config = {
        .metrics = service->metrics, .refused_family = SCORER_MODEL_REJECTED};

    config.reader.kafka = *kafka;
    memcpy(config.reader.name, settings->model_name,
           sizeof(config.reader.name));
    memcpy(config.reader.models, settings->models,
           sizeof(config.reader.models));
    memcpy(config.reader.chunks, settings->chunks,
           sizeof(config.reader.chunks));
    memcpy(config.state_dir, settings->state_dir, sizeof(config.state_dir));
    if (model_board_new(&service->board, err) < 0)
        return -1;
    return model_watcher_start(&config, service->board, &service->watcher, err);
}

static int start_scorer(struct service *service, struct error *err)
{
    struct scorer_parts parts = {.board = service->board,
                                 .metrics = service->metrics,
                                 .catch_up = catch_up,
                                 .context = service->watcher};

    return scorer_start(&service->settings->scorer, &parts, &service->scorer,
                        err);
}

static int start(struct service *service, const struct kafka_settings *kafka,
                 struct error *err)
{
    if (metrics_new(scorer_metric_families, &service->metrics, err) < 0 ||
        start_models(service, kafka, err) < 0 ||
        start_scorer(service, err) < 0 || start_http(service, err) < 0)
        return -1;
    const struct metric_label labels[] = {{"version", PCTR_VERSION},
                                          {NULL, NULL}};
    metrics_set_info(service->metrics, SCORER_BUILD_INFO, labels);
    return 0;
}

/* --- Running ---------------------------------------------------------- */

static void show_model(struct service *service)
{
    const struct served_model *model = model_board_take(service->board);
    char hex[DIGEST_HEX_SIZE], version[24];

    if (!model)
        return;
    metrics_set(service->metrics, SCORER_MODEL_AGE, 0,
                (double)(clock_wall_ms() - model->manifest.created_ms) / 1e3);
    if (service->shown_epoch != model->manifest.epoch) {
        service->shown_epoch = model->manifest.epoch;
        snprintf(version, sizeof(version), "%" PRIu64, model->manifest.epoch);
        const struct metric_label labels[] = {
            {"name", model->manifest.name},
            {"version", version},
            {"algorithm", model->manifest.algorithm},
            {"sha256", digest_hex(&model->snapshot->sha256, hex)},
            {NULL, NULL}};
        metrics_set_info(service->metrics, SCORER_MODEL_INFO, labels);
    }
    model_board_put(service->board, model);
}

static void look_for_model(struct service *service)
{
    struct error err;

    log_info("looking for a new model", "name=%s",
             service->settings->model_name);
    if (model_watcher_catch_up(service->watcher,
                               service->settings->scorer.model_catch_up_ms,
                               &err) < 0)
        log_warn("looked in vain", "reason=\"%s\"", err.text);
}

static void serve(struct service *service)
{
    while (!stop_requested() && scorer_is_running(service->scorer)) {
        if (service->settings->exit_at_end && scorer_at_end(service->scorer))
            return;
        if (stop_take_nudge())
            look_for_model(service);
        int64_t now_ms = clock_monotonic_ms();
        if (now_ms - service->tick_ms >= TICK_MS) {
            service->tick_ms = now_ms;
            show_model(service);
        }
        clock_sleep_ms(ROUND_MS);
    }
}

/* Waits for the workers and tells what they did. */
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

/* Backwards; the first failure stays. */
static int stop(struct service *service, int status, struct error *err)
{
    struct error late;

    status_server_stop(service->server);
    if (service->scorer && finish(service->scorer, &late) < 0 && status == 0) {
        *err = late;
        status = -1;
    }
    model_watcher_stop(service->watcher);
    model_board_free(service->board);
    metrics_free(service->metrics);
    return status;
}

static int run(const struct invocation *with, void *context, struct error *err)
{
    struct score_settings *settings = context;
    struct service service = {.settings = settings};

    /* For the start that follows, unless somebody else has said: a scorer
     * multiplies no matrices, and BLAS's threads spin before they sleep. */
    setenv("OPENBLAS_NUM_THREADS", "1", 0);
    if (settings->huge_pages)
        huge_pages_use();
    settings->scorer.kafka = with->kafka;
    settings->scorer.watch_end = settings->exit_at_end;
    settings->scorer.plan.random = (uint64_t)clock_wall_ms();
    if (check_loop(settings, err) < 0 ||
        stop_on_signals(settings->deadline_ms, err) < 0 ||
        check_topics(&with->kafka, settings, err) < 0)
        return -1;
    int status = start(&service, &with->kafka, err);
    if (status == 0) {
        log_info("scoring", "topic=%s group=%s slot=%s workers=%u",
                 settings->scorer.impressions, settings->scorer.group,
                 settings->scorer.slot, settings->scorer.workers);
        serve(&service);
    }
    status = stop(&service, status, err);
    return status < 0 ? -1 : stop_exit_status();
}

const struct command score_command = {
    .name = "score",
    .summary = "turn impressions into predictions",
    .help =
        "Takes impressions off Kafka, predicts with the newest published "
        "model, and puts one prediction or one dead letter back for each.\n"
        "\n"
        "Examples:\n"
        "  pctr score -b localhost:9092 --workers=2\n"
        "  pctr score -b localhost:9092 --delivery=at-least-once "
        "--exit.at_end\n"
        "\n"
        "SIGTERM commits what is scored and leaves; SIGUSR1 looks for a new "
        "model at once. Exit status: 0 done, 65 too many bad records, 69 no "
        "broker or topic, 75 start again, 77 not allowed, 78 a setting is "
        "wrong, 79 another live process has the slot.\n",
    .keys = keys,
    .settings_size = sizeof(struct score_settings),
    .needs_kafka = true,
    .run = run,
};
