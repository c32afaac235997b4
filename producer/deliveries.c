#include "producer/deliveries.h"

#include "common/base/clock.h"
#include "common/base/stop.h"
#include "common/kafka/kafka_watch.h"

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLUSH_SLICE_MS = 50, /* a failure is noticed between two of them */
    STALL_MS = 1000,     /* without any delivery, more waiting brings none */
};

struct delivery_topic {
    rd_kafka_topic_t *handle;
    int32_t partitions;
    int64_t *last_offset; /* (partitions) -1 before the first */
    uint64_t failed;      /* messages */
};

struct deliveries {
    rd_kafka_t *client;
    rd_kafka_queue_t *reports;
    struct kafka_watch *watch;
    struct delivery_topic topics[DELIVERIES_TOPICS_MAX];
    size_t topic_count;
    uint64_t failed;
    rd_kafka_resp_err_t first_failure;
    char first_topic[256]; /* of it */
};

int deliveries_new(rd_kafka_t *client, struct kafka_watch *watch,
                   struct deliveries **out, struct error *err)
{
    struct deliveries *deliveries = calloc(1, sizeof(*deliveries));

    if (!deliveries)
        return error_no_memory(err, "the deliveries of a producer");
    deliveries->client = client;
    deliveries->watch = watch;
    deliveries->reports = rd_kafka_queue_get_main(client);
    *out = deliveries;
    return 0;
}

int deliveries_add_topic(struct deliveries *deliveries, rd_kafka_topic_t *topic,
                         int32_t partitions, struct error *err)
{
    int64_t *last_offset =
        malloc(((size_t)partitions + 1) * sizeof(*last_offset));

    assert(deliveries->topic_count < DELIVERIES_TOPICS_MAX);
    if (!last_offset)
        return error_no_memory(err, "the offsets of %d partitions", partitions);
    for (int32_t p = 0; p < partitions; p++)
        last_offset[p] = -1;
    deliveries->topics[deliveries->topic_count++] = (struct delivery_topic){
        .handle = topic, .partitions = partitions, .last_offset = last_offset};
    return 0;
}

/* --- Reports ---------------------------------------------------------- */

/* NULL: a topic that was not added. */
static struct delivery_topic *find_topic(struct deliveries *deliveries,
                                         const rd_kafka_topic_t *handle)
{
    for (size_t t = 0; t < deliveries->topic_count; t++)
        if (deliveries->topics[t].handle == handle)
            return &deliveries->topics[t];
    return NULL;
}

static void take_report(struct deliveries *deliveries,
                        const rd_kafka_message_t *report)
{
    struct delivery_topic *topic = find_topic(deliveries, report->rkt);

    if (!report->err) {
        if (topic && report->partition < topic->partitions)
            topic->last_offset[report->partition] = report->offset;
        return;
    }
    deliveries->failed++;
    if (topic)
        topic->failed++;
    if (!deliveries->first_failure) {
        deliveries->first_failure = report->err;
        snprintf(deliveries->first_topic, sizeof(deliveries->first_topic), "%s",
                 report->rkt ? rd_kafka_topic_name(report->rkt) : "");
    }
}

static void take_statistics(const struct deliveries *deliveries,
                            rd_kafka_event_t *event)
{
    const char *json = rd_kafka_event_stats(event);

    kafka_watch_take(deliveries->watch, json, strlen(json));
}

void deliveries_take(struct deliveries *deliveries, unsigned wait_ms)
{
    rd_kafka_event_t *event;

    while ((event = rd_kafka_queue_poll(deliveries->reports, (int)wait_ms))) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_STATS)
            take_statistics(deliveries, event);
        const rd_kafka_message_t *report;
        while ((report = rd_kafka_event_message_next(event)))
            take_report(deliveries, report);
        rd_kafka_event_destroy(event);
        wait_ms = 0;
    }
}

int deliveries_drain(struct deliveries *deliveries, int64_t deadline_ms)
{
    rd_kafka_resp_err_t failed;
    int64_t left_ms;

    do {
        deliveries_take(deliveries, 0);
        left_ms = deadline_ms - clock_monotonic_ms();
        if (left_ms < 0)
            left_ms = 0;
        failed = rd_kafka_flush(deliveries->client, left_ms < FLUSH_SLICE_MS
                                                        ? (int)left_ms
                                                        : FLUSH_SLICE_MS);
    } while (failed == RD_KAFKA_RESP_ERR__TIMED_OUT &&
             left_ms > FLUSH_SLICE_MS && !stop_is_overdue());
    deliveries_take(deliveries, 0);
    return (int)failed;
}

void deliveries_settle(struct deliveries *deliveries, int64_t deadline_ms)
{
    int left = rd_kafka_outq_len(deliveries->client), before, failed;

    do {
        before = left;
        failed = deliveries_drain(deliveries, clock_monotonic_ms() + STALL_MS);
        left = rd_kafka_outq_len(deliveries->client);
    } while (failed && left < before && clock_monotonic_ms() < deadline_ms);
}

/* --- Questions -------------------------------------------------------- */

int deliveries_first_failure(const struct deliveries *deliveries)
{
    return (int)deliveries->first_failure;
}

const char *deliveries_first_failed_topic(const struct deliveries *deliveries)
{
    return deliveries->first_failure ? deliveries->first_topic : "";
}

void deliveries_forget_failures(struct deliveries *deliveries)
{
    deliveries->first_failure = RD_KAFKA_RESP_ERR_NO_ERROR;
}

uint64_t deliveries_failed(const struct deliveries *deliveries)
{
    return deliveries->failed;
}

uint64_t deliveries_failed_for(const struct deliveries *deliveries,
                               size_t topic)
{
    return deliveries->topics[topic].failed;
}

int64_t deliveries_last_offset(const struct deliveries *deliveries,
                               size_t topic, int32_t partition)
{
    return deliveries->topics[topic].last_offset[partition];
}

void deliveries_free(struct deliveries *deliveries)
{
    if (!deliveries)
        return;
    rd_kafka_queue_destroy(deliveries->reports);
    for (size_t t = 0; t < deliveries->topic_count; t++)
        free(deliveries->topics[t].last_offset);
    free(deliveries);
}
