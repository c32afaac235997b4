/*
 * check_fault_table.c - the faults of a table, each provoked while impressions
 * come in, and the account of each.
 *
 * The environment's PCTR_FAULT chooses one by its number; PCTR_PROGRAM names
 * another program than the one that was built with this test.
 */
#include "support/fault_world.h"
#include "support/own_broker.h"
#include "support/poison.h"
#include "support/run_suite.h"
#include "support/stored_batch.h"
#include "support/tcp_proxy.h"
#include "support/topic_ends.h"

#include "common/base/clock.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITIONS = FAULT_WORLD_PARTITIONS,
    SCORERS = FAULT_WORLD_SCORERS,
    WAIT_MS = FAULT_WORLD_WAIT_MS,
    SESSION_MS = FAULT_WORLD_SESSION_MS,
    KILLED = 128 + SIGKILL,
    FENCED = 79,
    BAD_DATA = 65,
};

static struct tcp_proxy *proxy; /* NULL: scorers connect without it */

/* --- The faults: each returns how often it was provoked --------------- */

static int kill_at_random(void)
{
    enum { TIMES = 8 };

    for (int i = 0; i < TIMES; i++) {
        fault_world_await_more();
        fault_world_pause_at_random(500);
        fault_world_kill_scorer(0);
        fault_world_start_plain(0);
    }
    return TIMES;
}

static int kill_at_each_step(void)
{
    static const char *const steps[] = {
        "--test.crash=after_begin", "--test.crash=after_produce",
        "--test.crash=after_send_offsets", "--test.crash=before_commit",
        "--test.crash=after_commit"};
    enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

    pipeline_stop(&world.scorers[0], WAIT_MS);
    for (int i = 0; i < STEPS; i++) {
        const char *const more[] = {steps[i], "--test.crash_after=3", NULL};
        fault_world_start_scorer(0, 0, more);
        ck_assert_int_eq(child_wait(&world.scorers[0], WAIT_MS), KILLED);
    }
    fault_world_start_plain(0);
    return STEPS;
}

static int abort_at_random(void)
{
    const char *const more[] = {"--test.random_aborts=3", NULL};

    pipeline_stop(&world.scorers[0], WAIT_MS);
    fault_world_start_scorer(0, 0, more);
    for (int i = 0; i < 10; i++)
        fault_world_await_more();
    pipeline_stop(&world.scorers[0], WAIT_MS);
    char *log = child_errors(&world.scorers[0]);
    const char *aborts = strstr(log, " aborts=");
    ck_assert_ptr_nonnull(aborts);
    int times = atoi(aborts + strlen(" aborts="));
    free(log);
    ck_assert_int_gt(times, 0);
    fault_world_start_plain(0);
    return times;
}

static int stop_and_start(void)
{
    enum { TIMES = 5 };

    for (int i = 0; i < TIMES; i++) {
        fault_world_await_more();
        fault_world_pause_at_random(300);
        pipeline_stop(&world.scorers[0], WAIT_MS);
        fault_world_start_plain(0);
    }
    return TIMES;
}

static int freeze_first_scorer(int times, int64_t ms)
{
    for (int i = 0; i < times; i++) {
        fault_world_await_more();
        fault_world_pause_at_random(1000);
        child_signal(&world.scorers[0], SIGSTOP);
        clock_sleep_ms(ms);
        child_signal(&world.scorers[0], SIGCONT);
        clock_sleep_ms(SESSION_MS);
    }
    fault_world_await_more();
    return times;
}

static void start_with_long_units(void)
{
    const char *const more[] = {"--commit.interval_ms=1000", NULL};

    pipeline_stop(&world.scorers[0], WAIT_MS);
    fault_world_start_scorer(0, 0, more);
}

/* A second scorer takes over meanwhile. */
static int freeze_a_scorer(void)
{
    start_with_long_units();
    fault_world_start_plain(1);
    return freeze_first_scorer(4, INT64_C(2) * SESSION_MS);
}

/* The broker ends its transaction each time, and fences it: that is no twin. */
static int freeze_a_scorer_for_long(void)
{
    start_with_long_units();
    return freeze_first_scorer(3, 20000);
}

static int start_a_twin(void)
{
    fault_world_start_scorer(1, 0, NULL);
    for (int i = 0; i < 10; i++)
        fault_world_await_more();
    for (int i = 0; i < 2; i++) {
        if (child_is_running(&world.scorers[i]))
            child_signal(&world.scorers[i], SIGTERM);
        int status = child_wait(&world.scorers[i], WAIT_MS);
        ck_assert_msg(status == 0 || status == FENCED, "status %d", status);
    }
    fault_world_start_plain(0);
    return 1;
}

static int grow_and_shrink(void)
{
    for (int i = 1; i < SCORERS; i++) {
        fault_world_start_plain(i);
        fault_world_await_more();
    }
    for (int i = 1; i < SCORERS; i++) {
        pipeline_stop(&world.scorers[i], WAIT_MS);
        fault_world_await_more();
    }
    return 2 * (SCORERS - 1);
}

static int storm(void)
{
    enum { TIMES = 8 };

    for (int i = 0; i < TIMES; i++) {
        fault_world_start_plain(1);
        clock_sleep_ms(1500);
        fault_world_kill_scorer(1);
        clock_sleep_ms(500);
    }
    fault_world_await_more();
    return TIMES;
}

static int bounce_the_broker(const char *how, int times)
{
    for (int i = 0; i < times; i++) {
        fault_world_await_more();
        fault_world_pause_at_random(200);
        own_broker_do(how, 0);
        own_broker_do("revive", 0);
    }
    fault_world_await_more();
    return times;
}

static int restart_the_broker(void)
{
    return bounce_the_broker("stop", 2);
}

static int kill_the_broker(void)
{
    return bounce_the_broker("kill", 3);
}

static void freeze_for(int64_t ms)
{
    own_broker_do("pause", 0);
    clock_sleep_ms(ms);
    own_broker_do("resume", 0);
}

/* The last time is longer than a transaction may take. */
static int freeze_the_broker(void)
{
    static const int64_t ms[] = {2000, 5000, 20000};
    enum { TIMES = sizeof(ms) / sizeof(ms[0]) };

    for (int i = 0; i < TIMES; i++) {
        fault_world_await_more();
        freeze_for(ms[i]);
        fault_world_await_more();
    }
    return TIMES;
}

static int slow_the_broker(void)
{
    enum { TIMES = 20 };

    for (int i = 0; i < TIMES; i++) {
        freeze_for(450);
        clock_sleep_ms(50);
    }
    fault_world_await_more();
    return TIMES;
}

/* --- A bad network: what scorers and broker tell each other ----------- */

static const struct proxy_weather good = {.delay_ms = 0};

static void go_through_proxy(void)
{
    pipeline_stop(&world.scorers[0], WAIT_MS);
    world.port = own_broker_detour(1) + 1;
    proxy = tcp_proxy_start(world.port, own_broker_detour(1));
    fault_world_start_plain(0);
    fault_world_await_more();
}

/* The last time is longer than a transaction may take. */
static int cut_the_network(void)
{
    static const int64_t ms[] = {2000, 8000, 20000};
    enum { TIMES = sizeof(ms) / sizeof(ms[0]) };

    go_through_proxy();
    for (int i = 0; i < TIMES; i++) {
        fault_world_await_more();
        tcp_proxy_set(proxy, (struct proxy_weather){.holds_requests = true,
                                                    .holds_replies = true});
        clock_sleep_ms(ms[i]);
        tcp_proxy_set(proxy, good);
        fault_world_await_more();
    }
    return TIMES;
}

/* The broker does what it is asked for, and nobody hears of it. */
static int lose_replies(void)
{
    static const int64_t ms[] = {500, 2000, 500, 5000, 20000};
    enum { TIMES = sizeof(ms) / sizeof(ms[0]) };

    go_through_proxy();
    for (int i = 0; i < TIMES; i++) {
        fault_world_await_more();
        fault_world_pause_at_random(300);
        tcp_proxy_set(proxy, (struct proxy_weather){.holds_replies = true});
        clock_sleep_ms(ms[i]);
        tcp_proxy_reset(proxy);
        tcp_proxy_set(proxy, good);
        fault_world_await_more();
    }
    return TIMES;
}

/* What was sent before the network broke arrives when the client has sent it
 * again and gone on: the torn transactions that Jepsen found. */
static int deliver_late(void)
{
    enum { TIMES = 10, HELD_MS = 5000 };
    const char *const more[] = {"-Xsocket.timeout.ms=2000", NULL};

    go_through_proxy();
    pipeline_stop(&world.scorers[0], WAIT_MS);
    fault_world_start_scorer(0, 0, more);
    for (int i = 0; i < TIMES; i++) {
        fault_world_await_more();
        fault_world_pause_at_random(200);
        tcp_proxy_hold_open_ones(proxy);
        clock_sleep_ms(HELD_MS);
        fault_world_await_more();
        tcp_proxy_release(proxy);
    }
    fault_world_await_more();
    return TIMES;
}

static int reset_connections(void)
{
    enum { TIMES = 20 };

    go_through_proxy();
    for (int i = 0; i < TIMES; i++) {
        fault_world_pause_at_random(1000);
        tcp_proxy_reset(proxy);
    }
    fault_world_await_more();
    return TIMES;
}

static int work_in(struct proxy_weather weather)
{
    go_through_proxy();
    tcp_proxy_set(proxy, weather);
    for (int i = 0; i < 10; i++)
        fault_world_await_more();
    tcp_proxy_set(proxy, good);
    return 1;
}

static int delay_all(void)
{
    return work_in((struct proxy_weather){.delay_ms = 100, .jitter_ms = 200});
}

static int thin_the_link(void)
{
    return work_in((struct proxy_weather){.bytes_per_s = 64 * 1024});
}

/* A byte of a batch that no scorer has read yet; then it is put right. */
static int damage_a_batch(void)
{
    struct stored_batch batch;

    pipeline_stop(&world.scorers[0], WAIT_MS);
    clock_sleep_ms(2000);
    stored_batch_find_last(world.pipe.names[PIPE_IMPRESSIONS], 0, &batch);
    stored_batch_flip(&batch);
    fault_world_start_plain(0);
    ck_assert_int_eq(child_wait(&world.scorers[0], WAIT_MS), BAD_DATA);
    child_await_error(&world.scorers[0], world.pipe.names[PIPE_IMPRESSIONS], 0);
    stored_batch_flip(&batch);
    fault_world_start_plain(0);
    fault_world_await_more();
    return 1;
}

static int publish_again_and_again(void)
{
    const char *const more[] = {
        "--http.port=0",          "--model.algorithm=baseline",
        "--join.window_ms=2000",  "--retrain.rows=100",
        "--retrain.min_rows=100", NULL};

    pipeline_start(&world.pipe, "train", more, &world.trainer);
    child_await_error(&world.trainer, "msg=\"model published\"", WAIT_MS);
    for (int i = 0; i < 20; i++)
        fault_world_await_more();
    pipeline_stop(&world.trainer, WAIT_MS);
    char *log = child_errors(&world.trainer);
    int times = (int)child_log_number(log, "learned", "models");
    free(log);
    ck_assert_int_gt(times, 5);
    return times;
}

static int send_poison(void)
{
    enum { TIMES = 400 };
    struct buffer bytes = {0};

    for (uint64_t i = 0; i < TIMES; i++) {
        poison_make(i, &world.random_state, &bytes);
        const struct outgoing record = {.partition = (int32_t)(i % PARTITIONS),
                                        .value =
                                            bytes.size ? bytes.bytes : NULL,
                                        .value_size = bytes.size};
        kafka_fixture_send(world.pipe.names[PIPE_IMPRESSIONS], &record);
        buffer_clear(&bytes);
    }
    buffer_free(&bytes);
    fault_world_await_more();
    return TIMES;
}

/* While it waits for answers, and while it makes a new producer. */
static int terminate_while_frozen(void)
{
    static const int64_t ms[] = {0, 1000, 6000, 17000};
    enum { TIMES = sizeof(ms) / sizeof(ms[0]) };

    for (int i = 0; i < TIMES; i++) {
        fault_world_await_more();
        own_broker_do("pause", 0);
        clock_sleep_ms(ms[i]);
        child_signal(&world.scorers[0], SIGTERM);
        int status = child_wait(&world.scorers[0], WAIT_MS);
        own_broker_do("resume", 0);
        ck_assert_msg(status == 0 || status == 75, "status %d", status);
        fault_world_start_plain(0);
    }
    return TIMES;
}

/* By the number of the catalogue of faults. */
static const struct fault faults[] = {
    {1, "scorer killed", "SIGKILL at random moments, and started again",
     kill_at_random},
    {2, "scorer killed at a step",
     "SIGKILL after begin, produce, offsets, before and after the commit",
     kill_at_each_step},
    {3, "transactions aborted", "one in three, by the scorer itself",
     abort_at_random},
    {4, "scorer stopped", "SIGTERM at random moments, and started again",
     stop_and_start},
    {5, "scorer frozen",
     "SIGSTOP for longer than its session, while another one takes over",
     freeze_a_scorer},
    {5, "scorer frozen for long", "SIGSTOP for 20 s, and no other one",
     freeze_a_scorer_for_long},
    {6, "twin", "two processes with one slot", start_a_twin},
    {7, "group grows and shrinks", "one scorer to four and back, at work",
     grow_and_shrink},
    {8, "rebalance storm", "a member that comes and is killed every 2 s",
     storm},
    {9, "broker restarted", "SIGTERM, and started again", restart_the_broker},
    {10, "broker killed", "SIGKILL, and started again", kill_the_broker},
    {11, "broker frozen", "SIGSTOP for 2, 5 and 20 s", freeze_the_broker},
    {13, "network cut", "nothing passes for 2, 8 and 20 s", cut_the_network},
    {13, "replies lost",
     "the broker hears and is not heard for 0.5 to 20 s, then a reset",
     lose_replies},
    {13, "requests late",
     "what was sent arrives after it was sent again, and after the next ones",
     deliver_late},
    {14, "connections reset", "all of them, at random moments",
     reset_connections},
    {14, "slow network", "100 to 300 ms each way", delay_all},
    {14, "thin link", "64 KiB/s each way of a connection", thin_the_link},
    {16, "broker slowed down", "frozen for 450 of 500 ms", slow_the_broker},
    {20, "poison", "records that are no impressions, of every kind",
     send_poison},
    {22, "batch damaged on the broker's disk",
     "a byte is another one until the scorer has ended with 65",
     damage_a_batch},
    {27, "models in quick succession", "published at work, one a second or so",
     publish_again_and_again},
    {40, "stopped while frozen",
     "SIGTERM when the broker has been frozen for 0 to 17 s",
     terminate_while_frozen},
};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

/* --- The run ---------------------------------------------------------- */

static void start_broker(void)
{
    own_broker_start_detour("table", 1);
}

static void stop(void)
{
    fault_world_close();
    tcp_proxy_end(proxy);
}

START_TEST(nothing_is_lost_or_doubled)
{
    fault_world_try(&faults[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault table");
    TCase *tests = tcase_create("own broker");
    const char *chosen = getenv("PCTR_FAULT");
    int first = 0, next = FAULTS;

    /* Rows of one number stand together. */
    if (chosen && *chosen) {
        while (first < FAULTS && faults[first].number != atoi(chosen))
            first++;
        next = first;
        while (next < FAULTS && faults[next].number == atoi(chosen))
            next++;
    }
    tcase_set_timeout(tests, 400);
    tcase_add_unchecked_fixture(tests, start_broker, own_broker_end);
    tcase_add_checked_fixture(tests, fault_world_open, stop);
    tcase_add_loop_test(tests, nothing_is_lost_or_doubled, first, next);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "nothing lost or doubled in each fault");
}
