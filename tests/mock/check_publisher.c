/*
 * check_publisher.c - what is sent arrives whole, what cannot be delivered is
 * told, and each error of a transaction has its verdict.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/stop.h"

#include "consumer/read/merge_reader.h"
#include "producer/publisher.h"
#include "producer/publisher_verdict.h"

#include <librdkafka/rdkafka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 20000, COUNT = 1000, DEADLINE_MS = 8000 };

/* Kafka's numbers of the requests that transactions add. */
enum { ADD_PARTITIONS = 24, END_TRANSACTION = 26 };

static struct error err;
static struct mock_cluster *cluster;
static struct publisher *publisher;
static struct publisher_config config;

static void set_up(void)
{
    publisher = NULL;
    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "a", 4);
    mock_cluster_add_topic(cluster, "b", 1);
    config = (struct publisher_config){
        .kafka = mock_cluster_settings(cluster),
        .topics = {"a", "b"},
    };
}

static void tear_down(void)
{
    publisher_close(publisher);
    mock_cluster_free(cluster);
}

static void open_publisher(void)
{
    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
}

static void open_transactional(void)
{
    config.transaction_timeout_ms = 10000;
    strcpy(config.transactional_id, "test-0");
    open_publisher();
}

static int send_text(size_t topic, int32_t partition, const char *text)
{
    const struct outgoing message = {.topic = topic,
                                     .partition = partition,
                                     .key = text,
                                     .key_size = strlen(text),
                                     .value = text,
                                     .value_size = strlen(text)};
    return publisher_send(publisher, &message, &err);
}

static struct merge_reader *read_topic(const char *topic)
{
    struct merge_reader *reader = NULL;
    const struct merge_reader_config from = {
        .kafka = mock_cluster_settings(cluster),
        .topics = {topic},
        .from_ms = MERGE_FROM_BEGINNING,
        .ends = true,
        .buffer_bytes = 1 << 20,
        .timeout_ms = PATIENCE_MS,
    };

    ck_assert_ok(merge_reader_open(&from, &reader, &err), err);
    return reader;
}

static bool next(struct merge_reader *reader, struct merge_record *record)
{
    enum merge_result result;

    ck_assert_ok(merge_reader_next(reader, PATIENCE_MS, &result, record, &err),
                 err);
    return result == MERGE_RECORD;
}

START_TEST(what_is_sent_arrives_once_and_on_the_partition_of_its_key)
{
    struct merge_record record;
    int32_t partitions[COUNT];
    int seen = 0, used[4] = {0};

    open_publisher();
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            char text[16]; /* changes under the producer: it must copy */
            snprintf(text, sizeof(text), "%d", i);
            ck_assert_ok(send_text(0, PUBLISH_BY_KEY, text), err);
        }
    }
    ck_assert_ok(publisher_flush(publisher, PATIENCE_MS, &err), err);
    struct publisher_counts counts = publisher_counts(publisher);
    ck_assert_uint_eq(counts.sent, 2 * COUNT);
    ck_assert_uint_eq(counts.delivered, 2 * COUNT);
    ck_assert_uint_eq(counts.failed, 0);

    for (int i = 0; i < COUNT; i++)
        partitions[i] = -1;
    struct merge_reader *reader = read_topic("a");
    while (next(reader, &record)) {
        char text[16];
        int i;
        ck_assert_uint_lt(record.message.value_size, sizeof(text));
        memcpy(text, record.message.value, record.message.value_size);
        text[record.message.value_size] = '\0';
        ck_assert_int_eq(sscanf(text, "%d", &i), 1);
        if (partitions[i] >= 0)
            ck_assert_int_eq(partitions[i], record.message.partition);
        partitions[i] = record.message.partition;
        used[record.message.partition]++;
        seen++;
    }
    merge_reader_close(reader);
    ck_assert_int_eq(seen, 2 * COUNT);
    for (int p = 0; p < 4; p++)
        ck_assert_int_gt(used[p], COUNT / 4);
}
END_TEST

START_TEST(time_headers_and_tombstones_arrive)
{
    static const uint8_t bytes[] = {0, 1, 255};
    const struct record_header headers[] = {{"one", bytes, sizeof(bytes)},
                                            {"two", "2", 1}};
    const struct outgoing message = {.topic = 1,
                                     .partition = 0,
                                     .key = "k",
                                     .key_size = 1,
                                     .timestamp_ms = 1234567890123,
                                     .headers = headers,
                                     .header_count = 2};
    struct merge_record record;
    rd_kafka_headers_t *got = NULL;
    const void *value;
    size_t size;

    config.wants_offsets = true;
    open_publisher();
    ck_assert_ok(publisher_send(publisher, &message, &err), err);
    ck_assert_ok(publisher_flush(publisher, PATIENCE_MS, &err), err);
    ck_assert_int_eq(publisher_last_offset(publisher, 1, 0), 0);
    ck_assert_int_eq(publisher_last_offset(publisher, 0, 0), -1);

    struct merge_reader *reader = read_topic("b");
    ck_assert(next(reader, &record));
    ck_assert_ptr_null(record.message.value);
    ck_assert_int_eq(record.message.timestamp_ms, 1234567890123);
    ck_assert_int_eq(rd_kafka_message_headers(record.message.handle, &got), 0);
    ck_assert_int_eq(rd_kafka_header_get_last(got, "one", &value, &size), 0);
    ck_assert_uint_eq(size, sizeof(bytes));
    ck_assert_mem_eq(value, bytes, sizeof(bytes));
    ck_assert_int_eq(rd_kafka_header_get_last(got, "two", &value, &size), 0);
    ck_assert_uint_eq(size, 1);
    merge_reader_close(reader);
}
END_TEST

START_TEST(an_undelivered_message_fails_the_flush_once)
{
    open_publisher();
    mock_cluster_fail(cluster, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
                      1);
    ck_assert_ok(send_text(1, 0, "x"), err);
    ck_assert_refused(publisher_flush(publisher, PATIENCE_MS, &err), err,
                      kafka_error_code(RD_KAFKA_RESP_ERR_POLICY_VIOLATION),
                      "not delivered");
    struct publisher_counts counts = publisher_counts(publisher);
    ck_assert_uint_eq(counts.sent, 1);
    ck_assert_uint_eq(counts.failed, 1);
    ck_assert_uint_eq(counts.delivered, 0);
    ck_assert_ok(publisher_flush(publisher, PATIENCE_MS, &err), err);
}
END_TEST

/* librdkafka gives up on a batch that was damaged on its way; from 2.4 on
 * (KIP-467) it sends the batch again. Either way the books are right. */
START_TEST(a_damaged_batch_is_sent_again_or_counted_as_failed)
{
    bool again = rd_kafka_version() >= 0x020400ff;

    open_publisher();
    mock_cluster_fail(cluster, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_INVALID_MSG, 1);
    ck_assert_ok(send_text(1, 0, "x"), err);
    int status = publisher_flush(publisher, PATIENCE_MS, &err);
    struct publisher_counts counts = publisher_counts(publisher);
    ck_assert_int_eq(status, again ? 0 : -1);
    ck_assert_uint_eq(counts.delivered, again ? 1 : 0);
    ck_assert_uint_eq(counts.failed, again ? 0 : 1);
}
END_TEST

START_TEST(a_message_that_is_too_large_is_refused_at_once)
{
    static char large[2 << 20];
    const struct outgoing message = {
        .topic = 1, .value = large, .value_size = sizeof(large)};

    open_publisher();
    ck_assert_refused(publisher_send(publisher, &message, &err), err,
                      kafka_error_code(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE),
                      "send to 'b'");
    ck_assert_uint_eq(publisher_counts(publisher).sent, 0);
}
END_TEST

START_TEST(a_partition_that_is_not_there_is_refused)
{
    open_publisher();
    ck_assert_int_eq(publisher_partitions(publisher, 0), 4);
    ck_assert_refused(send_text(0, 4, "x"), err, ERROR_UNAVAILABLE,
                      "no partition 4");
}
END_TEST

START_TEST(a_broker_that_is_away_fails_the_flush_in_time)
{
    open_publisher();
    mock_cluster_go_down(cluster);
    ck_assert_ok(send_text(1, 0, "x"), err);
    ck_assert_int_eq(publisher_flush(publisher, 500, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "1 messages are not delivered"));
    mock_cluster_come_up(cluster);
    ck_assert_ok(publisher_flush(publisher, PATIENCE_MS, &err), err);
    ck_assert_uint_eq(publisher_counts(publisher).delivered, 1);
}
END_TEST

/* For one that comes again the stop is no failure, for one that does not it is:
 * the message is not there. Giving up counts it. */
START_TEST(a_stop_leaves_nothing_behind_in_silence)
{
    ck_assert_ok(stop_on_signals(DEADLINE_MS, &err), err);
    open_publisher();
    mock_cluster_go_down(cluster);
    ck_assert_ok(send_text(1, 0, "x"), err);
    raise(SIGTERM);
    ck_assert_refused(publisher_flush(publisher, PATIENCE_MS, &err), err,
                      ERROR_STOPPED, "asked to stop");
    ck_assert_refused(publisher_finish(publisher, PATIENCE_MS, &err), err,
                      ERROR_UNAVAILABLE,
                      "asked to stop before a broker had acknowledged 1 "
                      "messages");
    publisher_give_up(publisher);
    ck_assert_uint_eq(publisher_failed(publisher, 0), 0);
    ck_assert_uint_eq(publisher_failed(publisher, 1), 1);
}
END_TEST

/* What the broker answers twice to a request, and what the caller must do. */
static const struct {
    int request;
    rd_kafka_resp_err_t error;
    enum publisher_verdict commit;
    enum publisher_verdict abort; /* what an abort after it says */
} answers[] = {
    {MOCK_PRODUCE, RD_KAFKA_RESP_ERR_NO_ERROR, PUBLISHER_OK, PUBLISHER_OK},
    {MOCK_PRODUCE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, PUBLISHER_OK,
     PUBLISHER_OK},
    {MOCK_PRODUCE, RD_KAFKA_RESP_ERR_POLICY_VIOLATION, PUBLISHER_ABORT,
     PUBLISHER_OK},
    {MOCK_PRODUCE, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
     PUBLISHER_ABORT, PUBLISHER_OK},
    {MOCK_PRODUCE, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, PUBLISHER_FENCED,
     PUBLISHER_FENCED},
    {ADD_PARTITIONS, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, PUBLISHER_FENCED,
     PUBLISHER_FENCED},
    {ADD_PARTITIONS, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, PUBLISHER_REBUILD,
     PUBLISHER_REBUILD},
    {END_TRANSACTION, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, PUBLISHER_OK,
     PUBLISHER_OK},
    {END_TRANSACTION, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, PUBLISHER_FENCED,
     PUBLISHER_FENCED},
    {END_TRANSACTION, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, PUBLISHER_REBUILD,
     PUBLISHER_REBUILD},
    {END_TRANSACTION, (rd_kafka_resp_err_t)120, PUBLISHER_ABORT,
     PUBLISHER_REBUILD},
};
enum { ANSWERS = sizeof(answers) / sizeof(answers[0]) };

START_TEST(each_answer_has_its_verdict)
{
    open_transactional();
    ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
    if (answers[_i].error)
        mock_cluster_fail(cluster, (enum mock_request)answers[_i].request,
                          answers[_i].error, 2);
    ck_assert_ok(send_text(0, 0, "x"), err);
    enum publisher_verdict verdict = publisher_commit(publisher, &err);
    ck_assert_msg(verdict == answers[_i].commit, "commit: %d, %s", verdict,
                  err.text);
    if (verdict == PUBLISHER_OK)
        return;
    verdict = publisher_abort(publisher, &err);
    ck_assert_msg(verdict == answers[_i].abort, "abort: %d, %s", verdict,
                  err.text);
}
END_TEST

/* A right that is taken shows where the transaction asks for a partition; the
 * messages after that are refused for the state that it left. */
START_TEST(a_message_for_a_failed_transaction_says_why_that_failed)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;

    open_transactional();
    ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
    mock_cluster_fail(cluster, (enum mock_request)ADD_PARTITIONS,
                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
    while (send_text(0, 0, "x") == 0) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(5);
    }
    ck_assert_int_eq(err.code, ERROR_AUTH);
    ck_assert_ptr_nonnull(strstr(err.text, "authorization failed"));
    ck_assert_int_eq(publisher_abort(publisher, &err), PUBLISHER_OK);
    ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
    ck_assert_ok(send_text(0, 0, "y"), err);
    ck_assert_int_eq(publisher_commit(publisher, &err), PUBLISHER_OK);
}
END_TEST

static const struct {
    rd_kafka_resp_err_t refused;
    const char *named;
} thrown_away[] = {
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "'a'"},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
     "transactional id '"},
};
enum { THROWN_AWAY = sizeof(thrown_away) / sizeof(thrown_away[0]) };

START_TEST(a_message_that_a_failed_transaction_throws_away_says_why)
{
    open_transactional();
    ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
    mock_cluster_fail(cluster, (enum mock_request)ADD_PARTITIONS,
                      thrown_away[_i].refused, 1);
    ck_assert_ok(send_text(0, 0, "x"), err);
    ck_assert_int_lt(publisher_flush(publisher, PATIENCE_MS, &err), 0);
    ck_assert_int_eq(err.code, ERROR_AUTH);
    ck_assert_ptr_nonnull(strstr(err.text, "authorization failed"));
    ck_assert_ptr_nonnull(strstr(err.text, thrown_away[_i].named));
}
END_TEST

START_TEST(a_transaction_works_again_after_an_abort)
{
    open_transactional();
    ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
    ck_assert_ok(send_text(0, 0, "x"), err);
    ck_assert_int_eq(publisher_abort(publisher, &err), PUBLISHER_OK);
    ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
    ck_assert_ok(send_text(0, 0, "y"), err);
    ck_assert_int_eq(publisher_commit(publisher, &err), PUBLISHER_OK);
}
END_TEST

/* The requests that change a transaction, from AddPartitionsToTxn on. */
static const struct {
    int16_t request;
    rd_kafka_resp_err_t failure; /* TRANSPORT: the connection breaks */
    enum publisher_verdict next;
} unanswered[] = {
    {ADD_PARTITIONS, RD_KAFKA_RESP_ERR__TRANSPORT, PUBLISHER_REBUILD},
    {END_TRANSACTION, RD_KAFKA_RESP_ERR__TRANSPORT, PUBLISHER_REBUILD},
    {ADD_PARTITIONS, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, PUBLISHER_OK},
    {END_TRANSACTION, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
     PUBLISHER_OK},
};
enum { UNANSWERED = sizeof(unanswered) / sizeof(unanswered[0]) };

/* One that was sent and not answered is sent again, and may arrive in the next
 * transaction. One that was refused is sent again too, and is at rest. */
START_TEST(what_may_still_arrive_asks_for_a_new_producer)
{
    open_transactional();
    ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
    mock_cluster_fail(cluster, (enum mock_request)unanswered[_i].request,
                      unanswered[_i].failure, 1);
    ck_assert_ok(send_text(0, 0, "x"), err);
    ck_assert_int_eq(publisher_commit(publisher, &err), PUBLISHER_OK);
    ck_assert_int_eq(publisher_begin(publisher, &err), unanswered[_i].next);
    if (unanswered[_i].next != PUBLISHER_OK)
        ck_assert_ptr_nonnull(strstr(err.text, "may still arrive"));
}
END_TEST

/* What librdkafka 2.0.2 classes wrongly is judged by its name. */
static const struct {
    rd_kafka_resp_err_t error;
    enum publisher_verdict verdict;
} names[] = {
    {RD_KAFKA_RESP_ERR__FENCED, PUBLISHER_FENCED},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, PUBLISHER_FENCED},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, PUBLISHER_FENCED},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, PUBLISHER_REBUILD},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, PUBLISHER_REBUILD},
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

START_TEST(some_errors_are_judged_by_name)
{
    rd_kafka_error_t *error = rd_kafka_error_new(names[_i].error, "why");

    ck_assert_int_eq(publisher_verdict_of(error, "commit", &err),
                     names[_i].verdict);
    ck_assert_str_eq(err.text, "commit: why");
}
END_TEST

START_TEST(an_unknown_producer_id_is_never_a_mere_abort)
{
    open_transactional();
    ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
    mock_cluster_fail(cluster, (enum mock_request)ADD_PARTITIONS,
                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, 2);
    ck_assert_ok(send_text(0, 0, "x"), err);
    ck_assert_int_eq(publisher_commit(publisher, &err), PUBLISHER_REBUILD);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("publisher");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests,
                   what_is_sent_arrives_once_and_on_the_partition_of_its_key);
    tcase_add_test(tests, time_headers_and_tombstones_arrive);
    tcase_add_test(tests, an_undelivered_message_fails_the_flush_once);
    tcase_add_test(tests, a_damaged_batch_is_sent_again_or_counted_as_failed);
    tcase_add_test(tests, a_message_that_is_too_large_is_refused_at_once);
    tcase_add_test(tests, a_partition_that_is_not_there_is_refused);
    tcase_add_test(tests, a_broker_that_is_away_fails_the_flush_in_time);
    tcase_add_test(tests, a_stop_leaves_nothing_behind_in_silence);
    tcase_add_loop_test(tests, each_answer_has_its_verdict, 0, ANSWERS);
    tcase_add_loop_test(
        tests, a_message_that_a_failed_transaction_throws_away_says_why, 0,
        THROWN_AWAY);
    tcase_add_test(tests,
                   a_message_for_a_failed_transaction_says_why_that_failed);
    tcase_add_loop_test(tests, what_may_still_arrive_asks_for_a_new_producer, 0,
                        UNANSWERED);
    tcase_add_test(tests, a_transaction_works_again_after_an_abort);
    tcase_add_loop_test(tests, some_errors_are_judged_by_name, 0, NAMES);
    tcase_add_test(tests, an_unknown_producer_id_is_never_a_mere_abort);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
