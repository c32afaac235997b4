/*
 * check_evaluation_windows.c - when a window of the live evaluation is over,
 * and what is in it then.
 */
#include "support/run_suite.h"
#include "support/windows_world.h"

#include <math.h>

/* --- When ------------------------------------------------------------- */

START_TEST(a_window_is_over_when_no_label_can_change)
{
    world_show(1, 999);
    world_predict(0, 0.25, 3);
    world_pass_time(WINDOW_MS + OVER_MS - 1);
    world_assert_none();
    world_pass_time(WINDOW_MS + OVER_MS);
    struct evaluation_window window = world_next_window();
    ck_assert_int_eq(window.start_ms, 0);
    ck_assert(!window.is_early);
    ck_assert_uint_eq(window.all.rows, 1);
    ck_assert_double_eq(window.all.mse, 0.0625);
    ck_assert_uint_eq(window.left_out, 0);
    evaluation_window_free(&window);
    world_assert_none();
    ck_assert_uint_eq(evaluation_windows_rows(world_windows), 0);
}
END_TEST

/* At the very last moment, and one ms later. */
START_TEST(a_late_click_counts_until_its_reach_is_over)
{
    world_show(1, 998);
    world_show(2, 999);
    world_predict(0, 0.5, 1);
    world_predict(1, 0.5, 1);
    world_pass_time(999 + OVER_MS - 1);
    world_click(2, 999 + OVER_MS);
    world_click(1, 998 + OVER_MS); /* the stream is one ms further */
    world_pass_time(WINDOW_MS + OVER_MS);
    struct evaluation_window window = world_next_window();
    ck_assert_uint_eq(window.all.rows, 2);
    ck_assert_double_eq(window.all.click_rate, 0.5);
    evaluation_window_free(&window);
}
END_TEST

START_TEST(a_scorer_that_is_behind_is_waited_for)
{
    world_show(1, 100);
    world_show(2, 200);
    world_show_at(3, 300, 1);
    world_predict(0, 0.5, 1);
    world_pass_time(50000);
    world_predict_at(1, 0, 0.5, 1);
    world_assert_none();
    world_predict(1, 0.5, 1);
    struct evaluation_window window = world_next_window();
    ck_assert_uint_eq(window.all.rows, 3);
    evaluation_window_free(&window);
}
END_TEST

/* It went to the dead letters: nothing comes any more. */
START_TEST(an_impression_that_was_passed_over_is_not_waited_for)
{
    world_show(1, 100);
    world_show(2, 200);
    world_show(3, 300);
    world_predict(0, 0.5, 1);
    world_pass_time(50000);
    world_predict(2, 0.5, 1);
    struct evaluation_window window = world_next_window();
    ck_assert_uint_eq(window.all.rows, 2);
    ck_assert_uint_eq(window.left_out, 1);
    ck_assert_uint_eq(world_counts().unpredicted, 1);
    evaluation_window_free(&window);
}
END_TEST

START_TEST(windows_come_in_the_order_of_time)
{
    world_show(1, 1500);
    world_show(2, 500);
    world_show(3, 2500);
    for (int64_t offset = 0; offset < 3; offset++)
        world_predict(offset, 0.5, 1);
    world_pass_time(9000);
    for (int64_t start_ms = 1000; start_ms <= 2000; start_ms += 1000) {
        struct evaluation_window window = world_next_window();
        ck_assert_int_eq(window.start_ms, start_ms);
        evaluation_window_free(&window);
    }
    world_assert_none(); /* the one of 500 came when its reach was over */
    ck_assert_uint_eq(world_counts().late, 1);
}
END_TEST

START_TEST(within_its_reach_an_older_impression_counts)
{
    world_show(1, 1100);
    world_show(2, 900);
    world_predict(0, 0.5, 1);
    world_predict(1, 0.5, 1);
    world_pass_time(9000);
    for (int64_t start_ms = 0; start_ms <= 1000; start_ms += 1000) {
        struct evaluation_window window = world_next_window();
        ck_assert_int_eq(window.start_ms, start_ms);
        ck_assert_uint_eq(window.all.rows, 1);
        evaluation_window_free(&window);
    }
    ck_assert_uint_eq(world_counts().late, 0);
}
END_TEST

/* --- What ------------------------------------------------------------- */

START_TEST(versions_are_judged_together_and_each_by_itself)
{
    world_show(1, 100);
    world_show(2, 200);
    world_show(3, 300);
    world_click(1, 320);
    world_predict(0, 0.8, 7);
    world_predict(1, 0.4, 0);
    world_predict(2, 0.2, 7);
    world_pass_time(5000);
    struct evaluation_window window = world_next_window();
    ck_assert_uint_eq(window.all.rows, 3);
    ck_assert_double_eq_tol(window.all.mse, (0.04 + 0.16 + 0.04) / 3, 1e-15);
    ck_assert_uint_eq(window.version_count, 2);
    ck_assert_uint_eq(window.versions[0].version, 0);
    ck_assert_uint_eq(window.versions[0].figures.rows, 1);
    ck_assert_double_eq_tol(window.versions[0].figures.mse, 0.16, 1e-15);
    ck_assert(isnan(window.versions[0].figures.auc));
    ck_assert_uint_eq(window.versions[1].version, 7);
    ck_assert_uint_eq(window.versions[1].figures.rows, 2);
    ck_assert_double_eq(window.versions[1].figures.auc, 1);
    evaluation_window_free(&window);
}
END_TEST

START_TEST(of_repeated_predictions_the_first_counts)
{
    world_show(1, 100);
    world_predict(0, 0.25, 1);
    world_predict(0, 0.75, 2);
    world_pass_time(5000);
    struct evaluation_window window = world_next_window();
    ck_assert_uint_eq(window.all.rows, 1);
    ck_assert_double_eq(window.all.mae, 0.25);
    ck_assert_uint_eq(world_counts().repeated, 1);
    evaluation_window_free(&window);
}
END_TEST

START_TEST(of_repeated_impressions_the_first_counts)
{
    world_show(1, 100);
    world_show(1, 120);
    world_predict(0, 0.25, 1);
    world_predict(1, 0.75, 1);
    world_pass_time(5000);
    struct evaluation_window window = world_next_window();
    ck_assert_uint_eq(window.all.rows, 1);
    ck_assert_double_eq(window.all.mae, 0.25);
    ck_assert_uint_eq(world_counts().unmatched, 1);
    evaluation_window_free(&window);
}
END_TEST

/* Clocks differ, and topics are merged by their times. */
START_TEST(a_prediction_may_come_before_its_impression)
{
    world_predict(0, 0.25, 1);
    world_predict(1, 0.75, 1);
    world_show(1, 100);
    world_show(1, 120); /* repeated: its prediction is nobody's */
    world_pass_time(5000);
    struct evaluation_window window = world_next_window();
    ck_assert_uint_eq(window.all.rows, 1);
    ck_assert_double_eq(window.all.mae, 0.25);
    ck_assert_uint_eq(evaluation_windows_rows(world_windows), 0);
    evaluation_window_free(&window);
}
END_TEST

START_TEST(places_that_cannot_be_are_nobodys)
{
    world_predict_at(INT32_MAX, 0, 0.5, 1);
    world_predict_at(0, INT64_MAX, 0.5, 1);
    ck_assert_uint_eq(world_counts().unmatched, 2);
    ck_assert_uint_eq(evaluation_windows_rows(world_windows), 0);
}
END_TEST

START_TEST(nothing_to_judge_is_no_window)
{
    world_pass_time(5000);
    world_show(1, 5100);
    world_show(2, 6200);
    world_predict(1, 0.5, 1); /* the first one was passed over */
    world_pass_time(7000);
    world_assert_none();
    ck_assert_uint_eq(world_counts().empty, 1);
    world_pass_time(9000);
    struct evaluation_window window = world_next_window();
    ck_assert_int_eq(window.start_ms, 6000);
    evaluation_window_free(&window);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation windows");
    TCase *tests = tcase_create("windows");

    tcase_add_checked_fixture(tests, world_set_up, world_close_all);
    tcase_add_test(tests, a_window_is_over_when_no_label_can_change);
    tcase_add_test(tests, a_late_click_counts_until_its_reach_is_over);
    tcase_add_test(tests, a_scorer_that_is_behind_is_waited_for);
    tcase_add_test(tests, an_impression_that_was_passed_over_is_not_waited_for);
    tcase_add_test(tests, windows_come_in_the_order_of_time);
    tcase_add_test(tests, within_its_reach_an_older_impression_counts);
    tcase_add_test(tests, versions_are_judged_together_and_each_by_itself);
    tcase_add_test(tests, of_repeated_predictions_the_first_counts);
    tcase_add_test(tests, of_repeated_impressions_the_first_counts);
    tcase_add_test(tests, a_prediction_may_come_before_its_impression);
    tcase_add_test(tests, places_that_cannot_be_are_nobodys);
    tcase_add_test(tests, nothing_to_judge_is_no_window);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
