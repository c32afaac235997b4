/*
 * check_stale_group.c - a group that is said to be behind what its member has
 * committed is not believed at once.
 *
 * The client is in no group, so that the test may say where the group stands.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"
#include "support/test_producer.h"

#include "common/base/clock.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/assignment.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

enum { PARTITIONS = 2, RECORDS = 5, PATIENCE_MS = 30000, LATER_MS = 60000 };

static struct mock_cluster *cluster;
static struct group_member member;
static struct assignment *assignment;
static struct error err, waits;

static void put(int32_t partition, int count)
{
    struct test_producer *producer =
        test_producer_new(mock_cluster_brokers(cluster));
    const struct outgoing record = {
        .partition = partition, .value = "x", .value_size = 1};

    for (int i = 0; i < count; i++)
        test_producer_send(producer, "in", &record);
    test_producer_free(producer);
}

static rd_kafka_topic_partition_list_t *list_of(int32_t partitions,
                                                int64_t offset)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(partitions);

    for (int32_t p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(list, "in", p)->offset = offset;
    return list;
}

static void commit_all(rd_kafka_topic_partition_list_t *list)
{
    ck_assert_int_eq(rd_kafka_commit(member.client, list, 0), 0);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Of partition 0. */
static void commit(int64_t offset)
{
    commit_all(list_of(1, offset));
}

static void set_up(void)
{
    const struct kafka_property properties[] = {{"group.id", "readers"},
                                                {NULL, NULL}};

    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "in", PARTITIONS);
    const struct kafka_settings settings = mock_cluster_settings(cluster);
    for (int32_t p = 0; p < PARTITIONS; p++)
        put(p, RECORDS);
    member = (struct group_member){.topic = "in",
                                   .group = "readers",
                                   .without_offset = START_EARLIEST,
                                   .lost_offset = START_FAIL,
                                   .timeout_ms = 2000,
                                   .stale_ms = LATER_MS};
    ck_assert_ok(kafka_client_new(&settings, KAFKA_CONSUMER, properties,
                                  &member.client, &err),
                 err);
    member.handle = rd_kafka_topic_new(member.client, "in", NULL);
}

static void tear_down(void)
{
    assignment_free(assignment);
    rd_kafka_topic_destroy(member.handle);
    rd_kafka_destroy(member.client);
    mock_cluster_free(cluster);
}

static void place(void)
{
    waits = (struct error){.code = ERROR_NONE};
    ck_assert_ok(assignment_place(assignment, &waits, &err), err);
}

static void await_placed(void)
{
    const int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;

    do {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        place();
    } while (assignment_state(assignment) != ASSIGNMENT_PLACED);
}

static int64_t next(void)
{
    return assignment_positions(assignment)->list[0].next;
}

static void offer(int32_t partitions)
{
    rd_kafka_topic_partition_list_t *list =
        list_of(partitions, RD_KAFKA_OFFSET_INVALID);

    assignment_offer(assignment, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Partition 0, and with 2 the next one, are ours from `offset` on. */
static void begin_with(int32_t partitions, int64_t offset)
{
    bool came;

    commit_all(list_of(partitions, offset));
    ck_assert_ok(assignment_new(&member, &assignment, &err), err);
    offer(partitions);
    await_placed();
    ck_assert_int_eq(next(), offset);
    ck_assert_ok(assignment_begin(assignment, &came, &err), err);
}

static void begin_at(int64_t offset)
{
    begin_with(1, offset);
}

/* As a coordinator says that has not read all of its log. */
START_TEST(a_group_that_is_behind_is_asked_again)
{
    begin_at(4);
    commit(1);
    assignment_rewind(assignment);
    for (int i = 0; i < 3; i++) {
        place();
        ck_assert_int_eq(assignment_state(assignment), ASSIGNMENT_OFFERED);
        ck_assert_int_eq(waits.code, ERROR_UNAVAILABLE);
        ck_assert_ptr_nonnull(strstr(waits.text,
                                     "group 'readers' is said to be at 1 of "
                                     "'in' [0], where it has committed 4"));
    }
    commit(4);
    await_placed();
    ck_assert_int_eq(next(), 4);
}
END_TEST

/* What is said of it shows how far the log has been read. */
START_TEST(a_partition_that_went_to_another_member_tells_too)
{
    begin_with(2, 4);
    rd_kafka_topic_partition_list_t *list = list_of(2, 4);
    list->elems[1].offset = 1;
    commit_all(list);
    offer(1);
    place();
    ck_assert_int_eq(assignment_state(assignment), ASSIGNMENT_OFFERED);
    ck_assert_ptr_nonnull(strstr(waits.text, "said to be at 1 of 'in' [1]"));
    commit_all(list_of(2, 4));
    await_placed();
    ck_assert_int_eq(next(), 4);
}
END_TEST

START_TEST(a_group_that_stays_behind_was_set_back)
{
    member.stale_ms = 500;
    begin_at(4);
    commit(1);
    assignment_rewind(assignment);
    place();
    ck_assert_int_eq(assignment_state(assignment), ASSIGNMENT_OFFERED);
    await_placed();
    ck_assert_int_eq(next(), 1);
}
END_TEST

/* A topic that does not reach to what was committed is another one. */
START_TEST(a_topic_that_was_made_anew_is_no_matter_of_the_group)
{
    begin_at(RECORDS + 7);
    commit(2);
    assignment_rewind(assignment);
    place();
    ck_assert_int_eq(assignment_state(assignment), ASSIGNMENT_PLACED);
    ck_assert_int_eq(next(), 2);
}
END_TEST

START_TEST(a_group_that_is_further_on_is_believed)
{
    begin_at(2);
    commit(5);
    assignment_rewind(assignment);
    place();
    ck_assert_int_eq(assignment_state(assignment), ASSIGNMENT_PLACED);
    ck_assert_int_eq(next(), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stale_group");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_group_that_is_behind_is_asked_again);
    tcase_add_test(tests, a_partition_that_went_to_another_member_tells_too);
    tcase_add_test(tests, a_group_that_stays_behind_was_set_back);
    tcase_add_test(tests, a_topic_that_was_made_anew_is_no_matter_of_the_group);
    tcase_add_test(tests, a_group_that_is_further_on_is_believed);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
