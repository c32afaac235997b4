#include "consumer/verify/record_fetch.h"

#include "common/base/clock.h"
#include "common/kafka/kafka_close.h"

#include "consumer/read/message.h"
#include "consumer/read/offsets.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GAP_MAX = 10000, /* unwanted records: reading them beats a new start */
    BATCH = 512,
    SLICE_MS = 100,
    BUFFER_KBYTES = 65536, /* fetched ahead, of all partitions together */
    BUFFER_KBYTES_MIN = 1024,
};

struct lane {
    bool started;
    bool fresh;   /* started for this range: no old word waits in the queue */
    bool stale;   /* an old end was met: more may have come since */
    int64_t next; /* offset of the next record to come */
    int64_t low, high;
    rd_kafka_message_t *held[BATCH]; /* off the queue, not looked at yet: */
    size_t at, count;                /* held[at] to held[count - 1] */
};

struct record_fetch {
    char name[250];
    unsigned timeout_ms;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    struct lane *lanes; /* (partitions) */
    int32_t partitions;
};

/* --- Opening ---------------------------------------------------------- */

static int connect_client(struct record_fetch *fetch,
                          const struct kafka_settings *kafka, struct error *err)
{
    char kbytes[16];
    int share = BUFFER_KBYTES / fetch->partitions;
    const struct kafka_property properties[] = {
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "error"},
        {"fetch.wait.max.ms", "10"},
        {"queued.max.messages.kbytes", kbytes},
        {NULL, NULL},
    };

    snprintf(kbytes, sizeof(kbytes), "%d",
             share < BUFFER_KBYTES_MIN ? BUFFER_KBYTES_MIN : share);
    if (kafka_client_new(kafka, KAFKA_CONSUMER, properties, &fetch->client,
                         err) < 0)
        return -1;
    fetch->topic = rd_kafka_topic_new(fetch->client, fetch->name, NULL);
    return 0;
}

int record_fetch_open(const struct kafka_settings *kafka, const char *topic,
                      unsigned timeout_ms, struct record_fetch **out,
                      struct error *err)
{
    struct kafka_topic about;
    struct record_fetch *fetch = NULL;

    if (kafka_topic_describe(kafka, topic, timeout_ms, &about, err) < 0)
        return -1;
    fetch = calloc(1, sizeof(*fetch));
    if (!fetch)
        return error_no_memory(err, "the record fetch");
    snprintf(fetch->name, sizeof(fetch->name), "%s", topic);
    fetch->timeout_ms = timeout_ms;
    fetch->partitions = about.partitions;
    fetch->lanes = calloc((size_t)about.partitions, sizeof(*fetch->lanes));
    if (!fetch->lanes) {
        error_no_memory(err, "the record fetch");
        goto failed;
    }
    if (connect_client(fetch, kafka, err) < 0)
        goto failed;
    *out = fetch;
    return 0;

failed:
    record_fetch_close(fetch);
    return -1;
}

static void stop_lane(struct record_fetch *fetch, int32_t partition)
{
    struct lane *lane = &fetch->lanes[partition];

    while (lane->at < lane->count)
        rd_kafka_message_destroy(lane->held[lane->at++]);
    if (lane->started)
        rd_kafka_consume_stop(fetch->topic, partition);
    lane->started = lane->stale = false;
}

void record_fetch_close(struct record_fetch *fetch)
{
    if (!fetch)
        return;
    for (int32_t p = 0; fetch->lanes && p < fetch->partitions; p++)
        stop_lane(fetch, p);
    if (fetch->topic)
        rd_kafka_topic_destroy(fetch->topic);
    kafka_close(fetch->client);
    free(fetch->lanes);
    free(fetch);
}

/* --- One range -------------------------------------------------------- */

static int start_lane(struct record_fetch *fetch, int32_t partition,
                      int64_t first, struct error *err)
{
    struct lane *lane = &fetch->lanes[partition];

    if (lane->started && lane->next <= first && first - lane->next <= GAP_MAX)
        return 0;
    stop_lane(fetch, partition);
    if (rd_kafka_consume_start(fetch->topic, partition, first) < 0)
        return error_set(err, kafka_error_code((int)rd_kafka_last_error()),
                         "read %s/%" PRId32 " from offset %" PRId64 ": %s",
                         fetch->name, partition, first,
                         rd_kafka_err2str(rd_kafka_last_error()));
    lane->started = lane->fresh = true;
    lane->next = first;
    return 0;
}

/* Slots of one partition, near each other. */
struct slot_range {
    struct record_slot *slots; /* (count) */
    size_t count;
    size_t at; /* of the first that has no result yet */
};

/* Fills the slots that ask for this record; the first ones left. */
static void fill(struct slot_range *range, const rd_kafka_message_t *message,
                 struct buffer *values)
{
    const struct message record = message_of(message);
    struct record_slot *slot = range->slots + range->at;
    struct record_slot *const end = range->slots + range->count;
    size_t place = values->size;

    while (slot < end && slot->offset < record.offset)
        slot++; /* not there: stays MISSING */
    range->at = (size_t)(slot - range->slots);
    if (slot == end || slot->offset != record.offset)
        return;
    if (record.value)
        buffer_append(values, record.value, record.value_size);
    const size_t key_place = values->size;
    if (record.key)
        buffer_append(values, record.key, record.key_size);
    for (; slot < end && slot->offset == record.offset; slot++) {
        slot->result = FETCH_FOUND;
        slot->at = place;
        slot->size = record.value_size;
        slot->has_key = record.key != NULL;
        slot->key_at = key_place;
        slot->key_size = record.key_size;
        slot->timestamp_ms = record.timestamp_ms;
    }
    range->at = (size_t)(slot - range->slots);
}

/* Takes a record, or librdkafka's report about the partition. */
static int take(struct record_fetch *fetch, const rd_kafka_message_t *message,
                struct slot_range *range, struct buffer *values,
                struct error *err)
{
    switch (message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        fetch->lanes[message->partition].next = message->offset + 1;
        fill(range, message, values);
        return 0;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (fetch->lanes[message->partition].fresh)
            range->at = range->count;
        else
            fetch->lanes[message->partition].stale = true;
        return 0;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        while (range->at < range->count) /* retention was faster than we are */
            range->slots[range->at++].result = FETCH_EXPIRED;
        return 0;
    default:
        break;
    }
    switch (kafka_error_code((int)message->err)) {
    case ERROR_FORMAT:
    case ERROR_LIMIT:
        return message_unreadable(message, fetch->name, err);
    default:
        return error_set(err, kafka_error_code((int)message->err),
                         "%s/%" PRId32 ": %s", fetch->name, message->partition,
                         rd_kafka_message_errstr(message));
    }
}

/* Waits for a first one only: a batch would wait until it is full. */
static void refill(struct record_fetch *fetch, int32_t partition)
{
    struct lane *lane = &fetch->lanes[partition];
    ssize_t more;

    lane->at = lane->count = 0;
    lane->held[0] = rd_kafka_consume(fetch->topic, partition, SLICE_MS);
    rd_kafka_poll(fetch->client, 0);
    if (!lane->held[0])
        return;
    more = rd_kafka_consume_batch(fetch->topic, partition, 0, lane->held + 1,
                                  BATCH - 1);
    lane->count = more > 0 ? 1 + (size_t)more : 1;
}

/* Records behind the last slot stay for the next range. */
static int take_batch(struct record_fetch *fetch, struct slot_range *range,
                      struct buffer *values, struct error *err)
{
    const int32_t partition = range->slots[0].partition;
    struct lane *lane = &fetch->lanes[partition];
    int status = 0;

    if (lane->at == lane->count)
        refill(fetch, partition);
    while (status == 0 && range->at < range->count && lane->at < lane->count) {
        rd_kafka_message_t *message = lane->held[lane->at++];
        status = take(fetch, message, range, values, err);
        rd_kafka_message_destroy(message);
    }
    return status;
}

static int fetch_range(struct record_fetch *fetch, struct record_slot *slots,
                       size_t count, struct buffer *values, struct error *err)
{
    const int32_t partition = slots[0].partition;
    struct lane *lane = &fetch->lanes[partition];
    struct slot_range range = {.slots = slots, .count = count};
    int64_t deadline_ms = clock_monotonic_ms() + fetch->timeout_ms;

    lane->fresh = false;
    if (start_lane(fetch, partition, slots[0].offset, err) < 0)
        return -1;
    while (range.at < count) {
        int64_t before = lane->next;
        if (lane->stale) {
            stop_lane(fetch, partition);
            if (start_lane(fetch, partition, slots[range.at].offset, err) < 0)
                return -1;
        }
        if (take_batch(fetch, &range, values, err) < 0)
            return -1;
        if (lane->next != before)
            deadline_ms = clock_monotonic_ms() + fetch->timeout_ms;
        if (range.at < count && clock_monotonic_ms() >= deadline_ms)
            return error_set(err, ERROR_UNAVAILABLE,
                             "%s/%" PRId32 ": nothing came for %u ms",
                             fetch->name, partition, fetch->timeout_ms);
    }
    return buffer_failed(values) ? error_no_memory(err, "records") : 0;
}

/* --- All of them ------------------------------------------------------ */

static int look_at_ends(struct record_fetch *fetch, int32_t partition,
                        struct error *err)
{
    struct partition_offsets now = {.topic = fetch->name,
                                    .partition = partition};

    if (offsets_find_ends(fetch->client, &now, 1, fetch->timeout_ms, err) < 0)
        return -1;
    fetch->lanes[partition].low = now.low;
    fetch->lanes[partition].high = now.high;
    return 0;
}

static size_t slots_of_range(const struct record_slot *slots, size_t count)
{
    size_t n = 1;

    while (n < count && slots[n].offset - slots[n - 1].offset <= GAP_MAX)
        n++;
    return n;
}

/* Slots of one partition. */
static int fetch_partition(struct record_fetch *fetch,
                           struct record_slot *slots, size_t count,
                           struct buffer *values, struct error *err)
{
    const int32_t partition = slots[0].partition;
    size_t at = 0;

    if (partition < 0 || partition >= fetch->partitions)
        return 0;
    const struct lane *lane = &fetch->lanes[partition];
    if (look_at_ends(fetch, partition, err) < 0)
        return -1;
    for (; at < count && slots[at].offset < lane->low; at++)
        if (slots[at].offset >= 0)
            slots[at].result = FETCH_EXPIRED;
    while (count > at && slots[count - 1].offset >= lane->high)
        count--;
    for (size_t n; at < count; at += n) {
        n = slots_of_range(slots + at, count - at);
        if (fetch_range(fetch, slots + at, n, values, err) < 0)
            return -1;
    }
    return 0;
}

int record_fetch_run(struct record_fetch *fetch, struct record_slot *slots,
                     size_t count, struct buffer *values, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        slots[i].result = FETCH_MISSING;
    for (size_t at = 0, n; at < count; at += n) {
        n = 1;
        while (at + n < count && slots[at + n].partition == slots[at].partition)
            n++;
        if (fetch_partition(fetch, slots + at, n, values, err) < 0)
            return -1;
    }
    return 0;
}
