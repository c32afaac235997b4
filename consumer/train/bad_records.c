#include "consumer/train/bad_records.h"

#include "consumer/letters/breaker.h"
#include "consumer/letters/dead_letter.h"

#include "producer/publisher.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_MS = 30000 };

struct bad_records {
    struct bad_records_config config;
    struct publisher *publisher; /* NULL unless BAD_DLQ */
    struct dead_letter *letter;
    struct manifest covered; /* ranges that are dealt with */
    struct breaker breaker;
    uint64_t sent;
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

void bad_records_note_good(struct bad_records *bad)
{
    breaker_note(&bad->breaker, false);
}

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

static int send_letter(struct bad_records *bad, const struct message *message,
                       enum event_fault fault, const char *field,
                       struct error *err)
{
    struct dead_letter_cause cause = {
        .stage = "train", .reason = event_fault_name(fault), .field = field};
    struct outgoing out = {.topic = 0, .partition = PUBLISH_BY_KEY};

    dead_letter_write(bad->letter, message, &cause, &out);
    if (publisher_send(bad->publisher, &out, err) < 0)
        return error_wrap(err, "dead letter");
    publisher_serve(bad->publisher);
    bad->sent++;
    return 0;
}

int bad_records_take(struct bad_records *bad, const char *topic, bool is_label,
                     const struct message *message, enum event_fault fault,
                     const char *field, struct error *err)
{
    if (bad->config.policy == BAD_FAIL)
        return error_set(err, ERROR_FORMAT,
                         "%s/%" PRId32 " offset %" PRId64
                         " is not an event: %s%s%s; bad_records=dlq or skip "
                         "goes on behind it",
                         topic, message->partition, message->offset,
                         event_fault_name(fault), field ? ", field " : "",
                         field ? field : "");
    breaker_note(&bad->breaker, true);
    if (breaker_is_open(&bad->breaker, bad->config.share_max))
        return error_set(err, ERROR_FORMAT,
                         "more than %g of the last %d records are no events, "
                         "the last one %s/%" PRId32 " offset %" PRId64
                         ": %s; did a producer change its format?",
                         bad->config.share_max, BREAKER_WINDOW, topic,
                         message->partition, message->offset,
                         event_fault_name(fault));
    if (bad->config.policy == BAD_SKIP || !is_label || is_covered(bad, message))
        return 0;
    return send_letter(bad, message, fault, field, err);
}

int bad_records_flush(struct bad_records *bad, struct error *err)
{
    if (!bad->publisher)
        return 0;
    if (publisher_flush(bad->publisher, FLUSH_MS, err) < 0)
        return error_wrap(err, "dead letters");
    return 0;
}

uint64_t bad_records_sent(const struct bad_records *bad)
{
    return bad->sent;
}

void bad_records_close(struct bad_records *bad)
{
    if (!bad)
        return;
    publisher_close(bad->publisher);
    dead_letter_free(bad->letter);
    manifest_free(&bad->covered);
    free(bad);
}
