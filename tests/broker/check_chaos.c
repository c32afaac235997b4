/*
 * check_chaos.c - the whole way once more, while scorers and trainer are
 * killed at any moment: not one impression more or less comes out.
 */
#include "support/allowance.h"
#include "support/chance.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"
#include "support/whole_run.h"

#include "common/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PARTITIONS = 8,
    SCORER_KILLS = 10,
    TRAINER_KILL_EVERY = 4, /* scorer kills; so two */
    PROGRESS = 200,         /* records */
    PAUSE_MAX_MS = 1200,
    WAIT_MS = 60000,
};

static struct whole_run run;
static struct proceedings proceedings;
static uint64_t random_state;

static void choose_seed(void)
{
    random_state = chance_seed();
}

static void stop(void)
{
    proceedings_free(&proceedings);
    whole_run_end(&run);
}

/* Clearly more than before, and not only marks of transactions: a kill while
 * nobody has partitions would hit nothing. */
static void await_progress(int64_t *seen)
{
    const char *topic = run.pipe.names[PIPE_PREDICTIONS];
    int64_t deadline_ms = clock_monotonic_ms() + allowance_ms(WAIT_MS);
    int64_t end;

    while ((end = topic_ends_sum(topic)) < *seen + PROGRESS) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                      "nothing more is scored");
        clock_sleep_ms(50);
    }
    *seen = end;
}

static void kill_one(int number)
{
    int slot = (int)chance_below(&random_state, WHOLE_RUN_SCORERS);

    whole_run_kill(&run, slot);
    whole_run_start_scorer(&run, slot);
    if (number % TRAINER_KILL_EVERY == 0) {
        whole_run_kill(&run, WHOLE_RUN_TRAINER);
        whole_run_start_trainer(&run);
    }
}

START_TEST(killed_ten_times_nothing_is_lost_or_doubled)
{
    int64_t start_ms = clock_monotonic_ms(), seen = 0;

    whole_run_start(&run, PARTITIONS, 800);
    for (int i = 1; i <= SCORER_KILLS; i++) {
        await_progress(&seen);
        chance_pause(&random_state, PAUSE_MAX_MS);
        kill_one(i);
        printf("kill %d: at %d ms, %" PRId64 " records out\n", i,
               (int)(clock_monotonic_ms() - start_ms), seen);
        fflush(stdout);
    }
    whole_run_await_feed(&run, WAIT_MS);
    whole_run_finish(&run, WAIT_MS);

    struct verdict verdict = pipeline_judge(&run.pipe, "chaos", &proceedings);
    printf("took %d ms\n", (int)(clock_monotonic_ms() - start_ms));
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(verdict.predictions, verdict.impressions);
    ck_assert_uint_gt(verdict.versions, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chaos");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 280);
    tcase_add_checked_fixture(tests, choose_seed, stop);
    tcase_add_test(tests, killed_ten_times_nothing_is_lost_or_doubled);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "nothing lost or doubled when scorers and trainer are killed");
}
