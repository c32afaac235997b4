/*
 * check_offset_choice.c - wherever a group begins, and wherever it goes on
 * after an offset was lost, each record from there gives one prediction,
 * whatever is aborted or killed meanwhile.
 */
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/one_event.h"
#include "support/run_suite.h"
#include "support/topic_change.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"

#include "producer/publisher.h"

#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITIONS = 4,
    WAIT_MS = 60000,
    OPTION_SIZE = 128,
    ROLES = 5,
    NUMBERS = 20000, /* no test feeds a higher one */
    KILLED = 128 + SIGKILL,
};

static const char *const roles[ROLES] = {"impressions", "predictions",
                                         "dead_letters", "models", "chunks"};
enum { IN, OUT };

static struct error err;
static char names[ROLES][FIXTURE_NAME_SIZE], options[ROLES][OPTION_SIZE];
static char group[FIXTURE_NAME_SIZE], group_option[OPTION_SIZE];

static void make_world(void)
{
    for (size_t i = 0; i < ROLES; i++) {
        kafka_fixture_name(roles[i], names[i]);
        snprintf(options[i], OPTION_SIZE, "--topic.%s=%s", roles[i], names[i]);
        kafka_fixture_create(names[i], i < 3 ? PARTITIONS : 1, "-1");
    }
    kafka_fixture_name("group", group);
    snprintf(group_option, OPTION_SIZE, "--group=%s", group);
}

/* --- Input ------------------------------------------------------------ */

/* The impressions with these numbers, one to each partition in turn. */
static void feed(int64_t first, int64_t next, int32_t partitions)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct publisher_config config = {.kafka = kafka_fixture_settings(),
                                      .linger_ms = 5,
                                      .topics = {names[IN], NULL}};
    struct publisher *publisher = NULL;
    struct buffer bytes = {0};

    ck_assert(next <= NUMBERS);
    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    for (int64_t i = first; i < next; i++) {
        struct impression event = {.id = id_from_number(i),
                                   .user = id_from_number(i % 100),
                                   .ad = id_from_number(i % 10),
                                   .ts_ms = 1700000000000 + i};
        buffer_clear(&bytes);
        event_encode_impression(&fields, &event, NULL, 0, &bytes);
        struct outgoing out = {.partition = (int32_t)(i % partitions),
                               .value = bytes.bytes,
                               .value_size = bytes.size};
        ck_assert_ok(publisher_send(publisher, &out, &err), err);
    }
    ck_assert_ok(publisher_flush(publisher, WAIT_MS, &err), err);
    publisher_close(publisher);
    buffer_free(&bytes);
}

static void add_partitions(int32_t count)
{
    char why[256];
    rd_kafka_t *client =
        kafka_fixture_consumer("adds-partitions", "read_committed");
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_NewPartitions_t *more =
        rd_kafka_NewPartitions_new(names[IN], (size_t)count, why, sizeof(why));

    ck_assert_ptr_nonnull(more);
    rd_kafka_CreatePartitions(client, &more, 1, NULL, queue);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(queue, WAIT_MS);
    ck_assert_ptr_nonnull(answer);
    ck_assert_int_eq(rd_kafka_event_error(answer), 0);
    rd_kafka_event_destroy(answer);
    rd_kafka_NewPartitions_destroy(more);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

static void make_topic_anew(void)
{
    topic_change_remove(names[IN]);
    clock_sleep_ms(500); /* Kafka says "gone" before it is */
    kafka_fixture_create(names[IN], PARTITIONS, "-1");
}

/* --- The scorer ------------------------------------------------------- */

static void start(struct child_process *child, const char *policy,
                  const char *first, const char *second)
{
    struct kafka_settings kafka = kafka_fixture_settings();
    const char *arguments[] = {
        "score", "-b", kafka.brokers, options[0], options[1], options[2],
        options[3], options[4], group_option, policy, "--http.port=0",
        "--commit.interval_ms=20", "--commit.max_events=200",
        "--batch.max_events=50", "--model.catch_up_ms=500",
        /* A killed member is soon declared gone, new partitions soon seen. */
        "-X", "consumer.session.timeout.ms=3000", "-X",
        "consumer.heartbeat.interval.ms=500", "-X",
        "topic.metadata.refresh.interval.ms=1000", first, second, NULL};

    child_start_pctr(child, arguments);
}

static int run(const char *policy, const char *first, const char *second)
{
    struct child_process child = {.pid = 0};

    start(&child, policy, first, second);
    int status = child_wait(&child, WAIT_MS);
    if (status != 0 && status != KILLED) {
        char *errors = child_errors(&child);
        fprintf(stderr, "%s", errors);
        free(errors);
    }
    child_end(&child);
    return status;
}

static const char *const steps[] = {
    "--test.crash=after_begin", "--test.crash=after_produce",
    "--test.crash=after_send_offsets", "--test.crash=before_commit",
    "--test.crash=after_commit"};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

/* Killed at each step, aborted at random, and then to the end. */
static void run_through_faults(const char *policy)
{
    for (size_t i = 0; i < STEPS; i++)
        ck_assert_int_eq(run(policy, steps[i], "--test.crash_after=3"), KILLED);
    ck_assert_int_eq(run(policy, "--exit.at_end", "--test.random_aborts=3"), 0);
}

/* --- The account ------------------------------------------------------ */

static size_t *count_predictions(void)
{
    struct fixture_records out = kafka_fixture_read(names[OUT]);
    size_t *times = calloc(NUMBERS, sizeof(*times));

    ck_assert_ptr_nonnull(times);
    for (size_t i = 0; i < out.count; i++) {
        struct prediction_event event;
        ck_assert_int_eq(
            one_prediction(out.at[i].value, out.at[i].value_size, &event, NULL),
            EVENT_OK);
        int64_t number = event_span_id(event.raw_id).number;
        ck_assert(number >= 0 && number < NUMBERS);
        times[number]++;
    }
    fixture_records_free(&out);
    return times;
}

/* These numbers have one prediction each. */
static void assert_once(const size_t *times, int64_t first, int64_t next)
{
    size_t missing = 0, doubled = 0;

    for (int64_t i = first; i < next; i++) {
        missing += times[i] == 0;
        doubled += times[i] > 1;
    }
    ck_assert_msg(missing == 0 && doubled == 0,
                  "of %d to %d %zu are missing and %zu are there twice",
                  (int)first, (int)next, missing, doubled);
}

static void assert_none(const size_t *times, int64_t first, int64_t next)
{
    for (int64_t i = first; i < next; i++)
        ck_assert_msg(times[i] == 0, "%d has a prediction", (int)i);
}

/* --- Where a group begins --------------------------------------------- */

START_TEST(a_group_that_begins_at_the_end_begins_there_once)
{
    static const char latest[] = "--offset.start=latest";

    feed(0, 400, PARTITIONS);
    /* Killed before the choice is committed: nothing is promised yet. */
    for (size_t i = 0; i < STEPS - 1; i++)
        ck_assert_int_eq(run(latest, steps[i], "--test.crash_after=0"), KILLED);
    /* From here on it is. */
    ck_assert_int_eq(run(latest, steps[STEPS - 1], "--test.crash_after=0"),
                     KILLED);
    for (int32_t p = 0; p < PARTITIONS; p++)
        ck_assert_int_eq(kafka_fixture_committed(group, names[IN], p), 100);
    feed(400, 8400, PARTITIONS);
    run_through_faults(latest);

    size_t *times = count_predictions();
    assert_none(times, 0, 400);
    assert_once(times, 400, 8400);
    free(times);
}
END_TEST

START_TEST(a_group_that_saw_nothing_goes_on_where_it_began)
{
    struct child_process child = {.pid = 0};

    feed(0, 400, PARTITIONS);
    ck_assert_int_eq(
        run("--offset.start=latest", "--exit.at_end", "--workers=3"), 0);
    feed(400, 800, PARTITIONS);
    add_partitions(2 * PARTITIONS);
    clock_sleep_ms(1000);
    feed(800, 1600, 2 * PARTITIONS);
    start(&child, "--offset.start=latest", "--workers=3",
          "--test.random_aborts=3");
    kafka_fixture_await(names[OUT], 1200, WAIT_MS);
    child_signal(&child, SIGTERM);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    child_end(&child);

    size_t *times = count_predictions();
    assert_none(times, 0, 400);
    assert_once(times, 400, 1600);
    free(times);
}
END_TEST

START_TEST(partitions_that_are_added_are_read_from_their_beginning)
{
    struct child_process child = {.pid = 0};

    start(&child, "--offset.start=latest", "--workers=2",
          "--test.random_aborts=3");
    for (int64_t i = 0; kafka_fixture_committed(group, names[IN], 0) < 0; i++) {
        ck_assert(i < 300);
        clock_sleep_ms(100);
    }
    feed(0, 2000, PARTITIONS);
    add_partitions(2 * PARTITIONS);
    clock_sleep_ms(500); /* of the producer's time to see them */
    feed(2000, 6000, 2 * PARTITIONS);
    kafka_fixture_await(names[OUT], 6000, WAIT_MS);
    child_signal(&child, SIGTERM);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    child_end(&child);

    size_t *times = count_predictions();
    assert_once(times, 0, 6000);
    free(times);
}
END_TEST

/* --- Offsets that are lost -------------------------------------------- */

/* 4,000 are scored; of 8,000 more retention takes the first 2,000. */
static void lose_records(void)
{
    feed(0, 4000, PARTITIONS);
    ck_assert_int_eq(run("--offset.lost=fail", "--exit.at_end", "--workers=2"),
                     0);
    feed(4000, 12000, PARTITIONS);
    for (int32_t p = 0; p < PARTITIONS; p++)
        topic_change_delete(names[IN], p, 6000 / PARTITIONS);
}

START_TEST(earliest_goes_on_at_the_oldest_record)
{
    lose_records();
    run_through_faults("--offset.lost=earliest");

    size_t *times = count_predictions();
    assert_once(times, 0, 4000);
    assert_none(times, 4000, 6000);
    assert_once(times, 6000, 12000);
    free(times);
}
END_TEST

START_TEST(latest_goes_on_at_the_end_and_loses_nothing_after_it)
{
    lose_records();
    /* The first unit is the choice; all partitions are lost together. */
    ck_assert_int_eq(
        run("--offset.lost=latest", "--exit.at_end", "--test.random_aborts=2"),
        0);
    feed(12000, 20000, PARTITIONS);
    run_through_faults("--offset.lost=latest");

    size_t *times = count_predictions();
    assert_once(times, 0, 4000);
    assert_none(times, 4000, 12000);
    assert_once(times, 12000, 20000);
    free(times);
}
END_TEST

START_TEST(fail_ends_and_names_the_offset)
{
    struct child_process child = {.pid = 0};

    lose_records();
    start(&child, "--offset.lost=fail", "--exit.at_end", "--workers=1");
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 69);
    char *errors = child_errors(&child);
    ck_assert_ptr_nonnull(strstr(errors, "offset 1000 of '"));
    free(errors);
    child_end(&child);
}
END_TEST

START_TEST(a_topic_that_is_made_anew_is_read_from_its_beginning)
{
    feed(0, 8000, PARTITIONS);
    ck_assert_int_eq(
        run("--offset.lost=earliest", "--exit.at_end", "--workers=2"), 0);
    make_topic_anew();
    feed(8000, 12000, PARTITIONS);
    run_through_faults("--offset.lost=earliest");

    size_t *times = count_predictions();
    assert_once(times, 0, 12000);
    free(times);
}
END_TEST

START_TEST(a_topic_that_is_made_anew_under_a_running_scorer_is_read)
{
    struct child_process child = {.pid = 0};

    feed(0, 8000, PARTITIONS);
    start(&child, "--offset.lost=earliest", "--workers=2",
          "--test.random_aborts=3");
    kafka_fixture_await(names[OUT], 8000, WAIT_MS);
    make_topic_anew();
    feed(8000, 12000, PARTITIONS);
    kafka_fixture_await(names[OUT], 12000, WAIT_MS);
    child_signal(&child, SIGTERM);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    char *errors = child_errors(&child);
    ck_assert_ptr_nonnull(strstr(errors, "an offset was lost"));
    free(errors);
    child_end(&child);

    size_t *times = count_predictions();
    assert_once(times, 0, 12000);
    free(times);
}
END_TEST

/* A group that has begun is not new because Kafka forgot where it was. */
START_TEST(a_topic_that_is_made_anew_is_no_beginning_at_its_end)
{
    struct child_process child = {.pid = 0};

    ck_assert_int_eq(
        run("--offset.start=latest", "--exit.at_end", "--workers=1"), 0);
    feed(0, 8000, PARTITIONS);
    start(&child, "--offset.start=latest", "--offset.lost=earliest",
          "--workers=2");
    kafka_fixture_await(names[OUT], 8000, WAIT_MS);
    make_topic_anew();
    feed(8000, 12000, PARTITIONS);
    kafka_fixture_await(names[OUT], 12000, WAIT_MS);
    child_signal(&child, SIGTERM);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    child_end(&child);

    size_t *times = count_predictions();
    assert_once(times, 0, 12000);
    free(times);
}
END_TEST

START_TEST(a_topic_that_is_deleted_ends_the_scorer)
{
    struct child_process child = {.pid = 0};

    feed(0, 400, PARTITIONS);
    start(&child, "--offset.lost=earliest", "--workers=2",
          "--test.random_aborts=0");
    kafka_fixture_await(names[OUT], 400, WAIT_MS);
    topic_change_remove(names[IN]);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 69);
    char *errors = child_errors(&child);
    ck_assert_ptr_nonnull(strstr(errors, "is gone: was it deleted?"));
    free(errors);
    child_end(&child);
}
END_TEST

/* Each case is one hold of a broker. */
static void add_case(Suite *suite, const char *name, const TTest *const tests[])
{
    TCase *group_of = tcase_create(name);

    tcase_set_timeout(group_of, 170);
    tcase_add_checked_fixture(group_of, make_world, NULL);
    for (size_t i = 0; tests[i]; i++)
        tcase_add_test(group_of, tests[i]);
    suite_add_tcase(suite, group_of);
}

int main(void)
{
    Suite *suite = suite_create("offset_choice");
    const TTest *const starts[] = {
        a_group_that_begins_at_the_end_begins_there_once,
        a_group_that_saw_nothing_goes_on_where_it_began,
        partitions_that_are_added_are_read_from_their_beginning, NULL};
    const TTest *const lost[] = {
        earliest_goes_on_at_the_oldest_record,
        latest_goes_on_at_the_end_and_loses_nothing_after_it,
        fail_ends_and_names_the_offset, NULL};
    const TTest *const anew[] = {
        a_topic_that_is_made_anew_is_read_from_its_beginning,
        a_topic_that_is_made_anew_under_a_running_scorer_is_read,
        a_topic_that_is_made_anew_is_no_beginning_at_its_end,
        a_topic_that_is_deleted_ends_the_scorer, NULL};

    add_case(suite, "starts", starts);
    add_case(suite, "lost", lost);
    add_case(suite, "anew", anew);
    return kafka_fixture_main(suite, "where a group begins and goes on");
}
