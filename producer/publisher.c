#include "producer/publisher.h"

#include "common/base/clock.h"
#include "common/kafka/kafka_contact.h"

#include "producer/publisher_handle.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONTACT_MS = 10000, /* for the first answer about the topics */
    SLICE_MS = 50, /* of a flush: a failure is noticed between two of them */
    CLOSE_MS = 5000,
};

/* --- Opening
 * ------------------------------------------------------------------ */

static void take_report(struct publisher *publisher,
                        const rd_kafka_message_t *report)
{
    if (report->err) {
        publisher->counts.failed++;
        if (!publisher->first_failure)
            publisher->first_failure = report->err;
        return;
    }
    for (size_t t = 0; t < publisher->topic_count; t++) {
        struct publisher_topic *topic = &publisher->topics[t];
        if (topic->handle == report->rkt &&
            report->partition < topic->partitions)
            topic->last_offset[report->partition] = report->offset;
    }
}

void publisher_take_reports(struct publisher *publisher, unsigned wait_ms)
{
    rd_kafka_event_t *event;

    while ((event = rd_kafka_queue_poll(publisher->reports, (int)wait_ms))) {
        const rd_kafka_message_t *report;
        while ((report = rd_kafka_event_message_next(event)))
            take_report(publisher, report);
        rd_kafka_event_destroy(event);
        wait_ms = 0;
    }
}

static int configure(const struct publisher_config *config,
                     rd_kafka_conf_t *conf, struct error *err)
{
    char linger[16], timeout[16];

    snprintf(linger, sizeof(linger), "%u", config->linger_ms);
    snprintf(timeout, sizeof(timeout), "%u", config->transaction_timeout_ms);
    if (kafka_conf_set(conf, "linger.ms", linger, err) < 0)
        return -1;
    if (config->compression[0] &&
        kafka_conf_set(conf, "compression.codec", config->compression, err) < 0)
        return -1;
    /* A report for each message halves the rate: 380 against 920 thousand a
     * second on two cores. */
    if (!config->wants_offsets &&
        kafka_conf_set(conf, "delivery.report.only.error", "true", err) < 0)
        return -1;
    if (!config->transactional_id[0])
        return 0;
    if (kafka_conf_set(conf, "transactional.id", config->transactional_id,
                       err) < 0 ||
        (config->transaction_timeout_ms &&
         kafka_conf_set(conf, "transaction.timeout.ms", timeout, err) < 0))
        return -1;
    return 0;
}

/* What is this small is never refused for its size. */
static size_t run_bytes_max(rd_kafka_t *client)
{
    char value[32] = "";
    size_t size = sizeof(value);

    if (rd_kafka_conf_get(rd_kafka_conf(client), "message.max.bytes", value,
                          &size) != RD_KAFKA_CONF_OK)
        return 0;
    return strtoull(value, NULL, 10) / 2;
}

static int create_client(struct publisher *publisher, struct error *err)
{
    rd_kafka_conf_t *conf = NULL;
    char text[256];

    if (kafka_conf(&publisher->config.kafka, KAFKA_PRODUCER, &conf, err) < 0)
        return -1;
    if (configure(&publisher->config, conf, err) < 0) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    /* Not a callback: with one, a flush looks every 10 ms whether all is
     * delivered; with events it is woken by the last delivery. */
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
    publisher->client =
        rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (!publisher->client) { /* else it owns conf now */
        rd_kafka_conf_destroy(conf);
        return error_set(err, ERROR_CONFIG, "producer: %s", text);
    }
    publisher->reports = rd_kafka_queue_get_main(publisher->client);
    publisher->run_bytes_max = run_bytes_max(publisher->client);
    return 0;
}

/* How many partitions there are; asking through our own client also spares the
 * first message to the topic a second. */
static int warm_up(struct publisher *publisher, struct publisher_topic *topic,
                   struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t failed = rd_kafka_metadata(
        publisher->client, 0, topic->handle, &metadata, CONTACT_MS);

    if (failed)
        return error_set(err, kafka_error_code(failed), "topic '%s': %s",
                         rd_kafka_topic_name(topic->handle),
                         rd_kafka_err2str(failed));
    topic->partitions = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    topic->last_offset =
        malloc(((size_t)topic->partitions + 1) * sizeof(*topic->last_offset));
    if (!topic->last_offset)
        return error_no_memory(err, "the publisher");
    for (int32_t p = 0; p < topic->partitions; p++)
        topic->last_offset[p] = -1;
    return 0;
}

static int open_topic(struct publisher *publisher, const char *name,
                      struct error *err)
{
    struct kafka_topic described;
    struct publisher_topic *topic = &publisher->topics[publisher->topic_count];

    /* Says what is wrong in words a user can act on. */
    if (kafka_topic_describe(&publisher->config.kafka, name, CONTACT_MS,
                             &described, err) < 0)
        return -1;
    topic->handle = rd_kafka_topic_new(publisher->client, name, NULL);
    if (!topic->handle)
        return error_set(err, ERROR_FAILED, "topic '%s': %s", name,
                         rd_kafka_err2str(rd_kafka_last_error()));
    publisher->topic_count++;
    return warm_up(publisher, topic, err);
}

int publisher_open(const struct publisher_config *config,
                   struct publisher **out, struct error *err)
{
    struct publisher *publisher = calloc(1, sizeof(*publisher));

    if (!publisher)
        return error_no_memory(err, "the publisher");
    publisher->config = *config;
    if (create_client(publisher, err) < 0)
        goto failed;
    for (size_t t = 0; t < PUBLISHER_TOPICS_MAX && config->topics[t]; t++)
        if (open_topic(publisher, config->topics[t], err) < 0)
            goto failed;
    if (config->transactional_id[0] &&
        publisher_init_transactions(publisher, err) < 0)
        goto failed;
    *out = publisher;
    return 0;

failed:
    publisher_close(publisher);
    return -1;
}

/* --- Delivering ------------------------------------------------------- */

void publisher_serve(struct publisher *publisher)
{
    publisher_take_reports(publisher, 0);
}

/* A failed message is not delivered until its report is taken. */
rd_kafka_resp_err_t publisher_drain(struct publisher *publisher,
                                    int64_t deadline_ms)
{
    rd_kafka_resp_err_t failed;
    int64_t left_ms;

    do {
        publisher_take_reports(publisher, 0);
        left_ms = deadline_ms - clock_monotonic_ms();
        if (left_ms < 0)
            left_ms = 0;
        failed = rd_kafka_flush(publisher->client,
                                left_ms < SLICE_MS ? (int)left_ms : SLICE_MS);
    } while (failed == RD_KAFKA_RESP_ERR__TIMED_OUT && left_ms > SLICE_MS);
    publisher_take_reports(publisher, 0);
    return failed;
}

int publisher_flush(struct publisher *publisher, unsigned timeout_ms,
                    struct error *err)
{
    rd_kafka_resp_err_t failed =
        publisher_drain(publisher, clock_monotonic_ms() + timeout_ms);

    if (failed)
        return error_set(err, kafka_error_code(failed),
                         "%d messages are not delivered after %u ms: %s",
                         rd_kafka_outq_len(publisher->client), timeout_ms,
                         rd_kafka_err2str(failed));

    failed = publisher->first_failure;
    publisher->first_failure = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (failed)
        return error_set(err, kafka_error_code(failed),
                         "a message was not delivered: %s",
                         rd_kafka_err2str(failed));
    return 0;
}

int64_t publisher_last_offset(const struct publisher *publisher, size_t topic,
                              int32_t partition)
{
    return publisher->topics[topic].last_offset[partition];
}

int32_t publisher_partitions(const struct publisher *publisher, size_t topic)
{
    return publisher->topics[topic].partitions;
}

struct publisher_counts publisher_counts(struct publisher *publisher)
{
    /* What else librdkafka has to tell waits, and counts, with the reports. */
    publisher_take_reports(publisher, 0);

    struct publisher_counts counts = publisher->counts;
    uint64_t waiting = (uint64_t)rd_kafka_outq_len(publisher->client);
    uint64_t settled = counts.failed + waiting;

    /* A failure whose report is on its way is in both for a moment. */
    counts.delivered = counts.sent > settled ? counts.sent - settled : 0;
    return counts;
}

void publisher_close(struct publisher *publisher)
{
    if (!publisher)
        return;
    if (publisher->client) {
        if (publisher->in_transaction) /* init_transactions aborts it later */
            rd_kafka_purge(publisher->client,
                           RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        publisher_drain(publisher, clock_monotonic_ms() + CLOSE_MS);
        rd_kafka_queue_destroy(publisher->reports);
        for (size_t t = 0; t < publisher->topic_count; t++)
            rd_kafka_topic_destroy(publisher->topics[t].handle);
        rd_kafka_destroy(publisher->client);
    }
    for (size_t t = 0; t < PUBLISHER_TOPICS_MAX; t++)
        free(publisher->topics[t].last_offset);
    free(publisher);
}
