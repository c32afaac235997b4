/*
 * check_evaluation_outages.c - the trainer's evaluation while one of its
 * topics hangs or is gone: the trainer reads and learns on, and when the topic
 * is back the evaluation is too.
 */
#include "support/allowance.h"
#include "support/metrics_page.h"
#include "support/pipeline.h"
#include "support/published_evaluations.h"
#include "support/run_suite.h"
#include "support/topic_change.h"

#include "common/base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAIT_MS = 60000,
    WATCHED_MS = 25000, /* longer than a transaction may take */
    STALL_MAX_MS = 2000,
    PARTITIONS = 2,
    WINDOW_MS = 600000,
    LOST = 3000, /* predictions, at least, and so */
    LOST_WINDOWS = 5,
    ROWS = 16000,     /* one a second of event time */
    WINDOWS_DUE = 23, /* of the 26, with join.window_ms + join.late_ms behind */
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

static void make_anew(enum pipeline_name name, int32_t partitions)
{
    kafka_fixture_create(pipe.names[name], partitions, "-1");
}

static void start_scorer(void)
{
    const char *const more[] = {"--http.port=0", NULL};

    pipeline_start(&pipe, "score", more, &scorer);
    child_await_error(&scorer, "\"scoring\"", WAIT_MS);
}

static void start_feed(const char *rows, const char *rate)
{
    const char *const more[] = {"--world", rows, rate, NULL};

    pipeline_start(&pipe, "feed", more, &feed);
}

static void stop_scorer(void)
{
    pipeline_stop(&scorer, WAIT_MS);
    child_end(&scorer);
}

/* --- The topic of evaluations ----------------------------------------- */

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
    pipeline_create(&pipe, PARTITIONS);
    start_scorer();
    start_trainer();
    start_feed("--world.rows=24000", "--rate=800");
    metrics_page_await(port, "pctr_evaluations_total{result=\"published\"}", 2,
                       WAIT_MS);
    topic_change_remove(pipe.names[PIPE_EVALUATIONS]);
    int64_t stall_ms = longest_stall_ms(WATCHED_MS);
    printf("evaluations hang: reading stalled for %d ms at most\n",
           (int)stall_ms);
    ck_assert_int_lt(stall_ms, allowance_ms(STALL_MAX_MS));
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

/* --- The topic of predictions ----------------------------------------- */

#define OVER "pctr_evaluation_windows_total{result=\"over\"}"
#define MISSED "pctr_evaluation_windows_total{result=\"missed\"}"
#define READABLE "pctr_evaluation_predictions_readable"

static void await_all_predictions(void)
{
    struct fixture_records records =
        kafka_fixture_read(pipe.names[PIPE_PREDICTIONS]);

    metrics_page_await(port,
                       "pctr_records_consumed_total{topic=\"predictions\"}",
                       (double)records.count, WAIT_MS);
    fixture_records_free(&records);
}

static void await_the_end(void)
{
    ck_assert_int_eq(child_wait(&feed, WAIT_MS), 0);
    pipeline_await_scored(&pipe, WAIT_MS);
    metrics_page_await(port, IMPRESSIONS, ROWS, WAIT_MS);
    metrics_page_await(port, OVER,
                       WINDOWS_DUE - metrics_page_value(port, MISSED), WAIT_MS);
}

/* Whole windows, one after the other, none left out between. Returns how many.
 */
static size_t assert_complete(void)
{
    struct published published = read_published(&pipe);
    int64_t last_ms = 0;
    size_t windows = 0;

    assert_unique(&published);
    for (size_t i = 0; i < published.count; i++) {
        const struct evaluation_event *event = &published.events[i];
        ck_assert_uint_eq(event->left_out, 0);
        ck_assert(!event->is_early);
        if (event->has_version)
            continue;
        ck_assert(windows == 0 || event->start_ms == last_ms + WINDOW_MS);
        last_ms = event->start_ms;
        windows++;
    }
    free(published.events);
    return windows;
}

/* All of the old one were read, and the new one has all that follow: nothing
 * is missed. */
START_TEST(predictions_that_are_made_anew_are_read_again)
{
    pipeline_create(&pipe, PARTITIONS);
    start_scorer();
    start_trainer();
    start_feed("--world.rows=16000", "--rate=800");
    metrics_page_await(port, OVER, 2, WAIT_MS);
    stop_scorer();
    await_all_predictions();
    topic_change_remove(pipe.names[PIPE_PREDICTIONS]);
    child_await_error(&trainer, "\"predictions cannot be read", WAIT_MS);
    metrics_page_await_value(port, READABLE, 0, WAIT_MS); /* soon after */
    metrics_page_await(
        port, "pctr_snapshots_published_total",
        metrics_page_read(port, "pctr_snapshots_published_total", WAIT_MS) + 1,
        WAIT_MS);
    ck_assert_double_eq(metrics_page_value(port, READABLE), 0);
    make_anew(PIPE_PREDICTIONS, PARTITIONS);
    start_scorer();
    child_await_error(&trainer, "\"predictions are read again\"", WAIT_MS);
    await_the_end();
    ck_assert_double_eq(metrics_page_value(port, READABLE), 1);
    ck_assert_double_eq(metrics_page_value(port, MISSED), 0);
    pipeline_stop(&trainer, WAIT_MS);
    ck_assert_uint_ge(assert_complete(), WINDOWS_DUE);
}
END_TEST

/* The first ones were lost with their topic, before there was a trainer. */
START_TEST(windows_without_their_predictions_are_missed)
{
    pipeline_create(&pipe, PARTITIONS);
    start_scorer();
    start_feed("--world.rows=16000", "--rate=1600");
    kafka_fixture_await(pipe.names[PIPE_PREDICTIONS], LOST, WAIT_MS);
    stop_scorer();
    topic_change_remove(pipe.names[PIPE_PREDICTIONS]);
    start_trainer();
    child_await_error(&trainer, "\"models in service are not evaluated\"",
                      WAIT_MS);
    make_anew(PIPE_PREDICTIONS, PARTITIONS);
    start_scorer();
    child_await_error(&trainer, "\"predictions are read again\"", WAIT_MS);
    metrics_page_await(port, MISSED, LOST_WINDOWS, WAIT_MS);
    child_await_error(&trainer, "\"windows were not judged\"", WAIT_MS);
    await_the_end();
    double missed = metrics_page_value(port, MISSED);
    pipeline_stop(&trainer, WAIT_MS);
    ck_assert_uint_ge(assert_complete() + (size_t)missed, WINDOWS_DUE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation outages");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 180);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(tests, a_topic_that_hangs_does_not_stall_the_reading);
    tcase_add_test(tests, predictions_that_are_made_anew_are_read_again);
    tcase_add_test(tests, windows_without_their_predictions_are_missed);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "an evaluation comes back");
}
