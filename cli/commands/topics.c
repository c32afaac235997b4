/*
 * topics.c - `pctr topics` creates the topics that the other commands
 * use, and says what is wrong with those that are there.
 */
#include "cli/command.h"
#include "cli/commands/settings.h"

#include "common/base/clock.h"
#include "common/base/offset_range.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    NAME_SIZE = 250,
    /* A chunk of a snapshot is 512 KiB; key, headers and batch come on top. */
    CHUNK_RECORD_BYTES = 540 * 1024,
    TOPIC_COUNT = 7,
};

struct topics_settings {
    char impressions[NAME_SIZE], labels[NAME_SIZE], predictions[NAME_SIZE];
    char dead_letters[NAME_SIZE], models[NAME_SIZE], chunks[NAME_SIZE];
    char evaluations[NAME_SIZE];
    uint32_t partitions, replicas, timeout_ms;
    uint64_t chunks_bytes;
    bool history, check;
};

#define FIELD(f)                                                               \
    offsetof(struct topics_settings, f),                                       \
        sizeof(((struct topics_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_DATA, "check",            CONFIG_BOOL, FIELD(check),        "false", 0, 0, NULL, "create nothing, only check"},
    {GROUP_DATA, "partitions",       CONFIG_U32,  FIELD(partitions),   "8", 1, 512, NULL, "partitions of each topic of events: the most scoring threads that can share the work"},
    {GROUP_DATA, "replicas",         CONFIG_U32,  FIELD(replicas),     "0", 0, 100, NULL, "copies of each partition; 0: the default of the cluster"},
    {GROUP_DATA, "history",          CONFIG_BOOL, FIELD(history),      "false", 0, 0, NULL, "keep events for ever (retention.ms=-1), as feeding or replaying old ones needs it"},
    {GROUP_DATA | RARE, "chunks.max_bytes", CONFIG_U64,  FIELD(chunks_bytes), "4294967296", 1048576, 1099511627776, NULL, "bytes of old models that are kept"},
    TOPIC_IMPRESSIONS_KEY(impressions),
    TOPIC_LABELS_KEY(labels),
    TOPIC_PREDICTIONS_KEY(predictions),
    TOPIC_DEAD_LETTERS_KEY(dead_letters),
    TOPIC_MODEL_KEYS(models, chunks),
    TOPIC_EVALUATIONS_KEY(evaluations),
    TIMEOUT_KEY(timeout_ms, "10000"),
    CONFIG_END,
};
/* clang-format on */

enum { SETTLE_MS = 200 };

enum kind { KIND_EVENTS, KIND_MANIFESTS, KIND_CHUNKS, KIND_EVALUATIONS };

struct wanted {
    const char *name;
    enum kind kind;
    struct kafka_topic_plan plan;
};

/* The state of one topic after it was created or looked at. */
struct outcome {
    struct kafka_topic topic;
    const char *state;  /* "created", "ok", "missing", "refused" */
    struct error fault; /* with "missing" and "refused" */
};

/* --- What is wanted --------------------------------------------------- */

static void add_config(struct kafka_topic_plan *plan, const char *name,
                       const char *value)
{
    size_t i = 0;

    while (plan->configs[i][0])
        i++;
    plan->configs[i][0] = name;
    plan->configs[i][1] = value;
}

static struct wanted want(const struct topics_settings *settings,
                          const char *name, enum kind kind)
{
    return (struct wanted){
        .name = name,
        .kind = kind,
        .plan = {.name = name,
                 .partitions =
                     kind == KIND_EVENTS ? (int32_t)settings->partitions : 1,
                 .replicas =
                     settings->replicas > 0 ? (int32_t)settings->replicas : -1},
    };
}

static void plan_all(const struct topics_settings *settings,
                     const char *chunks_bytes, struct wanted all[TOPIC_COUNT])
{
    all[0] = want(settings, settings->impressions, KIND_EVENTS);
    all[1] = want(settings, settings->labels, KIND_EVENTS);
    all[2] = want(settings, settings->predictions, KIND_EVENTS);
    all[3] = want(settings, settings->dead_letters, KIND_EVENTS);
    all[4] = want(settings, settings->models, KIND_MANIFESTS);
    all[5] = want(settings, settings->chunks, KIND_CHUNKS);
    all[6] = want(settings, settings->evaluations, KIND_EVALUATIONS);
    for (size_t i = 0; i < 4 && settings->history; i++)
        add_config(&all[i].plan, "retention.ms", "-1");
    add_config(&all[4].plan, "cleanup.policy", "compact");
    add_config(&all[6].plan, "cleanup.policy", "compact");
    /* The broker's clock says when a model became available. */
    add_config(&all[4].plan, "message.timestamp.type", "LogAppendTime");
    add_config(&all[5].plan, "message.timestamp.type", "LogAppendTime");
    /* A quiet trainer's last model must not expire. */
    add_config(&all[5].plan, "retention.ms", "-1");
    add_config(&all[5].plan, "retention.bytes", chunks_bytes);
}

/* --- What is wrong with what is there --------------------------------- */

static int refuse(const struct kafka_topic *topic, const char *config,
                  const char *reason, struct error *err)
{
    return error_set(err, ERROR_CONFIG,
                     "topic '%s' %s: kafka-configs.sh --alter --entity-type "
                     "topics --entity-name %s --add-config %s",
                     topic->name, reason, topic->name, config);
}

static int check_single(const struct kafka_topic *topic, struct error *err)
{
    if (topic->partitions == 1)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "topic '%s' has %" PRId32
                     " partitions and must have 1: models come in one order; "
                     "delete it or name another",
                     topic->name, topic->partitions);
}

static int check_events(const struct topics_settings *settings,
                        const struct kafka_topic *topic, struct error *err)
{
    if (topic->configured && settings->history && topic->retention_ms != -1)
        return refuse(topic, "retention.ms=-1",
                      "would delete old events in silence", err);
    if (topic->configured && topic->compacted)
        return refuse(topic, "cleanup.policy=delete",
                      "is compacted and would lose events", err);
    if (topic->partitions > PARTITIONS_MAX / 2)
        return error_set(err, ERROR_CONFIG,
                         "topic '%s' has %" PRId32
                         " partitions and may have %d: trainer and replay read "
                         "two such topics together, and at most %d partitions",
                         topic->name, topic->partitions, PARTITIONS_MAX / 2,
                         PARTITIONS_MAX);
    return 0;
}

static int check_manifests(const struct kafka_topic *topic, struct error *err)
{
    if (topic->configured && !topic->compacted)
        return refuse(topic, "cleanup.policy=compact",
                      "must be compacted, or the newest model expires", err);
    return check_single(topic, err);
}

static int check_chunks(const struct kafka_topic *topic, struct error *err)
{
    if (topic->configured && topic->max_message_bytes < CHUNK_RECORD_BYTES)
        return refuse(topic, "max.message.bytes=1048588",
                      "takes no records of 512 KiB", err);
    if (topic->configured && topic->compacted)
        return refuse(topic, "cleanup.policy=delete",
                      "is compacted and would lose parts of models", err);
    return check_single(topic, err);
}

static int check_evaluations(const struct kafka_topic *topic, struct error *err)
{
    if (topic->configured && !topic->compacted)
        return refuse(topic, "cleanup.policy=compact",
                      "must be compacted, or old figures expire", err);
    return 0;
}

/* With as many copies in sync as there are, one broker that is away stops all
 * writers. */
static int check_copies(const struct topics_settings *settings,
                        const struct kafka_topic *topic, struct error *err)
{
    if (settings->replicas > 0 &&
        topic->replicas != (int32_t)settings->replicas)
        return error_set(err, ERROR_CONFIG,
                         "topic '%s' has %" PRId32 " copies and not %" PRIu32
                         ": kafka-reassign-partitions.sh changes that",
                         topic->name, topic->replicas, settings->replicas);
    if (topic->configured && topic->replicas > 1 &&
        topic->min_insync_replicas >= topic->replicas)
        return refuse(topic, "min.insync.replicas=2",
                      "stops when one broker is away: as many copies must be "
                      "in sync as there are",
                      err);
    return 0;
}

static int check_topic(const struct topics_settings *settings, enum kind kind,
                       const struct kafka_topic *topic, struct error *err)
{
    if (check_copies(settings, topic, err) < 0)
        return -1;
    switch (kind) {
    case KIND_EVENTS:
        return check_events(settings, topic, err);
    case KIND_MANIFESTS:
        return check_manifests(topic, err);
    case KIND_CHUNKS:
        return check_chunks(topic, err);
    case KIND_EVALUATIONS:
        return check_evaluations(topic, err);
    }
    return 0;
}

/* --- Doing it --------------------------------------------------------- */

/* The broker that is asked may not have heard yet of a topic that another one
 * has just made. */
static int describe(const struct kafka_settings *kafka,
                    const struct topics_settings *settings, const char *name,
                    bool created, struct outcome *outcome)
{
    int64_t until_ms = clock_monotonic_ms() + settings->timeout_ms;
    int status;

    for (;;) {
        status = kafka_topic_describe(kafka, name, settings->timeout_ms,
                                      &outcome->topic, &outcome->fault);
        if (status == 0 || !created || !outcome->topic.is_missing ||
            clock_monotonic_ms() >= until_ms)
            return status;
        outcome->fault = (struct error){ERROR_NONE, ""};
        clock_sleep_ms(SETTLE_MS);
    }
}

/* Fails only where the other topics could not be settled either. A fault of the
 * topic itself goes into the outcome. */
static int settle(const struct kafka_settings *kafka,
                  const struct topics_settings *settings,
                  const struct wanted *wanted, struct outcome *outcome,
                  struct error *err)
{
    bool created = false;

    if (!settings->check &&
        kafka_topic_create(kafka, &wanted->plan, settings->timeout_ms, &created,
                           err) < 0)
        return -1;
    outcome->state = created ? "created" : "ok";
    if (describe(kafka, settings, wanted->name, created, outcome) < 0) {
        *err = outcome->fault;
        outcome->state = "missing";
        return outcome->topic.is_missing ? 0 : -1;
    }
    if (check_topic(settings, wanted->kind, &outcome->topic, &outcome->fault) <
        0)
        outcome->state = "refused";
    return 0;
}

static void print_retention(const struct kafka_topic *topic, enum kind kind,
                            char *out, size_t size)
{
    if (!topic->configured)
        snprintf(out, size, "-");
    else if ((kind == KIND_MANIFESTS || kind == KIND_EVALUATIONS) &&
             topic->compacted)
        snprintf(out, size, "newest of each key");
    else if (topic->retention_ms < 0)
        snprintf(out, size, "for ever");
    else
        snprintf(out, size, "%.1f days",
                 (double)topic->retention_ms / (24 * 3600 * 1000.0));
}

static void print_outcome(const struct wanted *wanted,
                          const struct outcome *outcome)
{
    char retention[32];

    print_retention(&outcome->topic, wanted->kind, retention,
                    sizeof(retention));
    printf("%-24s %10" PRId32 " %7" PRId32 "  %-18s  %s\n", wanted->name,
           outcome->topic.partitions, outcome->topic.replicas, retention,
           outcome->state);
}

static int report(const struct outcome outcomes[TOPIC_COUNT], struct error *err)
{
    const struct outcome *first = NULL;
    size_t faults = 0;

    for (size_t i = TOPIC_COUNT; i-- > 0;) {
        if (outcomes[i].fault.code) {
            first = &outcomes[i];
            faults++;
        }
    }
    if (!first)
        return 0;
    *err = first->fault;
    return faults == 1 ? -1 : error_wrap(err, "%zu topics, first", faults);
}

static int run(const struct invocation *with, void *settings_of_command,
               struct error *err)
{
    const struct topics_settings *settings = settings_of_command;
    struct wanted all[TOPIC_COUNT];
    struct outcome outcomes[TOPIC_COUNT] = {{.state = NULL}};
    char chunks_bytes[24];

    snprintf(chunks_bytes, sizeof(chunks_bytes), "%" PRIu64,
             settings->chunks_bytes);
    plan_all(settings, chunks_bytes, all);
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        if (settle(&with->kafka, settings, &all[i], &outcomes[i], err) < 0)
            return -1;

    printf("%-24s %10s %7s  %-18s  %s\n", "topic", "partitions", "copies",
           "kept", "state");
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        print_outcome(&all[i], &outcomes[i]);
    if (outcomes[0].topic.partitions != outcomes[2].topic.partitions)
        printf("note: predictions go to partitions by their key, because "
               "'%s' and '%s' differ in number\n",
               all[0].name, all[2].name);
    return report(outcomes, err);
}

const struct command topics_command = {
    .name = "topics",
    .summary = "create and check the topics that the other commands use",
    .examples =
        "  pctr topics -b localhost:9092 --partitions=8\n"
        "  pctr topics -b localhost:9092 --history     old events will be fed\n"
        "  pctr topics -b localhost:9092 --check       create nothing\n",
    .help = "A topic that is there stays as it is; a wrong setting of one is "
            "reported with the command that changes it.\n",
    .keys = keys,
    .settings_size = sizeof(struct topics_settings),
    .kafka = KAFKA_ALWAYS,
    .run = run,
};
