/*
 * publisher_send.c - hands messages to librdkafka: one by one, or a run of
 * neighbours with one call, which looks at the clock and for the partition
 * once.
 */
#include "producer/publisher_handle.h"

#include <stdlib.h>

enum { FULL_WAIT_MS = 50, RUN_MAX = 256 };

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

static int send_failed(const struct publisher *publisher,
                       const struct outgoing *message,
                       rd_kafka_resp_err_t failed, struct error *err)
{
    return error_set(
        err, kafka_error_code(failed), "send to '%s': %s",
        rd_kafka_topic_name(publisher->topics[message->topic].handle),
        rd_kafka_err2str(failed));
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
        publisher_take_reports(publisher, FULL_WAIT_MS);
    if (failed)
        return send_failed(publisher, message, failed, err);
    publisher->counts.sent++;
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
    publisher->counts.sent += (uint64_t)taken;
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
            publisher_take_reports(publisher, FULL_WAIT_MS);
        } else if (failed) {
            send_failed(publisher, next, failed, err);
            return sent;
        }
    }
    return sent;
}
