/*
 * check_evaluation_bounds.c - the live evaluation in bounded memory, and after
 * a restart.
 */
#include "support/run_suite.h"
#include "support/windows_world.h"

/* Nobody predicts what a full window waits for. Only rows that had their time
 * for a click are judged: of the others the clicked ones are known first. */
START_TEST(the_oldest_window_is_closed_early_for_want_of_room)
{
    for (int64_t i = 0; i < ROWS_MAX; i++) {
        world_show(i, 500 + 10 * i);
        if (i < 20)
            world_predict(i, 0.5, 1);
    }
    ck_assert_uint_eq(evaluation_windows_rows(world_windows), ROWS_MAX);
    world_assert_none();
    world_show(ROWS_MAX, 500 + 10 * ROWS_MAX);
    struct evaluation_window window = world_next_window();
    ck_assert_int_eq(window.start_ms, 0);
    ck_assert(window.is_early);
    ck_assert_uint_eq(window.all.rows, 20);
    ck_assert_uint_eq(window.left_out, 30);
    ck_assert_uint_eq(world_counts().early, 1);
    evaluation_window_free(&window);
    ck_assert_uint_eq(evaluation_windows_rows(world_windows),
                      ROWS_MAX - 50 + 1);

    world_show(ROWS_MAX + 1,
               999); /* within its reach, but its window is closed */
    ck_assert_uint_eq(world_counts().late, 1);
}
END_TEST

START_TEST(predictions_of_nothing_do_not_take_the_room)
{
    for (int64_t offset = 0; offset < 10 * ROWS_MAX; offset++)
        world_predict_at(2, offset, 0.5, 1);
    ck_assert_uint_eq(evaluation_windows_rows(world_windows), ROWS_MAX / 2);
    for (int64_t i = 0; i < ROWS_MAX / 2; i++) {
        world_show(i, 100 + i);
        world_predict(i, 0.5, 1);
    }
    world_pass_time(5000);
    ck_assert_uint_eq(world_counts().over, 1);
    ck_assert_uint_eq(world_counts().judged, ROWS_MAX / 2);

    world_show_at(1000, 5100, 2); /* the first that they could have been of */
    world_offsets[2] = 10 * ROWS_MAX;
    world_show_at(1001, 5200, 2); /* and the rest is behind it */
    for (int64_t i = 0; i < ROWS_MAX; i++)
        world_show(2000 + i, 5300 + i);
    ck_assert_uint_eq(world_counts().unmatched, 10 * ROWS_MAX - 1);
    ck_assert_uint_le(evaluation_windows_rows(world_windows), ROWS_MAX);
}
END_TEST

/* Predictions may run ahead, to a bound; what was before the beginning, and
 * what nobody can want any more, does not count. */
START_TEST(predictions_run_ahead_to_a_bound)
{
    evaluation_windows_begin(world_windows, 0, 5);
    world_offsets[0] = 5;
    world_predict(4, 0.5, 1);
    ck_assert_uint_eq(world_counts().unmatched, 1);
    for (int64_t i = 0; evaluation_windows_has_room(world_windows); i++)
        world_predict(5 + i, 0.25, 1);
    ck_assert_uint_eq(evaluation_windows_rows(world_windows), ROWS_MAX / 2);
    world_show(1, 100);
    ck_assert(evaluation_windows_has_room(world_windows));
    evaluation_windows_give_up(world_windows);
    ck_assert_uint_eq(evaluation_windows_rows(world_windows), 1);
    world_pass_time(5000);
    struct evaluation_window window = world_next_window();
    ck_assert_uint_eq(window.all.rows, 1);
    ck_assert_double_eq(window.all.mae, 0.25);
    evaluation_window_free(&window);
}
END_TEST

/* Every row in and out, many times the room: nothing is left behind. */
START_TEST(rows_come_and_go)
{
    uint64_t rows = 0;

    for (int64_t i = 0; i < 50000; i++) {
        struct evaluation_window window;
        world_show_at(i, i * 30, (int32_t)(i % 3));
        world_predict_at((int32_t)(i % 3), world_offsets[i % 3] - 1, 0.5, 1);
        while (evaluation_windows_next(world_windows, &window)) {
            rows += window.all.rows;
            evaluation_window_free(&window);
        }
    }
    ck_assert_uint_eq(rows + evaluation_windows_rows(world_windows), 50000);
    ck_assert_uint_eq(world_counts().judged, rows);
    ck_assert_uint_eq(world_counts().early, 0);
}
END_TEST

/* --- Once more -------------------------------------------------------- */

START_TEST(after_a_restart_only_later_windows_are_judged)
{
    world_close_all();
    world_open_from(2000, ROWS_MAX);
    for (int64_t i = 0; i < 5; i++) {
        world_show(i, 500 + 1000 * i);
        world_predict(i, 0.5, 1);
    }
    world_pass_time(4000 + OVER_MS);
    for (int64_t start_ms = 2000; start_ms <= 3000; start_ms += 1000) {
        struct evaluation_window window = world_next_window();
        ck_assert_int_eq(window.start_ms, start_ms);
        evaluation_window_free(&window);
    }
    world_assert_none();
    ck_assert_uint_eq(world_counts().late, 0);
}
END_TEST

START_TEST(windows_that_lost_rows_are_not_judged)
{
    world_show(1, 500);
    world_show(2, 1500);
    evaluation_windows_skip(world_windows, 1500);
    world_show(3, 1510);
    world_show(4, 2500);
    for (int64_t offset = 0; offset < 4; offset++)
        world_predict(offset, 0.5, 1);
    world_pass_time(9000);
    struct evaluation_window window = world_next_window();
    ck_assert_int_eq(window.start_ms, 2000);
    evaluation_window_free(&window);
    world_assert_none();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation windows, bounds");
    TCase *tests = tcase_create("bounds");

    tcase_add_checked_fixture(tests, world_set_up, world_close_all);
    tcase_add_test(tests, the_oldest_window_is_closed_early_for_want_of_room);
    tcase_add_test(tests, predictions_of_nothing_do_not_take_the_room);
    tcase_add_test(tests, predictions_run_ahead_to_a_bound);
    tcase_add_test(tests, rows_come_and_go);
    tcase_add_test(tests, after_a_restart_only_later_windows_are_judged);
    tcase_add_test(tests, windows_that_lost_rows_are_not_judged);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
