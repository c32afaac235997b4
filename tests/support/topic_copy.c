#include "support/topic_copy.h"

#include "support/allowance.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 20000, SLICE_MS = 50 };

static void *copy(const void *bytes, size_t size)
{
    void *mine = malloc(size + 1);

    ck_assert_ptr_nonnull(mine);
    if (size > 0)
        memcpy(mine, bytes, size);
    return mine;
}

static void copy_headers(struct copied_record *record,
                         const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers = NULL;
    const char *name;
    const void *value;
    size_t size;

    if (rd_kafka_message_headers(message, &headers))
        return;
    for (size_t i = 0;
         !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++) {
        ck_assert_uint_lt(i, COPIED_HEADERS_MAX);
        record->headers[record->header_count++] =
            (struct copied_header){.name = copy(name, strlen(name) + 1),
                                   .value = copy(value, size),
                                   .size = size};
    }
}

static void add(struct topic_copy *to, const rd_kafka_message_t *message)
{
    if (to->count == to->room) {
        to->room = to->room ? 2 * to->room : 64;
        to->at = realloc(to->at, to->room * sizeof(*to->at));
        ck_assert_ptr_nonnull(to->at);
    }
    struct copied_record *record = &to->at[to->count++];
    *record =
        (struct copied_record){.partition = message->partition,
                               .offset = message->offset,
                               .key = copy(message->key, message->key_len),
                               .value = copy(message->payload, message->len),
                               .key_size = message->key_len,
                               .value_size = message->len};
    copy_headers(record, message);
}

static rd_kafka_t *connect_reader(const struct kafka_settings *kafka)
{
    rd_kafka_conf_t *conf = NULL;
    struct error err;
    char why[256];

    ck_assert_ok(kafka_conf(kafka, KAFKA_CONSUMER, NULL, &conf, &err), err);
    ck_assert_ok(kafka_conf_set(conf, "group.id", "topic-copy", &err), err);
    ck_assert_ok(kafka_conf_set(conf, "enable.partition.eof", "true", &err),
                 err);
    rd_kafka_t *reader =
        rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    ck_assert_msg(reader != NULL, "%s", why);
    rd_kafka_poll_set_consumer(reader);
    return reader;
}

/* From the first record of each partition; no group is joined. */
static void assign_all(rd_kafka_t *reader, const char *topic, int partitions)
{
    rd_kafka_topic_partition_list_t *all =
        rd_kafka_topic_partition_list_new(partitions);

    for (int32_t p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(all, topic, p)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    ck_assert_int_eq(rd_kafka_assign(reader, all), 0);
    rd_kafka_topic_partition_list_destroy(all);
}

struct topic_copy topic_copy_read(const struct kafka_settings *kafka,
                                  const char *topic, int partitions)
{
    int64_t deadline_ms = clock_monotonic_ms() + allowance_ms(PATIENCE_MS);
    struct topic_copy to = {NULL, 0, 0};
    int ended = 0;
    rd_kafka_t *reader = connect_reader(kafka);

    assign_all(reader, topic, partitions);
    while (ended < partitions) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, SLICE_MS);
        ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                      "'%s' has no end in sight", topic);
        if (!message)
            continue;
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            ended++;
        else if (!message->err)
            add(&to, message);
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    return to;
}

void topic_copy_free(struct topic_copy *copied)
{
    for (size_t i = 0; i < copied->count; i++) {
        struct copied_record *record = &copied->at[i];
        for (size_t h = 0; h < record->header_count; h++) {
            free(record->headers[h].name);
            free(record->headers[h].value);
        }
        free(record->key);
        free(record->value);
    }
    free(copied->at);
    *copied = (struct topic_copy){NULL, 0, 0};
}

const struct copied_header *
copied_record_header(const struct copied_record *record, const char *name)
{
    size_t i = record->header_count;

    while (i-- > 0)
        if (strcmp(record->headers[i].name, name) == 0)
            return &record->headers[i];
    return NULL;
}
