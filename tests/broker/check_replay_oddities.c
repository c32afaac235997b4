/*
 * check_replay_oddities.c - what is odd about a range is said, and counted
 * right: labels late and twice, wrong clocks, gaps, what is gone.
 */
#include "support/history.h"
#include "support/run_suite.h"
#include "support/topic_change.h"

#include "producer/publisher.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COUNT = 3000,
    WAIT_MS = 60000,
    OPTION_SIZE = 128,
    DATA_STATUS = 65,
    UNAVAILABLE_STATUS = 69,
};

#define DAY_MS INT64_C(86400000)

static const char *const refit = "refit:popular";
static struct error err;
static struct history history;

static void make_history(void)
{
    history_open(&history);
}

static void close_history(void)
{
    history_close(&history);
}

static char *replay(const char *a, const char *b, const char *c)
{
    const char *const more[] = {"--bootstrap=0", a, b, c, NULL};

    return pipeline_run(&history.way, "replay", more, WAIT_MS);
}

static void assert_said(const char *output, const char *before, long long count,
                        const char *after)
{
    char expected[96];

    snprintf(expected, sizeof(expected), "%s%lld%s", before, count, after);
    ck_assert_msg(strstr(output, expected) != NULL, "no '%s' in: %s", expected,
                  output);
}

/* --- Events ----------------------------------------------------------- */

START_TEST(labels_that_are_there_twice_count_once)
{
    int64_t duplicates = 0, clicks = 0;

    history_feed(&history, 0, COUNT);
    for (int64_t i = 0; i < COUNT; i++) {
        clicks += history_is_clicked(i);
        duplicates += i % HISTORY_DOUBLED == 0 && history_is_clicked(i);
    }
    ck_assert_int_gt(duplicates, 5);
    char *output = replay(refit, NULL, NULL);
    assert_said(output, "", duplicates, " duplicate");
    assert_said(output, "", clicks, " joined");
    ck_assert_ptr_null(strstr(output, "expired"));
    ck_assert_ptr_null(strstr(output, "skewed"));
    free(output);
}
END_TEST

START_TEST(labels_a_week_late_are_orphans)
{
    enum { LATE = 300 };
    int64_t late = 0;

    for (int64_t i = 0; i < COUNT; i++)
        history_send_impression(&history, i, 0);
    for (int64_t i = 0; i < COUNT; i++)
        if (i >= LATE && history_is_clicked(i))
            history_send_label(&history, i, HISTORY_CLICK_MS);
    for (int64_t i = 0; i < LATE; i++)
        if (history_is_clicked(i)) {
            history_send_label(&history, i, 7 * DAY_MS);
            late++;
        }
    /* By now it is clear that nothing they belong to comes any more. */
    history_send_impression(&history, COUNT + 8 * DAY_MS / 1000, 0);
    history_flush(&history);
    ck_assert_int_gt(late, 50);
    char *output = replay(refit, NULL, NULL);
    assert_said(output, "", late, " orphan");
    assert_said(output, "replay  ", COUNT, " impressions");
    free(output);
}
END_TEST

/* A producer has a partition of its own. */
static void feed_with_clock(int64_t ahead_ms)
{
    for (int64_t i = 0; i < COUNT; i++) {
        history_send_impression(&history, i,
                                i % HISTORY_BUSY == 0 ? ahead_ms : 0);
        if (history_is_clicked(i))
            history_send_label(&history, i, HISTORY_CLICK_MS);
    }
    history_flush(&history);
}

START_TEST(a_clock_a_day_ahead_is_corrected)
{
    int64_t clicks = 0;

    for (int64_t i = 0; i < COUNT; i++)
        clicks += history_is_clicked(i);
    feed_with_clock(DAY_MS);
    char *output = replay(refit, NULL, NULL);
    assert_said(output, "skewed  ", COUNT / HISTORY_BUSY, " events");
    assert_said(output, "", clicks, " joined");
    free(output);
}
END_TEST

START_TEST(a_clock_a_day_behind_is_said)
{
    feed_with_clock(-DAY_MS);
    char *output = replay(refit, NULL, NULL);
    /* The first one is where time begins. */
    assert_said(output, "disordered  ", COUNT / HISTORY_BUSY - 1,
                " impressions");
    free(output);
}
END_TEST

/* --- Ranges ----------------------------------------------------------- */

START_TEST(an_empty_range_is_said)
{
    history_feed(&history, 0, 100);
    char *output = replay("--from=2001-01-01", "--to=2002-01-01", refit);
    ck_assert_ptr_nonnull(strstr(output, "no settled impressions"));
    free(output);
}
END_TEST

START_TEST(an_expired_beginning_is_said)
{
    char from[OPTION_SIZE];

    history_feed(&history, 0, 1500);
    topic_change_delete(history.way.names[PIPE_IMPRESSIONS], 1, 200);
    char *output = replay(refit, NULL, NULL);
    assert_said(output, "expired  ", 1, " partitions");
    free(output);

    /* A range that begins behind what is gone has lost nothing. */
    snprintf(from, sizeof(from), "--from=%lld",
             (long long)history_time(&history, 900));
    output = replay(from, refit, NULL);
    ck_assert_ptr_null(strstr(output, "expired"));
    free(output);

    output = replay("--from=1:@100", refit, NULL);
    assert_said(output, "expired  ", 1, " partitions");
    free(output);
}
END_TEST

START_TEST(a_range_that_is_all_gone_is_empty)
{
    history_feed(&history, 0, 1500);
    for (int32_t partition = 0; partition < HISTORY_BUSY; partition++)
        topic_change_delete(history.way.names[PIPE_IMPRESSIONS], partition,
                            500);
    char *output = replay(refit, NULL, NULL);
    ck_assert_ptr_nonnull(strstr(output, "no settled impressions"));
    free(output);
}
END_TEST

/* Markers of transactions, and what was never committed. */
START_TEST(gaps_between_records_are_passed_over)
{
    struct history apart = history;
    struct publisher_config config = {
        .kafka = kafka_fixture_settings(),
        .transactional_id = "",
        .transaction_timeout_ms = 60000,
        .topics = {history.way.names[PIPE_IMPRESSIONS],
                   history.way.names[PIPE_LABELS], NULL}};

    kafka_fixture_name("history", config.transactional_id);
    ck_assert_ok(publisher_open(&config, &apart.publisher, &err), err);
    for (int64_t round = 0; round < 10; round++) {
        ck_assert_int_eq(publisher_begin(apart.publisher, &err), PUBLISHER_OK);
        for (int64_t i = 0; i < 100; i++)
            history_send_impression(&apart, round * 100 + i, 0);
        ck_assert_int_eq((round % 2 ? publisher_abort
                                    : publisher_commit)(apart.publisher, &err),
                         PUBLISHER_OK);
    }
    history_close(&apart);
    char *output = replay("--join.window_ms=1000", "--join.late_ms=0", refit);
    /* The last second is open. */
    assert_said(output, "left out  ", 2, " without");
    assert_said(output, "replay  ", 498, " impressions");
    free(output);
}
END_TEST

/* --- Models ----------------------------------------------------------- */

static void train(void)
{
    const char *const more[] = {"--exit.at_end", "--http.port=0",
                                "--model.algorithm=baseline", NULL};

    free(pipeline_run(&history.way, "train", more, WAIT_MS));
}

static void refuse(const char *contender, int status, const char *why)
{
    const char *const more[] = {contender, NULL};
    struct child_process child = {.pid = 0};

    pipeline_start(&history.way, "replay", more, &child);
    int ended = child_wait(&child, WAIT_MS);
    char *errors = child_errors(&child);
    ck_assert_msg(ended == status && strstr(errors, why), "%d: %s", ended,
                  errors);
    free(errors);
    child_end(&child);
}

START_TEST(a_snapshot_that_is_gone_leaves_impressions_out)
{
    const char *const scoring[] = {"--exit.at_end", "--http.port=0", NULL};

    history_feed(&history, 0, COUNT);
    train();
    free(pipeline_run(&history.way, "score", scoring, WAIT_MS));
    topic_change_delete(history.way.names[PIPE_CHUNKS], 0,
                        RD_KAFKA_OFFSET_END /* all */);
    char *output = replay("live", refit, NULL);
    assert_said(output, "", 0, " by time of publication");
    assert_said(output, "", COUNT, " gone");
    ck_assert_ptr_nonnull(strstr(output, "no settled impressions"));
    free(output);
    refuse("epoch:1", DATA_STATUS, "no longer on the topic");
}
END_TEST

START_TEST(what_is_served_is_what_is_pinned)
{
    const char *const pin[] = {"pin", "1", NULL};

    refuse("served", UNAVAILABLE_STATUS, "no version");
    history_feed(&history, 0, COUNT);
    train();
    train();
    char *output = replay("served", "newest", NULL);
    assert_said(output, "served is version ", 2, "");
    free(output);
    free(pipeline_run(&history.way, "snapshot", pin, WAIT_MS));
    output = replay("served", "newest", NULL);
    assert_said(output, "served is version ", 1, "");
    assert_said(output, "newest is version ", 2, "");
    free(output);
}
END_TEST

START_TEST(slices_are_by_the_impressions_fields)
{
    history_feed(&history, 0, COUNT);
    char *output = replay("--slice=ad,nothing", refit, NULL);
    for (int ad = 0; ad < HISTORY_ADS; ad++)
        assert_said(output, "\nad=", ad, " refit:popular");
    ck_assert_ptr_nonnull(strstr(output, "nothing=(absent) refit:p"));
    free(output);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_oddities");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_history, close_history);
    tcase_add_test(tests, labels_that_are_there_twice_count_once);
    tcase_add_test(tests, labels_a_week_late_are_orphans);
    tcase_add_test(tests, a_clock_a_day_ahead_is_corrected);
    tcase_add_test(tests, a_clock_a_day_behind_is_said);
    tcase_add_test(tests, an_empty_range_is_said);
    tcase_add_test(tests, an_expired_beginning_is_said);
    tcase_add_test(tests, a_range_that_is_all_gone_is_empty);
    tcase_add_test(tests, gaps_between_records_are_passed_over);
    tcase_add_test(tests, a_snapshot_that_is_gone_leaves_impressions_out);
    tcase_add_test(tests, what_is_served_is_what_is_pinned);
    tcase_add_test(tests, slices_are_by_the_impressions_fields);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "oddities of a replay");
}
