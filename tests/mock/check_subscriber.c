/*
 * check_subscriber.c - a member of a group begins at numbers that it chose,
 * and hands out nothing before they are committed.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"
#include "support/test_producer.h"

#include "common/base/clock.h"

#include "consumer/read/subscriber.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 60000, POLL_MS = 100 };

static struct error err;
static struct mock_cluster *cluster;
static struct test_producer *producer;
static struct subscriber *subscriber, *second;
static struct subscriber_config config;

static void set_up(void)
{
    subscriber = second = NULL;
    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "in", 2);
    producer = test_producer_new(mock_cluster_brokers(cluster));
    config = (struct subscriber_config){
        .kafka = mock_cluster_settings(cluster),
        .group = "readers",
        .topic = "in",
        .batch_max = 100,
    };
}

static void tear_down(void)
{
    subscriber_close(second, 1000);
    subscriber_close(subscriber, 1000);
    test_producer_free(producer);
    mock_cluster_free(cluster);
}

static void put(int32_t partition, const char *value)
{
    test_producer_send(producer, "in",
                       &(struct outgoing){.partition = partition,
                                          .value = value,
                                          .value_size = strlen(value),
                                          .timestamp_ms = 1000});
    test_producer_flush(producer);
}

static void subscribe(void)
{
    ck_assert_ok(subscriber_open(&config, &subscriber, &err), err);
}

/* The next batch with that event, or with messages for SUBSCRIBER_NOTHING.
 * Nothing else may come before it. */
static struct message_batch await_batch(enum subscriber_event event)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct message_batch batch;

    do {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        ck_assert_ok(subscriber_poll(subscriber, POLL_MS, &batch, &err), err);
    } while (batch.event == SUBSCRIBER_NOTHING && batch.count == 0);
    ck_assert_int_eq(batch.event, event);
    return batch;
}

static void assert_next(int32_t partition, int64_t offset)
{
    const rd_kafka_topic_partition_list_t *next = subscriber_next(subscriber);

    ck_assert_ptr_nonnull(next);
    for (int i = 0; i < next->cnt; i++)
        if (next->elems[i].partition == partition)
            ck_assert_int_eq(next->elems[i].offset, offset);
}

static void assert_message(const struct message_batch *batch, size_t at,
                           const char *value)
{
    ck_assert_uint_gt(batch->count, at);
    ck_assert_uint_eq(batch->messages[at].value_size, strlen(value));
    ck_assert_int_eq(memcmp(batch->messages[at].value, value, strlen(value)),
                     0);
}

/* Another client says where the group stands. */
static void commit_offset(int32_t partition, int64_t offset)
{
    const struct kafka_settings settings = mock_cluster_settings(cluster);
    const struct kafka_property properties[] = {{"group.id", config.group},
                                                {NULL, NULL}};
    rd_kafka_t *client = NULL;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);

    ck_assert_ok(
        kafka_client_new(&settings, KAFKA_CONSUMER, properties, &client, &err),
        err);
    rd_kafka_topic_partition_list_add(list, "in", partition)->offset = offset;
    ck_assert_int_eq(rd_kafka_commit(client, list, 0), 0);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(client);
}

START_TEST(a_new_group_commits_its_start_before_the_first_record)
{
    put(0, "a");
    subscribe();
    struct message_batch batch = await_batch(SUBSCRIBER_PLACED);
    ck_assert(batch.is_new_group);
    ck_assert_uint_eq(batch.gap_count, 0);
    assert_next(0, 0);
    assert_next(1, 0);
    ck_assert_ok(subscriber_commit(subscriber, &err), err);
    await_batch(SUBSCRIBER_ASSIGNED);
    batch = await_batch(SUBSCRIBER_NOTHING);
    assert_message(&batch, 0, "a");
}
END_TEST

START_TEST(the_end_stays_where_it_was_when_the_commit_fails)
{
    config.without_offset = START_LATEST;
    put(0, "old");
    subscribe();
    await_batch(SUBSCRIBER_PLACED);
    assert_next(0, 1);
    put(0, "new");
    mock_cluster_fail(cluster, MOCK_OFFSET_COMMIT,
                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, 1);
    ck_assert_int_eq(subscriber_commit(subscriber, &err), -1);
    subscriber_rewind(subscriber);
    struct message_batch batch = await_batch(SUBSCRIBER_PLACED);
    ck_assert(!batch.is_new_group); /* told once */
    assert_next(0, 1);
    ck_assert_ok(subscriber_commit(subscriber, &err), err);
    await_batch(SUBSCRIBER_ASSIGNED);
    batch = await_batch(SUBSCRIBER_NOTHING);
    assert_message(&batch, 0, "new");
}
END_TEST

/* librdkafka keeps a pause over assignments. */
START_TEST(a_rewind_ends_a_pause)
{
    put(0, "a");
    subscribe();
    await_batch(SUBSCRIBER_PLACED);
    ck_assert_ok(subscriber_commit(subscriber, &err), err);
    await_batch(SUBSCRIBER_ASSIGNED);
    await_batch(SUBSCRIBER_NOTHING);
    subscriber_pause(subscriber, 0);
    subscriber_rewind(subscriber);
    struct message_batch batch = await_batch(SUBSCRIBER_NOTHING);
    assert_message(&batch, 0, "a");
}
END_TEST

START_TEST(a_partition_without_offset_of_a_group_that_has_begun_is_read_whole)
{
    config.without_offset = START_LATEST;
    commit_offset(0, 0);
    put(1, "a");
    subscribe();
    struct message_batch batch = await_batch(SUBSCRIBER_PLACED);
    ck_assert(!batch.is_new_group);
    assert_next(1, 0);
    ck_assert_ok(subscriber_commit(subscriber, &err), err);
    await_batch(SUBSCRIBER_ASSIGNED);
    batch = await_batch(SUBSCRIBER_NOTHING);
    assert_message(&batch, 0, "a");
}
END_TEST

static void lose_offset(enum subscriber_start policy)
{
    config.lost_offset = policy;
    commit_offset(0, 100);
    commit_offset(1, 0);
    put(0, "a");
    put(0, "b");
    subscribe();
    await_batch(SUBSCRIBER_ASSIGNED);
}

START_TEST(after_a_lost_offset_earliest_reads_what_is_there)
{
    lose_offset(START_EARLIEST);
    struct message_batch batch = await_batch(SUBSCRIBER_PLACED);
    ck_assert_uint_eq(batch.gap_count, 1);
    ck_assert_int_eq(batch.gaps[0].partition, 0);
    ck_assert_int_eq(batch.gaps[0].from, 100);
    ck_assert_int_eq(batch.gaps[0].to, 0);
    ck_assert_uint_eq(batch.gaps[0].skipped, 0);
    ck_assert_ok(subscriber_commit(subscriber, &err), err);
    batch = await_batch(SUBSCRIBER_NOTHING);
    assert_message(&batch, 0, "a");
}
END_TEST

START_TEST(after_a_lost_offset_latest_reads_what_comes)
{
    lose_offset(START_LATEST);
    struct message_batch batch = await_batch(SUBSCRIBER_PLACED);
    ck_assert_uint_eq(batch.gap_count, 1);
    ck_assert_int_eq(batch.gaps[0].to, 2);
    ck_assert_uint_eq(batch.gaps[0].skipped, 2);
    put(0, "c"); /* between the choice and its commit */
    subscriber_rewind(subscriber);
    batch = await_batch(SUBSCRIBER_PLACED);
    assert_next(0, 2);
    ck_assert_ok(subscriber_commit(subscriber, &err), err);
    batch = await_batch(SUBSCRIBER_NOTHING);
    assert_message(&batch, 0, "c");
}
END_TEST

START_TEST(after_a_lost_offset_fail_ends_and_names_it)
{
    struct message_batch batch;
    int status;

    lose_offset(START_FAIL);
    do
        status = subscriber_poll(subscriber, POLL_MS, &batch, &err);
    while (status == 0);
    ck_assert_refused(status, err, ERROR_UNAVAILABLE, "offset 100 of 'in' [0]");
}
END_TEST

/* As after a broker has come back, which may not have at once what it had. */
START_TEST(an_offset_that_comes_back_is_not_lost)
{
    enum { FAR = 40, TIMES = 5 };
    struct message_batch batch;
    int waits = 0;

    config.lost_offset = START_EARLIEST;
    commit_offset(0, FAR);
    commit_offset(1, 0);
    put(0, "a");
    subscribe();
    await_batch(SUBSCRIBER_ASSIGNED);
    while (waits < TIMES) {
        ck_assert_ok(subscriber_poll(subscriber, POLL_MS, &batch, &err), err);
        ck_assert_int_eq(batch.event, SUBSCRIBER_NOTHING);
        waits += batch.waits != NULL;
    }
    ck_assert_ptr_nonnull(strstr(batch.waits->text, "offset 40 of 'in' [0]"));
    ck_assert_ptr_nonnull(strstr(batch.waits->text, "has 0 to 1: it is lost"));
    for (int i = 1; i < FAR; i++)
        put(0, "b");
    put(0, "c");
    batch = await_batch(SUBSCRIBER_NOTHING);
    assert_message(&batch, 0, "c");
    ck_assert_int_eq(batch.messages[0].offset, FAR);
}
END_TEST

/* What a broker that refuses a member for its settings says. */
START_TEST(a_group_that_refuses_the_member_ends_it_with_the_brokers_words)
{
    struct message_batch batch;
    int status;

    mock_cluster_fail(cluster, MOCK_JOIN_GROUP,
                      RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, 20);
    subscribe();
    do
        status = subscriber_poll(subscriber, POLL_MS, &batch, &err);
    while (status == 0);
    ck_assert_refused(status, err, ERROR_CONFIG, "JoinGroup failed");
}
END_TEST

START_TEST(a_topic_that_goes_away_and_stays_away_is_an_error)
{
    struct message_batch batch;
    int status;

    config.kafka.properties = &(const struct config_property){
        .name = "topic.metadata.refresh.interval.ms", .value = "200"};
    config.kafka.property_count = 1;
    put(0, "a");
    put(1, "b");
    subscribe();
    await_batch(SUBSCRIBER_PLACED);
    ck_assert_ok(subscriber_commit(subscriber, &err), err);
    await_batch(SUBSCRIBER_ASSIGNED);
    await_batch(SUBSCRIBER_NOTHING);
    mock_cluster_fail_topic(cluster, "in",
                            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    do {
        status = subscriber_poll(subscriber, POLL_MS, &batch, &err);
        if (status == 0 && (batch.event == SUBSCRIBER_REVOKED ||
                            batch.event == SUBSCRIBER_LOST))
            subscriber_release(subscriber);
    } while (status == 0);
    ck_assert_refused(status, err, ERROR_UNAVAILABLE,
                      "topic 'in' is gone: was it deleted?");

    int64_t from_ms = clock_monotonic_ms();
    subscriber_close(subscriber, 1000);
    subscriber = NULL;
    ck_assert_int_lt(clock_monotonic_ms() - from_ms, 5000);
}
END_TEST

/* The group expels a member that is busy. Until the member polls, nothing but
 * its name tells; without a name its commit would be anybody's. */
START_TEST(an_expelled_member_has_nothing_to_commit_with)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;

    config.kafka.properties = &(const struct config_property){
        .name = "heartbeat.interval.ms", .value = "100"};
    config.kafka.property_count = 1;
    put(0, "a");
    subscribe();
    await_batch(SUBSCRIBER_PLACED);
    ck_assert_ok(subscriber_commit(subscriber, &err), err);
    await_batch(SUBSCRIBER_ASSIGNED);
    await_batch(SUBSCRIBER_NOTHING);
    ck_assert_ptr_nonnull(subscriber_group(subscriber));
    mock_cluster_fail(cluster, MOCK_HEARTBEAT,
                      RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, 1);
    while (subscriber_group(subscriber)) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(POLL_MS);
    }
    await_batch(SUBSCRIBER_LOST);
    subscriber_release(subscriber);
    await_batch(SUBSCRIBER_ASSIGNED);
    ck_assert_ptr_nonnull(subscriber_group(subscriber));
}
END_TEST

/* One round of a member that commits what it chooses and gives up what it is
 * asked for. */
static void work(struct subscriber *member)
{
    struct message_batch batch;

    ck_assert_ok(subscriber_poll(member, POLL_MS, &batch, &err), err);
    if (batch.event == SUBSCRIBER_PLACED && subscriber_commit(member, &err) < 0)
        subscriber_rewind(member);
    if (batch.event == SUBSCRIBER_REVOKED || batch.event == SUBSCRIBER_LOST)
        subscriber_release(member);
}

static int count_partitions(const struct subscriber *member)
{
    int count = 0;

    for (int32_t i = 0; i < subscriber_partitions(member); i++)
        count += subscriber_committed(member, i) >= 0;
    return count;
}

/* A commit of a group that rebalances fails. The failure says nothing of what
 * the group wants: only a callback does, so it has to come. */
START_TEST(a_rebalance_is_noticed_before_the_choice_is_committed)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct message_batch batch = {.event = SUBSCRIBER_PLACED};

    put(0, "a");
    put(1, "b");
    subscribe();
    await_batch(SUBSCRIBER_PLACED);
    ck_assert_ok(subscriber_open(&config, &second, &err), err);
    while (batch.event != SUBSCRIBER_REVOKED &&
           batch.event != SUBSCRIBER_LOST) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        if (batch.event == SUBSCRIBER_PLACED) {
            mock_cluster_fail(cluster, MOCK_OFFSET_COMMIT,
                              RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 1);
            ck_assert_int_eq(subscriber_commit(subscriber, &err), -1);
            subscriber_rewind(subscriber);
        }
        ck_assert_ok(subscriber_poll(subscriber, POLL_MS, &batch, &err), err);
        work(second);
    }
    subscriber_release(subscriber);
    deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (count_partitions(subscriber) != 1 || count_partitions(second) != 1) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        work(subscriber);
        work(second);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("subscriber");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 150);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests,
                   a_new_group_commits_its_start_before_the_first_record);
    tcase_add_test(tests, the_end_stays_where_it_was_when_the_commit_fails);
    tcase_add_test(tests, a_rewind_ends_a_pause);
    tcase_add_test(
        tests,
        a_partition_without_offset_of_a_group_that_has_begun_is_read_whole);
    tcase_add_test(tests, after_a_lost_offset_earliest_reads_what_is_there);
    tcase_add_test(tests, after_a_lost_offset_latest_reads_what_comes);
    tcase_add_test(tests, after_a_lost_offset_fail_ends_and_names_it);
    tcase_add_test(tests, an_offset_that_comes_back_is_not_lost);
    tcase_add_test(
        tests, a_group_that_refuses_the_member_ends_it_with_the_brokers_words);
    tcase_add_test(tests, a_topic_that_goes_away_and_stays_away_is_an_error);
    tcase_add_test(tests, an_expelled_member_has_nothing_to_commit_with);
    tcase_add_test(tests,
                   a_rebalance_is_noticed_before_the_choice_is_committed);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
