#include "support/topic_change.h"

#include "support/run_suite.h"

#include "producer/publisher.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 120000 };

static struct error err;

void topic_change_create(char name[FIXTURE_NAME_SIZE], int partitions)
{
    kafka_fixture_name("changed", name);
    kafka_fixture_create(name, partitions, "-1");
}

static void send_copy(struct publisher *publisher,
                      const struct fixture_record *record)
{
    struct record_header headers[16];

    for (size_t i = 0; i < record->header_count; i++)
        headers[i] = (struct record_header){record->headers[i].name,
                                            record->headers[i].value,
                                            record->headers[i].size};
    struct outgoing out = {.partition = record->partition,
                           .key = record->key,
                           .key_size = record->key_size,
                           .value = record->value,
                           .value_size = record->value_size,
                           .timestamp_ms = record->timestamp_ms,
                           .headers = headers,
                           .header_count = record->header_count};
    ck_assert_ok(publisher_send(publisher, &out, &err), err);
}

void topic_change_copy(const char *from, int partitions, enum copy_kind kind,
                       const struct topic_change *change,
                       char name[FIXTURE_NAME_SIZE])
{
    const bool transactions = kind == COPY_EACH_IN_A_TRANSACTION;
    struct publisher_config config = {.kafka = kafka_fixture_settings(),
                                      .topics = {name, NULL}};
    struct fixture_records records = kafka_fixture_read(from);
    struct publisher *publisher = NULL;

    topic_change_create(name, partitions);
    if (transactions)
        strcpy(config.transactional_id, name);
    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    records.at[change->record].value[change->byte] ^= 1;
    for (size_t i = 0; i < records.count; i++) {
        if (transactions)
            ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
        send_copy(publisher, &records.at[i]);
        if (transactions)
            ck_assert_int_eq(publisher_commit(publisher, &err), PUBLISHER_OK);
    }
    ck_assert_ok(publisher_flush(publisher, WAIT_MS, &err), err);
    ck_assert_uint_eq(publisher_counts(publisher).delivered, records.count);
    publisher_close(publisher);
    printf("%s: %zu records copied to %s\n", from, records.count, name);
    fixture_records_free(&records);
}

size_t topic_change_place(const struct fixture_record *record,
                          const char *bytes, size_t size)
{
    for (size_t i = 0; i + size <= record->value_size; i++)
        if (memcmp(record->value + i, bytes, size) == 0)
            return i + size;
    ck_abort_msg("it is not there");
}

static rd_kafka_t *open_admin(void)
{
    char why[256];
    rd_kafka_conf_t *conf = NULL;
    struct kafka_settings kafka = kafka_fixture_settings();

    ck_assert_ok(kafka_conf(&kafka, KAFKA_ADMIN, NULL, &conf, &err), err);
    rd_kafka_t *client =
        rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    ck_assert_msg(client != NULL, "%s", why);
    return client;
}

static void await_answer(rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *answer = rd_kafka_queue_poll(queue, WAIT_MS);

    ck_assert_ptr_nonnull(answer);
    ck_assert_int_eq(rd_kafka_event_error(answer), 0);
    rd_kafka_event_destroy(answer);
}

void topic_change_delete(const char *topic, int32_t partition, int64_t before)
{
    rd_kafka_t *client = open_admin();
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = before;
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(client, &request, 1, NULL, queue);
    await_answer(queue);
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

void topic_change_remove(const char *topic)
{
    rd_kafka_t *client = open_admin();
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteTopic_t *request = rd_kafka_DeleteTopic_new(topic);

    rd_kafka_DeleteTopics(client, &request, 1, NULL, queue);
    await_answer(queue);
    rd_kafka_DeleteTopic_destroy(request);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}
