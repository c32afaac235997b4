#include "support/test_producer.h"

#include <librdkafka/rdkafka.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_MS = 20000 };

struct test_producer {
    rd_kafka_t *client;
};

struct test_producer *test_producer_new(const char *brokers)
{
    char why[256] = "";
    struct test_producer *producer = calloc(1, sizeof(*producer));
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    ck_assert_ptr_nonnull(producer);
    ck_assert_int_eq(
        rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why)),
        RD_KAFKA_CONF_OK);
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    ck_assert_msg(producer->client != NULL, "producer: %s", why);
    return producer;
}

void test_producer_send(struct test_producer *producer, const char *topic,
                        const struct outgoing *record)
{
    const size_t size = record->value_size;
    char byte = 0;
    /* The array form: the macros of producev are no standard C. */
    rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = record->timestamp_ms},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {size ? (void *)(uintptr_t)record->value : &byte, size}},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(
        producer->client, fields, sizeof(fields) / sizeof(fields[0]));

    ck_assert_msg(!error, "produce: %s", rd_kafka_error_string(error));
}

void test_producer_send_text(struct test_producer *producer, const char *topic,
                             const char *key, const char *value)
{
    rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {(void *)(uintptr_t)key, strlen(key)}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {(void *)(uintptr_t)value, strlen(value)}},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(
        producer->client, fields, sizeof(fields) / sizeof(fields[0]));

    ck_assert_msg(!error, "produce: %s", rd_kafka_error_string(error));
}

void test_producer_flush(struct test_producer *producer)
{
    ck_assert_int_eq(rd_kafka_flush(producer->client, FLUSH_MS), 0);
}

void test_producer_free(struct test_producer *producer)
{
    test_producer_flush(producer);
    rd_kafka_destroy(producer->client);
    free(producer);
}
