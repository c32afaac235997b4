/*
 * check_broker_faults.c - a broker of our own that freezes or is killed in
 * the middle of the scoring: nothing is lost or doubled, and it goes on.
 */
#include "support/impression_feed.h"
#include "support/own_broker.h"
#include "support/pipeline.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"

#include "common/base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITIONS = 4,
    ROWS = 8000,
    FROZEN_MS = 20000, /* longer than a transaction may take */
    RECOVERY_MS = 60000,
    MORE = 500, /* records */
    WAIT_MS = 120000,
    STOP_LATE_MS = 4000, /* a busy machine */
    FREEZE_MS = 500,     /* until the commands notice, or not */
    DEADLINE_MS = 30000,
    LATE_COMERS = 10, /* on each partition */
    LATE_MS = 500,    /* between two of them */
};

#define RETRAIN "--retrain.every_ms=300"

static struct pipeline pipe;
static struct proceedings proceedings;
static struct child_process scorer, feed;

static void start_broker(void)
{
    own_broker_start("faults", 1);
}

/* Its partitions keep their leader while it is frozen. Kafka 4.3 takes a
 * partition without one for deleted, and leaves out the marker of a transaction
 * that ends just then (docs/operations.md). */
static void start_broker_that_is_not_given_up(void)
{
    ck_assert_int_eq(setenv("PCTR_KAFKA_SESSION_MS", "60000", 1), 0);
    own_broker_start("frozen", 1);
    ck_assert_int_eq(unsetenv("PCTR_KAFKA_SESSION_MS"), 0);
}

/* Records come in all the while. */
static void start(void)
{
    const char *from[] = {"--world", "--world.rows=8000", "--rate=1000", NULL};
    const char *to[] = {"--workers=2", "--http.port=0",     "-X",
                        "debug=eos",   "--log.level=debug", NULL};

    pipeline_create(&pipe, PARTITIONS);
    pipeline_start(&pipe, "score", to, &scorer);
    pipeline_start(&pipe, "feed", from, &feed);
    topic_ends_await_more(pipe.names[PIPE_PREDICTIONS], MORE, WAIT_MS);
}

static void stop(void)
{
    own_broker_do("resume", 0); /* also after a test that failed */
    proceedings_free(&proceedings);
    child_end(&scorer);
    child_end(&feed);
}

/* From the moment that the broker is back until more comes out, or until all
 * is out: what had queued up is scored at once. */
static void await_recovery(const char *run)
{
    int64_t start_ms = clock_monotonic_ms();
    int64_t wanted = topic_ends_sum(pipe.names[PIPE_PREDICTIONS]) + MORE;

    if (wanted > ROWS)
        wanted = ROWS;
    while (topic_ends_sum(pipe.names[PIPE_PREDICTIONS]) < wanted) {
        ck_assert_msg(clock_monotonic_ms() - start_ms < RECOVERY_MS,
                      "nothing is scored after %d ms", RECOVERY_MS);
        clock_sleep_ms(100);
    }
    printf("%s: recovered in %d ms\n", run,
           (int)(clock_monotonic_ms() - start_ms));
}

/* What the scorer and its clients did from the first trouble on, for whoever
 * looks for its cause. */
static void tell_what_it_did(void)
{
    static const char *const told[] = {"level=info", "level=warn",
                                       "level=error", "EndTxn returned"};
    char *log = child_errors(&scorer), *rest = strstr(log, "level=warn");

    while (rest && *rest) {
        char *line = strsep(&rest, "\n");
        for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
            if (strstr(line, told[i])) {
                puts(line);
                break;
            }
    }
    free(log);
}

/* A lone broker that starts again has partitions without a leader for a moment,
 * and Kafka leaves out markers of transactions then (docs/operations.md). The
 * next transaction of the same scorer makes up for one of a commit, so somebody
 * has to come by. */
static void let_others_come(void)
{
    const struct impression_feed late = {pipe.names[PIPE_IMPRESSIONS],
                                         PARTITIONS, 1, 1};

    for (int64_t i = ROWS; i < ROWS + LATE_COMERS; i++) {
        impression_feed_send(&late, i * PARTITIONS, (i + 1) * PARTITIONS,
                             FEED_PLAIN);
        clock_sleep_ms(LATE_MS);
    }
}

static void assert_all_scored_once(const char *run)
{
    ck_assert_int_eq(child_wait(&feed, WAIT_MS), 0);
    pipeline_await_scored(&pipe, RECOVERY_MS);
    pipeline_stop(&scorer, WAIT_MS);
    struct verdict verdict = pipeline_judge(&pipe, run, &proceedings);
    if (!verdict_is_clean(&verdict))
        tell_what_it_did();
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(verdict.predictions, verdict.impressions);
    ck_assert_uint_ge(verdict.impressions, ROWS);
}

START_TEST(frozen_for_longer_than_a_transaction)
{
    own_broker_do("pause", 0);
    clock_sleep_ms(FROZEN_MS);
    own_broker_do("resume", 0);
    await_recovery("frozen broker");
    assert_all_scored_once("frozen broker");
}
END_TEST

START_TEST(killed_and_started_again)
{
    own_broker_do("kill", 0);
    own_broker_do("revive", 0);
    await_recovery("killed broker");
    let_others_come();
    assert_all_scored_once("killed broker");
}
END_TEST

START_TEST(asked_to_stop_while_it_is_frozen)
{
    const char *again[] = {"--workers=2", "--http.port=0", NULL};

    own_broker_do("pause", 0);
    int64_t start_ms = clock_monotonic_ms();
    child_signal(&scorer, SIGTERM);
    int status = child_wait(&scorer, DEADLINE_MS + STOP_LATE_MS);
    printf("frozen broker: stopped in %d ms, status %d\n",
           (int)(clock_monotonic_ms() - start_ms), status);
    ck_assert_int_eq(status, 0);
    own_broker_do("resume", 0);

    child_end(&scorer);
    pipeline_start(&pipe, "score", again, &scorer);
    assert_all_scored_once("stopped while frozen");
}
END_TEST

/* A command is asked to stop while no broker answers: frozen before it was
 * started, or once its log has the line. */
static const struct {
    const char *command, *line;
    const char *options[3];
} stopped[] = {
    {"score", NULL, {"--http.port=0"}},
    {"train", NULL, {"--http.port=0"}},
    {"replay", NULL, {NULL}},
    {"cat", NULL, {"impressions", "-f"}},
    {"train", "msg=\"training\"", {"--http.port=0"}},
    {"train", "msg=\"model published\"", {"--http.port=0", RETRAIN}},
    {"score", "msg=\"scoring\"", {"--http.port=0", "--delivery=at-least-once"}},
};

START_TEST(a_command_that_waits_for_a_frozen_broker_stops_with_0)
{
    const char *command = stopped[_i].command, *line = stopped[_i].line;
    struct child_process child;

    if (!line)
        own_broker_do("pause", 0);
    pipeline_start(&pipe, command, stopped[_i].options, &child);
    if (line) {
        child_await_error(&child, line, WAIT_MS);
        own_broker_do("pause", 0);
    }
    clock_sleep_ms(FREEZE_MS);
    int64_t start_ms = clock_monotonic_ms();
    child_signal(&child, SIGTERM);
    int status = child_wait(&child, DEADLINE_MS + STOP_LATE_MS);
    printf("frozen broker: %s %s stopped in %d ms, status %d\n", command,
           line ? line : "at its start", (int)(clock_monotonic_ms() - start_ms),
           status);
    own_broker_do("resume", 0);
    child_end(&child);
    ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("broker_faults");
    TCase *tests = tcase_create("own broker");
    TCase *frozen = tcase_create("frozen broker");

    tcase_set_timeout(frozen, 240);
    tcase_add_unchecked_fixture(frozen, start_broker_that_is_not_given_up,
                                own_broker_end);
    tcase_add_checked_fixture(frozen, start, stop);
    tcase_add_test(frozen, frozen_for_longer_than_a_transaction);
    tcase_add_test(frozen, asked_to_stop_while_it_is_frozen);
    tcase_set_timeout(tests, 240);
    tcase_add_unchecked_fixture(tests, start_broker, own_broker_end);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, killed_and_started_again);
    tcase_add_loop_test(tests,
                        a_command_that_waits_for_a_frozen_broker_stops_with_0,
                        0, sizeof(stopped) / sizeof(stopped[0]));
    suite_add_tcase(suite, frozen);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "nothing lost or doubled by a broker that freezes or dies");
}
