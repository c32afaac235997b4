/*
 * check_first_clicks.c - how soon predictions know a user who has clicked.
 */
#include "support/run_suite.h"

#include "cli/demo/first_clicks.h"

static struct error err;
static struct first_clicks *clicks;

static void open_clicks(void)
{
    ck_assert_ok(first_clicks_new(&clicks, &err), err);
}

static void close_clicks(void)
{
    first_clicks_free(clicks);
}

static uint32_t predict(int64_t user, enum basis basis, int64_t ms)
{
    const struct id id = id_from_number(user);
    uint32_t index;

    ck_assert_ok(first_clicks_prediction(clicks, &id, basis, ms, &index, &err),
                 err);
    return index;
}

START_TEST(the_time_is_from_the_first_click_to_the_first_that_knows)
{
    const uint32_t user = predict(1, BASIS_FALLBACK, 1000);

    first_clicks_click(clicks, user, 2000);
    first_clicks_click(clicks, user, 2500);
    predict(1, BASIS_PARTIAL, 2600);
    ck_assert_uint_eq(first_clicks_summary(clicks).users, 0);
    predict(1, BASIS_LEARNED, 3200);
    predict(1, BASIS_LEARNED, 9000);

    const struct first_clicks_summary summary = first_clicks_summary(clicks);
    ck_assert_uint_eq(summary.users, 1);
    ck_assert_double_eq(summary.median_ms, 1200);
    ck_assert_double_eq(summary.p90_ms, 1200);
}
END_TEST

START_TEST(who_is_known_before_a_click_does_not_count)
{
    const uint32_t user = predict(1, BASIS_LEARNED, 1000);

    first_clicks_click(clicks, user, 2000);
    predict(1, BASIS_LEARNED, 3000);
    ck_assert_uint_eq(first_clicks_summary(clicks).users, 0);
}
END_TEST

START_TEST(the_figures_are_of_all_users)
{
    enum { USERS = 3000, MEDIAN_MS = 1499, P90_MS = 2699 };

    for (int64_t user = 0; user < USERS; user++)
        first_clicks_click(clicks, predict(user, BASIS_FALLBACK, 0), 1000);
    for (int64_t user = 0; user < USERS; user++)
        predict(user, BASIS_LEARNED, 1000 + user);
    const struct first_clicks_summary summary = first_clicks_summary(clicks);
    ck_assert_uint_eq(summary.users, USERS);
    ck_assert_double_eq(summary.median_ms, MEDIAN_MS);
    ck_assert_double_eq(summary.p90_ms, P90_MS);

    /* Longer than the figures go: it counts as the longest. */
    const uint32_t user = predict(USERS, BASIS_FALLBACK, 0);
    first_clicks_click(clicks, user, 1000);
    predict(USERS, BASIS_LEARNED, 1000000);
    ck_assert_uint_eq(first_clicks_summary(clicks).users, USERS + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("first clicks");
    TCase *tests = tcase_create("times");

    tcase_add_checked_fixture(tests, open_clicks, close_clicks);
    tcase_add_test(tests,
                   the_time_is_from_the_first_click_to_the_first_that_knows);
    tcase_add_test(tests, who_is_known_before_a_click_does_not_count);
    tcase_add_test(tests, the_figures_are_of_all_users);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
