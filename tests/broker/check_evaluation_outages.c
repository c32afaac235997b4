/*
 * check_evaluation_outages.c - the trainer's evaluation while one of its
 * topics hangs or is gone: the trainer reads and learns on, and when the topic
 * is back the evaluation is too.
 */
#include "support/metrics_page.h"
#include "support/pipeline.h"
#include "support/published_evaluations.h"
#include "support/run_suite.h"
#include "support/topic_change.h"

#include "common/clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAIT_MS = 60000,
    WATCHED_MS = 25000, /* longer than a transaction may take */
    STALL_MAX_MS = 2000,
};

#define IMPRESSIONS "pctr_records_consumed_total{topic=\"impressions\"}"

static struct pipeline pipe;
static struct child_process scorer, trainer, feed;
static unsigned port;

static void stop(void)
{
    child_end(&scorer);
    child_end(&trainer);
    child_end(&feed);
}

static void start_trainer(void)
{
    char port_option[32];
    const char *const more[] = {port_option, "--model.algorithm=baseline",
                                "--retrain.every_ms=1000",
                                "--evaluation.window_ms=600000", NULL};

    port = metrics_page_free_port();
    snprintf(port_option, sizeof(port_option), "--http.port=%u", port);
    pipeline_start(&pipe, "train", more, &trainer);
    child_await_error(&trainer, "\"caught up\"", WAIT_MS);
}

/* The longest time in which no impression was read although some came. */
static int64_t longest_stall_ms(int64_t watched_ms)
{
    int64_t begin_ms = clock_monotonic_ms(), moved_ms = begin_ms, now_ms;
    int64_t longest_ms = 0;
    double before = metrics_page_value(port, IMPRESSIONS);

    while ((now_ms = clock_monotonic_ms()) - begin_ms < watched_ms) {
        double read = metrics_page_value(port, IMPRESSIONS);
        if (now_ms - moved_ms > longest_ms)
            longest_ms = now_ms - moved_ms;
        if (read > before)
            moved_ms = now_ms;
        before = read;
        clock_sleep_ms(100);
    }
    return longest_ms;
}

/* --- The topic of evaluations -----------------------------------------------
 */

static void make_anew(enum pipeline_name name, int32_t partitions)
{
    kafka_fixture_create(pipe.names[name], partitions, "-1");
}

/* Each window once, in the order of time. */
static void assert_in_order(void)
{
    struct published published = read_published(&pipe);

    ck_assert_uint_gt(published.count, 0);
    assert_unique(&published);
    for (size_t i = 1; i < published.count; i++)
        ck_assert_int_ge(published.events[i].start_ms,
                         published.events[i - 1].start_ms);
    free(published.events);
}

/* The producer asks again and again where the topic is. What was judged
 * meanwhile is published as soon as there is one; a trainer that starts then
 * adds nothing. */
START_TEST(a_topic_that_hangs_does_not_stall_the_reading)
{
    const char *const scoring[] = {"--http.port=0", NULL};
    const char *const feeding[] = {"--world", "--world.rows=24000",
                                   "--rate=800", NULL};

    pipeline_create(&pipe, 2);
    pipeline_start(&pipe, "score", scoring, &scorer);
    child_await_error(&scorer, "\"scoring\"", WAIT_MS);
    start_trainer();
    pipeline_start(&pipe, "feed", feeding, &feed);
    metrics_page_await(port, "pctr_evaluations_total{result=\"published\"}", 2,
                       WAIT_MS);
    topic_change_remove(pipe.names[PIPE_EVALUATIONS]);
    int64_t stall_ms = longest_stall_ms(WATCHED_MS);
    printf("evaluations hang: reading stalled for %d ms at most\n",
           (int)stall_ms);
    ck_assert_int_lt(stall_ms, STALL_MAX_MS);
    ck_assert_double_gt(metrics_page_value(port, "pctr_evaluations_waiting"),
                        0);
    make_anew(PIPE_EVALUATIONS, 1);
    child_await_error(&trainer, "\"evaluations are published again\"", WAIT_MS);
    assert_in_order();
    child_signal(&trainer, SIGKILL);
    child_end(&trainer);
    start_trainer();
    metrics_page_await(port, "pctr_evaluation_window_rows", 1, WAIT_MS);
    pipeline_stop(&trainer, WAIT_MS);
    assert_in_order();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation outages");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 180);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(tests, a_topic_that_hangs_does_not_stall_the_reading);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "an evaluation comes back");
}
