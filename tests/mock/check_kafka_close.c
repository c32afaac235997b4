/*
 * check_kafka_close.c - whoever has a client ends in time, although a thread of
 * the client hangs: here in a name server that does not answer. One of the two
 * brokers that each client is told of has a name that this test looks up, and
 * the look-up ends only when the test has seen what it wants.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/condition.h"
#include "common/kafka/kafka_contact.h"

#include "consumer/letters/redrive_ledger.h"
#include "consumer/models/snapshot_reader.h"
#include "consumer/read/merge_reader.h"
#include "consumer/read/subscriber.h"
#include "consumer/score/lag_watch.h"
#include "consumer/score/scorer_metrics.h"
#include "consumer/verify/record_fetch.h"

#include "producer/publisher.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Closing takes three seconds; a look-up lasts twenty times as long. */
enum { LOOKUP_MS = 60000, WAIT_MS = 20000 };

static const char silent_name[] = "silent.test";

static struct error err;
static struct mock_cluster *cluster;
static struct kafka_settings kafka;

/* --- The name server that does not answer ----------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int waiting;     /* look-ups under way */
static bool is_ended;   /* the test has seen what it wants */
static bool has_waited; /* a look-up took its whole time */

typedef int lookup_fn(const char *node, const char *service,
                      const struct addrinfo *hints, struct addrinfo **out);

static int hang(void)
{
    int64_t deadline_ms = clock_monotonic_ms() + LOOKUP_MS;

    pthread_mutex_lock(&lock);
    waiting++;
    pthread_cond_broadcast(&changed);
    while (!is_ended && clock_monotonic_ms() < deadline_ms) {
        pthread_mutex_unlock(&lock);
        clock_sleep_ms(20);
        pthread_mutex_lock(&lock);
    }
    has_waited |= !is_ended;
    waiting--;
    pthread_mutex_unlock(&lock);
    return EAI_AGAIN;
}

/* The program's own comes before the C library's, for librdkafka too. */
int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints,
                struct addrinfo **restrict out)
{
    if (node && strcmp(node, silent_name) == 0)
        return hang();
    union {
        void *symbol;
        lookup_fn *function;
    } real = {dlsym(RTLD_NEXT, "getaddrinfo")};
    return real.function(node, service, hints, out);
}

static void await_lookup(void)
{
    int64_t deadline_ms = clock_monotonic_ms() + WAIT_MS;
    bool is_waiting = false;

    while (!is_waiting) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                      "the client looks nobody up");
        clock_sleep_ms(20);
        pthread_mutex_lock(&lock);
        is_waiting = waiting > 0;
        pthread_mutex_unlock(&lock);
    }
}

static bool is_hanging(void)
{
    pthread_mutex_lock(&lock);
    bool hangs = waiting > 0 && !has_waited;
    pthread_mutex_unlock(&lock);
    return hangs;
}

/* --- The clients ------------------------------------------------------ */

static void set_up(void)
{
    static struct config_property at_once = {
        .name = "enable.sparse.connections", .value = "false"};

    waiting = 0;
    is_ended = has_waited = false;
    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "in", 2);
    mock_cluster_add_topic(cluster, "models", 1);
    mock_cluster_add_topic(cluster, "chunks", 1);
    kafka = mock_cluster_settings(cluster);
    size_t size = strlen(kafka.brokers);
    snprintf(kafka.brokers + size, sizeof(kafka.brokers) - size, ",%s:9092",
             silent_name);
    kafka.properties = &at_once;
    kafka.property_count = 1;
}

static void tear_down(void)
{
    pthread_mutex_lock(&lock);
    is_ended = true;
    pthread_mutex_unlock(&lock);
    mock_cluster_free(cluster);
}

static void with_contact(void)
{
    static struct kafka_contact contact;

    ck_assert_ok(kafka_contact_open(&contact, &kafka, WAIT_MS, &err), err);
    await_lookup();
    kafka_contact_close(&contact);
}

static void with_publisher(void)
{
    struct publisher_config config = {.kafka = kafka, .topics = {"in"}};
    struct publisher *publisher = NULL;

    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    await_lookup();
    publisher_close(publisher);
}

static void with_subscriber(void)
{
    struct subscriber_config config = {
        .kafka = kafka, .group = "g", .topic = "in", .batch_max = 10};
    struct subscriber *subscriber = NULL;

    ck_assert_ok(subscriber_open(&config, &subscriber, &err), err);
    await_lookup();
    subscriber_close(subscriber, 0);
}

static void with_lag_watch(void)
{
    struct metrics *metrics = NULL;
    struct lag_watch *watch = NULL;

    ck_assert_ok(metrics_new(scorer_metric_families, &metrics, &err), err);
    ck_assert_ok(
        lag_watch_start(&kafka, "in", metrics, SCORER_LAG, &watch, &err), err);
    await_lookup();
    lag_watch_stop(watch);
    metrics_free(metrics);
}

static void with_merge_reader(void)
{
    struct merge_reader_config config = {.kafka = kafka,
                                         .topics = {"in"},
                                         .from_ms = MERGE_FROM_BEGINNING,
                                         .buffer_bytes = 1 << 20,
                                         .timeout_ms = WAIT_MS};
    struct merge_reader *reader = NULL;

    ck_assert_ok(merge_reader_open(&config, &reader, &err), err);
    await_lookup();
    merge_reader_close(reader);
}

static void with_snapshot_reader(void)
{
    struct snapshot_reader_config config = {.kafka = kafka,
                                            .name = "click",
                                            .models = "models",
                                            .chunks = "chunks"};
    struct snapshot_reader *reader = NULL;

    ck_assert_ok(snapshot_reader_open(&config, &reader, &err), err);
    await_lookup();
    snapshot_reader_close(reader);
}

static void with_record_fetch(void)
{
    struct record_fetch *fetch = NULL;

    ck_assert_ok(record_fetch_open(&kafka, "in", WAIT_MS, &fetch, &err), err);
    await_lookup();
    record_fetch_close(fetch);
}

static void with_redrive_ledger(void)
{
    struct redrive_ledger *ledger = NULL;

    ck_assert_ok(redrive_ledger_open(&kafka,
                                     &(struct redrive_ledger_config){
                                         "g", "in", 2, LEDGER_READS_LAST_SURE},
                                     &ledger, &err),
                 err);
    await_lookup();
    redrive_ledger_close(ledger);
}

static const struct {
    const char *name;
    void (*opens_and_closes)(void);
} users[] = {
    {"kafka_contact", with_contact},
    {"publisher", with_publisher},
    {"subscriber", with_subscriber},
    {"lag_watch", with_lag_watch},
    {"merge_reader", with_merge_reader},
    {"snapshot_reader", with_snapshot_reader},
    {"record_fetch", with_record_fetch},
    {"redrive_ledger", with_redrive_ledger},
};

START_TEST(ends_although_a_thread_of_its_client_hangs)
{
    users[_i].opens_and_closes();
    ck_assert_msg(is_hanging(), "%s waited for its client", users[_i].name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("closing a client");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 180);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, ends_although_a_thread_of_its_client_hangs, 0,
                        sizeof(users) / sizeof(users[0]));
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
