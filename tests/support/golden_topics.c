#include "support/golden_topics.h"

#include "support/run_suite.h"

#include "common/base/file.h"

#include "producer/publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, HEADERS_MAX = 16, WAIT_MS = 60000 };

static struct error err;

/* --- The file --------------------------------------------------------- */

struct golden_record {
    uint8_t topic;
    int64_t offset;
    struct outgoing sent;
    struct record_header headers[HEADERS_MAX];
    char names[HEADERS_MAX][64];
};

static uint64_t take_number(const uint8_t **at, const uint8_t *end,
                            size_t width)
{
    uint64_t number = 0;

    ck_assert_uint_ge((size_t)(end - *at), width);
    for (size_t i = 0; i < width; i++)
        number |= (uint64_t)(*at)[i] << (8 * i);
    *at += width;
    return number;
}

static const void *take_bytes(const uint8_t **at, const uint8_t *end,
                              size_t *size)
{
    uint64_t length = take_number(at, end, 4);
    const uint8_t *bytes = *at;

    *size = 0;
    if (length == UINT32_MAX)
        return NULL;
    ck_assert_uint_ge((size_t)(end - *at), length);
    *size = (size_t)length;
    *at += length;
    return bytes;
}

static void take_headers(const uint8_t **at, const uint8_t *end,
                         struct golden_record *record)
{
    size_t count = (size_t)take_number(at, end, 1);

    ck_assert_uint_le(count, HEADERS_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        const void *name = take_bytes(at, end, &length);
        ck_assert_uint_lt(length, sizeof(record->names[i]));
        memcpy(record->names[i], name, length);
        record->names[i][length] = '\0';
        record->headers[i].name = record->names[i];
        record->headers[i].value =
            take_bytes(at, end, &record->headers[i].size);
    }
    record->sent.headers = record->headers;
    record->sent.header_count = count;
}

static void take_record(const uint8_t **at, const uint8_t *end,
                        struct golden_record *record)
{
    memset(record, 0, sizeof(*record));
    record->topic = (uint8_t)take_number(at, end, 1);
    ck_assert_uint_lt(record->topic, PIPE_TOPICS);
    record->sent.partition = (int32_t)take_number(at, end, 4);
    record->offset = (int64_t)take_number(at, end, 8);
    record->sent.timestamp_ms = (int64_t)take_number(at, end, 8);
    record->sent.key = take_bytes(at, end, &record->sent.key_size);
    record->sent.value = take_bytes(at, end, &record->sent.value_size);
    take_headers(at, end, record);
}

/* --- The broker ------------------------------------------------------- */

/* The marker of a committed transaction takes one offset. A gap of one between
 * two records is therefore made by ending a transaction between them. */
struct golden_lane {
    struct publisher *publisher; /* NULL: no record so far */
    int64_t next;
};

static void open_lane(struct golden_lane *lane, const char *topic,
                      int partition)
{
    struct publisher_config config = {.kafka = kafka_fixture_settings(),
                                      .topics = {topic, NULL}};

    snprintf(config.transactional_id, sizeof(config.transactional_id), "%s-%d",
             topic, partition);
    ck_assert_ok(publisher_open(&config, &lane->publisher, &err), err);
    ck_assert_int_eq(publisher_begin(lane->publisher, &err), PUBLISHER_OK);
}

static void close_lane(struct golden_lane *lane)
{
    if (!lane->publisher)
        return;
    ck_assert_int_eq(publisher_commit(lane->publisher, &err), PUBLISHER_OK);
    publisher_close(lane->publisher);
}

static void send(struct golden_lane *lane, const struct pipeline *pipe,
                 const struct golden_record *record)
{
    if (!lane->publisher)
        open_lane(lane, pipe->names[record->topic], record->sent.partition);
    if (record->offset == lane->next + 1) {
        ck_assert_int_eq(publisher_commit(lane->publisher, &err), PUBLISHER_OK);
        ck_assert_int_eq(publisher_begin(lane->publisher, &err), PUBLISHER_OK);
        lane->next++;
    }
    ck_assert_int_eq(record->offset, lane->next);
    ck_assert_ok(publisher_send(lane->publisher, &record->sent, &err), err);
    lane->next++;
}

size_t golden_topics_restore(const char *path, const struct pipeline *pipe)
{
    struct golden_lane *lanes =
        calloc((size_t)PIPE_TOPICS * (size_t)pipe->partitions, sizeof(*lanes));
    size_t size = 0, predictions = 0;
    uint8_t *bytes = NULL;

    ck_assert_ptr_nonnull(lanes);
    ck_assert_ok(file_read(path, FILE_MAX, &bytes, &size, &err), err);
    const uint8_t *at = bytes, *end = at + size;
    while (at < end) {
        struct golden_record record;
        take_record(&at, end, &record);
        ck_assert_int_lt(record.sent.partition, pipe->partitions);
        send(&lanes[record.topic * pipe->partitions + record.sent.partition],
             pipe, &record);
        predictions += record.topic == PIPE_PREDICTIONS;
    }
    for (int i = 0; i < PIPE_TOPICS * pipe->partitions; i++)
        close_lane(&lanes[i]);
    free(lanes);
    free(bytes);
    return predictions;
}
