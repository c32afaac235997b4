/*
 * check_publisher_send.c - messages sent together arrive as if sent one by
 * one: all of them, once, in order, and each with what is its own.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "consumer/read/merge_reader.h"
#include "producer/publisher.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 20000, COUNT = 3000, PARTITIONS = 4 };

static struct error err;
static struct mock_cluster *cluster;
static struct publisher *publisher;
static struct publisher_config config;
static struct outgoing messages[COUNT];
static char texts[COUNT][16];

/* Runs of changing length: 1, 2, ... neighbours of one partition. */
static void set_up(void)
{
    int32_t partition = 0;

    publisher = NULL;
    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "a", PARTITIONS);
    config = (struct publisher_config){.kafka = mock_cluster_settings(cluster),
                                       .topics = {"a"}};
    for (int i = 0, left = 1, run = 1; i < COUNT; i++) {
        snprintf(texts[i], sizeof(texts[i]), "%d", i);
        messages[i] = (struct outgoing){.partition = partition,
                                        .key = texts[i],
                                        .key_size = strlen(texts[i]),
                                        .value = texts[i],
                                        .value_size = strlen(texts[i])};
        if (--left > 0)
            continue;
        left = run++;
        partition = (partition + 1) % PARTITIONS;
    }
}

static void tear_down(void)
{
    publisher_close(publisher);
    mock_cluster_free(cluster);
}

static void send_all(void)
{
    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    size_t sent = publisher_send_many(publisher, messages, COUNT, &err);
    ck_assert_msg(sent == COUNT, "%zu sent: %s", sent, err.text);
    memset(texts, '?', sizeof(texts)); /* what was sent was copied */
    ck_assert_ok(publisher_flush(publisher, PATIENCE_MS, &err), err);
    ck_assert_uint_eq(publisher_counts(publisher).delivered, COUNT);
}

/* Which of the messages this record is. */
static int number_of(const struct merge_record *record)
{
    char text[16];
    int number = -1;

    ck_assert_uint_lt(record->message.value_size, sizeof(text));
    ck_assert_uint_eq(record->message.key_size, record->message.value_size);
    memcpy(text, record->message.value, record->message.value_size);
    text[record->message.value_size] = '\0';
    ck_assert_int_eq(sscanf(text, "%d", &number), 1);
    ck_assert(number >= 0 && number < COUNT);
    return number;
}

static void expect_all_in_order(void)
{
    const struct merge_reader_config from = {
        .kafka = mock_cluster_settings(cluster),
        .topics = {"a"},
        .from_ms = MERGE_FROM_BEGINNING,
        .ends = true,
        .buffer_bytes = 1 << 20,
        .timeout_ms = PATIENCE_MS,
    };
    struct merge_reader *reader = NULL;
    int last[PARTITIONS] = {-1, -1, -1, -1}, seen = 0;

    ck_assert_ok(merge_reader_open(&from, &reader, &err), err);
    for (;;) {
        enum merge_result result;
        struct merge_record record;
        ck_assert_ok(
            merge_reader_next(reader, PATIENCE_MS, &result, &record, &err),
            err);
        if (result != MERGE_RECORD)
            break;
        int number = number_of(&record);
        int32_t partition = record.message.partition;
        ck_assert_int_eq(partition, messages[number].partition);
        ck_assert_int_gt(number, last[partition]);
        last[partition] = number;
        seen++;
    }
    merge_reader_close(reader);
    ck_assert_int_eq(seen, COUNT);
}

START_TEST(runs_of_any_length_arrive_in_order)
{
    send_all();
    expect_all_in_order();
}
END_TEST

START_TEST(a_full_queue_neither_loses_nor_repeats)
{
    static const struct config_property small = {
        "producer.queue.buffering.max.messages", "100"};

    config.kafka.properties = &small;
    config.kafka.property_count = 1;
    send_all();
    expect_all_in_order();
}
END_TEST

START_TEST(a_message_with_headers_keeps_its_place_among_others)
{
    static const struct record_header header = {"h", "1", 1};

    for (int i = 100; i < COUNT; i += 100) {
        messages[i].headers = &header;
        messages[i].header_count = 1;
    }
    send_all();
    expect_all_in_order();
}
END_TEST

START_TEST(one_that_is_too_large_stops_at_itself)
{
    static char large[2 << 20];
    const size_t at = COUNT - 5; /* in the middle of a run */

    messages[at].value = large;
    messages[at].value_size = sizeof(large);
    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    ck_assert_uint_eq(publisher_send_many(publisher, messages, COUNT, &err),
                      at);
    ck_assert_int_eq(err.code,
                     kafka_error_code(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE));
    ck_assert_uint_eq(
        publisher_send_many(publisher, messages + at + 1, 4, &err), 4);
    ck_assert_ok(publisher_flush(publisher, PATIENCE_MS, &err), err);
    ck_assert_uint_eq(publisher_counts(publisher).delivered, COUNT - 1);
}
END_TEST

START_TEST(a_partition_that_is_not_there_stops_the_run_before_it)
{
    messages[0].partition = 0;
    messages[1].partition = messages[2].partition = PARTITIONS;
    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    ck_assert_uint_eq(publisher_send_many(publisher, messages, 3, &err), 1);
    ck_assert_int_eq(err.code, ERROR_UNAVAILABLE);
    ck_assert_uint_eq(publisher_counts(publisher).sent, 1);
}
END_TEST

/* It is all in the flush: were the delivery looked for every 10 ms, ten would
 * take 100. The machine may be busy: the fastest ten count. */
START_TEST(a_flush_ends_with_the_delivery)
{
    enum { TENS = 10 };
    int64_t fastest_ms = INT64_MAX;

    config.linger_ms = 1000;
    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    for (int i = 0; i < TENS; i++) {
        const int64_t began_ms = clock_monotonic_ms();
        for (int k = 0; k < 10; k++) {
            ck_assert_ok(publisher_send(publisher, &messages[10 * i + k], &err),
                         err);
            ck_assert_ok(publisher_flush(publisher, PATIENCE_MS, &err), err);
        }
        const int64_t took_ms = clock_monotonic_ms() - began_ms;
        fastest_ms = took_ms < fastest_ms ? took_ms : fastest_ms;
    }
    ck_assert_int_lt(fastest_ms, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("publisher_send");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, runs_of_any_length_arrive_in_order);
    tcase_add_test(tests, a_full_queue_neither_loses_nor_repeats);
    tcase_add_test(tests, a_message_with_headers_keeps_its_place_among_others);
    tcase_add_test(tests, one_that_is_too_large_stops_at_itself);
    tcase_add_test(tests,
                   a_partition_that_is_not_there_stops_the_run_before_it);
    tcase_add_test(tests, a_flush_ends_with_the_delivery);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
