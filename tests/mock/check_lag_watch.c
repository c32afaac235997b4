/*
 * check_lag_watch.c - the lag is what the broker has beyond what is committed,
 * and nothing for partitions that are not ours; and it is known which brokers
 * are there.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/kafka/kafka_watch.h"

#include "consumer/score/lag_watch.h"
#include "consumer/score/scorer_metrics.h"

#include "producer/publisher.h"

enum { WAIT_MS = 10000, STATISTICS_WAIT_MS = 30000 };

static struct error err;
static struct mock_cluster *cluster;
static struct metrics *metrics;
static struct lag_watch *watch;
static struct kafka_watch *clients;

static void start(void)
{
    struct kafka_settings kafka;

    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "in", 2);
    kafka = mock_cluster_settings(cluster);
    ck_assert_ok(metrics_new(scorer_metric_families, &metrics, &err), err);
    ck_assert_ok(kafka_watch_new(metrics, SCORER_KAFKA, &clients, &err), err);
    kafka.watch = clients;
    ck_assert_ok(
        lag_watch_start(&kafka, "in", metrics, SCORER_LAG, &watch, &err), err);
}

static void stop(void)
{
    lag_watch_stop(watch);
    kafka_watch_free(clients);
    metrics_free(metrics);
    mock_cluster_free(cluster);
}

static void send(int count)
{
    struct publisher_config to = {.kafka = mock_cluster_settings(cluster),
                                  .topics = {"in"}};
    struct publisher *publisher = NULL;
    const struct outgoing record = {
        .partition = 1, .value = "x", .value_size = 1};

    ck_assert_ok(publisher_open(&to, &publisher, &err), err);
    for (int i = 0; i < count; i++)
        ck_assert_ok(publisher_send(publisher, &record, &err), err);
    ck_assert_ok(publisher_flush(publisher, WAIT_MS, &err), err);
    publisher_close(publisher);
}

static void await_lag(double lag)
{
    int64_t deadline_ms = clock_monotonic_ms() + WAIT_MS;

    while (metrics_value(metrics, SCORER_LAG, 1) != lag) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms, "lag %g, not %g",
                      metrics_value(metrics, SCORER_LAG, 1), lag);
        clock_sleep_ms(10);
    }
}

START_TEST(the_lag_follows_the_end_and_the_commits)
{
    send(10);
    lag_watch_set(watch, 1, 3);
    await_lag(7);
    send(5);
    await_lag(12);
    lag_watch_set(watch, 1, 15);
    await_lag(0);
    send(1);
    await_lag(1);
    lag_watch_drop(watch, 1);
    await_lag(0);
}
END_TEST

START_TEST(a_broker_that_is_away_changes_nothing)
{
    send(10);
    lag_watch_set(watch, 1, 3);
    await_lag(7);
    mock_cluster_go_down(cluster);
    clock_sleep_ms(1500);
    ck_assert_double_eq(metrics_value(metrics, SCORER_LAG, 1), 7);
    mock_cluster_come_up(cluster);
    send(2);
    await_lag(9);
}
END_TEST

/* Statistics come every five seconds. */
static void await_broker(double up)
{
    const int family = SCORER_KAFKA + KAFKA_BROKER_UP;
    int64_t deadline_ms = clock_monotonic_ms() + STATISTICS_WAIT_MS;

    while (metrics_value(metrics, family, 1) != up) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms, "up %g, not %g",
                      metrics_value(metrics, family, 1), up);
        clock_sleep_ms(10);
    }
}

START_TEST(a_broker_is_up_until_it_is_not)
{
    lag_watch_set(watch, 1, 0);
    await_broker(1);
    ck_assert(metrics_value(metrics, SCORER_KAFKA + KAFKA_BROKER_RTT, 1) > 0);
    mock_cluster_go_down(cluster);
    await_broker(0);
    mock_cluster_come_up(cluster);
    await_broker(1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lag watch");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, the_lag_follows_the_end_and_the_commits);
    tcase_add_test(tests, a_broker_that_is_away_changes_nothing);
    tcase_add_test(tests, a_broker_is_up_until_it_is_not);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
