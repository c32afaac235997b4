/*
 * check_kafka_client.c - settings, refusals and topics, against the mock
 * brokers.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/kafka/kafka_question.h"

#include <librdkafka/rdkafka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct error err;
static struct mock_cluster *cluster;
static struct kafka_settings settings;

static void start_cluster(void)
{
    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "clicks", 3);
    settings = mock_cluster_settings(cluster);
}

static void stop_cluster(void)
{
    mock_cluster_free(cluster);
}

/* --- Properties ------------------------------------------------------- */

/* What the role's configuration says about `name` when the user gave one
 * property. */
static void assert_configured(enum kafka_role role, const char *property,
                              const char *given, const char *name,
                              const char *expected)
{
    struct config_property mine = {"", ""};
    struct kafka_settings with = {.brokers = "127.0.0.1:1",
                                  .properties = &mine,
                                  .property_count = property ? 1 : 0};
    rd_kafka_conf_t *conf = NULL;
    char value[256] = "";
    size_t size = sizeof(value);

    if (property) {
        strcpy(mine.name, property);
        strcpy(mine.value, given);
    }
    ck_assert_ok(kafka_conf(&with, role, NULL, &conf, &err), err);
    ck_assert_int_eq(rd_kafka_conf_get(conf, name, value, &size), 0);
    ck_assert_str_eq(value, expected);
    rd_kafka_conf_destroy(conf);
}

static void assert_refused(const char *property, const char *value,
                           const char *part)
{
    struct config_property mine = {"", ""};
    struct kafka_settings with = {
        .brokers = "127.0.0.1:1", .properties = &mine, .property_count = 1};
    rd_kafka_conf_t *conf = NULL;

    strcpy(mine.name, property);
    strcpy(mine.value, value);
    ck_assert_refused(kafka_conf(&with, KAFKA_CONSUMER, NULL, &conf, &err), err,
                      ERROR_CONFIG, part);
    ck_assert_ptr_null(conf);
}

START_TEST(each_role_has_its_defaults)
{
    assert_configured(KAFKA_CONSUMER, NULL, NULL, "check.crcs", "true");
    assert_configured(KAFKA_CONSUMER, NULL, NULL, "enable.auto.commit",
                      "false");
    assert_configured(KAFKA_CONSUMER, NULL, NULL,
                      "partition.assignment.strategy", "range,roundrobin");
    assert_configured(KAFKA_CONSUMER, NULL, NULL,
                      "topic.metadata.refresh.interval.ms", "30000");
    assert_configured(KAFKA_PRODUCER, NULL, NULL, "enable.idempotence", "true");
    assert_configured(KAFKA_ADMIN, NULL, NULL, "socket.nagle.disable", "true");
}
END_TEST

/* Where the library knows of another way. */
START_TEST(brokers_that_are_away_are_not_forgotten)
{
    static const char name[] = "metadata.recovery.strategy";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    size_t size = 0;
    const bool is_known = rd_kafka_conf_get(conf, name, NULL, &size) == 0;

    rd_kafka_conf_destroy(conf);
    if (!is_known)
        return;
    assert_configured(KAFKA_PRODUCER, NULL, NULL, name, "none");
    assert_configured(KAFKA_CONSUMER, NULL, NULL, name, "none");
    assert_configured(KAFKA_PRODUCER, name, "rebootstrap", name, "rebootstrap");
}
END_TEST

START_TEST(a_property_of_the_user_wins)
{
    assert_configured(KAFKA_PRODUCER, "linger.ms", "17", "linger.ms", "17");
    assert_configured(KAFKA_CONSUMER, "check.crcs", "false", "check.crcs",
                      "false");
    assert_configured(KAFKA_CONSUMER, "client.id", "ads", "client.id", "ads");
}
END_TEST

START_TEST(a_prefix_limits_a_property_to_one_role)
{
    assert_configured(KAFKA_PRODUCER, "producer.socket.timeout.ms", "1234",
                      "socket.timeout.ms", "1234");
    assert_configured(KAFKA_CONSUMER, "producer.socket.timeout.ms", "1234",
                      "socket.timeout.ms", "60000");
}
END_TEST

/* Each would break a promise, for whatever role it is meant. */
static const struct {
    const char *name, *value, *part;
} broken_promises[] = {
    {"isolation.level", "read_uncommitted", "aborted transactions"},
    {"consumer.isolation.level", "read_uncommitted", "aborted transactions"},
    {"auto.offset.reset", "latest", "offset.lost"},
    {"group.instance.id", "a", "the same one"},
    {"enable.idempotence", "false", "twice"},
    {"producer.acks", "1", "can be lost"},
    {"request.required.acks", "0", "can be lost"},
    {"consumer.bootstrap.servers", "other:9092", "-b names"},
    {"metadata.broker.list", "other:9092", "-b names"},
    {"partition.assignment.strategy", "cooperative-sticky",
     "'cooperative-sticky' cannot be used"},
    {"consumer.partition.assignment.strategy", "range,cooperative-sticky",
     "'cooperative-sticky' cannot be used"},
};
enum { BROKEN_PROMISES = sizeof(broken_promises) / sizeof(broken_promises[0]) };

START_TEST(a_property_that_breaks_a_promise_is_refused)
{
    assert_refused(broken_promises[_i].name, broken_promises[_i].value,
                   broken_promises[_i].part);
}
END_TEST

START_TEST(eager_assignors_can_be_chosen)
{
    assert_configured(KAFKA_CONSUMER, "partition.assignment.strategy",
                      "roundrobin", "partition.assignment.strategy",
                      "roundrobin");
}
END_TEST

START_TEST(an_unknown_property_is_refused_with_the_nearest_one)
{
    assert_refused("socket.timeout.mss", "5",
                   "unknown Kafka property 'socket.timeout.mss': did you mean "
                   "'socket.timeout.ms'?");
    assert_refused("what.ever.this.is", "5", "'what.ever.this.is'");
}
END_TEST

START_TEST(a_mistake_for_another_role_is_found_too)
{
    assert_refused("producer.socket.timeout.mss", "5",
                   "did you mean 'socket.timeout.ms'?");
}
END_TEST

START_TEST(a_value_out_of_range_is_refused_by_name)
{
    assert_refused("session.timeout.ms", "soon", "'session.timeout.ms'");
}
END_TEST

START_TEST(java_names_are_answered_with_ours)
{
    assert_refused("ssl.truststore.location", "/x.jks", "ssl.ca.location");
    assert_refused("sasl.jaas.config", "x", "sasl.username");
    assert_refused("key.serializer", "x", "leave it out");
    assert_refused("consumer.max.poll.records", "5", "batch");
}
END_TEST

START_TEST(properties_that_would_break_a_promise_are_refused)
{
    assert_refused("enable.auto.commit", "true", "cannot be set");
    assert_refused("transactional.id", "mine", "group and slot");
}
END_TEST

/* Writes the password to a new file and returns "file:PATH". */
static const char *secret_file(mode_t mode)
{
    static char name[64];

    strcpy(name, "file:/tmp/check_kafka_client.XXXXXX");
    int fd = mkstemp(name + 5);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "hush\nno\n", 8), 8);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
    return name;
}

START_TEST(scram_needs_a_library_that_can)
{
    const struct config_property scram = {.name = "sasl.mechanism",
                                          .value = "SCRAM-SHA-512"};
    const struct kafka_settings with_scram = {
        .brokers = "127.0.0.1:1", .properties = &scram, .property_count = 1};

    int status = kafka_check(&with_scram, &err);
    if (rd_kafka_version() < 0x020601ff)
        ck_assert_refused(status, err, ERROR_CONFIG,
                          "use librdkafka 2.6.1 or newer");
    else
        ck_assert_ok(status, err);
}
END_TEST

START_TEST(a_secret_may_be_in_a_file)
{
    const char *file = secret_file(0600);

    assert_configured(KAFKA_CONSUMER, "sasl.password", file, "sasl.password",
                      "hush");
    unlink(file + 5);
}
END_TEST

START_TEST(a_file_of_tls_that_is_not_there_is_named)
{
    struct config_property mine = {"ssl.ca.location", "/no/such.pem"};
    struct kafka_settings with = {
        .brokers = "127.0.0.1:1", .properties = &mine, .property_count = 1};
    rd_kafka_conf_t *conf = NULL;

    ck_assert_refused(kafka_conf(&with, KAFKA_ADMIN, NULL, &conf, &err), err,
                      ERROR_INPUT,
                      "ssl.ca.location: '/no/such.pem' cannot be read");
}
END_TEST

START_TEST(a_secret_file_that_others_can_read_is_refused)
{
    const char *file = secret_file(0644);

    assert_refused("sasl.password", file, "chmod o-rw");
    unlink(file + 5);
}
END_TEST

/* --- Errors ----------------------------------------------------------- */

START_TEST(errors_have_classes)
{
    ck_assert_int_eq(kafka_error_code(RD_KAFKA_RESP_ERR_NO_ERROR), ERROR_NONE);
    ck_assert_int_eq(kafka_error_code(RD_KAFKA_RESP_ERR__TRANSPORT),
                     ERROR_UNAVAILABLE);
    ck_assert_int_eq(kafka_error_code(RD_KAFKA_RESP_ERR__FENCED), ERROR_FENCED);
    ck_assert_int_eq(
        kafka_error_code(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
        ERROR_AUTH);
    ck_assert_int_eq(
        kafka_error_code(RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING),
        ERROR_TEMPORARY);
    ck_assert_int_eq(kafka_error_code(12345), ERROR_FAILED);
}
END_TEST

/* --- Topics ----------------------------------------------------------- */

START_TEST(a_topic_is_described)
{
    struct kafka_topic topic;

    ck_assert_ok(kafka_topic_describe(&settings, "clicks", 5000, &topic, &err),
                 err);
    ck_assert_str_eq(topic.name, "clicks");
    ck_assert_int_eq(topic.partitions, 3);
    ck_assert(!topic.configured);
}
END_TEST

START_TEST(a_missing_topic_is_refused)
{
    struct kafka_topic topic;

    mock_cluster_fail_topic(cluster, "clicks",
                            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    ck_assert_refused(
        kafka_topic_describe(&settings, "clicks", 5000, &topic, &err), err,
        ERROR_UNAVAILABLE, "no topic 'clicks': `pctr topics` creates it");
}
END_TEST

START_TEST(an_acl_in_the_way_is_said)
{
    struct kafka_topic topic;

    /* A broker names no partitions of a topic that is not for this client. The
     * mock brokers of librdkafka before 2.10 name those that there are, and
     * crash their client with it: the topic has none. */
    mock_cluster_add_topic(cluster, "secret", 0);
    mock_cluster_fail_topic(cluster, "secret",
                            RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    ck_assert_refused(
        kafka_topic_describe(&settings, "secret", 5000, &topic, &err), err,
        ERROR_AUTH, "topic 'secret': ");
}
END_TEST

START_TEST(nobody_at_the_address_is_said_within_seconds)
{
    struct kafka_topic topic;
    struct kafka_settings nowhere = {.brokers = "127.0.0.1:1"};
    int64_t start = clock_monotonic_ms();

    ck_assert_refused(
        kafka_topic_describe(&nowhere, "clicks", 20000, &topic, &err), err,
        ERROR_UNAVAILABLE,
        "no broker at 127.0.0.1:1: connection refused; is Kafka running "
        "there?");
    ck_assert_int_lt(clock_monotonic_ms() - start, 5000);
}
END_TEST

START_TEST(a_host_without_an_address_is_said)
{
    struct kafka_topic topic;
    struct kafka_settings nowhere = {.brokers = "no-such-host.invalid:9092"};

    ck_assert_refused(
        kafka_topic_describe(&nowhere, "clicks", 20000, &topic, &err), err,
        ERROR_UNAVAILABLE, "no broker at no-such-host.invalid:9092: ");
}
END_TEST

START_TEST(transactions_without_a_coordinator_are_said)
{
    struct kafka_settings nowhere = {.brokers = "127.0.0.1:1"};

    ck_assert_refused(
        kafka_ask_transactions(&nowhere, "id", 60000, 1000, &err), err,
        ERROR_UNAVAILABLE,
        "no answer in 1000 ms: one of the brokers coordinates transactions");
}
END_TEST

START_TEST(creating_needs_a_broker_too)
{
    struct kafka_settings nowhere = {.brokers = "127.0.0.1:1"};
    struct kafka_topic_plan plan = {
        .name = "views", .partitions = 1, .replicas = 1};
    bool created = false;

    ck_assert_refused(
        kafka_topic_create(&nowhere, &plan, 20000, &created, &err), err,
        ERROR_UNAVAILABLE, "connection refused");
}
END_TEST

START_TEST(the_embedded_broker_cannot_create)
{
    struct kafka_topic_plan plan = {
        .name = "views", .partitions = 1, .replicas = 1};
    bool created = false;

    ck_assert_refused(
        kafka_topic_create(&settings, &plan, 5000, &created, &err), err,
        ERROR_CONFIG, "create topic 'views': ");
}
END_TEST

START_TEST(a_plan_without_partitions_is_refused)
{
    struct kafka_topic_plan plan = {
        .name = "views", .partitions = -7, .replicas = 1};
    bool created = false;

    settings.embedded = false;
    ck_assert_refused(
        kafka_topic_create(&settings, &plan, 5000, &created, &err), err,
        ERROR_CONFIG, "create topic 'views': ");
}
END_TEST

static TCase *property_tests(void)
{
    TCase *tests = tcase_create("properties");

    tcase_add_test(tests, each_role_has_its_defaults);
    tcase_add_test(tests, brokers_that_are_away_are_not_forgotten);
    tcase_add_test(tests, a_property_of_the_user_wins);
    tcase_add_test(tests, a_prefix_limits_a_property_to_one_role);
    tcase_add_loop_test(tests, a_property_that_breaks_a_promise_is_refused, 0,
                        BROKEN_PROMISES);
    tcase_add_test(tests, eager_assignors_can_be_chosen);
    tcase_add_test(tests, an_unknown_property_is_refused_with_the_nearest_one);
    tcase_add_test(tests, a_mistake_for_another_role_is_found_too);
    tcase_add_test(tests, a_value_out_of_range_is_refused_by_name);
    tcase_add_test(tests, java_names_are_answered_with_ours);
    tcase_add_test(tests, properties_that_would_break_a_promise_are_refused);
    tcase_add_test(tests, scram_needs_a_library_that_can);
    tcase_add_test(tests, a_secret_may_be_in_a_file);
    tcase_add_test(tests, a_file_of_tls_that_is_not_there_is_named);
    tcase_add_test(tests, a_secret_file_that_others_can_read_is_refused);
    tcase_add_test(tests, errors_have_classes);
    return tests;
}

static TCase *topic_tests(void)
{
    TCase *tests = tcase_create("topics");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, start_cluster, stop_cluster);
    tcase_add_test(tests, a_topic_is_described);
    tcase_add_test(tests, a_missing_topic_is_refused);
    tcase_add_test(tests, an_acl_in_the_way_is_said);
    tcase_add_test(tests, nobody_at_the_address_is_said_within_seconds);
    tcase_add_test(tests, a_host_without_an_address_is_said);
    tcase_add_test(tests, transactions_without_a_coordinator_are_said);
    tcase_add_test(tests, creating_needs_a_broker_too);
    tcase_add_test(tests, the_embedded_broker_cannot_create);
    tcase_add_test(tests, a_plan_without_partitions_is_refused);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("kafka_client");

    suite_add_tcase(suite, property_tests());
    suite_add_tcase(suite, topic_tests());
    return run_suite(suite);
}
