/*
 * check_cluster.c - the whole way on three brokers, one round for each kind of
 * trouble that they can have: in each, every impression has one prediction, no
 * version goes back, and no whole model is refused. The environment's
 * PCTR_ROUND chooses one, from 1 on.
 */
#include "support/own_broker.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"
#include "support/whole_run.h"

#include "common/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BROKERS = 3,
    PARTITIONS = 6,
    PROGRESS = 150, /* records */
    FROZEN_MS = 10000,
    NO_QUORUM_MS = 30000,
    WAIT_MS = 240000,
};

/* Impressions a second: the feed has 40,000 and is stopped after the faults. */
enum { RATE = 150 };

static struct whole_run run;
static struct proceedings proceedings;

static void start_cluster(void)
{
    own_broker_start("cluster", BROKERS);
}

static void start(void)
{
    whole_run_start(&run, PARTITIONS, RATE);
    /* One that finds no quorum at its start ends, to be started again. */
    child_await_error(&run.trainer, "msg=\"training\"", WAIT_MS);
    run.may_orphan = true; /* events come 150 times as fast as they are dated */
}

static void stop(void)
{
    proceedings_free(&proceedings);
    whole_run_end(&run);
}

static void show_logs(void)
{
    const struct child_process *all[] = {&run.feed, &run.trainer,
                                         &run.scorers[0], &run.scorers[1]};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char *log = child_errors(all[i]);
        printf("%s\n\n", child_last_words(log));
        free(log);
    }
    fflush(stdout);
}

/* Clearly more than before, and not only marks of transactions. */
static void await_progress(const char *after)
{
    const char *topic = run.pipe.names[PIPE_PREDICTIONS];
    int64_t start_ms = clock_monotonic_ms();
    int64_t wanted = topic_ends_sum(topic) + PROGRESS;

    while (topic_ends_sum(topic) < wanted) {
        if (clock_monotonic_ms() - start_ms > WAIT_MS) {
            show_logs();
            ck_abort_msg("%s: nothing more is scored", after);
        }
        clock_sleep_ms(100);
    }
    printf("%s: %d records more after %d ms\n", after, PROGRESS,
           (int)(clock_monotonic_ms() - start_ms));
    fflush(stdout);
}

/* --- The rounds ------------------------------------------------------- */

static void kill_each(void)
{
    for (int broker = 1; broker <= BROKERS; broker++) {
        own_broker_do("kill", broker);
        await_progress("one killed");
        own_broker_do("revive", broker);
    }
}

static void freeze_each(void)
{
    for (int broker = 1; broker <= BROKERS; broker++) {
        own_broker_do("pause", broker);
        clock_sleep_ms(FROZEN_MS);
        own_broker_do("resume", broker);
        await_progress("one frozen");
    }
}

static void roll(void)
{
    for (int broker = 1; broker <= BROKERS; broker++) {
        own_broker_do("stop", broker);
        own_broker_do("revive", broker);
        await_progress("one restarted");
    }
}

/* Those of the broker that was away go back to it. */
static void move_leaders(void)
{
    for (int broker = 1; broker <= BROKERS; broker++) {
        own_broker_do("stop", broker);
        own_broker_do("revive", broker);
        await_progress("leaders are elsewhere");
        own_broker_elect_preferred();
        await_progress("leaders went back");
    }
}

static void rob_of_quorum(void)
{
    own_broker_do("kill", 1);
    own_broker_do("kill", 2);
    clock_sleep_ms(NO_QUORUM_MS);
    own_broker_do("revive", 1);
    own_broker_do("revive", 2);
    await_progress("no quorum");
}

static const struct {
    const char *name;
    void (*make_trouble)(void);
} rounds[] = {
    {"each of three brokers killed", kill_each},
    {"each of three brokers frozen for 10 s", freeze_each},
    {"three brokers restarted by turns", roll},
    {"leaders moved by election", move_leaders},
    {"two of three brokers away for 30 s", rob_of_quorum},
};

/* --- The account ------------------------------------------------------ */

static void assert_no_model_was_refused(void)
{
    for (int slot = 0; slot < WHOLE_RUN_SCORERS; slot++) {
        char *log = child_errors(&run.scorers[slot]);
        const char *line = strstr(log, "snapshot refused");
        ck_assert_msg(!line, "slot %d: %.400s", slot, line);
        free(log);
    }
}

START_TEST(the_account_of_a_round_is_exact)
{
    int64_t start_ms = clock_monotonic_ms();

    await_progress(rounds[_i].name);
    rounds[_i].make_trouble();
    whole_run_stop_feed(&run);
    whole_run_finish(&run, WAIT_MS);

    struct verdict verdict =
        pipeline_judge(&run.pipe, rounds[_i].name, &proceedings);
    printf("%s: took %d s\n", rounds[_i].name,
           (int)((clock_monotonic_ms() - start_ms) / 1000));
    fflush(stdout);
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(verdict.predictions, verdict.impressions);
    assert_no_model_was_refused();
}
END_TEST

int main(void)
{
    enum { ROUNDS = sizeof(rounds) / sizeof(rounds[0]) };
    const char *chosen = getenv("PCTR_ROUND");
    int only = chosen ? atoi(chosen) : 0;

    Suite *suite = suite_create("cluster");
    TCase *tests = tcase_create("three brokers");

    tcase_set_timeout(tests, 580);
    tcase_add_unchecked_fixture(tests, start_cluster, own_broker_end);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, the_account_of_a_round_is_exact,
                        only > 0 ? only - 1 : 0, only > 0 ? only : ROUNDS);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "nothing lost or doubled while brokers of three fail");
}
