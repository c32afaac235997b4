/*
 * check_score_exactly_once.c - every impression gives one prediction or one
 * dead letter, whenever the scorer dies, aborts, or meets a twin.
 */
#include "support/allowance.h"
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"

#include "producer/publisher.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITIONS = 4,
    WAIT_MS = 60000,
    OPTION_SIZE = 128,
    ROLES = 5,
    BAD_EVERY = 50, /* one record in so many is garbage */
    KILLED = 128 + SIGKILL,
    FENCED = 79,
};

static const char *const roles[ROLES] = {"impressions", "predictions",
                                         "dead_letters", "models", "chunks"};
enum { IN, OUT, DEAD };

static struct error err;
static char names[ROLES][FIXTURE_NAME_SIZE], options[ROLES][OPTION_SIZE];
static char group[FIXTURE_NAME_SIZE], group_option[OPTION_SIZE];

static void make_world(void)
{
    for (size_t i = 0; i < ROLES; i++) {
        kafka_fixture_name(roles[i], names[i]);
        snprintf(options[i], OPTION_SIZE, "--topic.%s=%s", roles[i], names[i]);
        kafka_fixture_create(names[i], i <= DEAD ? PARTITIONS : 1, "-1");
    }
    kafka_fixture_name("group", group);
    snprintf(group_option, OPTION_SIZE, "--group=%s", group);
}

/* --- Input ------------------------------------------------------------ */

static bool is_bad(int64_t number)
{
    return number % BAD_EVERY == 7;
}

static void encode(int64_t number, struct buffer *bytes)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression event = {.id = id_from_number(number),
                               .user = id_from_number(number % 100),
                               .ad = id_from_number(number % 10),
                               .ts_ms = 1700000000000 + number};

    buffer_clear(bytes);
    if (is_bad(number))
        buffer_append(bytes, "\xc1", 1);
    else
        event_encode_impression(&fields, &event, NULL, 0, bytes);
}

static void feed(int64_t count)
{
    struct publisher_config config = {.kafka = kafka_fixture_settings(),
                                      .linger_ms = 5,
                                      .topics = {names[IN], NULL}};
    struct publisher *publisher = NULL;
    struct buffer bytes = {0};

    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    for (int64_t i = 0; i < count; i++) {
        encode(i, &bytes);
        struct outgoing out = {.partition = (int32_t)(i % PARTITIONS),
                               .value = bytes.bytes,
                               .value_size = bytes.size};
        ck_assert_ok(publisher_send(publisher, &out, &err), err);
    }
    ck_assert_ok(publisher_flush(publisher, WAIT_MS, &err), err);
    publisher_close(publisher);
    buffer_free(&bytes);
}

/* --- The scorer ------------------------------------------------------- */

/* Small transactions, so that many of them are there to be interrupted. */
static void start(struct child_process *child, const char *first,
                  const char *second)
{
    struct kafka_settings kafka = kafka_fixture_settings();
    const char *arguments[] = {
        "score", "-b", kafka.brokers, options[0], options[1], options[2],
        options[3], options[4], group_option, "--http.port=0",
        "--commit.interval_ms=20", "--commit.max_events=200",
        "--batch.max_events=50", "--model.catch_up_ms=500",
        /* Who was killed is soon declared gone. */
        "-X", "consumer.session.timeout.ms=3000", "-X",
        "consumer.heartbeat.interval.ms=500", first, second, NULL};

    child_start_pctr(child, arguments);
}

static int run(const char *first, const char *second)
{
    struct child_process child = {.pid = 0};

    start(&child, first, second);
    int status = child_wait(&child, WAIT_MS);
    if (status != 0 && status != KILLED) {
        char *errors = child_errors(&child);
        fprintf(stderr, "%s", errors);
        free(errors);
    }
    child_end(&child);
    return status;
}

/* --- The account ------------------------------------------------------ */

static void assert_dead_once(const struct fixture_records *dead, int64_t count)
{
    size_t bad = 0;

    for (int64_t i = 0; i < count; i++)
        bad += is_bad(i);
    ck_assert_uint_eq(dead->count, bad);
    /* By source position: two letters of one record would have the same. */
    for (size_t i = 1; i < dead->count; i++) {
        const struct fixture_header *one =
            fixture_record_header(&dead->at[i - 1], "pctr.offset");
        const struct fixture_header *two =
            fixture_record_header(&dead->at[i], "pctr.offset");
        ck_assert(dead->at[i - 1].partition != dead->at[i].partition ||
                  one->size != two->size ||
                  memcmp(one->value, two->value, one->size) != 0);
    }
}

static void assert_scored_once(const struct fixture_records *out, int64_t count)
{
    char *seen = calloc((size_t)count, 1);
    size_t good = 0;

    ck_assert_ptr_nonnull(seen);
    for (size_t i = 0; i < out->count; i++) {
        struct prediction_event event;
        ck_assert_int_eq(one_prediction(out->at[i].value, out->at[i].value_size,
                                        &event, NULL),
                         EVENT_OK);
        int64_t number = event_span_id(event.raw_id).number;
        ck_assert(number >= 0 && number < count);
        ck_assert_msg(!seen[number], "id %d twice", (int)number);
        seen[number] = 1;
        good++;
    }
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(seen[i] || is_bad(i),
                      "id %d is missing; of its partition %d are committed",
                      (int)i,
                      (int)kafka_fixture_committed(group, names[IN],
                                                   (int32_t)(i % PARTITIONS)));
    free(seen);
}

static void assert_balanced(int64_t count)
{
    struct fixture_records out = kafka_fixture_read(names[OUT]);
    struct fixture_records dead = kafka_fixture_read(names[DEAD]);

    assert_scored_once(&out, count);
    assert_dead_once(&dead, count);
    for (int32_t p = 0; p < PARTITIONS; p++)
        ck_assert_int_eq(kafka_fixture_committed(group, names[IN], p),
                         count / PARTITIONS);
    fixture_records_free(&out);
    fixture_records_free(&dead);
}

START_TEST(killed_at_every_step_of_a_transaction)
{
    static const char *const steps[] = {
        "--test.crash=after_begin", "--test.crash=after_produce",
        "--test.crash=after_send_offsets", "--test.crash=before_commit",
        "--test.crash=after_commit"};

    feed(8000);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        ck_assert_int_eq(run(steps[i], "--test.crash_after=3"), KILLED);
    ck_assert_int_eq(run("--exit.at_end", "--workers=2"), 0);
    assert_balanced(8000);
}
END_TEST

/* Input records that the group has committed. */
static int64_t committed(void)
{
    int64_t sum = 0;

    for (int32_t p = 0; p < PARTITIONS; p++) {
        int64_t offset = kafka_fixture_committed(group, names[IN], p);
        sum += offset > 0 ? offset : 0;
    }
    return sum;
}

/* Waits until this process has committed something: only then does a kill meet
 * a scorer that has partitions. Returns what is committed. */
static int64_t await_progress(int64_t before)
{
    int64_t deadline_ms = clock_monotonic_ms() + allowance_ms(WAIT_MS), now;

    while ((now = committed()) <= before)
        ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                      "nothing is committed behind %d", (int)before);
    return now;
}

START_TEST(killed_at_any_time)
{
    enum { COUNT = 100000, KILLS = 6 };
    struct child_process child = {.pid = 0};
    int64_t before = 0;

    feed(COUNT);
    for (int i = 0; i < KILLS; i++) {
        start(&child, "--workers=2", "--delivery=exactly-once");
        await_progress(before);
        clock_sleep_ms(7 * i); /* another moment of a transaction each time */
        child_signal(&child, SIGKILL);
        ck_assert_int_eq(child_wait(&child, WAIT_MS), KILLED);
        child_end(&child);
        before = committed();
        ck_assert_msg(before < COUNT, "kill %d came after the end", i);
    }
    ck_assert_int_eq(run("--exit.at_end", "--workers=2"), 0);
    assert_balanced(COUNT);
}
END_TEST

START_TEST(aborted_at_random)
{
    feed(20000);
    ck_assert_int_eq(run("--exit.at_end", "--test.random_aborts=3"), 0);
    assert_balanced(20000);
}
END_TEST

START_TEST(asked_to_stop_it_commits_and_goes)
{
    struct child_process child = {.pid = 0};

    feed(20000);
    start(&child, "--workers=2", "--delivery=exactly-once");
    kafka_fixture_await(names[OUT], 500, WAIT_MS);
    child_signal(&child, SIGTERM);
    ck_assert_int_eq(child_wait(&child, 15000), 0);
    child_end(&child);
    ck_assert_int_eq(run("--exit.at_end", "--workers=1"), 0);
    assert_balanced(20000);
}
END_TEST

START_TEST(of_two_twins_one_goes)
{
    struct child_process one = {.pid = 0}, two = {.pid = 0};

    feed(20000);
    start(&one, "--workers=1", "--test.random_aborts=0");
    kafka_fixture_await(names[OUT], 200, WAIT_MS);
    start(&two, "--workers=1", "--test.random_aborts=0");
    kafka_fixture_await(names[OUT], 19600, WAIT_MS);
    struct child_process *twins[] = {&one, &two};
    for (size_t i = 0; i < 2; i++) {
        if (child_is_running(twins[i]))
            child_signal(twins[i], SIGTERM);
        int status = child_wait(twins[i], WAIT_MS);
        ck_assert_msg(status == 0 || status == FENCED, "status %d", status);
        child_end(twins[i]);
    }
    assert_balanced(20000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("score_exactly_once");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_world, NULL);
    tcase_add_test(tests, killed_at_every_step_of_a_transaction);
    tcase_add_test(tests, killed_at_any_time);
    tcase_add_test(tests, aborted_at_random);
    tcase_add_test(tests, asked_to_stop_it_commits_and_goes);
    tcase_add_test(tests, of_two_twins_one_goes);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "exactly-once scoring");
}
