#include "consumer/letters/redrive.h"

#include "common/base/stop.h"
#include "common/kafka/transactional_id.h"

#include "consumer/letters/redrive_ledger.h"
#include "consumer/letters/redrive_letter.h"
#include "consumer/read/merge_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUFFER_BYTES = 64 * 1024 * 1024,
    WAIT_MS = 200,
    TRANSACTION_MS = 60000,
};

struct redrive {
    struct redrive_config config;
    char reasons[REDRIVE_REASONS_MAX][REDRIVE_REASON_SIZE];
    size_t reason_count;                       /* 0: all */
    const char *targets[PUBLISHER_TOPICS_MAX]; /* that are there */
    const char *gone[PUBLISHER_TOPICS_MAX];    /* that are not */
    size_t target_count, gone_count;
    struct topic_extent extent;
    struct redrive_ledger *ledger;
    int64_t *next; /* (extent.count) behind the last letter looked at */
    struct publisher *publisher;
    bool in_transaction;
    uint32_t batched;
    struct redrive_letter letter;
    struct redrive_counts counts; /* of the pass under way */
};

/* --- Opening ---------------------------------------------------------- */

static int take_reasons(struct redrive *r, struct error *err)
{
    const char *at = r->config.reasons;

    while (*at) {
        size_t size = strcspn(at, ",");
        if (size == 0 || size >= REDRIVE_REASON_SIZE ||
            strspn(at, "abcdefghijklmnopqrstuvwxyz_") < size)
            return error_set(err, ERROR_CONFIG,
                             "reason: '%s' is no list of words such as "
                             "missing,type",
                             r->config.reasons);
        if (r->reason_count == REDRIVE_REASONS_MAX)
            return error_set(err, ERROR_CONFIG, "reason: more than %d",
                             REDRIVE_REASONS_MAX);
        memcpy(r->reasons[r->reason_count++], at, size);
        at += size;
        at += *at == ',';
    }
    return 0;
}

static int find_extent(struct redrive *r, struct error *err)
{
    struct extent_query query = {.topic = r->config.dead_letters,
                                 .partition = EXTENT_ALL_PARTITIONS,
                                 .from = r->config.from,
                                 .to = r->config.to,
                                 .timeout_ms = r->config.timeout_ms};

    if (topic_extent_find(&r->config.kafka, &query, &r->extent, err) < 0)
        return -1;
    r->next = calloc(r->extent.count + 1, sizeof(*r->next));
    return r->next ? 0 : error_no_memory(err, "the redrive");
}

/* Letters of a target that is gone do not stop those of the others. */
static int find_targets(struct redrive *r, struct error *err)
{
    for (size_t t = 0; t < PUBLISHER_TOPICS_MAX - 1 && r->config.targets[t];
         t++) {
        const char *name = r->config.targets[t];
        struct kafka_topic topic;
        if (strcmp(name, r->config.dead_letters) == 0)
            return error_set(err, ERROR_CONFIG,
                             "'%s' holds the dead letters: they cannot go back "
                             "there",
                             name);
        if (kafka_topic_describe(&r->config.kafka, name, r->config.timeout_ms,
                                 &topic, err) == 0)
            r->targets[r->target_count++] = name;
        else if (err->code == ERROR_UNAVAILABLE)
            r->gone[r->gone_count++] = name;
        else
            return -1;
    }
    return 0;
}

/* A plan writes nothing, and does not wait for another redrive's offsets. */
static int open_ledger(struct redrive *r, struct error *err)
{
    const struct redrive_ledger_config ledger = {
        .group = r->config.group,
        .topic = r->config.dead_letters,
        .partitions = (int32_t)r->extent.count,
        .view = r->config.plan_only ? LEDGER_READS_LAST_SURE
                                    : LEDGER_AWAITS_TRANSACTIONS};

    return redrive_ledger_open(&r->config.kafka, &ledger, &r->ledger, err);
}

int redrive_open(const struct redrive_config *config, struct redrive **out,
                 struct error *err)
{
    struct redrive *r = calloc(1, sizeof(*r));

    if (!r)
        return error_no_memory(err, "the redrive");
    r->config = *config;
    if (take_reasons(r, err) < 0 || find_extent(r, err) < 0 ||
        find_targets(r, err) < 0 || open_ledger(r, err) < 0) {
        redrive_close(r);
        return -1;
    }
    *out = r;
    return 0;
}

void redrive_close(struct redrive *r)
{
    if (!r)
        return;
    publisher_close(r->publisher);
    redrive_ledger_close(r->ledger);
    topic_extent_free(&r->extent);
    free(r->next);
    free(r);
}

/* --- A letter --------------------------------------------------------- */

static bool is_asked_for(const struct redrive *r, const char *reason)
{
    for (size_t i = 0; i < r->reason_count; i++)
        if (strcmp(r->reasons[i], reason) == 0)
            return true;
    return r->reason_count == 0;
}

/* *topic is the target of a letter that can be sent. */
static enum redrive_fate judge(struct redrive *r, const struct message *message,
                               size_t *topic)
{
    const struct redrive_letter *letter = &r->letter;

    if (redrive_account_is_done(
            redrive_ledger_account(r->ledger, message->partition),
            letter->reason, message->offset))
        return REDRIVE_DONE;
    if (!is_asked_for(r, letter->reason))
        return REDRIVE_OTHER;
    if (letter->is_cut)
        return REDRIVE_TRUNCATED;
    if (!letter->topic[0] || strcmp(letter->topic, r->config.dead_letters) == 0)
        return REDRIVE_HOMELESS;
    for (*topic = 0; *topic < r->target_count; ++*topic)
        if (strcmp(letter->topic, r->targets[*topic]) == 0)
            return REDRIVE_SENT;
    for (size_t t = 0; t < r->gone_count; t++)
        if (strcmp(letter->topic, r->gone[t]) == 0)
            return REDRIVE_GONE;
    return REDRIVE_FOREIGN;
}

static int open_publisher(struct redrive *r, struct error *err)
{
    struct publisher_config config = {
        .kafka = r->config.kafka,
        .transaction_timeout_ms = TRANSACTION_MS,
        .linger_ms = 5,
    };

    const char *const topics[] = {r->config.dead_letters, NULL};
    const struct transactional_work work = {"redrive", r->config.group, NULL, 0,
                                            topics};
    transactional_id_of(&work, config.transactional_id);
    memcpy(config.topics, r->targets, sizeof(config.topics));
    return publisher_open(&config, &r->publisher, err);
}

static int begin(struct redrive *r, struct error *err)
{
    if (r->in_transaction)
        return 0;
    enum publisher_verdict verdict = publisher_begin(r->publisher, err);
    if (verdict == PUBLISHER_REBUILD) {
        publisher_close(r->publisher);
        r->publisher = NULL;
        if (open_publisher(r, err) < 0)
            return -1;
        verdict = publisher_begin(r->publisher, err);
    }
    r->in_transaction = verdict == PUBLISHER_OK;
    return r->in_transaction ? 0 : -1;
}

static int send(struct redrive *r, const struct message *message, size_t topic,
                struct error *err)
{
    const struct redrive_letter *letter = &r->letter;
    struct outgoing out = {
        .topic = topic,
        .partition = publisher_place(r->publisher, topic, letter->partition),
        .key = message->key,
        .key_size = message->key_size,
        .value = message->value,
        .value_size = message->value_size,
        .headers = letter->headers,
        .header_count = letter->header_count,
    };

    if (begin(r, err) < 0 || publisher_send(r->publisher, &out, err) < 0)
        return -1;
    r->batched++;
    return 0;
}

static int deal_with(struct redrive *r, const struct message *message,
                     struct error *err)
{
    struct record_header headers[LETTER_HEADERS_MAX];
    size_t count = message_headers(message, headers, LETTER_HEADERS_MAX);
    size_t topic = 0;

    redrive_letter_read(message, r->config.dead_letters, headers, count,
                        &r->letter);
    enum redrive_fate fate = judge(r, message, &topic);
    r->next[message->partition] = message->offset + 1;
    r->counts.letters++;
    r->counts.fates[fate]++;
    if (fate != REDRIVE_SENT)
        return 0;
    r->counts.per_topic[topic]++;
    return r->publisher ? send(r, message, topic, err) : 0;
}

/* --- Transactions ----------------------------------------------------- */

static int note_progress(struct redrive *r, struct error *err)
{
    for (size_t i = 0; i < r->extent.count; i++) {
        const struct offset_range *range = &r->extent.ranges[i];
        struct redrive_account *account =
            redrive_ledger_account(r->ledger, range->partition);
        size_t reason = 0;
        do {
            if (redrive_account_add(account, r->reasons[reason], range->first,
                                    r->next[i], err) < 0)
                return -1;
        } while (++reason < r->reason_count);
    }
    return 0;
}

/* A commit that fails is aborted: nothing of it happened, and the next run does
 * the part again. */
static int commit(struct redrive *r, struct error *err)
{
    struct error unused;

    if (begin(r, err) < 0)
        return -1;
    if (note_progress(r, err) < 0 ||
        redrive_ledger_send(r->ledger, r->publisher, err) != PUBLISHER_OK ||
        publisher_commit(r->publisher, err) != PUBLISHER_OK) {
        (void)publisher_abort(r->publisher, &unused);
        return -1;
    }
    r->in_transaction = false;
    r->batched = 0;
    return 0;
}

/* --- A pass ----------------------------------------------------------- */

/* Nothing below the account's base is worth reading. */
static void shorten(struct redrive *r, struct offset_range *ranges)
{
    for (size_t i = 0; i < r->extent.count; i++) {
        const struct redrive_account *account =
            redrive_ledger_account(r->ledger, r->extent.ranges[i].partition);
        ranges[i] = r->extent.ranges[i];
        if (ranges[i].first < account->base)
            ranges[i].first =
                account->base < ranges[i].next ? account->base : ranges[i].next;
        r->next[i] = ranges[i].first;
    }
}

static int read_letters(struct redrive *r, struct merge_reader *reader,
                        struct error *err)
{
    struct merge_record record;
    enum merge_result result = MERGE_NOTHING;

    while (result != MERGE_END && !stop_requested()) {
        if (merge_reader_next(reader, WAIT_MS, &result, &record, err) < 0 ||
            (result == MERGE_RECORD && deal_with(r, &record.message, err) < 0))
            return -1;
        if (r->batched >= r->config.batch_max && commit(r, err) < 0)
            return -1;
    }
    for (size_t i = 0; result == MERGE_END && i < r->extent.count; i++)
        if (r->next[i] < r->extent.ranges[i].next)
            r->next[i] = r->extent.ranges[i].next; /* behind it only markers */
    return 0;
}

static int pass(struct redrive *r, struct error *err)
{
    struct offset_range *ranges = calloc(r->extent.count, sizeof(*ranges));
    struct merge_reader *reader = NULL;
    struct merge_reader_config config = {
        .kafka = r->config.kafka,
        .topics = {r->config.dead_letters},
        .ranges = ranges,
        .range_count = r->extent.count,
        .buffer_bytes = BUFFER_BYTES,
        .timeout_ms = r->config.timeout_ms,
    };

    if (!ranges)
        return error_no_memory(err, "the redrive");
    shorten(r, ranges);
    int status = merge_reader_open(&config, &reader, err);
    if (status == 0)
        status = read_letters(r, reader, err);
    merge_reader_close(reader);
    free(ranges);
    return status;
}

/* Ends what a run that died left open: only then are the accounts sure. */
static int settle(struct redrive *r, struct error *err)
{
    if (r->config.plan_only)
        return 0;
    int status = open_publisher(r, err);
    publisher_close(r->publisher);
    r->publisher = NULL;
    return status;
}

static void clear_counts(struct redrive *r)
{
    r->counts = (struct redrive_counts){.topic_count = r->target_count};
    memcpy(r->counts.topics, r->targets, sizeof(r->targets));
}

int redrive_plan(struct redrive *r, struct redrive_counts *out,
                 struct error *err)
{
    clear_counts(r);
    if (settle(r, err) < 0 ||
        redrive_ledger_read(r->ledger, r->config.timeout_ms, err) < 0 ||
        pass(r, err) < 0)
        return -1;
    *out = r->counts;
    return 0;
}

int redrive_run(struct redrive *r, struct redrive_counts *out,
                struct error *err)
{
    assert(!r->config.plan_only);
    clear_counts(r);
    if (open_publisher(r, err) < 0 ||
        redrive_ledger_read(r->ledger, r->config.timeout_ms, err) < 0 ||
        pass(r, err) < 0 || commit(r, err) < 0)
        return -1;
    *out = r->counts;
    return 0;
}
