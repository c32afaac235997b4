#include "cli/online/online_check.h"

#include "common/base/attributes.h"
#include "common/base/memory_limit.h"
#include "common/kafka/kafka_question.h"

#include "consumer/models/snapshot_cache.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum {
    ASK_MS = 10000,
    MODEL_MS = 60000,
    /* What stands around the records of an answer. */
    ANSWER_HEAD_BYTES = 512,
};

/* --- Lines ------------------------------------------------------------ */

static void tell(const struct online_check *check, const char *state,
                 const char *question, const char *format, ...)
    PRINTF_LIKE(4, 5);

static void tell_all(const struct online_check *check, const char *state,
                     const char *question, const char *format,
                     va_list arguments) PRINTF_LIKE(4, 0);

static void tell_all(const struct online_check *check, const char *state,
                     const char *question, const char *format,
                     va_list arguments)
{
    fprintf(check->out, "%-8s %-20s ", state, question);
    vfprintf(check->out, format, arguments);
    fputc('\n', check->out);
}

static void tell(const struct online_check *check, const char *state,
                 const char *question, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tell_all(check, state, question, format, arguments);
    va_end(arguments);
}

void online_tell(const struct online_check *check, const char *question,
                 const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tell_all(check, "ok", question, format, arguments);
    va_end(arguments);
}

/* What passes by itself weighs less than what a person has to mend. */
static int weight(enum error_code code)
{
    switch (code) {
    case ERROR_NONE:
        return 0;
    case ERROR_UNAVAILABLE:
    case ERROR_TEMPORARY:
        return 1;
    case ERROR_STOPPED:
        return 3;
    default:
        return 2;
    }
}

void online_note(struct online_check *check, const char *question,
                 const struct error *fault)
{
    tell(check, "problem", question, "%s", fault->text);
    if (weight(fault->code) > weight(check->worst.code)) {
        check->worst = *fault;
        error_wrap(&check->worst, "%s", question);
    }
    check->is_over |= fault->code == ERROR_STOPPED;
}

#define PROBLEM(check, question, code, ...)                                    \
    do {                                                                       \
        struct error problem;                                                  \
        error_set(&problem, code, __VA_ARGS__);                                \
        online_note(check, question, &problem);                                \
    } while (0)

/* --- Topics ----------------------------------------------------------- */

static void ask_copies(struct online_check *check, const char *setting,
                       const struct kafka_topic *topic)
{
    int64_t least = topic->min_insync_replicas;

    if (least > topic->replicas)
        PROBLEM(check, setting, ERROR_CONFIG,
                "min.insync.replicas=%" PRId64 " of %" PRId32
                " copies: no record is ever accepted; lower it, or give the "
                "topic more copies",
                least, topic->replicas);
    else if (least > topic->insync_replicas)
        PROBLEM(check, setting, ERROR_UNAVAILABLE,
                "a partition has %" PRId32
                " copies in sync, and min.insync.replicas=%" PRId64
                ": no record is accepted until more brokers are back",
                topic->insync_replicas, least);
    else
        tell(check, "ok", setting, "min.insync.replicas=%" PRId64, least);
}

static void ask_written_size(struct online_check *check, const char *setting,
                             const struct kafka_topic *topic)
{
    int64_t ours = kafka_property_number(check->kafka, KAFKA_PRODUCER,
                                         "message.max.bytes");

    if (topic->max_message_bytes < ours)
        PROBLEM(check, setting, ERROR_CONFIG,
                "max.message.bytes=%" PRId64
                ", and a batch of ours may have %" PRId64
                ": raise it, or lower -X producer.message.max.bytes",
                topic->max_message_bytes, ours);
    else
        tell(check, "ok", setting,
             "max.message.bytes=%" PRId64 " takes our batches of %" PRId64,
             topic->max_message_bytes, ours);
}

static void ask_read_size(struct online_check *check, const char *setting,
                          const struct kafka_topic *topic)
{
    int64_t ours = kafka_property_number(check->kafka, KAFKA_CONSUMER,
                                         "receive.message.max.bytes");

    if (topic->max_message_bytes + ANSWER_HEAD_BYTES > ours)
        PROBLEM(check, setting, ERROR_CONFIG,
                "max.message.bytes=%" PRId64
                ", and receive.message.max.bytes=%" PRId64
                " takes no batch that large: raise -X "
                "consumer.receive.message.max.bytes",
                topic->max_message_bytes, ours);
}

static void ask_right_to_read(struct online_check *check, const char *setting,
                              const char *name)
{
    struct error fault;

    if (kafka_ask_read(check->kafka, name, ASK_MS, &fault) < 0)
        online_note(check, setting, &fault);
    else
        tell(check, "ok", setting, "may be read");
}

static void ask_existing(struct online_check *check, const char *setting,
                         const struct kafka_topic *topic, unsigned use)
{
    tell(check, "ok", setting,
         "'%s': %" PRId32 " partitions, %" PRId32 " copies", topic->name,
         topic->partitions, topic->replicas);
    if (topic->leaderless > 0)
        PROBLEM(check, setting, ERROR_UNAVAILABLE,
                "%" PRId32 " partitions have no leader: are brokers down?",
                topic->leaderless);
    else if (use & TOPIC_IS_READ)
        ask_right_to_read(check, setting, topic->name);
    if (use & TOPIC_IS_WRITTEN)
        tell(check, "unasked", setting,
             "the right to write (Write): asking would write a record");
    if (!topic->configured) {
        tell(check, "unasked", setting,
             "sizes and copies in sync: the broker does not show the topic's "
             "settings (DescribeConfigs)");
        return;
    }
    if (use & TOPIC_IS_WRITTEN) {
        ask_copies(check, setting, topic);
        ask_written_size(check, setting, topic);
    }
    if (use & TOPIC_IS_READ)
        ask_read_size(check, setting, topic);
}

void online_ask_topic(struct online_check *check, const char *setting,
                      const char *name, unsigned use)
{
    struct kafka_topic topic;
    struct error fault;

    if (check->is_over || !name[0])
        return;
    if (kafka_topic_describe(check->kafka, name, ASK_MS, &topic, &fault) == 0) {
        ask_existing(check, setting, &topic, use);
        return;
    }
    if ((use & TOPIC_IS_OPTIONAL) &&
        (topic.is_missing || fault.code == ERROR_AUTH)) {
        tell(check, "ok", setting, "goes without it: %s", fault.text);
        return;
    }
    online_note(check, setting, &fault);
    check->is_over |= fault.code == ERROR_UNAVAILABLE && !topic.is_missing;
}

/* --- Groups and transactions ------------------------------------------ */

void online_ask_group(struct online_check *check, const char *group,
                      const char *topic)
{
    struct error fault;

    if (check->is_over)
        return;
    if (kafka_ask_offsets(check->kafka, group, topic, ASK_MS, &fault) < 0) {
        online_note(check, "group", &fault);
        return;
    }
    tell(check, "ok", "group", "'%s': its offsets may be read", group);
    tell(check, "unasked", "group",
         "the right to join it (Read): asking would disturb its members");
}

void online_ask_transactions(struct online_check *check,
                             const struct transactional_work *work,
                             uint32_t timeout_ms)
{
    static const char *const question = "transactions";
    static const char *const topics[] = {"check-config", NULL};
    struct transactional_work asked = *work;
    char id[TRANSACTIONAL_ID_SIZE];
    struct error fault;

    if (check->is_over || !kafka_has_transactions(check->kafka))
        return;
    asked.topics = topics; /* so the digest is nobody else's */
    transactional_id_of(&asked, id);
    if (kafka_ask_transactions(check->kafka, id, timeout_ms, ASK_MS, &fault) ==
        0) {
        tell(check, "ok", question,
             "as '%s', with transaction.timeout.ms=%" PRIu32, id, timeout_ms);
        return;
    }
    if (fault.code == ERROR_CONFIG)
        error_wrap(&fault,
                   "transactions of %" PRIu32
                   " ms are longer than the broker's "
                   "transaction.max.timeout.ms",
                   timeout_ms);
    else
        error_wrap(&fault, "'%s'", id);
    online_note(check, question, &fault);
}

/* --- Models ----------------------------------------------------------- */

static void tell_no_model(struct online_check *check, const char *name,
                          enum online_need need)
{
    if (need == MODEL_IS_NEEDED)
        PROBLEM(check, "model", ERROR_UNAVAILABLE,
                "'%s' is not published yet, and no_model.policy is to wait",
                name);
    else
        tell(check, "ok", "model", "'%s' is not published yet", name);
}

/* Packed, unpacked and as a model at once, beside the model in service; maps of
 * ids take as much again as their bytes. */
static uint64_t bytes_to_serve(const struct manifest *manifest)
{
    return manifest->packed_size + UINT64_C(4) * manifest->size;
}

/* What does not fit is not even tried: the system might end us. */
static int check_memory(const struct manifest *manifest, struct error *err)
{
    uint64_t needed = bytes_to_serve(manifest), limit = memory_limit();

    if (needed <= limit)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "version %" PRIu64 " has %" PRIu64
                     " bytes, serving it may take %" PRIu64
                     ", and a process may have %" PRIu64
                     " here: raise the limit of memory, or train a smaller "
                     "model (factors, training.max_ids)",
                     manifest->epoch, (uint64_t)manifest->size, needed, limit);
}

static int load_model(struct online_check *check, struct snapshot_cache *cache,
                      const struct manifest *manifest, struct error *err)
{
    struct model_state state = {.version = manifest->epoch};
    struct cached_model found;

    if (check_memory(manifest, err) < 0)
        return -1;
    memcpy(state.hash, manifest->sha256.bytes, MODEL_HASH_SIZE);
    if (snapshot_cache_get(cache, &state, &found, err) < 0)
        return -1;
    if (found.result != CACHE_FOUND)
        return error_set(
            err, found.result == CACHE_GONE ? ERROR_UNAVAILABLE : ERROR_FORMAT,
            "version %" PRIu64 " cannot be loaded: %s", manifest->epoch,
            found.why);
    tell(check, "ok", "model", "'%s' version %" PRIu64 ", %s: loaded, %s",
         manifest->name, manifest->epoch, manifest->algorithm,
         manifest->is_signed ? "signed" : "not signed");
    return 0;
}

static void ask_published(struct online_check *check,
                          struct snapshot_cache *cache, enum online_need need,
                          const char *name)
{
    struct snapshot_reader *reader = snapshot_cache_reader(cache);
    const struct manifest *wanted = snapshot_reader_wanted(reader);
    const char *refusal = snapshot_reader_newest_refusal(reader);
    struct error fault;

    if (refusal)
        PROBLEM(check, "model", ERROR_FORMAT,
                "the newest manifest or pin is refused: %s", refusal);
    if (wanted && load_model(check, cache, wanted, &fault) < 0)
        online_note(check, "model", &fault);
    else if (!wanted && snapshot_reader_pinned(reader) > 0)
        PROBLEM(check, "model", ERROR_UNAVAILABLE,
                "version %" PRIu64 " is pinned and not published",
                snapshot_reader_pinned(reader));
    else if (!wanted && !refusal)
        tell_no_model(check, name, need);
}

void online_ask_model(struct online_check *check,
                      const struct snapshot_reader_config *reader,
                      enum online_need need)
{
    const struct snapshot_cache_config config = {
        .reader = *reader, .bytes_max = 1, .timeout_ms = MODEL_MS};
    struct snapshot_cache *cache = NULL;
    struct error fault;

    if (check->is_over)
        return;
    if (snapshot_cache_open(&config, &cache, &fault) < 0) {
        online_note(check, "model", &fault);
        return;
    }
    ask_published(check, cache, need, reader->name);
    snapshot_cache_close(cache);
}

int online_check_end(const struct online_check *check, struct error *err)
{
    if (check->worst.code == ERROR_NONE)
        return 0;
    *err = check->worst;
    return -1;
}
