/*
 * check_deliveries.c - what became of messages: where they went, which of them
 * failed first, and whether waiting for them has an end.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include "producer/deliveries.h"

#include <librdkafka/rdkafka.h>

#include <string.h>

enum { PATIENCE_MS = 20000 };

static struct error err;
static struct mock_cluster *cluster;
static rd_kafka_t *client;
static rd_kafka_topic_t *topics[2];
static struct deliveries *deliveries;

static void set_up(void)
{
    static const struct kafka_property none[] = {{NULL, NULL}};
    rd_kafka_conf_t *conf = NULL;

    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "a", 2);
    mock_cluster_add_topic(cluster, "b", 1);
    const struct kafka_settings settings = mock_cluster_settings(cluster);
    ck_assert_ok(kafka_conf(&settings, KAFKA_PRODUCER, none, &conf, &err), err);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
    ck_assert_ok(kafka_client_of(conf, KAFKA_PRODUCER, &client, &err), err);
    ck_assert_ok(deliveries_new(client, NULL, &deliveries, &err), err);
    topics[0] = rd_kafka_topic_new(client, "a", NULL);
    topics[1] = rd_kafka_topic_new(client, "b", NULL);
    ck_assert_ok(deliveries_add_topic(deliveries, topics[0], 2, &err), err);
    ck_assert_ok(deliveries_add_topic(deliveries, topics[1], 1, &err), err);
}

static void tear_down(void)
{
    deliveries_free(deliveries);
    rd_kafka_topic_destroy(topics[0]);
    rd_kafka_topic_destroy(topics[1]);
    rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(client);
    mock_cluster_free(cluster);
}

static void send_to(size_t topic, int32_t partition)
{
    ck_assert_int_eq(rd_kafka_produce(topics[topic], partition,
                                      RD_KAFKA_MSG_F_COPY, (void *)"x", 1, NULL,
                                      0, NULL),
                     0);
}

static int drain(void)
{
    return deliveries_drain(deliveries, clock_monotonic_ms() + PATIENCE_MS);
}

START_TEST(each_partition_has_the_offset_of_its_newest_message)
{
    ck_assert_int_eq(deliveries_last_offset(deliveries, 0, 0), -1);
    send_to(0, 1);
    send_to(0, 1);
    send_to(1, 0);
    ck_assert_int_eq(drain(), 0);
    ck_assert_int_eq(deliveries_last_offset(deliveries, 0, 0), -1);
    ck_assert_int_eq(deliveries_last_offset(deliveries, 0, 1), 1);
    ck_assert_int_eq(deliveries_last_offset(deliveries, 1, 0), 0);
    ck_assert_uint_eq(deliveries_failed(deliveries), 0);
    ck_assert_int_eq(deliveries_first_failure(deliveries), 0);
}
END_TEST

START_TEST(the_first_failure_is_kept_until_it_is_forgotten)
{
    mock_cluster_fail(cluster, MOCK_PRODUCE,
                      RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, 1);
    send_to(0, 0);
    ck_assert_int_eq(drain(), 0);
    mock_cluster_fail(cluster, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_INVALID_RECORD,
                      1);
    send_to(0, 0);
    ck_assert_int_eq(drain(), 0);
    send_to(0, 0);
    ck_assert_int_eq(drain(), 0);
    ck_assert_int_eq(deliveries_first_failure(deliveries),
                     RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
    ck_assert_uint_eq(deliveries_failed(deliveries), 2);
    ck_assert_int_eq(deliveries_last_offset(deliveries, 0, 0), 0);
    deliveries_forget_failures(deliveries);
    ck_assert_int_eq(deliveries_first_failure(deliveries), 0);
    ck_assert_uint_eq(deliveries_failed(deliveries), 2);
}
END_TEST

/* Either way of waiting ends long before the message itself gives up. */
START_TEST(waiting_for_a_broker_that_is_away_has_an_end)
{
    mock_cluster_go_down(cluster);
    send_to(0, 0);
    ck_assert_int_eq(deliveries_drain(deliveries, clock_monotonic_ms() + 100),
                     RD_KAFKA_RESP_ERR__TIMED_OUT);
    const int64_t from_ms = clock_monotonic_ms();
    deliveries_settle(deliveries, from_ms + 2 * PATIENCE_MS);
    ck_assert_int_lt(clock_monotonic_ms(), from_ms + PATIENCE_MS);
    ck_assert_int_eq(rd_kafka_outq_len(client), 1);
    mock_cluster_come_up(cluster);
    ck_assert_int_eq(drain(), 0);
    ck_assert_int_eq(deliveries_last_offset(deliveries, 0, 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("deliveries");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_partition_has_the_offset_of_its_newest_message);
    tcase_add_test(tests, the_first_failure_is_kept_until_it_is_forgotten);
    tcase_add_test(tests, waiting_for_a_broker_that_is_away_has_an_end);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
