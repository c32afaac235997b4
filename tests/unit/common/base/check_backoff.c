/*
 * check_backoff.c - a pause doubles with each failure, up to its bound.
 */
#include "support/run_suite.h"

#include "common/base/backoff.h"

static struct backoff backoff;

static void set_up(void)
{
    backoff = (struct backoff){.first_ms = 100, .most_ms = 450};
}

START_TEST(each_failure_doubles_the_pause_up_to_the_bound)
{
    static const int64_t pauses[] = {100, 200, 400, 450, 450};

    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++)
        ck_assert_int_eq(backoff_next(&backoff), pauses[i]);
}
END_TEST

START_TEST(a_success_begins_anew)
{
    (void)backoff_next(&backoff);
    (void)backoff_next(&backoff);
    backoff_reset(&backoff);
    ck_assert_int_eq(backoff.pause_ms, 0);
    ck_assert_int_eq(backoff_next(&backoff), 100);
}
END_TEST

START_TEST(the_largest_bound_does_not_overflow)
{
    backoff.most_ms = INT64_MAX;
    for (int i = 0; i < 100; i++)
        ck_assert_int_ge(backoff_next(&backoff), 100);
    ck_assert_int_eq(backoff.pause_ms, INT64_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("backoff");
    TCase *tests = tcase_create("backoff");

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, each_failure_doubles_the_pause_up_to_the_bound);
    tcase_add_test(tests, a_success_begins_anew);
    tcase_add_test(tests, the_largest_bound_does_not_overflow);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
