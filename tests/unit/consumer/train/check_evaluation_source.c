/*
 * check_evaluation_source.c - predictions that cannot be read for a while, as
 * this file's own merge_reader_*() let it.
 */
#include "support/run_suite.h"

#include "common/base/clock.h"

#include "consumer/train/evaluation_source.h"

#include <stdatomic.h>
#include <string.h>

enum { NEXT_OFFSET = 17, BLINK_MS = 500, RETRIED_MS = 1500, TICK_MS = 5 };

static struct error err;
static struct evaluation_source *source;
static struct merge_record record;

/* --- The topic -------------------------------------------------------- */

struct merge_reader {
    int nothing;
};

static struct merge_reader reader;
static atomic_bool hangs;
static atomic_int open_failures, readings, closings;
static atomic_int read_failure;         /* an error code, once */
static atomic_int_least64_t first_read; /* of the last opening; -1: all */

int merge_reader_open(const struct merge_reader_config *config,
                      struct merge_reader **out, struct error *why)
{
    while (atomic_load(&hangs))
        clock_sleep_ms(TICK_MS);
    if (atomic_load(&open_failures) > 0) {
        atomic_fetch_sub(&open_failures, 1);
        return error_set(why, ERROR_UNAVAILABLE, "no topic");
    }
    atomic_fetch_add(&readings, 1);
    atomic_store(&first_read, config->ranges ? config->ranges[0].first : -1);
    if (config->ranges) {
        ck_assert_uint_eq(config->range_count, 1);
        ck_assert_int_eq(config->ranges[0].next, -1);
    }
    *out = &reader;
    return 0;
}

int merge_reader_next(struct merge_reader *self, unsigned wait_ms,
                      enum merge_result *result, struct merge_record *out,
                      struct error *why)
{
    int failure = atomic_exchange(&read_failure, ERROR_NONE);

    (void)self;
    (void)out;
    ck_assert_uint_eq(wait_ms, 0);
    if (failure)
        return error_set(why, (enum error_code)failure, "it is gone");
    *result = MERGE_RECORD;
    return 0;
}

const struct offset_range *merge_reader_ranges(struct merge_reader *self,
                                               size_t *count)
{
    static const struct offset_range range = {.topic = "predictions",
                                              .partition = 0,
                                              .first = 3,
                                              .next = NEXT_OFFSET};

    (void)self;
    *count = 1;
    return &range;
}

void merge_reader_close(struct merge_reader *self)
{
    if (self)
        atomic_fetch_add(&closings, 1);
}

/* --- The source ------------------------------------------------------- */

static void open_source(void)
{
    const struct merge_reader_config config = {.topics = {"predictions"}};

    ck_assert_ok(evaluation_source_open(&config, &source, &err), err);
}

static void set_up(void)
{
    atomic_store(&hangs, false);
    atomic_store(&open_failures, 0);
    atomic_store(&readings, 0);
    atomic_store(&closings, 0);
    atomic_store(&read_failure, ERROR_NONE);
    source = NULL;
}

/* Whatever was opened is closed. */
static void tear_down(void)
{
    atomic_store(&hangs, false);
    evaluation_source_close(source);
    ck_assert_int_eq(atomic_load(&closings), atomic_load(&readings));
}

static void fail_with(enum error_code code)
{
    atomic_store(&read_failure, (int)code);
    ck_assert_int_eq(evaluation_source_next(source, &record),
                     EVALUATION_SOURCE_AWAY);
    ck_assert_ptr_nonnull(evaluation_source_trouble(source));
    ck_assert_int_eq(evaluation_source_trouble(source)->code, code);
}

/* Returns after how long, in ms. */
static int64_t await_record(void)
{
    int64_t begin_ms = clock_monotonic_ms();

    while (evaluation_source_next(source, &record) == EVALUATION_SOURCE_AWAY)
        clock_sleep_ms(TICK_MS);
    ck_assert_ptr_null(evaluation_source_trouble(source));
    return clock_monotonic_ms() - begin_ms;
}

/* --- Claims ----------------------------------------------------------- */

START_TEST(a_topic_that_is_not_there_is_waited_for)
{
    atomic_store(&open_failures, 1);
    open_source();
    ck_assert_str_eq(evaluation_source_trouble(source)->text, "no topic");
    ck_assert_int_eq(evaluation_source_next(source, &record),
                     EVALUATION_SOURCE_AWAY);
    ck_assert_int_ge(await_record(), RETRIED_MS);
    ck_assert_int_eq(atomic_load(&first_read), -1);
}
END_TEST

START_TEST(without_the_right_to_read_it_goes_on_where_it_stopped)
{
    open_source();
    ck_assert_int_eq(evaluation_source_next(source, &record),
                     EVALUATION_SOURCE_RECORD);
    fail_with(ERROR_AUTH);
    ck_assert_int_ge(await_record(), RETRIED_MS);
    ck_assert_int_eq(atomic_load(&first_read), NEXT_OFFSET);
}
END_TEST

/* Offsets of a topic that is gone are not those of the next one: when the
 * first attempt at them fails, it begins anew. */
START_TEST(what_was_made_anew_is_read_from_its_beginning)
{
    open_source();
    fail_with(ERROR_UNAVAILABLE);
    (void)await_record();
    ck_assert_int_eq(atomic_load(&first_read), -1);
    fail_with(ERROR_AUTH);
    (void)await_record();
    ck_assert_int_eq(atomic_load(&first_read), NEXT_OFFSET);
    fail_with(ERROR_UNAVAILABLE);
    (void)await_record();
    ck_assert_int_eq(atomic_load(&first_read), -1);
}
END_TEST

START_TEST(each_failure_doubles_the_pause)
{
    atomic_store(&open_failures, 2);
    open_source();
    int64_t once_ms = await_record();
    ck_assert_int_ge(once_ms, 3 * RETRIED_MS);
}
END_TEST

START_TEST(an_opening_that_hangs_holds_nobody_up)
{
    open_source();
    atomic_store(&hangs, true);
    fail_with(ERROR_UNAVAILABLE);
    int64_t begin_ms = clock_monotonic_ms(), longest_ms = 0;
    while (clock_monotonic_ms() - begin_ms < 2 * RETRIED_MS) {
        int64_t before_ms = clock_monotonic_ms();
        ck_assert_int_eq(evaluation_source_next(source, &record),
                         EVALUATION_SOURCE_AWAY);
        if (clock_monotonic_ms() - before_ms > longest_ms)
            longest_ms = clock_monotonic_ms() - before_ms;
        clock_sleep_ms(TICK_MS);
    }
    ck_assert_int_lt(longest_ms, BLINK_MS);
    atomic_store(&hangs, false);
    (void)await_record();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation source");
    TCase *tests = tcase_create("source");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_topic_that_is_not_there_is_waited_for);
    tcase_add_test(tests,
                   without_the_right_to_read_it_goes_on_where_it_stopped);
    tcase_add_test(tests, what_was_made_anew_is_read_from_its_beginning);
    tcase_add_test(tests, each_failure_doubles_the_pause);
    tcase_add_test(tests, an_opening_that_hangs_holds_nobody_up);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
