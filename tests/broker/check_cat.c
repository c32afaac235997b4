/*
 * check_cat.c - `pctr cat` on a real broker: ranges, the newest, following,
 * and nothing that was not committed.
 */
#include "support/allowance.h"
#include "support/child_process.h"
#include "support/impression_feed.h"
#include "support/kafka_fixture.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 60000, PARTITIONS = 2 };

static char topic[FIXTURE_NAME_SIZE], option[128];
static char *out;

static void make_topic(void)
{
    kafka_fixture_name("impressions", topic);
    snprintf(option, sizeof(option), "--topic.impressions=%s", topic);
    kafka_fixture_create(topic, PARTITIONS, "-1");
}

static void clean(void)
{
    free(out);
    out = NULL;
}

static void feed(int64_t first, int64_t next, enum feed_end end)
{
    const struct impression_feed impressions = {topic, PARTITIONS, 1, 1};

    impression_feed_send(&impressions, first, next, end);
}

static void start_cat(struct child_process *child, const char *first,
                      const char *second)
{
    struct kafka_settings kafka = kafka_fixture_settings();
    const char *arguments[] = {"cat",  "impressions", "-b",   kafka.brokers,
                               option, first,         second, NULL};

    child_start_pctr(child, arguments);
}

static int cat(const char *first, const char *second)
{
    struct child_process child = {.pid = 0};

    start_cat(&child, first, second);
    int status = child_wait(&child, WAIT_MS);
    free(out);
    out = child_output(&child);
    child_end(&child);
    return status;
}

/* The ids that were shown are first to next - 1, in this order. */
static void assert_ids(int64_t first, int64_t next)
{
    const char *at = out;
    char expected[32];

    for (int64_t i = first; i < next; i++) {
        at = strstr(at, "\"value\":{\"id\":");
        ck_assert_msg(at != NULL, "no %d in %s", (int)i, out);
        snprintf(expected, sizeof(expected), "\"value\":{\"id\":%d,", (int)i);
        ck_assert_msg(strncmp(at, expected, strlen(expected)) == 0,
                      "%d is not %.40s", (int)i, at);
        at++;
    }
    ck_assert_ptr_null(strstr(at, "\"value\":{\"id\":"));
}

START_TEST(all_of_it_in_the_order_of_time)
{
    feed(0, 100, FEED_COMMITS);
    feed(100, 200, FEED_ABORTS);
    feed(200, 300, FEED_COMMITS);
    ck_assert_int_eq(cat(NULL, NULL), 0);
    ck_assert_ptr_nonnull(strstr(out, "{\"id\":99,"));
    ck_assert_ptr_null(strstr(out, "{\"id\":150,"));
    ck_assert_ptr_nonnull(strstr(out, "{\"id\":299,"));
    ck_assert_int_eq(cat("--count=40", NULL), 0);
    assert_ids(0, 40);
}
END_TEST

START_TEST(ranges)
{
    char from[64], to[64];

    feed(0, 100, FEED_COMMITS);
    snprintf(from, sizeof(from), "--from=%lld",
             (long long)impression_feed_time(20));
    snprintf(to, sizeof(to), "--to=%lld", (long long)impression_feed_time(30));
    ck_assert_int_eq(cat(from, to), 0);
    assert_ids(20, 30);
    ck_assert_int_eq(cat("--from=@10", "--to=@12"), 0);
    assert_ids(20, 24);
    ck_assert_int_eq(cat("--from=@1000", NULL), 0);
    assert_ids(0, 0);
    ck_assert_int_eq(cat("-p0", "--to=@2"), 0);
    ck_assert_ptr_nonnull(strstr(out, "\"partition\":0,\"offset\":1,"));
    ck_assert_ptr_null(strstr(out, "\"partition\":1,"));
}
END_TEST

/* Behind the end there are offsets of what was aborted. */
START_TEST(the_newest)
{
    feed(0, 100, FEED_COMMITS);
    feed(100, 1100, FEED_ABORTS);
    ck_assert_int_eq(cat("--last=10", NULL), 0);
    assert_ids(90, 100);
    ck_assert_int_eq(cat("--last=1000", NULL), 0);
    assert_ids(0, 100);
}
END_TEST

static void await_id(const struct child_process *child, int64_t id)
{
    char text[32];
    int64_t deadline_ms = clock_monotonic_ms() + allowance_ms(WAIT_MS);

    snprintf(text, sizeof(text), "{\"id\":%d,", (int)id);
    do {
        clock_sleep_ms(20);
        clean();
        out = child_output(child);
    } while (!strstr(out, text) && clock_monotonic_ms() < deadline_ms);
    ck_assert_msg(strstr(out, text) != NULL, "no %s in %s", text, out);
}

START_TEST(follows_until_it_is_told_to_stop)
{
    struct child_process child = {.pid = 0};

    feed(0, 10, FEED_COMMITS);
    start_cat(&child, "-f", "--last=2");
    await_id(&child, 9);
    for (int64_t next = 20; next <= 40; next += 10) {
        feed(next - 10, next, FEED_COMMITS);
        await_id(&child, next - 1);
    }
    ck_assert_ptr_null(strstr(out, "{\"id\":7,"));
    ck_assert_ptr_nonnull(strstr(out, "{\"id\":8,"));
    child_signal(&child, SIGTERM);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    child_end(&child);
}
END_TEST

START_TEST(mistakes_have_their_exit_status)
{
    ck_assert_int_eq(cat("labels", NULL), 2);
    ck_assert_int_eq(cat("--partition=2", NULL), 2);
    ck_assert_int_eq(cat("--partition=x", NULL), 78);
    ck_assert_int_eq(cat("--from=-5y", NULL), 78);
    ck_assert_int_eq(cat("--from=@x", NULL), 78);
    ck_assert_int_eq(cat("--from=@5x", NULL), 78);
    ck_assert_int_eq(cat("-f", "--to=@5"), 2);
    ck_assert_int_eq(cat("--topic.impressions=no-such-topic", NULL), 69);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cat");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_topic, clean);
    tcase_add_test(tests, all_of_it_in_the_order_of_time);
    tcase_add_test(tests, ranges);
    tcase_add_test(tests, the_newest);
    tcase_add_test(tests, follows_until_it_is_told_to_stop);
    tcase_add_test(tests, mistakes_have_their_exit_status);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "records as JSON, by time and offset");
}
