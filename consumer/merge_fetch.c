#include "consumer/merge_fetch.h"

#include "common/kafka_client.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>

enum {
    /* A record of 100 bytes takes some 600 of librdkafka 2.0.2 (its rko), and
     * one of 400 this. Larger ones are bounded by their bytes. */
    RECORD_BYTES = 1024,
    LANE_BYTES_MIN = 64 * 1024,
    LANE_BYTES_MAX = 64 * 1024 * 1024,
    FETCH_BYTES_MIN = 64 * 1024, /* of one partition: a few batches */
    FETCH_BYTES_MAX = 1024 * 1024,
    WAKE_TIMEOUT_MS = 100,
};

static size_t within(size_t low, size_t value, size_t high)
{
    return value < low ? low : value > high ? high : value;
}

static int set_number(rd_kafka_conf_t *conf, const char *name, size_t value,
                      struct error *err)
{
    char text[32];

    snprintf(text, sizeof(text), "%zu", value);
    return kafka_conf_set(conf, name, text, err);
}

int merge_fetch_conf(rd_kafka_conf_t *conf, size_t lanes, size_t buffer_bytes,
                     struct error *err)
{
    /* Per partition, as each has a queue of its own. */
    size_t share =
        within(LANE_BYTES_MIN, buffer_bytes / (lanes + !lanes), LANE_BYTES_MAX);
    /* There is a fetch as long as there is room for one record, and it comes
     * whole: so it is small beside the queues. */
    size_t one = within(FETCH_BYTES_MIN, share / 8, FETCH_BYTES_MAX);

    if (set_number(conf, "queued.max.messages.kbytes", share / 1024, err) < 0 ||
        set_number(conf, "queued.min.messages", share / RECORD_BYTES, err) <
            0 ||
        set_number(conf, "fetch.message.max.bytes", one, err) < 0)
        return -1;
    /* From 2.2 on a full queue is looked at again after so long, a second
     * unless told; 2.0 does not know it, see merge_fetch_wake(). */
    (void)rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", NULL, 0);
    return 0;
}

/* As of the last fetch. */
static bool has_more(const struct merge_lane *lane, rd_kafka_t *client)
{
    int64_t low, high;

    return !rd_kafka_get_watermark_offsets(client, lane->name, lane->partition,
                                           &low, &high) &&
           high > lane->next;
}

void merge_fetch_wake(const struct merge_lanes *lanes, rd_kafka_t *client)
{
    int64_t low, high;

    for (size_t i = 0; i < lanes->count; i++) {
        const struct merge_lane *lane = &lanes->list[i];
        if (!merge_lane_holds_back(lane) || !has_more(lane, client))
            continue;
        /* When the queues of all its partitions are full, a broker's thread
         * sleeps for up to a second, and taking records off does not wake it.
         * A request does; the answer does not matter. */
        (void)rd_kafka_query_watermark_offsets(
            client, lane->name, lane->partition, &low, &high, WAKE_TIMEOUT_MS);
        return;
    }
}
