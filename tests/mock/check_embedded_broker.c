/*
 * check_embedded_broker.c - the broker of the first look.
 */
#include "support/run_suite.h"

#include "cli/demo/embedded_broker.h"

#include <string.h>

static struct error err;

START_TEST(it_has_the_topics_it_was_started_with)
{
    const struct embedded_topic topics[] = {{"views", 3}, {"models", 1}};
    struct embedded_broker *broker = NULL;
    struct kafka_settings settings = {.client_id = "test"};
    struct kafka_topic topic;

    ck_assert_ok(embedded_broker_start(topics, 2, &broker, &err), err);
    embedded_broker_settings(broker, &settings);
    ck_assert(settings.embedded);
    ck_assert_str_eq(settings.client_id, "test");
    ck_assert_ok(kafka_topic_describe(&settings, "views", 5000, &topic, &err),
                 err);
    ck_assert_int_eq(topic.partitions, 3);
    ck_assert_ok(kafka_topic_describe(&settings, "models", 5000, &topic, &err),
                 err);
    ck_assert_int_eq(topic.partitions, 1);
    embedded_broker_stop(broker);
}
END_TEST

START_TEST(two_are_strangers)
{
    const struct embedded_topic topics[] = {{"views", 3}};
    struct embedded_broker *one = NULL, *two = NULL;
    struct kafka_settings first = {.brokers = ""}, second = first;

    ck_assert_ok(embedded_broker_start(topics, 1, &one, &err), err);
    ck_assert_ok(embedded_broker_start(topics, 1, &two, &err), err);
    embedded_broker_settings(one, &first);
    embedded_broker_settings(two, &second);
    ck_assert_str_ne(first.brokers, second.brokers);
    embedded_broker_stop(one);
    embedded_broker_stop(two);
}
END_TEST

START_TEST(the_same_topic_twice_is_refused)
{
    const struct embedded_topic topics[] = {{"views", 3}, {"views", 3}};
    struct embedded_broker *broker = NULL;

    ck_assert_refused(embedded_broker_start(topics, 2, &broker, &err), err,
                      ERROR_CONFIG, "topic 'views'");
    ck_assert_ptr_null(broker);
}
END_TEST

START_TEST(nothing_to_stop_is_fine)
{
    embedded_broker_stop(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("embedded_broker");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, it_has_the_topics_it_was_started_with);
    tcase_add_test(tests, two_are_strangers);
    tcase_add_test(tests, the_same_topic_twice_is_refused);
    tcase_add_test(tests, nothing_to_stop_is_fine);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
