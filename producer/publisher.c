/*
 * publisher.c - one producer of librdkafka: opening, sending, flushing. Its
 * transactions are in transaction.c.
 */
#include "producer/publisher.h"

#include "producer/deliveries.h"
#include "producer/transaction.h"
#include "producer/unanswered.h"

#include "common/base/clock.h"
#include "common/base/stop.h"
#include "common/kafka/kafka_close.h"
#include "common/kafka/kafka_contact.h"
#include "common/kafka/kafka_watch.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONTACT_MS = 10000,      /* for the first answer about the topics */
    CONTACT_SLICE_MS = 1000, /* of it, until a stop is noticed */
    CLOSE_MS = 5000,         /* for what is under way at the close */
    FULL_WAIT_MS = 50,       /* for room in the queue */
    RUN_MAX = 256,           /* messages handed over with one call */
};

_Static_assert((int)PUBLISHER_TOPICS_MAX <= (int)DELIVERIES_TOPICS_MAX,
               "deliveries know each topic of a publisher");

struct publisher_topic {
    rd_kafka_topic_t *handle;
    int32_t partitions;
};

struct publisher {
    struct publisher_config config;
    rd_kafka_t *client;
    struct deliveries *deliveries;
    struct unanswered *unanswered;
    size_t run_bytes_max; /* key and value of what may be sent in a run */
    struct publisher_topic topics[PUBLISHER_TOPICS_MAX];
    size_t topic_count;
    uint64_t sent; /* messages */
    struct transaction transaction;
};

/* --- Opening ---------------------------------------------------------- */

/* Returns the size of key and value below which no message is refused. */
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
    const struct publisher_config *config = &publisher->config;
    const char *id = config->transactional_id;
    const char *codec = config->compression;
    uint32_t timeout_ms = config->transaction_timeout_ms;
    char linger[16], timeout[16];
    const struct kafka_property properties[] = {
        {"linger.ms", linger},
        {"compression.codec", codec[0] ? codec : NULL},
        /* A report for each message halves the rate: 380 against 920 thousand
         * a second on two cores. */
        {"delivery.report.only.error", config->wants_offsets ? NULL : "true"},
        {"transactional.id", id[0] ? id : NULL},
        {"transaction.timeout.ms", id[0] && timeout_ms ? timeout : NULL},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;

    snprintf(linger, sizeof(linger), "%u", config->linger_ms);
    snprintf(timeout, sizeof(timeout), "%u", timeout_ms);
    if (kafka_conf(&config->kafka, KAFKA_PRODUCER, properties, &conf, err) < 0)
        return -1;
    /* Not a callback: with one, a flush looks every 10 ms whether all is
     * delivered; with events it is woken by the last delivery. */
    rd_kafka_conf_set_events(
        conf, config->kafka.watch ? RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_STATS
                                  : RD_KAFKA_EVENT_DR);
    if (kafka_watch_conf(config->kafka.watch, conf, err) < 0 ||
        unanswered_new(conf, &publisher->unanswered, err) < 0) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    if (kafka_client_of(conf, KAFKA_PRODUCER, &publisher->client, err) < 0)
        return -1;
    publisher->run_bytes_max = run_bytes_max(publisher->client);
    return deliveries_new(publisher->client, config->kafka.watch,
                          &publisher->deliveries, err);
}

/* How many partitions there are; asking through our own client also spares the
 * first message to the topic a second. */
static int warm_up(struct publisher *publisher, struct publisher_topic *topic,
                   struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    int64_t deadline_ms = clock_monotonic_ms() + CONTACT_MS;
    rd_kafka_resp_err_t failed;

    do
        failed = rd_kafka_metadata(publisher->client, 0, topic->handle,
                                   &metadata, CONTACT_SLICE_MS);
    while (failed == RD_KAFKA_RESP_ERR__TIMED_OUT && !stop_requested() &&
           clock_monotonic_ms() < deadline_ms);
    if (failed == RD_KAFKA_RESP_ERR__TIMED_OUT && stop_requested())
        return stop_error(err);
    if (failed)
        return error_set(err, kafka_error_code(failed), "topic '%s': %s",
                         rd_kafka_topic_name(topic->handle),
                         rd_kafka_err2str(failed));
    topic->partitions = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (deliveries_add_topic(publisher->deliveries, topic->handle,
                             topic->partitions, err) < 0)
        return -1;
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
    publisher->transaction =
        (struct transaction){.client = publisher->client,
                             .deliveries = publisher->deliveries,
                             .unanswered = publisher->unanswered,
                             .id = publisher->config.transactional_id,
                             .timeout_ms = config->transaction_timeout_ms};
    if (config->transactional_id[0] &&
        transaction_take_over(&publisher->transaction, err) < 0)
        goto failed;
    *out = publisher;
    return 0;

failed:
    publisher_close(publisher);
    return -1;
}

/* --- Sending ---------------------------------------------------------- */

static int32_t chosen_partition(const struct outgoing *message)
{
    return message->partition == PUBLISH_BY_KEY ? RD_KAFKA_PARTITION_UA
                                                : message->partition;
}

/* The short way: neither headers nor a time of its own. */
static rd_kafka_resp_err_t produce_plain(struct publisher *publisher,
                                         const struct outgoing *message)
{
    /* The cast is librdkafka's: with F_COPY the value is only read. */
    if (rd_kafka_produce(publisher->topics[message->topic].handle,
                         chosen_partition(message), RD_KAFKA_MSG_F_COPY,
                         (void *)(uintptr_t)message->value, message->value_size,
                         message->key, message->key_size, NULL) == 0)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    return rd_kafka_last_error();
}

static rd_kafka_headers_t *make_headers(const struct outgoing *message)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->header_count);

    for (size_t i = 0; i < message->header_count; i++) {
        const struct record_header *header = &message->headers[i];
        rd_kafka_header_add(headers, header->name, -1, header->value,
                            (ssize_t)header->size);
    }
    return headers;
}

static rd_kafka_resp_err_t produce_full(struct publisher *publisher,
                                        const struct outgoing *message)
{
    rd_kafka_headers_t *headers =
        message->header_count ? make_headers(message) : NULL;
    rd_kafka_vu_t with[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT,
         .u.rkt = publisher->topics[message->topic].handle},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = chosen_partition(message)},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {(void *)(uintptr_t)message->value, message->value_size}},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {(void *)(uintptr_t)message->key, message->key_size}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = message->timestamp_ms},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t count = sizeof(with) / sizeof(with[0]) - (headers ? 0 : 1);
    rd_kafka_error_t *error =
        rd_kafka_produceva(publisher->client, with, count);

    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR; /* the message owns the headers */
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (headers)
        rd_kafka_headers_destroy(headers);
    return code;
}

static bool is_plain(const struct outgoing *message)
{
    return message->header_count == 0 && message->timestamp_ms == 0;
}

static int check_partition(const struct publisher *publisher,
                           const struct outgoing *message, struct error *err)
{
    const struct publisher_topic *topic = &publisher->topics[message->topic];

    if (message->partition < topic->partitions)
        return 0;
    return error_set(err, ERROR_UNAVAILABLE, "topic '%s' has no partition %d",
                     rd_kafka_topic_name(topic->handle), message->partition);
}

static int send_failed(struct publisher *publisher,
                       const struct outgoing *message,
                       rd_kafka_resp_err_t failed, struct error *err)
{
    char why[256];

    /* "Fatal" and "erroneous state" say nothing: the cause is asked for. */
    if (failed == RD_KAFKA_RESP_ERR__FATAL)
        failed = rd_kafka_fatal_error(publisher->client, why, sizeof(why));
    else if (failed == RD_KAFKA_RESP_ERR__STATE &&
             publisher->transaction.is_open)
        failed = (rd_kafka_resp_err_t)transaction_failure(
            &publisher->transaction, why, sizeof(why));
    else
        snprintf(why, sizeof(why), "%s", kafka_error_words((int)failed));
    error_set(err, kafka_error_code(failed), "send to '%s': %s",
              rd_kafka_topic_name(publisher->topics[message->topic].handle),
              why);
    transaction_blame_first(&publisher->transaction, err);
    return -1;
}

int publisher_send(struct publisher *publisher, const struct outgoing *message,
                   struct error *err)
{
    rd_kafka_resp_err_t failed;

    /* 2.0.2 frees headers twice for a partition that is not there. */
    if (check_partition(publisher, message, err) < 0)
        return -1;
    while ((failed = is_plain(message) ? produce_plain(publisher, message)
                                       : produce_full(publisher, message)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL)
        deliveries_take(publisher->deliveries, FULL_WAIT_MS);
    if (failed)
        return send_failed(publisher, message, failed, err);
    publisher->sent++;
    return 0;
}

/* Messages of one partition, handed over with one call. Returns how many were
 * taken before the queue was full, or before what *failed says. */
static size_t produce_run(struct publisher *publisher,
                          const struct outgoing *messages, size_t count,
                          rd_kafka_resp_err_t *failed)
{
    rd_kafka_message_t run[RUN_MAX];
    const struct outgoing *first = &messages[0];

    for (size_t i = 0; i < count; i++)
        run[i] = (rd_kafka_message_t){
            /* Only read, as above. */
            .payload = (void *)(uintptr_t)messages[i].value,
            .len = messages[i].value_size,
            .key = (void *)(uintptr_t)messages[i].key,
            .key_len = messages[i].key_size,
        };
    *failed = RD_KAFKA_RESP_ERR_NO_ERROR;
    int taken = rd_kafka_produce_batch(publisher->topics[first->topic].handle,
                                       first->partition, RD_KAFKA_MSG_F_COPY,
                                       run, (int)count);
    publisher->sent += (uint64_t)taken;
    if ((size_t)taken < count)
        *failed = run[taken].err;
    return (size_t)taken;
}

/* How many of the messages, from the first, can go in one call. */
static size_t run_length(const struct publisher *publisher,
                         const struct outgoing *messages, size_t count)
{
    size_t length = 0;

    while (length < count && length < RUN_MAX && is_plain(&messages[length]) &&
           messages[length].partition != PUBLISH_BY_KEY &&
           messages[length].topic == messages[0].topic &&
           messages[length].partition == messages[0].partition &&
           messages[length].key_size + messages[length].value_size <=
               publisher->run_bytes_max)
        length++;
    return length;
}

size_t publisher_send_many(struct publisher *publisher,
                           const struct outgoing *messages, size_t count,
                           struct error *err)
{
    size_t sent = 0;

    while (sent < count) {
        const struct outgoing *next = &messages[sent];
        size_t length = run_length(publisher, next, count - sent);
        if (length < 2) {
            if (publisher_send(publisher, next, err) < 0)
                return sent;
            sent++;
            continue;
        }
        if (check_partition(publisher, next, err) < 0)
            return sent;
        rd_kafka_resp_err_t failed;
        sent += produce_run(publisher, next, length, &failed);
        if (failed == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            deliveries_take(publisher->deliveries, FULL_WAIT_MS);
        } else if (failed) {
            send_failed(publisher, next, failed, err);
            return sent;
        }
    }
    return sent;
}

/* --- Transactions ----------------------------------------------------- */

enum publisher_verdict publisher_begin(struct publisher *publisher,
                                       struct error *err)
{
    return transaction_begin(&publisher->transaction, err);
}

enum publisher_verdict publisher_send_offsets(
    struct publisher *publisher, const rd_kafka_topic_partition_list_t *next,
    const rd_kafka_consumer_group_metadata_t *group, struct error *err)
{
    return transaction_send_offsets(&publisher->transaction, next, group, err);
}

enum publisher_verdict publisher_commit(struct publisher *publisher,
                                        struct error *err)
{
    return transaction_commit(&publisher->transaction, err);
}

enum publisher_verdict publisher_abort(struct publisher *publisher,
                                       struct error *err)
{
    return transaction_abort(&publisher->transaction, err);
}

/* --- Flushing, questions, closing ------------------------------------- */

void publisher_serve(struct publisher *publisher)
{
    deliveries_take(publisher->deliveries, 0);
}

/* Says why a message was not delivered. One that a failed transaction threw
 * away only says that it was thrown away: the transaction is asked why it
 * failed. */
static void undelivered(struct publisher *publisher, rd_kafka_resp_err_t failed,
                        struct error *err)
{
    const bool is_purged = failed == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                           failed == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
    char why[256];

    snprintf(why, sizeof(why), "%s", kafka_error_words((int)failed));
    if (publisher->transaction.is_open && is_purged)
        failed = (rd_kafka_resp_err_t)transaction_failure(
            &publisher->transaction, why, sizeof(why));
    error_set(err, kafka_error_code(failed),
              "a message for '%s' was not delivered: %s",
              deliveries_first_failed_topic(publisher->deliveries), why);
}

int publisher_flush(struct publisher *publisher, unsigned timeout_ms,
                    struct error *err)
{
    int failed = deliveries_drain(publisher->deliveries,
                                  clock_monotonic_ms() + timeout_ms);

    if (failed == RD_KAFKA_RESP_ERR__TIMED_OUT && stop_is_overdue())
        return stop_error(err);
    if (failed)
        return error_set(err, kafka_error_code(failed),
                         "%d messages are not delivered after %u ms: %s",
                         rd_kafka_outq_len(publisher->client), timeout_ms,
                         rd_kafka_err2str((rd_kafka_resp_err_t)failed));

    failed = deliveries_first_failure(publisher->deliveries);
    if (failed)
        undelivered(publisher, (rd_kafka_resp_err_t)failed, err);
    deliveries_forget_failures(publisher->deliveries);
    return failed ? -1 : 0;
}

int publisher_finish(struct publisher *publisher, unsigned timeout_ms,
                     struct error *err)
{
    int status = publisher_flush(publisher, timeout_ms, err);

    if (status < 0 && err->code == ERROR_STOPPED)
        error_set(err, ERROR_UNAVAILABLE,
                  "asked to stop before a broker had acknowledged %d messages",
                  rd_kafka_outq_len(publisher->client));
    return status;
}

void publisher_give_up(struct publisher *publisher)
{
    deliveries_settle(publisher->deliveries, clock_monotonic_ms() + CLOSE_MS);
    rd_kafka_purge(publisher->client,
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    deliveries_drain(publisher->deliveries, clock_monotonic_ms() + CLOSE_MS);
}

uint64_t publisher_failed(const struct publisher *publisher, size_t topic)
{
    return deliveries_failed_for(publisher->deliveries, topic);
}

int64_t publisher_last_offset(const struct publisher *publisher, size_t topic,
                              int32_t partition)
{
    return deliveries_last_offset(publisher->deliveries, topic, partition);
}

int32_t publisher_partitions(const struct publisher *publisher, size_t topic)
{
    return publisher->topics[topic].partitions;
}

int32_t publisher_place(const struct publisher *publisher, size_t topic,
                        int32_t partition)
{
    return partition < publisher->topics[topic].partitions ? partition
                                                           : PUBLISH_BY_KEY;
}

struct publisher_counts publisher_counts(struct publisher *publisher)
{
    /* librdkafka counts everything that it has to tell as messages under way:
     * it is taken first. */
    deliveries_take(publisher->deliveries, 0);

    struct publisher_counts counts = {
        .sent = publisher->sent,
        .failed = deliveries_failed(publisher->deliveries)};
    uint64_t waiting = (uint64_t)rd_kafka_outq_len(publisher->client);
    uint64_t settled = counts.failed + waiting;

    /* A failure whose report is on its way is in both for a moment. */
    counts.delivered = counts.sent > settled ? counts.sent - settled : 0;
    return counts;
}

static void free_unanswered(void *context)
{
    unanswered_free(context);
}

void publisher_close(struct publisher *publisher)
{
    if (!publisher)
        return;
    if (publisher->client) {
        if (publisher->transaction.is_open) /* its next owner aborts it */
            rd_kafka_purge(publisher->client,
                           RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        if (publisher->deliveries)
            deliveries_drain(publisher->deliveries,
                             clock_monotonic_ms() + CLOSE_MS);
        deliveries_free(publisher->deliveries);
        for (size_t t = 0; t < publisher->topic_count; t++)
            rd_kafka_topic_destroy(publisher->topics[t].handle);
    }
    /* A client that is left behind goes on counting. */
    kafka_close_then(publisher->client, free_unanswered, publisher->unanswered);
    free(publisher);
}
