/*
 * check_signals.c - what a scorer says about itself while it cannot write:
 * /readyz goes to 503 and comes back, /livez stays, the lag grows and one line
 * says why. Nothing is lost meanwhile. And it works on after the signals of
 * Unix that mean nothing to it.
 */
#include "support/allowance.h"
#include "support/child_process.h"
#include "support/impression_feed.h"
#include "support/metrics_page.h"
#include "support/pipeline.h"
#include "support/run_suite.h"
#include "support/topic_change.h"

#include "common/base/clock.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 60000, HALF = 400 };

static struct pipeline line;
static struct child_process scorer;
static unsigned port;
static struct impression_feed impressions = {
    .partitions = 1, .users = 10, .ads = 10};

static void set_up(void)
{
    char port_option[32];
    const char *more[] = {port_option, NULL};

    pipeline_create(&line, 1);
    impressions.topic = line.names[PIPE_IMPRESSIONS];
    port = metrics_page_free_port();
    snprintf(port_option, sizeof(port_option), "--http.port=%u", port);
    pipeline_start(&line, "score", more, &scorer);
}

static void tear_down(void)
{
    child_end(&scorer);
}

/* "HTTP/1.1 200 OK": the number; 0 where nobody answers. */
static int status_of(const char *path)
{
    char *page = metrics_page_get(port, path);
    int status = page ? atoi(page + strlen("HTTP/1.1 ")) : 0;

    free(page);
    return status;
}

static void await_ready(int status)
{
    int64_t deadline_ms = clock_monotonic_ms() + allowance_ms(WAIT_MS);

    while (status_of("/readyz") != status) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                      "/readyz does not come to %d", status);
        int live = status_of("/livez");
        ck_assert(live == 200 || live == 0);
        clock_sleep_ms(100);
    }
    ck_assert_int_eq(status_of("/livez"), 200);
}

START_TEST(a_scorer_that_cannot_write_is_not_ready)
{
    await_ready(200);
    impression_feed_send(&impressions, 0, HALF, FEED_COMMITS);
    kafka_fixture_await(line.names[PIPE_PREDICTIONS], HALF, WAIT_MS);
    ck_assert_int_eq(status_of("/readyz"), 200);

    topic_change_remove(line.names[PIPE_PREDICTIONS]);
    impression_feed_send(&impressions, HALF, 2 * HALF, FEED_COMMITS);
    await_ready(503);
    char *page = metrics_page_get(port, "/readyz");
    ck_assert_ptr_nonnull(strstr(page, "worker 0 has not committed for"));
    free(page);
    ck_assert_double_ge(
        metrics_page_value(port, "pctr_consumer_lag_records{partition=\"0\"}"),
        HALF);
    child_await_error(&scorer, "msg=\"unit failed", WAIT_MS);
    char *errors = child_errors(&scorer);
    size_t lines = 0;
    for (const char *at = errors; (at = strstr(at, "msg=\"unit failed")); at++)
        lines++;
    free(errors);
    ck_assert_uint_eq(lines, 1);

    kafka_fixture_create(line.names[PIPE_PREDICTIONS], 1, "-1");
    await_ready(200);
    kafka_fixture_await(line.names[PIPE_PREDICTIONS], HALF, WAIT_MS);
    struct fixture_records predictions =
        kafka_fixture_read(line.names[PIPE_PREDICTIONS]);
    ck_assert_uint_eq(predictions.count, HALF);
    fixture_records_free(&predictions);
    pipeline_stop(&scorer, WAIT_MS);
}
END_TEST

START_TEST(a_signal_without_meaning_leaves_a_scorer_at_work)
{
    static const int signals[] = {SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2};

    await_ready(200);
    impression_feed_send(&impressions, 0, HALF, FEED_COMMITS);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        child_signal(&scorer, signals[i]);
    impression_feed_send(&impressions, HALF, 2 * HALF, FEED_COMMITS);
    kafka_fixture_await(line.names[PIPE_PREDICTIONS], 2 * HALF, WAIT_MS);
    pipeline_stop(&scorer, WAIT_MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signals");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 170);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_scorer_that_cannot_write_is_not_ready);
    tcase_add_test(tests, a_signal_without_meaning_leaves_a_scorer_at_work);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "a scorer says when it cannot work");
}
