/*
 * check_kafka_fixture.c - what the other broker tests stand on: topics with
 * their settings, records in and out, aborted ones never seen, offsets.
 */
#include "support/kafka_fixture.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"

#include <librdkafka/rdkafka.h>

#include <stdlib.h>
#include <string.h>

enum { TIME_MS = 1700000000, WAIT_MS = 20000 };

static struct error err;
static char topic[FIXTURE_NAME_SIZE], group[FIXTURE_NAME_SIZE];

static void make_topic(void)
{
    kafka_fixture_name("fixture", topic);
    kafka_fixture_name("group", group);
    kafka_fixture_create(topic, 2, "-1");
}

START_TEST(a_topic_tells_how_it_was_made)
{
    struct kafka_settings settings = kafka_fixture_settings();
    struct kafka_topic described;

    ck_assert_ok(
        kafka_topic_describe(&settings, topic, WAIT_MS, &described, &err), err);
    ck_assert_int_eq(described.partitions, 2);
    ck_assert(described.configured);
    ck_assert_int_eq(described.retention_ms, -1);
    ck_assert_int_gt(described.max_message_bytes, 1000000);
    ck_assert(!described.compacted);
}
END_TEST

START_TEST(creating_it_again_is_fine_and_changes_nothing)
{
    struct kafka_settings settings = kafka_fixture_settings();
    struct kafka_topic_plan plan = {
        .name = topic, .partitions = 7, .replicas = 1};
    struct kafka_topic described;
    bool created = true;

    ck_assert_ok(kafka_topic_create(&settings, &plan, WAIT_MS, &created, &err),
                 err);
    ck_assert(!created);
    ck_assert_ok(
        kafka_topic_describe(&settings, topic, WAIT_MS, &described, &err), err);
    ck_assert_int_eq(described.partitions, 2);
}
END_TEST

START_TEST(asking_for_a_missing_topic_does_not_create_it)
{
    struct kafka_settings settings = kafka_fixture_settings();
    struct kafka_topic described;
    char missing[FIXTURE_NAME_SIZE];

    kafka_fixture_name("missing", missing);
    for (int i = 0; i < 2; i++)
        ck_assert_refused(
            kafka_topic_describe(&settings, missing, WAIT_MS, &described, &err),
            err, ERROR_UNAVAILABLE, "`pctr topics` creates it");
}
END_TEST

START_TEST(an_impossible_plan_is_refused_in_the_brokers_words)
{
    struct kafka_settings settings = kafka_fixture_settings();
    struct kafka_topic_plan plan = {
        .name = "impossible", .partitions = 1, .replicas = 3};
    bool created = false;

    ck_assert_refused(
        kafka_topic_create(&settings, &plan, WAIT_MS, &created, &err), err,
        ERROR_CONFIG, "create topic 'impossible': ");
}
END_TEST

START_TEST(what_is_sent_is_read)
{
    kafka_fixture_send(topic, &(struct outgoing){.key = "k",
                                                 .key_size = 1,
                                                 .value = "first",
                                                 .value_size = 5,
                                                 .timestamp_ms = TIME_MS});
    kafka_fixture_send(topic, &(struct outgoing){.partition = 1,
                                                 .value = "second",
                                                 .value_size = 6,
                                                 .timestamp_ms = TIME_MS});
    kafka_fixture_send(topic, &(struct outgoing){.partition = 1,
                                                 .key = "k",
                                                 .key_size = 1,
                                                 .timestamp_ms = TIME_MS + 1});

    struct fixture_records records = kafka_fixture_read(topic);
    ck_assert_uint_eq(records.count, 3);
    ck_assert_str_eq((char *)records.at[0].value, "first");
    ck_assert_str_eq((char *)records.at[0].key, "k");
    ck_assert_int_eq(records.at[1].partition, 1);
    ck_assert_ptr_null(records.at[1].key);
    ck_assert_int_eq(records.at[2].offset, 1);
    ck_assert_ptr_null(records.at[2].value);
    ck_assert_int_eq(records.at[2].timestamp_ms, TIME_MS + 1);
    fixture_records_free(&records);
}
END_TEST

static void succeed(rd_kafka_error_t *error)
{
    ck_assert_msg(error == NULL, "%s", rd_kafka_error_string(error));
}

static rd_kafka_t *new_transactional(void)
{
    char why[256] = "";
    struct kafka_settings settings = kafka_fixture_settings();
    rd_kafka_conf_t *conf = NULL;

    ck_assert_ok(kafka_conf(&settings, KAFKA_PRODUCER, NULL, &conf, &err), err);
    ck_assert_ok(kafka_conf_set(conf, "transactional.id", group, &err), err);
    rd_kafka_t *client =
        rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    ck_assert_msg(client != NULL, "%s", why);
    succeed(rd_kafka_init_transactions(client, WAIT_MS));
    return client;
}

static void produce_in_transaction(rd_kafka_t *client, const char *text)
{
    succeed(rd_kafka_begin_transaction(client));
    ck_assert_int_eq(
        __extension__ rd_kafka_producev(
            client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_VALUE((void *)text, strlen(text)), RD_KAFKA_V_END),
        0);
    ck_assert_int_eq(rd_kafka_flush(client, WAIT_MS), 0);
}

START_TEST(aborted_records_are_never_read)
{
    rd_kafka_t *client = new_transactional();

    produce_in_transaction(client, "kept");
    succeed(rd_kafka_commit_transaction(client, WAIT_MS));
    produce_in_transaction(client, "dropped");
    succeed(rd_kafka_abort_transaction(client, WAIT_MS));
    rd_kafka_destroy(client);

    struct fixture_records records = kafka_fixture_read(topic);
    ck_assert_uint_eq(records.count, 1);
    ck_assert_str_eq((char *)records.at[0].value, "kept");
    fixture_records_free(&records);
}
END_TEST

START_TEST(an_open_transaction_holds_the_stable_end)
{
    rd_kafka_t *client = new_transactional();

    kafka_fixture_send(topic, &(struct outgoing){.value = "before",
                                                 .value_size = 6,
                                                 .timestamp_ms = TIME_MS});
    produce_in_transaction(client, "open");
    struct topic_ends ends = topic_ends_of(topic);
    ck_assert_int_eq(ends.partitions, 2);
    ck_assert_int_eq(ends.stable[0], 1);
    ck_assert_int_eq(ends.high[0], 2);
    succeed(rd_kafka_commit_transaction(client, WAIT_MS));
    topic_ends_await_stable(topic, WAIT_MS);
    ck_assert_int_eq(topic_ends_sum(topic), 3); /* with the commit's mark */
    rd_kafka_destroy(client);
}
END_TEST

START_TEST(a_group_that_never_committed_has_no_offset)
{
    ck_assert_int_eq(kafka_fixture_committed(group, topic, 0), -1001);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kafka_fixture");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, make_topic, NULL);
    tcase_add_test(tests, a_topic_tells_how_it_was_made);
    tcase_add_test(tests, creating_it_again_is_fine_and_changes_nothing);
    tcase_add_test(tests, asking_for_a_missing_topic_does_not_create_it);
    tcase_add_test(tests, an_impossible_plan_is_refused_in_the_brokers_words);
    tcase_add_test(tests, what_is_sent_is_read);
    tcase_add_test(tests, aborted_records_are_never_read);
    tcase_add_test(tests, an_open_transaction_holds_the_stable_end);
    tcase_add_test(tests, a_group_that_never_committed_has_no_offset);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "topics, transactions, offsets");
}
