#include "consumer/train/bad_records.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include "consumer/letters/breaker.h"
#include "consumer/letters/dead_letter.h"
#include "consumer/train/sent_letters.h"

#include "producer/publisher.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLUSH_MS = 30000,
    LETTERS_A_MINUTE = 60, /* of a partition that sends too many bad labels */
    MINUTE_MS = 60000,
};

struct flood {
    struct breaker breaker;
    bool is_open;
    int64_t minute_ms; /* monotonic: when the minute began, */
    unsigned letters;  /* and how many were sent since */
    uint64_t held;     /* since it opened */
};

struct bad_records {
    struct bad_records_config config;
    struct publisher *publisher; /* NULL unless BAD_DLQ */
    struct dead_letter *letter;
    struct manifest covered; /* ranges that are dealt with */
    struct sent_letters before;
    bool is_before_read;
    struct flood **floods; /* by partition; NULL: no label was seen yet */
    size_t flood_count;
    struct bad_records_counts counts;
};

static int open_publisher(struct bad_records *bad, struct error *err)
{
    struct publisher_config config = {
        .kafka = bad->config.kafka,
        .compression = "none",
        .topics = {bad->config.dead_letters},
    };

    if (publisher_open(&config, &bad->publisher, err) < 0)
        return -1;
    return dead_letter_new(bad->config.labels, &bad->letter, err);
}

int bad_records_open(const struct bad_records_config *config,
                     const struct manifest *covered, struct bad_records **out,
                     struct error *err)
{
    struct bad_records *bad = calloc(1, sizeof(*bad));

    if (!bad)
        return error_no_memory(err, "bad records");
    bad->config = *config;
    if ((covered && manifest_copy(covered, &bad->covered, err) < 0) ||
        (config->policy == BAD_DLQ && open_publisher(bad, err) < 0)) {
        bad_records_close(bad);
        return -1;
    }
    *out = bad;
    return 0;
}

/* --- Floods ----------------------------------------------------------- */

/* NULL: no memory. */
static struct flood *flood_of(struct bad_records *bad, int32_t partition,
                              struct error *err)
{
    size_t at = partition < 0 ? 0 : (size_t)partition;

    if (at >= bad->flood_count) {
        size_t count = at + 16;
        struct flood **floods = realloc(bad->floods, count * sizeof(*floods));
        if (!floods)
            goto failed;
        memset(floods + bad->flood_count, 0,
               (count - bad->flood_count) * sizeof(*floods));
        bad->floods = floods;
        bad->flood_count = count;
    }
    if (!bad->floods[at])
        bad->floods[at] = calloc(1, sizeof(*bad->floods[at]));
    if (bad->floods[at])
        return bad->floods[at];

failed:
    error_no_memory(err, "the bad labels of a partition");
    return NULL;
}

static void note(struct bad_records *bad, struct flood *flood,
                 int32_t partition, bool is_bad)
{
    breaker_note(&flood->breaker, is_bad);
    bool is_open = breaker_is_open(&flood->breaker, bad->config.share_max);
    if (is_open == flood->is_open)
        return;
    flood->is_open = is_open;
    if (is_open)
        log_warn("too many labels are not events, letters are held back",
                 "topic=%s partition=%" PRId32
                 " share_max=%g letters_a_minute=%d "
                 "reason=\"did a producer change its format?\"",
                 bad->config.labels, partition, bad->config.share_max,
                 (int)LETTERS_A_MINUTE);
    else
        log_info("labels are events again",
                 "topic=%s partition=%" PRId32 " without_letter=%" PRIu64,
                 bad->config.labels, partition, flood->held);
    flood->held = 0;
}

static bool may_send(struct flood *flood)
{
    int64_t now_ms = clock_monotonic_ms();

    if (!flood->is_open)
        return true;
    if (now_ms - flood->minute_ms >= MINUTE_MS) {
        flood->minute_ms = now_ms;
        flood->letters = 0;
    }
    if (flood->letters >= LETTERS_A_MINUTE)
        return false;
    flood->letters++;
    return true;
}

int bad_records_note_good(struct bad_records *bad, int32_t partition,
                          struct error *err)
{
    struct flood *flood = flood_of(bad, partition, err);

    if (!flood)
        return -1;
    note(bad, flood, partition, false);
    return 0;
}

/* --- Letters ---------------------------------------------------------- */

static bool is_covered(const struct bad_records *bad,
                       const struct message *message)
{
    for (size_t i = 0; i < bad->covered.range_count; i++) {
        const struct offset_range *range = &bad->covered.ranges[i];
        if (range->partition == message->partition &&
            message->offset < range->next &&
            strcmp(range->topic, bad->config.labels) == 0)
            return true;
    }
    return false;
}

/* Without the right to read the dead letters a restart writes them again. */
static bool is_sent(struct bad_records *bad, const struct message *message)
{
    struct error why;

    if (!bad->is_before_read &&
        sent_letters_read(&bad->config.kafka, bad->config.dead_letters,
                          bad->config.labels, &bad->before, &why) < 0)
        log_warn("dead letters cannot be read, some may be written again",
                 "topic=%s reason=\"%s\"", bad->config.dead_letters, why.text);
    bad->is_before_read = true;
    return sent_letters_has(
        &bad->before,
        (struct sent_letter){message->partition, message->offset});
}

static int send_letter(struct bad_records *bad, const struct bad_record *record,
                       struct error *err)
{
    struct dead_letter_cause cause = {.stage = "train",
                                      .reason = event_fault_name(record->fault),
                                      .field = record->field};
    struct outgoing out = {.topic = 0, .partition = PUBLISH_BY_KEY};

    dead_letter_write(bad->letter, record->message, &cause, &out);
    if (publisher_send(bad->publisher, &out, err) < 0)
        return error_wrap(err, "dead letter");
    publisher_serve(bad->publisher);
    bad->counts.sent++;
    return 0;
}

static int refuse(const struct bad_records *bad,
                  const struct bad_record *record, struct error *err)
{
    const struct message *message = record->message;

    return error_set(
        err, ERROR_FORMAT,
        "%s/%" PRId32 " offset %" PRId64
        " is not an event: %s%s%s; bad_records=dlq or skip goes on behind it",
        record->kind == BAD_LABEL ? bad->config.labels
                                  : bad->config.impressions,
        message->partition, message->offset, event_fault_name(record->fault),
        record->field ? ", field " : "", record->field ? record->field : "");
}

int bad_records_take(struct bad_records *bad, const struct bad_record *record,
                     struct error *err)
{
    if (bad->config.policy == BAD_FAIL)
        return refuse(bad, record, err);
    if (bad->config.policy == BAD_SKIP || record->kind == BAD_IMPRESSION)
        return 0;

    struct flood *flood = flood_of(bad, record->message->partition, err);
    if (!flood)
        return -1;
    note(bad, flood, record->message->partition, true);
    if (is_covered(bad, record->message) || is_sent(bad, record->message)) {
        bad->counts.known++;
        return 0;
    }
    if (!may_send(flood)) {
        flood->held++;
        bad->counts.held++;
        return 0;
    }
    return send_letter(bad, record, err);
}

int bad_records_flush(struct bad_records *bad, struct error *err)
{
    if (!bad->publisher)
        return 0;
    if (publisher_flush(bad->publisher, FLUSH_MS, err) < 0)
        return error_wrap(err, "dead letters");
    return 0;
}

struct bad_records_counts bad_records_counts(const struct bad_records *bad)
{
    return bad->counts;
}

void bad_records_close(struct bad_records *bad)
{
    if (!bad)
        return;
    publisher_close(bad->publisher);
    dead_letter_free(bad->letter);
    manifest_free(&bad->covered);
    sent_letters_free(&bad->before);
    for (size_t i = 0; i < bad->flood_count; i++)
        free(bad->floods[i]);
    free(bad->floods);
    free(bad);
}
