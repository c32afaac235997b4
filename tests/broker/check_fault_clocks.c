/*
 * check_fault_clocks.c - the clocks of scorers, trainer and feed are wrong,
 * each its own way, or jump while they work; and the account.
 *
 * Kafka takes no record that is dated more than an hour ahead of its own clock.
 * Who is that far ahead says so and waits, gives nobody's record the blame, and
 * goes on when its clock is right.
 */
#include "support/clock_skew.h"
#include "support/fault_world.h"
#include "support/own_broker.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

enum { WAIT_MS = FAULT_WORLD_WAIT_MS };

static const char refused[] = "is the clock of this machine right";
static struct clock_skew ahead, behind, jumping;

static void start_scorer(int which, const struct clock_skew *skew)
{
    if (child_is_running(&world.scorers[which]))
        pipeline_stop(&world.scorers[which], WAIT_MS);
    clock_skew_begin(skew);
    fault_world_start_plain(which);
    clock_skew_rest();
}

static void start_trainer(const struct clock_skew *skew)
{
    const char *const more[] = {"--http.port=0",
                                "--model.algorithm=baseline",
                                "--join.window_ms=2000",
                                "--retrain.rows=100",
                                "--retrain.min_rows=100",
                                "--evaluation.window_ms=5000",
                                NULL};

    clock_skew_begin(skew);
    pipeline_start(&world.pipe, "train", more, &world.trainer);
    clock_skew_rest();
}

/* So many models more are in service: what a trainer writes is taken. */
static void await_models(int count)
{
    const int so_far =
        child_count_errors(&world.trainer, "\"model published\"");

    child_await_errors(&world.trainer, "\"model published\"", so_far + count,
                       WAIT_MS);
}

static void stop_trainer(void)
{
    pipeline_stop(&world.trainer, WAIT_MS);
    char *log = child_errors(&world.trainer);
    const uint64_t learned = child_log_number(log, "learned", "positive");
    ck_assert_msg(learned > 0, "%s", child_last_words(log));
    ck_assert_uint_eq(child_log_number(log, "labels", "orphan"), 0);
    free(log);
}

static int be_wrong(void)
{
    enum { TIMES = 10 };

    start_scorer(0, &ahead);
    start_scorer(1, &behind);
    start_trainer(&ahead);
    for (int i = 0; i < TIMES; i++)
        fault_world_await_more();
    await_models(2);
    stop_trainer();
    start_trainer(&behind);
    await_models(2);
    stop_trainer();
    return 3;
}

/* Too far ahead; then right again, after what the scorer and the trainer have
 * said of it. */
static void jump_too_far(int64_t ms, int times)
{
    clock_skew_set(&jumping, ms);
    child_await_errors(&world.scorers[0], refused, times, WAIT_MS);
    child_await_errors(&world.trainer, refused, times, WAIT_MS);
    ck_assert(child_is_running(&world.scorers[0]));
    clock_skew_set(&jumping, 0);
    fault_world_await_more();
    await_models(1);
}

static int jump(void)
{
    start_scorer(0, &jumping);
    start_trainer(&jumping);
    await_models(1);
    jump_too_far(2 * HOUR_MS, 1);
    clock_skew_set(&jumping, -DAY_MS);
    fault_world_await_more();
    await_models(2);
    jump_too_far(400 * DAY_MS, 2);
    stop_trainer();
    return 5;
}

/* --- The run ---------------------------------------------------------- */

static void start_broker(void)
{
    own_broker_start("clocks", 1);
}

static void start(void)
{
    clock_skew_open(&ahead, HOUR_MS / 2);
    clock_skew_open(&behind, -DAY_MS);
    clock_skew_open(&jumping, 0);
    fault_world_open();
}

static void stop(void)
{
    fault_world_close();
    clock_skew_close(&ahead);
    clock_skew_close(&behind);
    clock_skew_close(&jumping);
}

static const struct fault faults[] = {
    {29, "clocks wrong",
     "a scorer half an hour ahead, one a day behind, a trainer the one and the "
     "other",
     be_wrong},
    {29, "clocks jump", "of scorer and trainer, by 2 h to 400 days, and back",
     jump},
};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

START_TEST(clocks_lose_nothing)
{
    fault_world_try(&faults[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault clocks");
    TCase *tests = tcase_create("own broker");

    tcase_set_timeout(tests, 600);
    tcase_add_unchecked_fixture(tests, start_broker, own_broker_end);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, clocks_lose_nothing, 0, FAULTS);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "nothing lost by a clock");
}
