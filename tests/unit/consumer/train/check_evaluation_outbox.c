/*
 * check_evaluation_outbox.c - an outbox whose topic fails, hangs, or is a
 * younger trainer's, as this file's own evaluation_publication_*() let it.
 */
#include "support/run_suite.h"

#include "common/base/clock.h"

#include "consumer/train/evaluation_outbox.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORDS_MAX = 10,
    WINDOW_RECORDS = 3,
    BLINK_MS = 500,
    LONG_MS = 30000,
    RETRIED_MS = 4000, /* at the earliest */
    TICK_MS = 5,
};

static struct error err;
static struct evaluation_outbox *outbox;

/* --- The topic -------------------------------------------------------- */

struct evaluation_publication {
    struct evaluation_event newest;
};

static struct evaluation_publication topic;
static atomic_bool hangs, has_newest;
static atomic_int open_failures, failures, attempts;
static atomic_int failure_code;
static int64_t published_ms[4 * RECORDS_MAX]; /* where the windows begin */
static atomic_size_t published_count;

static bool fails(atomic_int *left)
{
    return atomic_load(left) > 0 && atomic_fetch_sub(left, 1) > 0;
}

int evaluation_publication_open(
    const struct evaluation_publication_config *config,
    struct evaluation_publication **out, struct error *why)
{
    if (fails(&open_failures))
        return error_set(why, ERROR_UNAVAILABLE, "no topic '%s'",
                         config->topic);
    *out = &topic;
    return 0;
}

const struct evaluation_event *
evaluation_publication_newest(const struct evaluation_publication *self)
{
    return atomic_load(&has_newest) ? &self->newest : NULL;
}

int evaluation_publication_publish(struct evaluation_publication *self,
                                   const struct evaluation_event *events,
                                   size_t count, size_t *sent,
                                   struct error *why)
{
    atomic_fetch_add(&attempts, 1);
    while (atomic_load(&hangs))
        clock_sleep_ms(TICK_MS);
    if (fails(&failures))
        return error_set(why, (enum error_code)atomic_load(&failure_code),
                         "so be it");
    *sent = 0;
    for (size_t i = 0; i < count; i++)
        if (!atomic_load(&has_newest) ||
            events[i].start_ms > self->newest.start_ms) {
            published_ms[atomic_fetch_add(&published_count, 1)] =
                events[i].start_ms;
            ++*sent;
        }
    return 0;
}

void evaluation_publication_close(struct evaluation_publication *self)
{
    (void)self;
}

/* --- The outbox ------------------------------------------------------- */

static void set_up(void)
{
    atomic_store(&hangs, false);
    atomic_store(&has_newest, false);
    atomic_store(&open_failures, 0);
    atomic_store(&failures, 0);
    atomic_store(&attempts, 0);
    atomic_store(&failure_code, ERROR_UNAVAILABLE);
    atomic_store(&published_count, 0);
    outbox = NULL;
}

static void tear_down(void)
{
    atomic_store(&hangs, false);
    evaluation_outbox_stop(outbox);
}

static void start(void)
{
    struct evaluation_outbox_config config = {.records_max = RECORDS_MAX};

    strcpy(config.publication.topic, "evaluations");
    ck_assert_ok(evaluation_outbox_start(&config, &outbox, &err), err);
}

static void offer_window(int64_t start_ms)
{
    struct evaluation_event events[WINDOW_RECORDS] = {
        {.start_ms = start_ms}, {.start_ms = start_ms}, {.start_ms = start_ms}};

    ck_assert_ok(evaluation_outbox_offer(outbox, events, WINDOW_RECORDS, &err),
                 err);
}

static void await_attempts(int count)
{
    while (atomic_load(&attempts) < count)
        clock_sleep_ms(TICK_MS);
}

static void await_empty(void)
{
    while (evaluation_outbox_counts(outbox).waiting > 0)
        clock_sleep_ms(TICK_MS);
}

static void assert_published(const int64_t *starts_ms, size_t windows)
{
    ck_assert_uint_eq(atomic_load(&published_count), windows * WINDOW_RECORDS);
    for (size_t i = 0; i < windows * WINDOW_RECORDS; i++)
        ck_assert_int_eq(published_ms[i], starts_ms[i / WINDOW_RECORDS]);
}

/* --- Claims ----------------------------------------------------------- */

START_TEST(windows_go_out_in_their_order)
{
    start();
    for (int64_t window = 1; window <= 3; window++)
        offer_window(window);
    await_empty();
    assert_published((const int64_t[]){1, 2, 3}, 3);
    ck_assert_uint_eq(evaluation_outbox_counts(outbox).published, 9);
}
END_TEST

/* The fourth window finds no room, so none of it is taken; nor the fifth. */
START_TEST(a_topic_that_hangs_holds_nobody_up)
{
    atomic_store(&hangs, true);
    start();
    offer_window(1);
    await_attempts(1);
    int64_t begin_ms = clock_monotonic_ms();
    for (int64_t window = 2; window <= 5; window++)
        offer_window(window);
    struct evaluation_outbox_counts counts = evaluation_outbox_counts(outbox);
    ck_assert_int_lt(clock_monotonic_ms() - begin_ms, BLINK_MS);
    ck_assert_uint_eq(counts.waiting, 9);
    ck_assert_uint_eq(counts.dropped, 6);
    atomic_store(&hangs, false);
    await_empty();
    assert_published((const int64_t[]){1, 2, 3}, 3);
}
END_TEST

START_TEST(what_failed_goes_out_later_and_first)
{
    atomic_store(&failures, 1);
    start();
    int64_t begin_ms = clock_monotonic_ms();
    offer_window(1);
    await_attempts(1);
    offer_window(2);
    await_empty();
    ck_assert_int_ge(clock_monotonic_ms() - begin_ms, RETRIED_MS);
    assert_published((const int64_t[]){1, 2}, 2);
    ck_assert_uint_eq(evaluation_outbox_counts(outbox).failed, 1);
}
END_TEST

START_TEST(what_is_known_is_counted_apart)
{
    struct evaluation_event newest;

    topic.newest.start_ms = 2;
    atomic_store(&has_newest, true);
    start();
    ck_assert(evaluation_outbox_newest(outbox, LONG_MS, &newest));
    ck_assert_int_eq(newest.start_ms, 2);
    for (int64_t window = 1; window <= 3; window++)
        offer_window(window);
    await_empty();
    assert_published((const int64_t[]){3}, 1);
    struct evaluation_outbox_counts counts = evaluation_outbox_counts(outbox);
    ck_assert_uint_eq(counts.known, 6);
    ck_assert_uint_eq(counts.published, 3);
}
END_TEST

START_TEST(a_topic_that_is_not_there_is_waited_for)
{
    struct evaluation_event newest;

    atomic_store(&open_failures, 1);
    start();
    ck_assert(!evaluation_outbox_newest(outbox, LONG_MS, &newest));
    ck_assert_uint_eq(evaluation_outbox_counts(outbox).failed, 1);
    offer_window(1);
    await_empty();
    assert_published((const int64_t[]){1}, 1);
}
END_TEST

START_TEST(a_younger_trainer_ends_it)
{
    atomic_store(&failure_code, ERROR_FENCED);
    atomic_store(&failures, 1);
    start();
    offer_window(1);
    while (evaluation_outbox_check(outbox, &err) == 0)
        clock_sleep_ms(TICK_MS);
    ck_assert_int_eq(err.code, ERROR_FENCED);
    ck_assert_uint_eq(atomic_load(&published_count), 0);
}
END_TEST

/* But what fails then is the next trainer's. */
START_TEST(at_the_end_what_waits_goes_out)
{
    start();
    offer_window(1);
    evaluation_outbox_stop(outbox);
    assert_published((const int64_t[]){1}, 1);
    atomic_store(&published_count, 0);
    atomic_store(&failures, 1);
    start();
    offer_window(2);
    int64_t begin_ms = clock_monotonic_ms();
    evaluation_outbox_stop(outbox);
    outbox = NULL;
    ck_assert_int_lt(clock_monotonic_ms() - begin_ms, BLINK_MS);
    ck_assert_uint_eq(atomic_load(&published_count), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation outbox");
    TCase *tests = tcase_create("outbox");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, windows_go_out_in_their_order);
    tcase_add_test(tests, a_topic_that_hangs_holds_nobody_up);
    tcase_add_test(tests, what_failed_goes_out_later_and_first);
    tcase_add_test(tests, what_is_known_is_counted_apart);
    tcase_add_test(tests, a_topic_that_is_not_there_is_waited_for);
    tcase_add_test(tests, a_younger_trainer_ends_it);
    tcase_add_test(tests, at_the_end_what_waits_goes_out);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
