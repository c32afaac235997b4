/*
 * check_kafka_watch.c - what several clients say of their brokers, as one
 * answer. The texts are librdkafka's, with what is not looked at left out.
 */
#include "support/run_suite.h"

#include "common/kafka/kafka_stats.h"
#include "common/kafka/kafka_watch.h"

#include <stdlib.h>
#include <string.h>

/* Of a group's member: its partitions share a queue of 40 records. */
static const char member[] =
    "{ \"name\": \"a#consumer-1\", \"client_id\": \"a\", \"type\": "
    "\"consumer\", \"replyq\":40, \"msg_cnt\":0, \"msg_size\":0, "
    "\"brokers\":{ "
    "\"127.0.0.1:9092/1\": { \"nodeid\":1, \"state\":\"UP\", "
    "\"outbuf_cnt\":1, \"waitresp_cnt\":2, \"rtt\": { \"avg\":20000 }, "
    "\"throttle\": { \"avg\":5 } } , "
    "\"127.0.0.1:9093/2\": { \"nodeid\":2, \"state\":\"CONNECT\", "
    "\"outbuf_cnt\":4, \"waitresp_cnt\":0, \"rtt\": { \"avg\":0 }, "
    "\"throttle\": { \"avg\":0 } } , "
    "\"127.0.0.1:9094/3\": { \"nodeid\":3, \"state\":\"INIT\", "
    "\"rtt\": { \"avg\":0 } } , "
    "\"GroupCoordinator\": { \"nodeid\":1, \"source\":\"logical\", "
    "\"state\":\"DOWN\", \"rtt\": { \"avg\":30000 } } , "
    "\"localhost:9092/bootstrap\": { \"nodeid\":-1, \"state\":\"DOWN\" } }, "
    "\"topics\":{ \"in\": { \"partitions\":{ "
    "\"0\": { \"fetchq_cnt\":40, \"fetchq_size\":900 } , "
    "\"1\": { \"fetchq_cnt\":40, \"fetchq_size\":900 } , "
    "\"-1\": { \"fetchq_cnt\":0, \"fetchq_size\":0 } } } }, "
    "\"cgrp\": { \"state\": \"up\" } }";

/* Of a reader without a group: each partition has a queue of its own. */
static const char reader[] =
    "{ \"name\": \"b#consumer-2\", \"type\": \"consumer\", \"brokers\":{ "
    "\"127.0.0.1:9092/1\": { \"nodeid\":1, \"state\":\"DOWN\", "
    "\"rtt\": { \"avg\":0 }, \"throttle\": { \"avg\":0 } } }, "
    "\"topics\":{ \"in\": { \"partitions\":{ "
    "\"0\": { \"fetchq_cnt\":5, \"fetchq_size\":50 } , "
    "\"1\": { \"fetchq_cnt\":6, \"fetchq_size\":60 } } } } }";

static const char sender[] =
    "{ \"name\": \"a#producer-3\", \"type\": \"producer\", \"msg_cnt\":7, "
    "\"msg_size\":210, \"brokers\":{ "
    "\"127.0.0.1:9092/1\": { \"nodeid\":1, \"state\":\"UP\", "
    "\"waitresp_cnt\":1, \"rtt\": { \"avg\":900 }, \"throttle\": { \"avg\":30 "
    "} } , "
    "\"127.0.0.1:9093/2\": { \"nodeid\":2, \"state\":\"UP\", "
    "\"rtt\": { \"avg\":1500 } } }, \"topics\":{ } }";

/* The member of above when all brokers went away, as 2.16 tells it. */
static const char lost[] =
    "{ \"name\": \"a#consumer-1\", \"type\": \"consumer\", \"brokers\":{ "
    "\"localhost:9092/bootstrap\": { \"nodeid\":-1, \"state\":\"INIT\" }, "
    "\"GroupCoordinator\": { \"nodeid\":-1, \"source\":\"logical\", "
    "\"state\":\"INIT\" } }, \"topics\":{ } }";

static const struct metric_family families[] = {
    KAFKA_METRIC_FAMILIES,
    {NULL, METRIC_COUNTER, NULL, NULL, 0, NULL},
};

static struct error err;
static struct metrics *metrics;
static struct kafka_watch *watch;

static void start(void)
{
    ck_assert_ok(metrics_new(families, &metrics, &err), err);
    ck_assert_ok(kafka_watch_new(metrics, 0, &watch, &err), err);
}

static void stop(void)
{
    kafka_watch_free(watch);
    metrics_free(metrics);
}

static void say(const char *json)
{
    kafka_watch_take(watch, json, strlen(json));
}

static double value(enum kafka_metric metric, int series)
{
    return metrics_value(metrics, (int)metric, series);
}

static bool is_shown(const char *series)
{
    char *page = NULL;
    size_t size;
    FILE *out = open_memstream(&page, &size);

    metrics_render(metrics, out);
    fclose(out);
    bool there = strstr(page, series) != NULL;
    free(page);
    return there;
}

START_TEST(a_broker_that_was_never_needed_is_neither_up_nor_down)
{
    say(member);
    ck_assert_double_eq(value(KAFKA_BROKER_UP, 1), 1);
    ck_assert(is_shown("pctr_kafka_broker_up{broker=\"2\"} 0\n"));
    ck_assert(!is_shown("pctr_kafka_broker_up{broker=\"3\"}"));
    ck_assert_double_eq(value(KAFKA_BROKER_RTT, 1), 0.02);
    ck_assert(!is_shown("pctr_kafka_broker_rtt_seconds{broker=\"2\"}"));
    ck_assert_double_eq(value(KAFKA_BROKER_THROTTLE, 1), 0.005);
    ck_assert_double_eq(value(KAFKA_REQUESTS, 0), 7);
}
END_TEST

START_TEST(one_client_that_is_connected_is_enough)
{
    say(member);
    say(sender);
    say(reader);
    ck_assert_double_eq(value(KAFKA_BROKER_UP, 1), 1);
    ck_assert_double_eq(value(KAFKA_BROKER_UP, 2), 1);
    ck_assert_double_eq(value(KAFKA_BROKER_RTT, 1), 0.0009);
    ck_assert_double_eq(value(KAFKA_BROKER_THROTTLE, 1), 0.03);
    ck_assert_double_eq(value(KAFKA_REQUESTS, 0), 8);
}
END_TEST

START_TEST(a_broker_that_nobody_remembers_is_not_up)
{
    say(member);
    say(sender);
    say(lost);
    ck_assert_double_eq(value(KAFKA_BROKER_UP, 1), 1); /* of the sender */
    kafka_watch_free(watch);
    metrics_free(metrics);
    start();
    say(member);
    say(lost);
    ck_assert(is_shown("pctr_kafka_broker_up{broker=\"1\"} 0\n"));
    ck_assert(is_shown("pctr_kafka_broker_up{broker=\"2\"} 0\n"));
    ck_assert(!is_shown("pctr_kafka_broker_up{broker=\"3\"}"));
    say(member);
    ck_assert(is_shown("pctr_kafka_broker_up{broker=\"1\"} 1\n"));
}
END_TEST

START_TEST(queues_are_summed_up_and_a_shared_one_counts_once)
{
    say(member);
    ck_assert_double_eq(value(KAFKA_RECORDS, KAFKA_QUEUE_FETCH), 40);
    ck_assert_double_eq(value(KAFKA_BYTES, KAFKA_QUEUE_FETCH), 900);
    say(reader);
    say(sender);
    ck_assert_double_eq(value(KAFKA_RECORDS, KAFKA_QUEUE_FETCH), 51);
    ck_assert_double_eq(value(KAFKA_BYTES, KAFKA_QUEUE_FETCH), 1010);
    ck_assert_double_eq(value(KAFKA_RECORDS, KAFKA_QUEUE_SEND), 7);
    ck_assert_double_eq(value(KAFKA_BYTES, KAFKA_QUEUE_SEND), 210);
}
END_TEST

START_TEST(a_client_is_heard_once_with_its_last_word)
{
    for (int i = 0; i < 1000; i++)
        say(sender);
    ck_assert_double_eq(value(KAFKA_RECORDS, KAFKA_QUEUE_SEND), 7);
    ck_assert_double_eq(value(KAFKA_REQUESTS, 0), 1);
}
END_TEST

static const char *const junk[] = {
    "", "{", "[]", "7", "{\"name\":7}", "{\"brokers\":{}}"};

START_TEST(what_is_no_statistics_is_refused_and_changes_nothing)
{
    struct kafka_stats stats = {.requests = 12};

    ck_assert_int_eq(kafka_stats_read(junk[_i], strlen(junk[_i]), &stats, &err),
                     -1);
    ck_assert_int_eq(err.code, ERROR_FORMAT);
    ck_assert_uint_eq(stats.requests, 12);
    say(sender);
    say(junk[_i]);
    ck_assert_double_eq(value(KAFKA_REQUESTS, 0), 1);
}
END_TEST

START_TEST(members_of_other_types_are_passed_over)
{
    struct kafka_stats stats;
    const char odd[] = "{\"name\":\"x\",\"msg_cnt\":-5,\"brokers\":[],"
                       "\"topics\":{\"t\":7,\"u\":{\"partitions\":[]}}}";

    ck_assert_ok(kafka_stats_read(odd, sizeof(odd) - 1, &stats, &err), err);
    ck_assert_str_eq(stats.client, "x");
    ck_assert_uint_eq(stats.broker_count, 0);
    ck_assert_uint_eq(stats.to_send, 0);
}
END_TEST

START_TEST(more_brokers_than_there_is_room_for_are_left_out)
{
    char *json = NULL;
    size_t size;
    FILE *out = open_memstream(&json, &size);
    struct kafka_stats stats;

    fputs("{\"name\":\"x\",\"brokers\":{", out);
    for (int i = 0; i < 3 * KAFKA_STATS_BROKERS_MAX; i++)
        fprintf(out, "%s\"b%d\":{\"nodeid\":%d,\"state\":\"UP\"}", i ? "," : "",
                i, i);
    fputs("}}", out);
    fclose(out);
    ck_assert_ok(kafka_stats_read(json, size, &stats, &err), err);
    ck_assert_uint_eq(stats.broker_count, KAFKA_STATS_BROKERS_MAX);
    free(json);
}
END_TEST

START_TEST(without_metrics_there_is_no_watch)
{
    struct kafka_watch *none = NULL;

    ck_assert_ok(kafka_watch_new(NULL, 0, &none, &err), err);
    ck_assert_ptr_null(none);
    kafka_watch_take(none, sender, strlen(sender));
    kafka_watch_free(none);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kafka watch");
    TCase *tests = tcase_create("statistics");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests,
                   a_broker_that_was_never_needed_is_neither_up_nor_down);
    tcase_add_test(tests, one_client_that_is_connected_is_enough);
    tcase_add_test(tests, a_broker_that_nobody_remembers_is_not_up);
    tcase_add_test(tests, queues_are_summed_up_and_a_shared_one_counts_once);
    tcase_add_test(tests, a_client_is_heard_once_with_its_last_word);
    tcase_add_loop_test(tests,
                        what_is_no_statistics_is_refused_and_changes_nothing, 0,
                        sizeof(junk) / sizeof(junk[0]));
    tcase_add_test(tests, members_of_other_types_are_passed_over);
    tcase_add_test(tests, more_brokers_than_there_is_room_for_are_left_out);
    tcase_add_test(tests, without_metrics_there_is_no_watch);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
