/*
 * check_evaluation_doubt.c - windows whose predictions may have been lost are
 * missed, not judged by what is left of them.
 */
#include "support/run_suite.h"
#include "support/windows_world.h"

/* One impression in each of the windows, from the partition's next offset. */
static void show_windows(int64_t first, int64_t count)
{
    for (int64_t window = first; window < first + count; window++)
        world_show(window, window * WINDOW_MS + 500);
}

static void assert_next(int64_t window)
{
    struct evaluation_window next = world_next_window();

    ck_assert_int_eq(next.start_ms, window * WINDOW_MS);
    ck_assert_uint_eq(next.left_out, 0);
    evaluation_window_free(&next);
}

/* The second one's was made while nobody read, on a topic that is gone. */
START_TEST(a_window_whose_prediction_was_lost_is_missed)
{
    show_windows(0, 1);
    world_predict(0, 0.5, 1);
    evaluation_windows_doubt(world_windows, EVALUATION_UNREADABLE);
    show_windows(1, 3);
    world_pass_time(10 * WINDOW_MS);
    assert_next(0);
    world_assert_none(); /* it may still come */
    world_predict(2, 0.5, 1);
    world_predict(3, 0.5, 1);
    assert_next(2);
    assert_next(3);
    world_assert_none();
    ck_assert_uint_eq(world_counts().missed, 1);
    ck_assert_uint_eq(world_counts().missed_rows, 1);
    ck_assert_uint_eq(world_counts().unpredicted, 0);
    ck_assert_uint_eq(evaluation_windows_rows(world_windows), 0);
}
END_TEST

START_TEST(what_goes_on_where_it_stopped_misses_nothing)
{
    show_windows(0, 1);
    world_predict(0, 0.5, 1);
    evaluation_windows_doubt(world_windows, EVALUATION_UNREADABLE);
    show_windows(1, 1);
    world_pass_time(5 * WINDOW_MS);
    world_predict(1, 0.5, 1);
    assert_next(0);
    assert_next(1);
    ck_assert_uint_eq(world_counts().missed, 0);
}
END_TEST

/* All of them once more, the old ones too. */
START_TEST(nor_does_what_begins_again)
{
    show_windows(0, 2);
    world_predict(0, 0.25, 1);
    evaluation_windows_doubt(world_windows, EVALUATION_UNREADABLE);
    world_pass_time(5 * WINDOW_MS);
    world_predict(0, 0.25, 1);
    world_predict(1, 0.5, 1);
    assert_next(0);
    assert_next(1);
    ck_assert_uint_eq(world_counts().missed, 0);
}
END_TEST

/* Some of its rows were predicted: it is not judged by those. */
START_TEST(half_a_window_is_missed_whole)
{
    world_show(0, 100);
    world_show(1, 200);
    world_show(2, 300);
    world_predict(0, 0.5, 1);
    evaluation_windows_doubt(world_windows, EVALUATION_UNREADABLE);
    world_predict(2, 0.5, 1);
    world_pass_time(5 * WINDOW_MS);
    world_assert_none();
    ck_assert_uint_eq(world_counts().missed, 1);
    ck_assert_uint_eq(world_counts().missed_rows, 3);
    ck_assert_uint_eq(world_counts().judged, 0);
}
END_TEST

/* An impression that its scorer passed over before or after is no reason. */
START_TEST(beside_the_doubt_windows_are_judged_as_ever)
{
    world_show(0, 100); /* passed over */
    world_show(1, 200);
    world_predict(1, 0.5, 1);
    evaluation_windows_doubt(world_windows, EVALUATION_UNREADABLE);
    world_show(2, 1100);
    world_predict(2, 0.5, 1);
    world_show(3, 1200); /* passed over */
    world_show(4, 1300);
    world_predict(4, 0.5, 1);
    world_pass_time(5 * WINDOW_MS);
    for (int64_t start_ms = 0; start_ms <= WINDOW_MS; start_ms += WINDOW_MS) {
        struct evaluation_window window = world_next_window();
        ck_assert_int_eq(window.start_ms, start_ms);
        ck_assert_uint_eq(window.left_out, 1);
        evaluation_window_free(&window);
    }
    ck_assert_uint_eq(world_counts().missed, 0);
}
END_TEST

START_TEST(each_partition_has_its_own_doubt)
{
    world_show_at(0, 500, 0);
    world_show_at(1, 1500, 1);
    world_show_at(2, 2500, 1);
    evaluation_windows_doubt(world_windows, EVALUATION_UNREADABLE);
    world_predict_at(0, 0, 0.5, 1);
    world_predict_at(1, 1, 0.5, 1);
    world_pass_time(9 * WINDOW_MS);
    assert_next(0);
    assert_next(2);
    ck_assert_uint_eq(world_counts().missed, 1);
}
END_TEST

/* One more than there is room for. */
static void show_too_many(void)
{
    for (int64_t i = 0; i <= ROWS_MAX; i++)
        world_show(i, 500 + 10 * i);
}

/* For want of room, while nothing can be read: neither early nor empty. */
START_TEST(what_finds_no_room_meanwhile_is_missed)
{
    evaluation_windows_doubt(world_windows, EVALUATION_UNREADABLE);
    show_too_many();
    world_assert_none();
    ck_assert_uint_eq(world_counts().missed, 1);
    ck_assert_uint_eq(world_counts().missed_rows, 50);
    ck_assert_uint_eq(world_counts().early, 0);
}
END_TEST

/* At the start predictions are only not read yet. */
START_TEST(at_the_start_too_little_room_is_no_loss)
{
    evaluation_windows_doubt(world_windows, EVALUATION_UNKNOWN_START);
    show_too_many();
    ck_assert_uint_eq(world_counts().early, 1);
    ck_assert_uint_eq(world_counts().missed, 0);
}
END_TEST

/* But what is before the oldest prediction there is may have had one. */
START_TEST(what_the_topic_does_not_reach_back_to_is_missed)
{
    evaluation_windows_doubt(world_windows, EVALUATION_UNKNOWN_START);
    show_windows(0, 3);
    world_predict(1, 0.5, 1);
    world_predict(2, 0.5, 1);
    world_pass_time(9 * WINDOW_MS);
    assert_next(1);
    assert_next(2);
    world_assert_none();
    ck_assert_uint_eq(world_counts().missed, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation doubt");
    TCase *tests = tcase_create("doubt");

    tcase_add_checked_fixture(tests, world_set_up, world_close_all);
    tcase_add_test(tests, a_window_whose_prediction_was_lost_is_missed);
    tcase_add_test(tests, what_goes_on_where_it_stopped_misses_nothing);
    tcase_add_test(tests, nor_does_what_begins_again);
    tcase_add_test(tests, half_a_window_is_missed_whole);
    tcase_add_test(tests, beside_the_doubt_windows_are_judged_as_ever);
    tcase_add_test(tests, each_partition_has_its_own_doubt);
    tcase_add_test(tests, what_finds_no_room_meanwhile_is_missed);
    tcase_add_test(tests, at_the_start_too_little_room_is_no_loss);
    tcase_add_test(tests, what_the_topic_does_not_reach_back_to_is_missed);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
