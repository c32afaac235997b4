/*
 * train.c - `pctr train` learns from clicks and publishes models until
 * it is told to stop.
 */
#include "cli/command.h"
#include "cli/commands/open_registry.h"
#include "cli/commands/published_output.h"
#include "cli/commands/settings.h"
#include "cli/online/online_check.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/kafka/kafka_files.h"

#include "cli/serve/service.h"
#include "cli/versions.h"
#include "consumer/train/trainer.h"
#include "consumer/train/trainer_metrics.h"

#include <inttypes.h>
#include <string.h>

struct train_settings {
    struct trainer_config trainer;
    /* What the table can hold; the trainer counts in signed ms. */
    struct intake_times times;
    uint64_t history_ms, every_ms, publish_ms, evaluation_ms;
    struct service_settings service;
    struct registry_settings registry;
};

#define FIELD(f)                                                               \
    offsetof(struct train_settings, f), sizeof(((struct train_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    TOPIC_IMPRESSIONS_KEY(trainer.impressions),
    TOPIC_LABELS_KEY(trainer.labels),
    TOPIC_DEAD_LETTERS_KEY(trainer.dead_letters),
    TOPIC_MODEL_KEYS(trainer.models, trainer.chunks),
    TOPIC_PREDICTIONS_KEY(trainer.predictions),
    TOPIC_EVALUATIONS_KEY(trainer.evaluations),
    IMPRESSION_FIELD_KEYS(trainer.intake.fields),
    FORMAT_IMPRESSIONS_KEYS(trainer.intake.fields),
    FORMAT_LABELS_KEYS(trainer.intake.fields),
    REGISTRY_KEYS(registry),
    REGISTER_KEY(registry),
    {GROUP_FIELDS, "format.evaluations", CONFIG_CHOICE, FIELD(trainer.evaluation_output.format), "msgpack", 0, 0, EVENT_FORMAT_OUT_WORDS, "how evaluations are written; readers take all"},
    CLICK_FIELD_KEY(trainer.intake.fields),
    ANONYMOUS_FIELD_KEY(trainer.intake.fields),
    {GROUP_MODEL, "model.name", CONFIG_TEXT, FIELD(trainer.name), "click", 1, 0, NULL, "name under which models are published; run one trainer for each name"},
    {GROUP_MODEL, "model.algorithm", CONFIG_TEXT, FIELD(trainer.algorithm), "svd", 1, 0, NULL, "algorithm that is fit"},
    {GROUP_MODEL, "model.params", CONFIG_TEXT, FIELD(trainer.params), "", 0, 0, NULL, "its parameters, as 'factors=20 epochs=20'; empty: their defaults"},
    {GROUP_MODEL | RARE, "model.seed", CONFIG_U64, FIELD(trainer.seed), "1", 0, 4294967295.0, NULL, "seed of the model's random numbers"},
    {GROUP_MODEL | RARE, "model.low", CONFIG_F64, FIELD(trainer.scale.low), "0", -1e9, 1e9, NULL, "lowest prediction"},
    {GROUP_MODEL | RARE, "model.high", CONFIG_F64, FIELD(trainer.scale.high), "1", -1e9, 1e9, NULL, "highest prediction"},
    SIGNING_KEY_KEY(trainer.signing_key),
    {GROUP_MODEL | RARE, "model.chunk_bytes", CONFIG_U32, FIELD(trainer.chunk_bytes), "524288", 1024, 900000, NULL, "size of a published record"},
    {GROUP_LEARNING, "retrain.every_ms", CONFIG_U64, FIELD(every_ms), "60000", 0, TEN_YEARS_MS, NULL, "time between two models while there are new rows; 0: only retrain.rows decides"},
    {GROUP_LEARNING, "publish.every_ms", CONFIG_U64, FIELD(publish_ms), "60000", 0, TEN_YEARS_MS, NULL, "time between two deltas, which bring scorers what fields, and the biases of baseline, svd and svdpp, learned since the newest snapshot (retrain.every_ms); 0: there are none, and biases stay as they were fitted"},
    {GROUP_LEARNING, "retrain.rows", CONFIG_U64, FIELD(trainer.retrain_rows), "0", 0, 2147483647, NULL, "number of new rows that starts a fit; 0: only retrain.every_ms decides"},
    {GROUP_LEARNING | RARE, "retrain.min_rows", CONFIG_U64, FIELD(trainer.retrain_rows_min), "100", 1, 2147483647, NULL, "least number of rows to train on"},
    {GROUP_LEARNING, "exit.at_end", CONFIG_BOOL, FIELD(trainer.once), "false", 0, 0, NULL, "learn once from the records that are there now, publish, and exit"},
    {GROUP_LEARNING, "history_ms", CONFIG_U64, FIELD(history_ms), "0", 0, TEN_YEARS_MS, NULL, "how far back reading starts; 0: at the beginning of the topics"},
    {GROUP_LEARNING, "join", CONFIG_CHOICE, FIELD(trainer.intake.mode), "impressions", 0, 0, JOIN_MODE_WORDS, "labels meet impressions by id, or carry user and ad themselves"},
    JOIN_KEYS(trainer.intake, times),
    TRAINING_KEYS(trainer.intake, times),
    {GROUP_LEARNING | RARE, "merge.linger_ms", CONFIG_U32, FIELD(trainer.linger_ms), "500", 0, 60000, NULL, "how long a live record waits for older ones of other partitions"},
    {GROUP_LEARNING | RARE, "bad_records", CONFIG_CHOICE, FIELD(trainer.bad_records), "dlq", 0, 0, BAD_RECORDS_WORDS, "labels that cannot be read go to the dead letters, are skipped, or stop the trainer (65)"},
    {GROUP_MEASURES | RARE, "holdout", CONFIG_F64, FIELD(trainer.holdout), "0.1", 0, 0.9, NULL, "share of the newest rows that a model is measured on before it is fit again on all rows and published; 0: it is not measured"},
    {GROUP_MEASURES | RARE, "calibrate", CONFIG_BOOL, FIELD(trainer.calibrate), "true", 0, 0, NULL, "turn scores into click probabilities (Platt) on rows of the holdout, where these say enough; labels 0..1 only"},
    {GROUP_MEASURES, "evaluate", CONFIG_BOOL, FIELD(trainer.evaluate), "true", 0, 0, NULL, "judge the models in service by their predictions, window by window"},
    {GROUP_MEASURES | RARE, "evaluation.window_ms", CONFIG_U64, FIELD(evaluation_ms), "3600000", 1000, TEN_YEARS_MS, NULL, "event time of a window; it is judged join.window_ms + join.late_ms after its end"},
    {GROUP_LIMITS | RARE, "evaluation.max_rows", CONFIG_U32, FIELD(trainer.evaluation_rows), "2000000", 1, 500000000, NULL, "impressions of windows that are not judged yet, about 80 bytes each; when more come, the oldest window is judged early"},
    FETCH_MEMORY_KEY(trainer.buffer_bytes),
    {GROUP_LIMITS | RARE, "dead_letters.max_share", CONFIG_F64, FIELD(trainer.bad_share_max), "0.5", 0, 1, NULL, "share of a partition's last 10000 labels; when more are bad, it gets 60 dead letters a minute"},
    SERVICE_KEYS(service, "9465"),
    CONFIG_WAS("once", "exit.at_end"),
    CONFIG_WAS("evaluation.rows", "evaluation.max_rows"),
    CONFIG_END,
};
/* clang-format on */

static bool is_live(void *context, char *why, size_t size)
{
    return trainer_is_live(context, why, size);
}

static bool is_ready(void *context, char *why, size_t size)
{
    return trainer_is_ready(context, why, size);
}

static int serve(struct service *service, struct trainer *trainer,
                 struct kafka_files *files, struct error *err)
{
    while (service_goes_on(service) && trainer_is_running(trainer)) {
        if (stop_take_nudge())
            trainer_request(trainer);
        if (kafka_files_look(files, clock_monotonic_ms(), err) < 0)
            return -1;
    }
    return 0;
}

/* Waits for the trainer and logs the books of its join. */
static int finish(struct trainer *trainer, struct error *err)
{
    struct trainer_counts total;

    trainer_stop(trainer);
    int status = trainer_join(trainer, &total, err);
    const struct join_books *books = &total.books;
    log_info("learned",
             "models=%" PRIu64 " impressions=%" PRIu64 " positive=%" PRIu64
             " negative=%" PRIu64 " unknown=%" PRIu64 " open=%" PRIu64
             " given_up=%" PRIu64 " repeated=%" PRIu64,
             total.models.published, books->impressions, books->positive,
             books->negative, books->unknown, books->open, books->given_up,
             books->repeated);
    log_info(
        "labels",
        "labels=%" PRIu64 " joined=%" PRIu64 " late=%" PRIu64
        " duplicate=%" PRIu64 " contradicted=%" PRIu64 " corrected=%" PRIu64
        " orphan=%" PRIu64 " waiting=%" PRIu64 " given_up=%" PRIu64
        " bad_records=%" PRIu64 " dead_letters=%" PRIu64,
        books->labels, books->joined, books->late, books->duplicate,
        books->contradicted, books->corrected, books->orphan, books->waiting,
        books->labels_given_up, total.bad, total.letters.sent);
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
    config->publish_every_ms = (int64_t)settings->publish_ms;
}

/* Nothing is written where nothing is judged. */
static struct published_output output_of(const struct train_settings *settings)
{
    const struct trainer_config *config = &settings->trainer;
    const bool judges = config->evaluate && config->intake.mode != JOIN_LABELS;

    return published_evaluations(judges ? config->evaluations : "",
                                 &settings->registry);
}

static int start_registry(struct train_settings *settings,
                          struct metrics *metrics, struct schema_registry **out,
                          struct error *err)
{
    const struct published_output output = output_of(settings);

    if (published_output_find(&output, &settings->trainer.evaluation_output,
                              err) < 0)
        return -1;
    return open_registry(&settings->registry, NULL, metrics, TRAINER_REGISTRY,
                         &settings->trainer.intake.fields, out, err);
}

static int run(const struct invocation *with, void *context, struct error *err)
{
    struct train_settings *settings = context;
    struct kafka_files *files = NULL;
    struct metrics *metrics = NULL;
    struct trainer *trainer = NULL;
    struct schema_registry *registry = NULL;
    struct service *service = NULL;
    struct error late;

    take_settings(settings, &with->kafka);
    if (service_prepare(&settings->service, err) < 0 ||
        kafka_files_note(&with->kafka, &files, err) < 0)
        return -1;
    if (metrics_new(trainer_metric_families, &metrics, err) < 0) {
        kafka_files_free(files);
        return -1;
    }
    int status = start_registry(settings, metrics, &registry, err);
    if (status == 0)
        status = trainer_start(&settings->trainer, metrics, &trainer, err);
    if (status == 0) {
        struct metric_label build[VERSION_LABELS];
        struct service_parts parts = {.metrics = metrics,
                                      .build_info = TRAINER_BUILD_INFO,
                                      .build = build,
                                      .live = is_live,
                                      .ready = is_ready,
                                      .context = trainer};
        versions_label(build);
        status = service_start(&settings->service, &parts, &service, err);
    }
    if (status == 0) {
        log_info("training", "impressions=%s labels=%s algorithm=%s name=%s",
                 settings->trainer.impressions, settings->trainer.labels,
                 settings->trainer.algorithm, settings->trainer.name);
        status = serve(service, trainer, files, err);
    }
    service_stop(service);
    if (trainer)
        status =
            service_first_failure(status, err, finish(trainer, &late), &late);
    schema_registry_close(registry);
    metrics_free(metrics);
    kafka_files_free(files);
    return status < 0 ? -1 : stop_exit_status();
}

static int check(const void *of, struct error *err)
{
    const struct train_settings *settings = of;

    const struct published_output output = output_of(settings);

    if (service_check(&settings->service, err) < 0 ||
        registry_settings_check(&settings->registry, err) < 0 ||
        published_output_check(&output, &settings->trainer.evaluation_output,
                               err) < 0)
        return -1;
    return trainer_check(&settings->trainer, err);
}

static void ask(const void *of, struct online_check *check)
{
    const struct train_settings *settings = of;
    const struct trainer_config *config = &settings->trainer;
    const struct published_output output = output_of(settings);
    const bool reads_impressions = config->intake.mode != JOIN_LABELS;
    const struct transactional_work work[] = {
        {"trainer", config->name, NULL, 0, NULL},
        {"manifests", config->name, NULL, 0, NULL},
    };
    struct signing_key key;
    struct error fault;

    if (reads_impressions)
        online_ask_topic(check, "topic.impressions", config->impressions,
                         TOPIC_IS_READ);
    online_ask_topic(check, "topic.labels", config->labels, TOPIC_IS_READ);
    if (config->bad_records == BAD_DLQ)
        online_ask_topic(check, "topic.dead_letters", config->dead_letters,
                         TOPIC_IS_WRITTEN);
    online_ask_topic(check, "topic.models", config->models,
                     TOPIC_IS_READ | TOPIC_IS_WRITTEN);
    online_ask_topic(check, "topic.chunks", config->chunks, TOPIC_IS_WRITTEN);
    if (config->evaluate && reads_impressions) {
        online_ask_topic(check, "topic.predictions", config->predictions,
                         TOPIC_IS_READ | TOPIC_IS_OPTIONAL);
        online_ask_topic(check, "topic.evaluations", config->evaluations,
                         TOPIC_IS_READ | TOPIC_IS_WRITTEN | TOPIC_IS_OPTIONAL);
        published_output_ask(&output, &config->evaluation_output, check);
    }
    for (size_t i = 0; i < sizeof(work) / sizeof(work[0]); i++)
        online_ask_transactions(check, &work[i], SNAPSHOT_TRANSACTION_MS);
    if (signing_key_read(config->signing_key, &key, &fault) < 0)
        online_note(check, "signing.key", &fault);
    explicit_bzero(&key, sizeof(key));
}

const struct command train_command = {
    .name = "train",
    .summary = "learn from clicks and publish models",
    .examples =
        "Examples:\n"
        "  pctr train -b localhost:9092 --model.params='factors=20 epochs=20'\n"
        "  pctr train -b localhost:9092 --exit.at_end "
        "--model.algorithm=baseline\n"
        "  pctr train -b localhost:9092 --model.algorithm=fields "
        "--model.params='fields=user+ad+position'\n",
    .help = "Reads impressions and labels from the beginning (or history_ms "
            "back), joins them in event time, and fits and publishes a model "
            "again and again. Where there are predictions, it publishes how "
            "good they were for each window of event time (topic.evaluations, "
            "/metrics). All state is on Kafka; no consumer group is used.\n"
            "\n"
            "The model 'fields' learns each label when it comes, and each "
            "impression whose window closes without one; every "
            "retrain.every_ms it is published as it is then, and every "
            "publish.every_ms in between as a delta, which has what changed "
            "and reaches the scorers sooner. It is measured by "
            "what it said before it learned (holdout and calibrate do "
            "nothing). When the trainer starts again it goes on from the "
            "newest model, if that was made with the same parameters, and "
            "reads no more than it has to; history_ms counts only where it "
            "begins anew. Without the parameter start, the first 1000 labels "
            "say where it begins.\n"
            "\n"
            "The models 'baseline', 'svd' and 'svdpp' are fitted, and between "
            "two fits the biases of their users and ads go on with each "
            "label: who is new has a bias before the next fit. These biases "
            "reach the scorers as deltas, too; with publish.every_ms=0 the "
            "model stays as it was fitted.\n"
            "\n"
            "SIGTERM cancels a fit under way and leaves; SIGUSR1 learns at "
            "once. Of two trainers of one model name the younger one stays. "
            "Exit status: 0 done, 65 bad records, 69 no broker or topic, or "
            "(with --exit.at_end) too little to learn from, 75 start again, 77 "
            "not allowed, 78 a setting is wrong, 79 a younger trainer has "
            "taken over.\n",
    .keys = keys,
    .settings_size = sizeof(struct train_settings),
    .kafka = KAFKA_ALWAYS,
    .check = check,
    .ask = ask,
    .run = run,
};
