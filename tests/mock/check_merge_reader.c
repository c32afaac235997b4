/*
 * check_merge_reader.c - one stream out of many partitions, against the mock
 * brokers.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"
#include "support/test_producer.h"

#include "common/base/clock.h"
#include "consumer/read/merge_reader.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 20000 };

static struct error err;
static struct mock_cluster *cluster;
static struct test_producer *producer;
static struct merge_reader *reader;
static struct merge_reader_config config;

static void set_up(void)
{
    reader = NULL;
    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "a", 2);
    mock_cluster_add_topic(cluster, "b", 2);
    producer = test_producer_new(mock_cluster_brokers(cluster));
    config = (struct merge_reader_config){
        .kafka = mock_cluster_settings(cluster),
        .topics = {"a", "b"},
        .from_ms = MERGE_FROM_BEGINNING,
        .ends = true,
        .buffer_bytes = 1 << 20,
        .timeout_ms = PATIENCE_MS,
    };
}

static void tear_down(void)
{
    merge_reader_close(reader);
    test_producer_free(producer);
    mock_cluster_free(cluster);
}

static void put(const char *topic, int32_t partition, int64_t ts_ms,
                const char *value)
{
    test_producer_send(producer, topic,
                       &(struct outgoing){.partition = partition,
                                          .value = value,
                                          .value_size = strlen(value),
                                          .timestamp_ms = ts_ms});
}

static void open_reader(void)
{
    test_producer_flush(producer);
    ck_assert_ok(merge_reader_open(&config, &reader, &err), err);
}

/* Appends the values of the records that come until there is none. */
static enum merge_result read_all(char *out, size_t size, unsigned wait_ms)
{
    struct merge_record record;
    enum merge_result result;

    *out = '\0';
    for (;;) {
        ck_assert_ok(merge_reader_next(reader, wait_ms, &result, &record, &err),
                     err);
        if (result != MERGE_RECORD)
            return result;
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%.*s",
                 (int)record.message.value_size,
                 (const char *)record.message.value);
    }
}

static void assert_range(size_t at, const char *topic, int32_t partition,
                         int64_t first, int64_t next)
{
    size_t count = 0;
    const struct offset_range *ranges = merge_reader_ranges(reader, &count);

    ck_assert_uint_lt(at, count);
    ck_assert_str_eq(ranges[at].topic, topic);
    ck_assert_int_eq(ranges[at].partition, partition);
    ck_assert_int_eq(ranges[at].first, first);
    ck_assert_int_eq(ranges[at].next, next);
}

START_TEST(records_come_in_the_order_of_their_times)
{
    char text[64];

    put("a", 0, 10, "1");
    put("a", 0, 40, "4");
    put("a", 0, 90, "9");
    put("a", 1, 20, "2");
    put("a", 1, 50, "5");
    put("b", 0, 30, "3");
    put("b", 0, 60, "6");
    put("b", 0, 70, "7");
    put("b", 1, 80, "8");
    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), PATIENCE_MS), MERGE_END);
    ck_assert_str_eq(text, "123456789");
    ck_assert(merge_reader_caught_up(reader));
    ck_assert_uint_eq(merge_reader_lag(reader), 0);
    assert_range(0, "a", 0, 0, 3);
    assert_range(1, "a", 1, 0, 2);
    assert_range(2, "b", 0, 0, 3);
    assert_range(3, "b", 1, 0, 1);
}
END_TEST

START_TEST(equal_times_come_by_topic_partition_and_offset)
{
    char text[64];

    put("b", 1, 5, "6");
    put("b", 0, 5, "5");
    put("a", 1, 5, "3");
    put("a", 1, 5, "4");
    put("a", 0, 5, "1");
    put("a", 0, 5, "2");
    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), PATIENCE_MS), MERGE_END);
    ck_assert_str_eq(text, "123456");
}
END_TEST

START_TEST(times_that_go_back_within_a_partition_keep_their_offsets)
{
    char text[64];

    put("a", 0, 50, "2");
    put("a", 0, 10, "3");
    put("a", 1, 30, "1");
    put("a", 1, 60, "4");
    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), PATIENCE_MS), MERGE_END);
    ck_assert_str_eq(text, "1234");
}
END_TEST

/* Record times in minutes, which no clock is behind. */
START_TEST(a_record_dated_ahead_does_not_hold_back_those_behind_it)
{
    const int64_t minute_ms = 60000;
    struct merge_record record;
    enum merge_result result;
    char text[16] = "";
    int64_t ahead_ms = 0;

    put("a", 0, 10 * minute_ms, "1");
    put("a", 0, 65 * minute_ms, "!");
    put("a", 0, 12 * minute_ms, "3");
    put("a", 0, 14 * minute_ms, "5");
    put("b", 0, 11 * minute_ms, "2");
    put("b", 0, 13 * minute_ms, "4");
    put("b", 0, 40 * minute_ms, "7"); /* after a silence: at its time */
    put("b", 1, 15 * minute_ms, "6");
    open_reader();
    for (;;) {
        ck_assert_ok(
            merge_reader_next(reader, PATIENCE_MS, &result, &record, &err),
            err);
        if (result != MERGE_RECORD)
            break;
        strncat(text, (const char *)record.message.value, 1);
        ahead_ms += record.ahead_ms;
    }
    ck_assert_str_eq(text, "1!234567");
    ck_assert_int_eq(ahead_ms, 55 * minute_ms);
}
END_TEST

START_TEST(many_records_come_whole_twice_the_same)
{
    enum { MANY = 5000 };
    static char first[MANY * 5], second[MANY * 5];
    uint64_t state = 1;

    for (int i = 0; i < MANY; i++) {
        char value[8];
        state = state * 6364136223846793005u + 1442695040888963407u;
        snprintf(value, sizeof(value), "%04d", i);
        put(state >> 63 ? "a" : "b", (int32_t)(state >> 62) & 1, 1000 + i / 3,
            value);
    }
    open_reader();
    ck_assert_int_eq(read_all(first, sizeof(first), PATIENCE_MS), MERGE_END);
    merge_reader_close(reader);
    config.buffer_bytes = 1;
    open_reader();
    ck_assert_int_eq(read_all(second, sizeof(second), PATIENCE_MS), MERGE_END);
    ck_assert_uint_eq(strlen(first), (size_t)MANY * 4);
    ck_assert_str_eq(first, second);
}
END_TEST

START_TEST(a_partition_at_its_end_does_not_hold_the_others_back)
{
    char text[64];

    config.ends = false;
    put("a", 0, 100, "1");
    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), 2000), MERGE_NOTHING);
    ck_assert_str_eq(text, "1");
    ck_assert(merge_reader_caught_up(reader));

    /* Live: what is older than the last record comes all the same. */
    put("b", 1, 50, "2");
    test_producer_flush(producer);
    ck_assert_int_eq(read_all(text, sizeof(text), 2000), MERGE_NOTHING);
    ck_assert_str_eq(text, "2");
    assert_range(3, "b", 1, 0, 1);
}
END_TEST

/* The label was sent after its click, and before it in event time. */
START_TEST(a_live_record_waits_for_older_ones_of_other_partitions)
{
    char text[64];

    config.ends = false;
    config.linger_ms = 1000;
    put("a", 0, 100, "1");
    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), 500), MERGE_NOTHING);
    ck_assert_str_eq(text, "1");
    put("a", 0, 300, "3");
    test_producer_flush(producer);
    ck_assert_int_eq(read_all(text, sizeof(text), 300), MERGE_NOTHING);
    ck_assert_str_eq(text, "");
    put("b", 1, 200, "2");
    test_producer_flush(producer);
    ck_assert_int_eq(read_all(text, sizeof(text), 3000), MERGE_NOTHING);
    ck_assert_str_eq(text, "23");
}
END_TEST

/* The mock cannot add a partition to a topic. A reader that knows fewer than
 * there are is in the same place. */
START_TEST(partitions_that_are_added_are_read_from_their_beginning)
{
    static const struct offset_range known[] = {{"a", 0, 0, -1},
                                                {"b", 0, 0, -1}};
    char text[64];

    config.ends = false;
    config.ranges = known;
    config.range_count = 2;
    config.grows = true;
    put("a", 0, 100, "1");
    put("a", 1, 101, "2");
    put("b", 1, 102, "3");
    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), 7000), MERGE_NOTHING);
    ck_assert_str_eq(text, "123");
    put("a", 1, 103, "4");
    put("b", 0, 104, "5");
    test_producer_flush(producer);
    ck_assert_int_eq(read_all(text, sizeof(text), 2000), MERGE_NOTHING);
    ck_assert_str_eq(text, "45");
    assert_range(0, "a", 0, 0, 1);
    assert_range(1, "a", 1, 0, 2);
    assert_range(2, "b", 0, 0, 1);
    assert_range(3, "b", 1, 0, 1);
}
END_TEST

START_TEST(a_reading_that_ends_ignores_what_comes_later)
{
    char text[64];

    put("a", 0, 1, "1");
    put("b", 0, 2, "2");
    open_reader();
    put("a", 0, 3, "3");
    test_producer_flush(producer);
    ck_assert_int_eq(read_all(text, sizeof(text), PATIENCE_MS), MERGE_END);
    ck_assert_str_eq(text, "12");
}
END_TEST

START_TEST(ranges_are_read_as_they_are_given)
{
    static const struct offset_range ranges[] = {{"a", 0, 1, 3},
                                                 {"b", 1, 0, 1}};
    char text[64];

    for (int i = 0; i < 5; i++) {
        char value[2] = {(char)('a' + i), '\0'};
        put("a", 0, 1000 + i, value);
        put("a", 1, 1000 + i, "x");
        put("b", 1, 1000 + i, value);
    }
    config.ranges = ranges;
    config.range_count = 2;
    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), PATIENCE_MS), MERGE_END);
    ck_assert_str_eq(text, "abc");
    assert_range(0, "a", 0, 1, 3);
    assert_range(1, "b", 1, 0, 1);
}
END_TEST

START_TEST(an_empty_range_ends_at_once)
{
    static const struct offset_range ranges[] = {{"a", 0, 2, 2}};
    char text[64];

    put("a", 0, 1, "x");
    put("a", 0, 1, "x");
    config.ranges = ranges;
    config.range_count = 1;
    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), PATIENCE_MS), MERGE_END);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_range_that_is_not_there_yet_is_refused)
{
    static const struct offset_range ranges[] = {{"a", 0, 0, 5}};

    put("a", 0, 1, "x");
    test_producer_flush(producer);
    config.ranges = ranges;
    config.range_count = 1;
    ck_assert_refused(merge_reader_open(&config, &reader, &err), err,
                      ERROR_UNAVAILABLE,
                      "a/0: offset 5 is not there yet, the end is 1");
}
END_TEST

START_TEST(a_range_that_retention_took_is_refused)
{
    static const struct offset_range ranges[] = {{"a", 0, 0, 100}};
    static char value[100000];

    /* The mock brokers keep 5 MiB of a partition. */
    for (int i = 0; i < 120; i++) {
        test_producer_send(producer, "a",
                           &(struct outgoing){.value = value,
                                              .value_size = sizeof(value),
                                              .timestamp_ms = 1000 + i});
        test_producer_flush(producer);
    }
    config.ranges = ranges;
    config.range_count = 1;
    ck_assert_refused(merge_reader_open(&config, &reader, &err), err,
                      ERROR_UNAVAILABLE, "a/0: offset 0 is gone, the oldest");
}
END_TEST

START_TEST(it_goes_on_behind_what_was_read)
{
    static const struct offset_range behind[] = {
        {"a", 0, 0, 2}, {"a", 1, 0, 0}, {"b", 1, 1, 9}};
    char text[64];

    for (int i = 0; i < 4; i++) {
        char value[2] = {(char)('1' + i), '\0'};
        put("a", 0, 1000 + 10 * i, value);
        put("b", 0, 1005 + 10 * i, value + 1);
    }
    put("a", 1, 1021, "x");
    put("b", 0, 1022, "y");
    put("b", 1, 1023, "z"); /* its topic was made anew */
    config.behind = behind;
    config.behind_count = 3;
    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), PATIENCE_MS), MERGE_END);
    ck_assert_str_eq(text, "3xz4y");
    assert_range(0, "a", 0, 2, 4);
    assert_range(1, "a", 1, 0, 1);
    assert_range(2, "b", 0, 0, 5);
    assert_range(3, "b", 1, 0, 1);
}
END_TEST

START_TEST(what_retention_took_is_passed_over)
{
    static const struct offset_range behind[] = {{"a", 0, 0, 5}};
    static char value[100000];
    char text[64];

    /* The mock brokers keep 5 MiB of a partition. */
    for (int i = 0; i < 120; i++) {
        test_producer_send(producer, "a",
                           &(struct outgoing){.value = value,
                                              .value_size = sizeof(value),
                                              .timestamp_ms = 1000 + i});
        test_producer_flush(producer);
    }
    put("a", 0, 3000, "last");
    config.behind = behind;
    config.behind_count = 1;
    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), PATIENCE_MS), MERGE_END);
    ck_assert_uint_eq(merge_reader_expired(reader), 1);
}
END_TEST

START_TEST(no_records_end_at_once)
{
    char text[64];

    open_reader();
    ck_assert_int_eq(read_all(text, sizeof(text), PATIENCE_MS), MERGE_END);
    ck_assert_str_eq(text, "");
    assert_range(0, "a", 0, 0, 0);
}
END_TEST

START_TEST(a_missing_topic_is_named)
{
    config.topics[1] = "nowhere";
    mock_cluster_fail_topic(cluster, "nowhere",
                            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    ck_assert_refused(merge_reader_open(&config, &reader, &err), err,
                      ERROR_UNAVAILABLE, "'nowhere'");
}
END_TEST

START_TEST(a_topic_that_goes_away_is_an_error)
{
    struct merge_record record;
    enum merge_result result = MERGE_NOTHING;
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    int status = 0;

    /* librdkafka believes it from 2.10 on when this time has passed since it
     * first met the topic, earlier versions do at once. */
    static const struct config_property soon[] = {
        {.name = "topic.metadata.refresh.interval.ms", .value = "200"},
        {.name = "topic.metadata.propagation.max.ms", .value = "1000"}};

    config.ends = false;
    config.kafka.properties = soon;
    config.kafka.property_count = 2;
    open_reader();
    mock_cluster_fail_topic(cluster, "b",
                            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    while (status == 0 && clock_monotonic_ms() < deadline_ms)
        status = merge_reader_next(reader, 200, &result, &record, &err);
    ck_assert_int_eq(status, -1);
    ck_assert_int_eq(err.code, ERROR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.text, "b ["));
}
END_TEST

/* Impressions and labels may be one topic. */
START_TEST(a_topic_listed_twice_is_read_once_and_comes_for_both)
{
    struct merge_record record;
    enum merge_result result;
    char seen[32] = "";
    size_t count;

    config.topics[1] = "a";
    put("a", 0, 1000, "1");
    put("a", 1, 1001, "2");
    put("a", 0, 1002, "3");
    open_reader();
    for (;;) {
        ck_assert_ok(
            merge_reader_next(reader, PATIENCE_MS, &result, &record, &err),
            err);
        if (result != MERGE_RECORD)
            break;
        size_t used = strlen(seen);
        snprintf(seen + used, sizeof(seen) - used, "%zu%.1s ", record.topic,
                 (const char *)record.message.value);
    }
    ck_assert_int_eq(result, MERGE_END);
    ck_assert_str_eq(seen, "01 11 02 12 03 13 ");
    merge_reader_ranges(reader, &count);
    ck_assert_uint_eq(count, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("merge reader");
    TCase *tests = tcase_create("merging");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, records_come_in_the_order_of_their_times);
    tcase_add_test(tests,
                   partitions_that_are_added_are_read_from_their_beginning);
    tcase_add_test(tests, equal_times_come_by_topic_partition_and_offset);
    tcase_add_test(tests,
                   times_that_go_back_within_a_partition_keep_their_offsets);
    tcase_add_test(tests,
                   a_record_dated_ahead_does_not_hold_back_those_behind_it);
    tcase_add_test(tests, many_records_come_whole_twice_the_same);
    tcase_add_test(tests, a_partition_at_its_end_does_not_hold_the_others_back);
    tcase_add_test(tests,
                   a_live_record_waits_for_older_ones_of_other_partitions);
    tcase_add_test(tests, a_reading_that_ends_ignores_what_comes_later);
    tcase_add_test(tests, ranges_are_read_as_they_are_given);
    tcase_add_test(tests, an_empty_range_ends_at_once);
    tcase_add_test(tests, a_range_that_is_not_there_yet_is_refused);
    tcase_add_test(tests, a_range_that_retention_took_is_refused);
    tcase_add_test(tests, it_goes_on_behind_what_was_read);
    tcase_add_test(tests, what_retention_took_is_passed_over);
    tcase_add_test(tests, no_records_end_at_once);
    tcase_add_test(tests, a_missing_topic_is_named);
    tcase_add_test(tests, a_topic_that_goes_away_is_an_error);
    tcase_add_test(tests, a_topic_listed_twice_is_read_once_and_comes_for_both);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
