#include "support/kafka_fixture.h"
#include "support/allowance.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"

#include "common/base/clock.h"

#include <librdkafka/rdkafka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { ANSWER_MS = 30000, QUIET_MS = 60000, POLL_MS = 200 };

int kafka_fixture_main(Suite *suite, const char *promises)
{
    const char *brokers = getenv("PCTR_KAFKA");

    if (brokers && *brokers)
        return run_suite(suite);
    printf("SKIPPED: PCTR_KAFKA names no broker: promises not tested: %s\n",
           promises);
    return run_suite_not(suite);
}

struct kafka_settings kafka_fixture_settings(void)
{
    const char *brokers = getenv("PCTR_KAFKA");
    struct kafka_settings settings = {.client_id = "test"};

    ck_assert_msg(brokers != NULL, "PCTR_KAFKA is not set");
    snprintf(settings.brokers, sizeof(settings.brokers), "%s", brokers);
    return settings;
}

void kafka_fixture_name(const char *stem, char out[FIXTURE_NAME_SIZE])
{
    uint64_t random;

    ck_assert_int_eq(getrandom(&random, sizeof(random), 0), sizeof(random));
    snprintf(out, FIXTURE_NAME_SIZE, "%s-%016" PRIx64, stem, random);
}

void kafka_fixture_create(const char *topic, int partitions,
                          const char *retention_ms)
{
    struct error err = {ERROR_NONE, ""};
    struct kafka_settings settings = kafka_fixture_settings();
    struct kafka_topic_plan plan = {
        .name = topic, .partitions = partitions, .replicas = -1};
    bool created = false;

    if (retention_ms) {
        plan.configs[0][0] = "retention.ms";
        plan.configs[0][1] = retention_ms;
    }
    ck_assert_ok(
        kafka_topic_create(&settings, &plan, ANSWER_MS, &created, &err), err);
    ck_assert_msg(created, "topic '%s' was there already", topic);
    /* Its leaders are known when it can be described; a broker of several may
     * not have heard of it yet. */
    struct kafka_topic described;
    int64_t deadline_ms = clock_monotonic_ms() + allowance_ms(ANSWER_MS);
    while (kafka_topic_describe(&settings, topic, ANSWER_MS, &described, &err) <
           0) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms, "%s", err.text);
        clock_sleep_ms(POLL_MS);
    }
}

/* --- Clients ---------------------------------------------------------- */

static rd_kafka_t *new_client(enum kafka_role role, rd_kafka_conf_t *conf)
{
    char why[256] = "";
    rd_kafka_t *client = rd_kafka_new(
        role == KAFKA_CONSUMER ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf,
        why, sizeof(why));

    ck_assert_msg(client != NULL, "client: %s", why);
    return client;
}

static rd_kafka_conf_t *new_conf(enum kafka_role role)
{
    struct error err = {ERROR_NONE, ""};
    struct kafka_settings settings = kafka_fixture_settings();
    rd_kafka_conf_t *conf = NULL;

    ck_assert_ok(kafka_conf(&settings, role, NULL, &conf, &err), err);
    return conf;
}

rd_kafka_t *kafka_fixture_consumer(const char *group, const char *isolation)
{
    struct error err = {ERROR_NONE, ""};
    rd_kafka_conf_t *conf = new_conf(KAFKA_CONSUMER);

    ck_assert_ok(kafka_conf_set(conf, "group.id", group, &err), err);
    ck_assert_ok(kafka_conf_set(conf, "enable.partition.eof", "true", &err),
                 err);
    ck_assert_ok(kafka_conf_set(conf, "isolation.level", isolation, &err), err);
    return new_client(KAFKA_CONSUMER, conf);
}

static rd_kafka_resp_err_t send_copy(rd_kafka_t *client, const char *topic,
                                     const struct outgoing *record)
{
    return __extension__ rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(topic),
        RD_KAFKA_V_PARTITION(record->partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY((void *)(uintptr_t)record->key, record->key_size),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_size),
        RD_KAFKA_V_TIMESTAMP(record->timestamp_ms), RD_KAFKA_V_END);
}

void kafka_fixture_send(const char *topic, const struct outgoing *record)
{
    rd_kafka_t *client = new_client(KAFKA_PRODUCER, new_conf(KAFKA_PRODUCER));

    ck_assert_int_eq(send_copy(client, topic, record), 0);
    ck_assert_int_eq(rd_kafka_flush(client, ANSWER_MS), 0);
    rd_kafka_destroy(client);
}

/* --- Reading everything ----------------------------------------------- */

static uint8_t *copy_bytes(const void *bytes, size_t size)
{
    if (!bytes)
        return NULL;
    uint8_t *copy = malloc(size + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, size);
    copy[size] = '\0'; /* so that a text can be compared in place */
    return copy;
}

static void copy_headers(const rd_kafka_message_t *message,
                         struct fixture_record *record)
{
    rd_kafka_headers_t *headers = NULL;

    if (rd_kafka_message_headers(message, &headers) != 0)
        return;
    record->header_count = rd_kafka_header_cnt(headers);
    record->headers = calloc(record->header_count, sizeof(*record->headers));
    ck_assert_ptr_nonnull(record->headers);
    for (size_t i = 0; i < record->header_count; i++) {
        struct fixture_header *header = &record->headers[i];
        const char *name;
        const void *value;
        rd_kafka_header_get_all(headers, i, &name, &value, &header->size);
        header->name = strdup(name);
        header->value = copy_bytes(value, header->size);
    }
}

static void keep(struct fixture_records *records,
                 const rd_kafka_message_t *message)
{
    if ((records->count & (records->count - 1)) == 0) { /* 0, 1, 2, 4, ... */
        size_t room = records->count ? records->count * 2 : 1;
        records->at = realloc(records->at, room * sizeof(*records->at));
        ck_assert_ptr_nonnull(records->at);
    }
    struct fixture_record *record = &records->at[records->count++];
    *record = (struct fixture_record){
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = copy_bytes(message->key, message->key_len),
        .key_size = message->key_len,
        .value = copy_bytes(message->payload, message->len),
        .value_size = message->len,
    };
    copy_headers(message, record);
}

static void read_partition(rd_kafka_t *client, const char *topic,
                           int32_t partition, int64_t end,
                           struct fixture_records *records)
{
    int64_t deadline = clock_monotonic_ms() + allowance_ms(QUIET_MS),
            reached = 0;
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(one, topic, partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
    ck_assert_int_eq(rd_kafka_assign(client, one), 0);
    rd_kafka_topic_partition_list_destroy(one);
    while (reached < end) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, POLL_MS);
        ck_assert_msg(clock_monotonic_ms() < deadline,
                      "%s[%d]: at %" PRId64 " of %" PRId64
                      " after %d s: is a transaction still open?",
                      topic, (int)partition, reached, end, QUIET_MS / 1000);
        if (!message)
            continue;
        if (!message->err)
            keep(records, message);
        if (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            reached = message->err ? message->offset : message->offset + 1;
        rd_kafka_message_destroy(message);
    }
    rd_kafka_assign(client, NULL);
}

struct fixture_records kafka_fixture_read(const char *topic)
{
    struct fixture_records records = {NULL, 0};
    struct topic_ends ends = topic_ends_of(topic);
    rd_kafka_t *client = kafka_fixture_consumer("fixture", "read_committed");

    for (int32_t p = 0; p < ends.partitions; p++)
        read_partition(client, topic, p, ends.high[p], &records);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    return records;
}

void fixture_records_free(struct fixture_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        struct fixture_record *record = &records->at[i];
        for (size_t h = 0; h < record->header_count; h++) {
            free(record->headers[h].name);
            free(record->headers[h].value);
        }
        free(record->headers);
        free(record->key);
        free(record->value);
    }
    free(records->at);
    *records = (struct fixture_records){NULL, 0};
}

const struct fixture_header *
fixture_record_header(const struct fixture_record *record, const char *name)
{
    for (size_t i = record->header_count; i-- > 0;)
        if (strcmp(record->headers[i].name, name) == 0)
            return &record->headers[i];
    return NULL;
}

/* --- Looking on ------------------------------------------------------- */

int64_t kafka_fixture_committed(const char *group, const char *topic,
                                int32_t partition)
{
    /* One that reads committed records would wait for a transaction that a
     * killed process left open. */
    rd_kafka_t *client = kafka_fixture_consumer(group, "read_uncommitted");
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(one, topic, partition);
    ck_assert_int_eq(rd_kafka_committed(client, one, ANSWER_MS), 0);
    int64_t offset = one->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(one);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    return offset;
}

void kafka_fixture_await(const char *topic, size_t count, unsigned timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + allowance_ms(timeout_ms);

    for (;;) {
        struct fixture_records records = kafka_fixture_read(topic);
        size_t found = records.count;
        fixture_records_free(&records);
        if (found >= count)
            return;
        ck_assert_msg(clock_monotonic_ms() < deadline,
                      "'%s' holds %zu records after %u ms, %zu were expected",
                      topic, found, timeout_ms, count);
        clock_sleep_ms(POLL_MS);
    }
}
