/*
 * train.c - `pctr train` learns from clicks and publishes models until
 * it is told to stop.
 */
#include "cli/command.h"
#include "cli/commands/settings.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/version.h"

#include "cli/serve/status_server.h"
#include "consumer/train/trainer.h"
#include "consumer/train/trainer_metrics.h"

#include <inttypes.h>
#include <string.h>

enum { ROUND_MS = 50 };

struct train_settings {
    struct trainer_config trainer;
    /* What the table can hold; the trainer counts in signed ms. */
    struct intake_times times;
    uint64_t history_ms, every_ms, evaluation_ms;
    char http_address[64];
    uint32_t http_port;
    uint32_t deadline_ms;
};

#define FIELD(f)                                                               \
    offsetof(struct train_settings, f), sizeof(((struct train_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {"topic.impressions",  CONFIG_TEXT, FIELD(trainer.impressions),  "pctr.impressions",  1, 0, NULL, "what was shown to whom"},
    {"topic.labels",       CONFIG_TEXT, FIELD(trainer.labels),       "pctr.labels",       1, 0, NULL, "what became of it"},
    {"topic.dead_letters", CONFIG_TEXT, FIELD(trainer.dead_letters), "pctr.dead-letters", 1, 0, NULL, "labels that could not be read"},
    {"topic.models",       CONFIG_TEXT, FIELD(trainer.models),       "pctr.models",       1, 0, NULL, "manifests of models"},
    {"topic.chunks",       CONFIG_TEXT, FIELD(trainer.chunks),       "pctr.model-chunks", 1, 0, NULL, "the bytes of models"},
    {"topic.predictions",  CONFIG_TEXT, FIELD(trainer.predictions),  "pctr.predictions",  1, 0, NULL, "what the models in service said, to be judged; it need not be there"},
    {"topic.evaluations",  CONFIG_TEXT, FIELD(trainer.evaluations),  "pctr.evaluations",  1, 0, NULL, "how good that was, by windows of event time; it need not be there"},
    IMPRESSION_FIELD_KEYS(trainer.intake.fields),
    CLICK_FIELD_KEY(trainer.intake.fields),
    ANONYMOUS_FIELD_KEY(trainer.intake.fields),
    {"join",             CONFIG_CHOICE, FIELD(trainer.intake.mode), "impressions", 0, 0, JOIN_MODE_WORDS, "labels meet impressions by id, or carry user and ad themselves"},
    JOIN_KEYS(trainer.intake, times),
    LOG_KEYS(trainer.intake, times),
    {"history_ms", CONFIG_U64, FIELD(history_ms), "0", 0, TEN_YEARS_MS, NULL, "start reading so long ago; 0: at the beginning of the topics"},
    {"merge.linger_ms", CONFIG_U32, FIELD(trainer.linger_ms), "500", 0, 60000, NULL, "ms that a live record waits for older ones of other partitions"},
    {"buffer_bytes", CONFIG_U64, FIELD(trainer.buffer_bytes), "33554432", 1048576, 17179869184.0, NULL, "memory for what is fetched ahead, of all partitions together"},
    {"retrain.every_ms", CONFIG_U64, FIELD(every_ms), "60000", 0, TEN_YEARS_MS, NULL, "ms between two models while there is anything new; 0: age is no reason"},
    {"retrain.rows",     CONFIG_U64, FIELD(trainer.retrain_rows), "0", 0, 2147483647, NULL, "new labelled rows that make a new model; 0: their number is no reason"},
    {"retrain.min_rows", CONFIG_U64, FIELD(trainer.retrain_rows_min), "100", 1, 2147483647, NULL, "rows without which no model is made"},
    {"holdout", CONFIG_F64,  FIELD(trainer.holdout), "0.1", 0, 0.9, NULL, "share of the newest rows that the model is measured on, not fit on"},
    {"calibrate", CONFIG_BOOL, FIELD(trainer.calibrate), "true", 0, 0, NULL, "turn scores into click probabilities (Platt) on the older half of the holdout; labels 0..1 only"},
    {"once",    CONFIG_BOOL, FIELD(trainer.once), "false", 0, 0, NULL, "learn once from what is there now, publish, exit"},
    {"model.name",      CONFIG_TEXT, FIELD(trainer.name),      "click", 1, 0, NULL, "under which models are published; one trainer a name"},
    {"model.algorithm", CONFIG_TEXT, FIELD(trainer.algorithm), "svd",   1, 0, NULL, "which model is fit"},
    {"model.params",    CONFIG_TEXT, FIELD(trainer.params),    "",      0, 0, NULL, "its parameters, \"factors=20 epochs=20\"; empty: its defaults"},
    {"model.seed",      CONFIG_U64,  FIELD(trainer.seed),      "1", 0, 4294967295.0, NULL, "of its random numbers"},
    {"model.low",       CONFIG_F64,  FIELD(trainer.scale.low),  "0", -1e9, 1e9, NULL, "predictions are at least this"},
    {"model.high",      CONFIG_F64,  FIELD(trainer.scale.high), "1", -1e9, 1e9, NULL, "predictions are at most this"},
    {"model.chunk_bytes", CONFIG_U32, FIELD(trainer.chunk_bytes), "524288", 1024, 900000, NULL, "bytes of a published record"},
    {"evaluate", CONFIG_BOOL, FIELD(trainer.evaluate), "true", 0, 0, NULL, "judge the models in service by their predictions, window by window"},
    {"evaluation.window_ms", CONFIG_U64, FIELD(evaluation_ms), "3600000", 1000, TEN_YEARS_MS, NULL, "ms of event time of a window; judged join.window_ms + join.late_ms after its end"},
    {"evaluation.rows", CONFIG_U32, FIELD(trainer.evaluation_rows), "2000000", 1, 500000000, NULL, "impressions of windows that are not judged yet, about 80 bytes each; beyond that the oldest window is judged early"},
    {"bad_records",     CONFIG_CHOICE, FIELD(trainer.bad_records), "dlq", 0, 0, BAD_RECORDS_WORDS, "labels that are no events: to the dead letters, over them, or stop (65)"},
    {"dead_letters.max_share", CONFIG_F64, FIELD(trainer.bad_share_max), "0.5", 0, 1, NULL, "stop (65) when more of the last 10000 records are bad"},
    {"shutdown.deadline_ms", CONFIG_U32, FIELD(deadline_ms), "30000", 0, 600000, NULL, "ms after SIGTERM until the process ends whatever it does; 0: never"},
    {"http.address", CONFIG_TEXT, FIELD(http_address), "127.0.0.1", 1, 0, NULL, "where /metrics, /livez, /readyz and /version are"},
    {"http.port",    CONFIG_U32,  FIELD(http_port), "9465", 0, 65535, NULL, "0: no HTTP"},
    {NULL, CONFIG_TEXT, 0, 0, NULL, 0, 0, NULL, NULL},
};
/* clang-format on */

/* Everything that runs, in the order it is started. */
struct service {
    struct metrics *metrics;
    struct trainer *trainer;
    struct status_server *server;
};

static bool is_live(void *context, char *why, size_t size)
{
    const struct service *service = context;

    return trainer_is_live(service->trainer, why, size);
}

static bool is_ready(void *context, char *why, size_t size)
{
    const struct service *service = context;

    return trainer_is_ready(service->trainer, why, size);
}

static int start_http(struct service *service,
                      const struct train_settings *settings, struct error *err)
{
    struct status_config config = {.port = settings->http_port,
                                   .metrics = service->metrics,
                                   .live = is_live,
                                   .ready = is_ready,
                                   .context = service};

    memcpy(config.address, settings->http_address, sizeof(config.address));
    return status_server_start(&config, &service->server, err);
}

static int start(struct service *service, const struct train_settings *settings,
                 struct error *err)
{
    if (metrics_new(trainer_metric_families, &service->metrics, err) < 0 ||
        trainer_start(&settings->trainer, service->metrics, &service->trainer,
                      err) < 0 ||
        start_http(service, settings, err) < 0)
        return -1;
    const struct metric_label labels[] = {{"version", PCTR_VERSION},
                                          {NULL, NULL}};
    metrics_set_info(service->metrics, TRAINER_BUILD_INFO, labels);
    return 0;
}

static void serve(const struct service *service)
{
    while (!stop_requested() && trainer_is_running(service->trainer)) {
        if (stop_take_nudge())
            trainer_request(service->trainer);
        clock_sleep_ms(ROUND_MS);
    }
}

/* Waits for the trainer and tells what it did: the books of the join. */
static int finish(struct trainer *trainer, struct error *err)
{
    struct trainer_counts total;

    trainer_stop(trainer);
    int status = trainer_join(trainer, &total, err);
    const struct join_books *books = &total.books;
    log_info("learned",
             "models=%" PRIu64 " impressions=%" PRIu64 " positive=%" PRIu64
             " negative=%" PRIu64 " open=%" PRIu64 " given_up=%" PRIu64
             " repeated=%" PRIu64,
             total.published, books->impressions, books->positive,
             books->negative, books->open, books->given_up, books->repeated);
    log_info(
        "labels",
        "labels=%" PRIu64 " joined=%" PRIu64 " late=%" PRIu64
        " duplicate=%" PRIu64 " contradicted=%" PRIu64 " corrected=%" PRIu64
        " orphan=%" PRIu64 " waiting=%" PRIu64 " given_up=%" PRIu64
        " bad_records=%" PRIu64 " dead_letters=%" PRIu64,
        books->labels, books->joined, books->late, books->duplicate,
        books->contradicted, books->corrected, books->orphan, books->waiting,
        books->labels_given_up, total.bad, total.dead_letters);
    return status;
}

/* Backwards; the first failure stays. */
static int stop(struct service *service, int status, struct error *err)
{
    struct error late;

    status_server_stop(service->server);
    if (service->trainer && finish(service->trainer, &late) < 0 &&
        status == 0) {
        *err = late;
        status = -1;
    }
    metrics_free(service->metrics);
    return status;
}

static void take_settings(struct train_settings *settings,
                          const struct kafka_settings *kafka)
{
    struct trainer_config *config = &settings->trainer;

    config->kafka = *kafka;
    intake_times_take(&settings->times, &config->intake);
    config->history_ms = (int64_t)settings->history_ms;
    config->evaluation_window_ms = (int64_t)settings->evaluation_ms;
    config->retrain_every_ms = (int64_t)settings->every_ms;
}

static int run(const struct invocation *with, void *context, struct error *err)
{
    struct train_settings *settings = context;
    struct service service = {NULL, NULL, NULL};

    take_settings(settings, &with->kafka);
    if (!(settings->trainer.scale.low < settings->trainer.scale.high))
        return error_set(
            err, ERROR_CONFIG, "model.low: %g is not below model.high, %g",
            settings->trainer.scale.low, settings->trainer.scale.high);
    if (stop_on_signals(settings->deadline_ms, err) < 0)
        return -1;
    int status = start(&service, settings, err);
    if (status == 0) {
        log_info("training", "impressions=%s labels=%s algorithm=%s name=%s",
                 settings->trainer.impressions, settings->trainer.labels,
                 settings->trainer.algorithm, settings->trainer.name);
        serve(&service);
    }
    status = stop(&service, status, err);
    return status < 0 ? -1 : stop_exit_status();
}

const struct command train_command = {
    .name = "train",
    .summary = "learn from clicks and publish models",
    .help =
        "Reads impressions and labels from the beginning (or history_ms back), "
        "joins them in event time, and fits and publishes a model again and "
        "again. Where there are predictions, it says of each window of event "
        "time how good they were (topic.evaluations, /metrics). Nothing is "
        "kept but on Kafka; no consumer group is used.\n"
        "\n"
        "Examples:\n"
        "  pctr train -b localhost:9092 --model.params='factors=20 epochs=20'\n"
        "  pctr train -b localhost:9092 --once --model.algorithm=baseline\n"
        "\n"
        "SIGTERM cancels a fit under way and leaves; SIGUSR1 learns at once. "
        "Of two trainers of one model name the younger one stays. Exit status: "
        "0 done, 65 bad records, 69 no broker or topic, or (once) too little "
        "to learn from, 75 start again, 77 not allowed, 78 a setting is wrong, "
        "79 a younger trainer has taken over.\n",
    .keys = keys,
    .settings_size = sizeof(struct train_settings),
    .needs_kafka = true,
    .run = run,
};
