/*
 * check_fetched_batch.c - records come in batches of a size, and the end of a
 * full queue is noticed once.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"
#include "support/test_producer.h"

#include "common/base/clock.h"

#include "consumer/read/fetched_batch.h"

#include <librdkafka/rdkafka.h>

#include <string.h>

enum { PATIENCE_MS = 20000, MOST = 8 };

/* A thousandth of the records that are fetched ahead. */
enum { UNIT = KAFKA_AHEAD_RECORDS / 1000 };

static struct error err;
static struct mock_cluster *cluster;
static struct test_producer *producer;
static rd_kafka_t *consumer;
static rd_kafka_queue_t *queue;
static struct fetched_batch *batch;
static int64_t waited_ns;

static void set_up(void)
{
    static const struct kafka_property properties[] = {{"group.id", "g"},
                                                       {NULL, NULL}};
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);

    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "in", 1);
    producer = test_producer_new(mock_cluster_brokers(cluster));
    const struct kafka_settings settings = mock_cluster_settings(cluster);
    ck_assert_ok(kafka_client_new(&settings, KAFKA_CONSUMER, properties,
                                  &consumer, &err),
                 err);
    rd_kafka_poll_set_consumer(consumer);
    queue = rd_kafka_queue_get_consumer(consumer);
    rd_kafka_topic_partition_list_add(list, "in", 0)->offset = 0;
    ck_assert_int_eq(rd_kafka_assign(consumer, list), 0);
    rd_kafka_topic_partition_list_destroy(list);
    ck_assert_ok(fetched_batch_new(MOST, &batch, &err), err);
}

static void tear_down(void)
{
    fetched_batch_free(batch);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(consumer);
    test_producer_free(producer);
    mock_cluster_free(cluster);
}

/* Sends records, numbered, and waits until all of them are fetched. */
static void send_records(int count)
{
    const int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;

    for (int i = 0; i < count; i++) {
        const char number = (char)i;
        test_producer_send(producer, "in",
                           &(struct outgoing){.value = &number,
                                              .value_size = 1,
                                              .timestamp_ms = 1000});
    }
    test_producer_flush(producer);
    while (rd_kafka_queue_length(queue) < (size_t)count) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(10);
    }
}

static size_t take(unsigned wait_ms)
{
    size_t count;

    fetched_batch_drop(batch);
    fetched_batch_take(batch, consumer, queue, wait_ms, &waited_ns);
    (void)fetched_batch_records(batch, &count);
    return count;
}

static void assert_record(size_t at, int number)
{
    size_t count;
    rd_kafka_message_t *const *records = fetched_batch_records(batch, &count);

    ck_assert_uint_gt(count, at);
    ck_assert_int_eq(records[at]->err, 0);
    ck_assert_int_eq(((const char *)records[at]->payload)[0], number);
}

START_TEST(a_batch_has_as_many_records_as_its_limit)
{
    send_records(15);
    fetched_batch_limit(batch, MOST + 1);
    ck_assert_uint_eq(take(PATIENCE_MS), MOST);
    ck_assert(fetched_batch_is_full(batch));
    assert_record(0, 0);
    assert_record(7, 7);
    fetched_batch_limit(batch, 1);
    ck_assert_uint_eq(take(PATIENCE_MS), 1);
    assert_record(0, 8);
    fetched_batch_limit(batch, 3);
    ck_assert_uint_eq(take(PATIENCE_MS), 3);
    assert_record(2, 11);
    fetched_batch_limit(batch, 0);
    ck_assert_uint_eq(take(PATIENCE_MS), 3);
    ck_assert(!fetched_batch_is_full(batch));
    assert_record(2, 14);
}
END_TEST

START_TEST(a_queue_without_records_gives_an_empty_batch)
{
    ck_assert_uint_eq(take(20), 0);
    ck_assert_int_gt(waited_ns, 10000000);
    ck_assert(!fetched_batch_is_full(batch));
    ck_assert(!fetched_batch_is_waiting(batch));
    ck_assert(!fetched_batch_has_room_again(batch, queue));
}
END_TEST

/* Takes so many thousandths of what is fetched ahead. */
static bool has_room_after(size_t thousandths)
{
    fetched_batch_limit(batch, thousandths * UNIT);
    ck_assert_uint_eq(take(PATIENCE_MS), thousandths * UNIT);
    return fetched_batch_has_room_again(batch, queue);
}

/* A queue is full above 600 thousandths, and has room again at 400. */
START_TEST(a_full_queue_has_room_again_once)
{
    fetched_batch_free(batch);
    ck_assert_ok(fetched_batch_new(KAFKA_AHEAD_RECORDS, &batch, &err), err);
    send_records(700 * UNIT);
    ck_assert(!has_room_after(50)); /* 650 are left */
    ck_assert(!has_room_after(100));
    ck_assert(!has_room_after(140));
    ck_assert(has_room_after(20)); /* 390 */
    ck_assert(!has_room_after(20));
}
END_TEST

START_TEST(a_queue_that_was_never_full_has_no_room_again)
{
    fetched_batch_free(batch);
    ck_assert_ok(fetched_batch_new(KAFKA_AHEAD_RECORDS, &batch, &err), err);
    send_records(500 * UNIT);
    ck_assert(!has_room_after(50));
    ck_assert(!has_room_after(100));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fetched batch");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_batch_has_as_many_records_as_its_limit);
    tcase_add_test(tests, a_queue_without_records_gives_an_empty_batch);
    tcase_add_test(tests, a_full_queue_has_room_again_once);
    tcase_add_test(tests, a_queue_that_was_never_full_has_no_room_again);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
