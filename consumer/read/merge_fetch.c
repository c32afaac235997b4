#include "consumer/read/merge_fetch.h"

#include "common/base/clock.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/fetch_wake.h"

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

    WAIT_ENDS_MS = 5,

    STARVED_MS = 2, /* a fetch under way takes less, mostly */
    STARVED_MAX_MS = 1000,
    GAP_MS = 10, /* from one wake to the next */
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

int merge_fetch_conf(rd_kafka_conf_t *conf,
                     const struct merge_reader_config *config, size_t lanes,
                     struct error *err)
{
    /* Per partition, as each has a queue of its own. */
    size_t share =
        within(LANE_BYTES_MIN, config->buffer_bytes / (lanes + !lanes),
               LANE_BYTES_MAX);
    /* There is a fetch as long as there is room for one record, and it comes
     * whole: so it is small beside the queues. */
    size_t one = within(FETCH_BYTES_MIN, share / 8, FETCH_BYTES_MAX);

    if (set_number(conf, "queued.max.messages.kbytes", share / 1024, err) < 0 ||
        set_number(conf, "queued.min.messages", share / RECORD_BYTES, err) <
            0 ||
        set_number(conf, "fetch.message.max.bytes", one, err) < 0)
        return -1;
    fetch_wake_conf(conf);
    /* Here most partitions are at their ends before the last is (see the
     * default in kafka_client.c). */
    return config->ends
               ? set_number(conf, "fetch.wait.max.ms", WAIT_ENDS_MS, err)
               : 0;
}

/* As of the last fetch. */
static bool has_more(const struct merge_lane *lane, rd_kafka_t *client)
{
    int64_t low, high;

    return !rd_kafka_get_watermark_offsets(client, lane->name, lane->partition,
                                           &low, &high) &&
           high > lane->next;
}

static void wake(const struct merge_lanes *lanes, rd_kafka_t *client)
{
    rd_kafka_topic_partition_list_t *awaited =
        rd_kafka_topic_partition_list_new((int)lanes->count);

    for (size_t i = 0; i < lanes->count; i++) {
        const struct merge_lane *lane = &lanes->list[i];
        if (merge_lane_holds_back(lane) && has_more(lane, client))
            rd_kafka_topic_partition_list_add(awaited, lane->name,
                                              lane->partition);
    }
    fetch_wake(client, awaited);
    rd_kafka_topic_partition_list_destroy(awaited);
}

int64_t merge_waker_starve(struct merge_waker *waker,
                           const struct merge_lanes *lanes, rd_kafka_t *client,
                           int64_t now_ms)
{
    if (!waker->is_starving) {
        int64_t soon_ms = now_ms + STARVED_MS;
        waker->is_starving = true;
        waker->backoff =
            (struct backoff){.first_ms = STARVED_MS, .most_ms = STARVED_MAX_MS};
        (void)backoff_next(&waker->backoff);
        waker->next_ms = waker->woken_ms + GAP_MS;
        if (waker->next_ms < soon_ms)
            waker->next_ms = soon_ms;
    }
    if (now_ms < waker->next_ms)
        return waker->next_ms;
    wake(lanes, client);
    waker->woken_ms = clock_monotonic_ms();
    waker->next_ms = waker->woken_ms + backoff_next(&waker->backoff);
    return waker->next_ms;
}
