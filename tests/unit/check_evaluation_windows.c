/*
 * check_evaluation_windows.c - when a window of the live evaluation is over,
 * and what is in it then.
 */
#include "support/run_suite.h"

#include "consumer/evaluation_windows.h"

#include <math.h>
#include <string.h>

enum {
    WINDOW_MS = 1000, /* of the evaluation */
    CLICK_MS = 100,   /* in which a click is expected */
    LATE_MS = 200,    /* after that */
    OVER_MS = CLICK_MS + LATE_MS,
    ROWS_MAX = 64,
};

static struct error err;
static struct evaluation_windows *windows;
static struct join *join;
static int64_t offsets[4]; /* of the next impression, by partition */

static void open_from(int64_t from_ms, uint32_t rows_max)
{
    const struct join_config reach = {CLICK_MS, LATE_MS, 1000};
    const struct evaluation_windows_config config = {.window_ms = WINDOW_MS,
                                                     .join = reach,
                                                     .rows_max = rows_max,
                                                     .from_ms = from_ms};

    ck_assert_ok(evaluation_windows_new(&config, &windows, &err), err);
    ck_assert_ok(join_new(&reach, &join, &err), err);
    memset(offsets, 0, sizeof(offsets));
}

static void close_all(void)
{
    evaluation_windows_free(windows);
    join_free(join);
    windows = NULL;
    join = NULL;
}

static void set_up(void)
{
    open_from(0, ROWS_MAX);
}

/* --- As the trainer does it ------------------------------------------------
 */

static void pass_time(int64_t ts_ms)
{
    struct join_outcome outcome;

    join_advance(join, ts_ms);
    while (join_next(join, &outcome))
        evaluation_windows_label(windows, &outcome);
    ck_assert_ok(evaluation_windows_advance(windows, ts_ms, &err), err);
}

static void show_at(int64_t number, int64_t ts_ms, int32_t partition)
{
    struct id id = id_from_number(number);
    struct intake_row row = {.ts_ms = ts_ms};

    ck_assert_ok(
        join_impression(join, &id, ts_ms, &row.sequence, &row.is_new, &err),
        err);
    ck_assert_ok(evaluation_windows_impression(windows, &row, partition,
                                               offsets[partition]++, &err),
                 err);
    pass_time(ts_ms);
}

static void show(int64_t number, int64_t ts_ms)
{
    show_at(number, ts_ms, 0);
}

static void click(int64_t number, int64_t ts_ms)
{
    struct id id = id_from_number(number);

    ck_assert_ok(join_label(join, &id, ts_ms, 1, &err), err);
    pass_time(ts_ms);
}

static void predict_at(int32_t partition, int64_t offset, double p,
                       uint64_t version)
{
    const struct prediction_event event = {.src_partition = partition,
                                           .src_offset = offset,
                                           .p = p,
                                           .model_version = version};

    ck_assert_ok(evaluation_windows_prediction(windows, &event, &err), err);
}

static void predict(int64_t offset, double p, uint64_t version)
{
    predict_at(0, offset, p, version);
}

static struct evaluation_window next_window(void)
{
    struct evaluation_window window;

    ck_assert(evaluation_windows_next(windows, &window));
    return window;
}

static void assert_none(void)
{
    struct evaluation_window window;

    ck_assert(!evaluation_windows_next(windows, &window));
}

static struct evaluation_counts counts(void)
{
    return evaluation_windows_counts(windows);
}

/* --- When ------------------------------------------------------------------
 */

START_TEST(a_window_is_over_when_no_label_can_change)
{
    show(1, 999);
    predict(0, 0.25, 3);
    pass_time(WINDOW_MS + OVER_MS - 1);
    assert_none();
    pass_time(WINDOW_MS + OVER_MS);
    struct evaluation_window window = next_window();
    ck_assert_int_eq(window.start_ms, 0);
    ck_assert(!window.is_early);
    ck_assert_uint_eq(window.all.rows, 1);
    ck_assert_double_eq(window.all.mse, 0.0625);
    ck_assert_uint_eq(window.left_out, 0);
    evaluation_window_free(&window);
    assert_none();
    ck_assert_uint_eq(evaluation_windows_rows(windows), 0);
}
END_TEST

/* At the very last moment, and one ms later. */
START_TEST(a_late_click_counts_until_its_reach_is_over)
{
    show(1, 998);
    show(2, 999);
    predict(0, 0.5, 1);
    predict(1, 0.5, 1);
    pass_time(999 + OVER_MS - 1);
    click(2, 999 + OVER_MS);
    click(1, 998 + OVER_MS); /* the stream is one ms further */
    pass_time(WINDOW_MS + OVER_MS);
    struct evaluation_window window = next_window();
    ck_assert_uint_eq(window.all.rows, 2);
    ck_assert_double_eq(window.all.click_rate, 0.5);
    evaluation_window_free(&window);
}
END_TEST

START_TEST(a_scorer_that_is_behind_is_waited_for)
{
    show(1, 100);
    show(2, 200);
    show_at(3, 300, 1);
    predict(0, 0.5, 1);
    pass_time(50000);
    predict_at(1, 0, 0.5, 1);
    assert_none();
    predict(1, 0.5, 1);
    struct evaluation_window window = next_window();
    ck_assert_uint_eq(window.all.rows, 3);
    evaluation_window_free(&window);
}
END_TEST

/* It went to the dead letters: nothing comes any more. */
START_TEST(an_impression_that_was_passed_over_is_not_waited_for)
{
    show(1, 100);
    show(2, 200);
    show(3, 300);
    predict(0, 0.5, 1);
    pass_time(50000);
    predict(2, 0.5, 1);
    struct evaluation_window window = next_window();
    ck_assert_uint_eq(window.all.rows, 2);
    ck_assert_uint_eq(window.left_out, 1);
    ck_assert_uint_eq(counts().unpredicted, 1);
    evaluation_window_free(&window);
}
END_TEST

START_TEST(windows_come_in_the_order_of_time)
{
    show(1, 1500);
    show(2, 500);
    show(3, 2500);
    for (int64_t offset = 0; offset < 3; offset++)
        predict(offset, 0.5, 1);
    pass_time(9000);
    for (int64_t start_ms = 1000; start_ms <= 2000; start_ms += 1000) {
        struct evaluation_window window = next_window();
        ck_assert_int_eq(window.start_ms, start_ms);
        evaluation_window_free(&window);
    }
    assert_none(); /* the one of 500 came when its reach was over */
    ck_assert_uint_eq(counts().late, 1);
}
END_TEST

START_TEST(within_its_reach_an_older_impression_counts)
{
    show(1, 1100);
    show(2, 900);
    predict(0, 0.5, 1);
    predict(1, 0.5, 1);
    pass_time(9000);
    for (int64_t start_ms = 0; start_ms <= 1000; start_ms += 1000) {
        struct evaluation_window window = next_window();
        ck_assert_int_eq(window.start_ms, start_ms);
        ck_assert_uint_eq(window.all.rows, 1);
        evaluation_window_free(&window);
    }
    ck_assert_uint_eq(counts().late, 0);
}
END_TEST

/* --- What ------------------------------------------------------------------
 */

START_TEST(versions_are_judged_together_and_each_by_itself)
{
    show(1, 100);
    show(2, 200);
    show(3, 300);
    click(1, 320);
    predict(0, 0.8, 7);
    predict(1, 0.4, 0);
    predict(2, 0.2, 7);
    pass_time(5000);
    struct evaluation_window window = next_window();
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
    show(1, 100);
    predict(0, 0.25, 1);
    predict(0, 0.75, 2);
    pass_time(5000);
    struct evaluation_window window = next_window();
    ck_assert_uint_eq(window.all.rows, 1);
    ck_assert_double_eq(window.all.mae, 0.25);
    ck_assert_uint_eq(counts().repeated, 1);
    evaluation_window_free(&window);
}
END_TEST

START_TEST(of_repeated_impressions_the_first_counts)
{
    show(1, 100);
    show(1, 120);
    predict(0, 0.25, 1);
    predict(1, 0.75, 1);
    pass_time(5000);
    struct evaluation_window window = next_window();
    ck_assert_uint_eq(window.all.rows, 1);
    ck_assert_double_eq(window.all.mae, 0.25);
    ck_assert_uint_eq(counts().unmatched, 1);
    evaluation_window_free(&window);
}
END_TEST

/* Clocks differ, and topics are merged by their times. */
START_TEST(a_prediction_may_come_before_its_impression)
{
    predict(0, 0.25, 1);
    predict(1, 0.75, 1);
    show(1, 100);
    show(1, 120); /* repeated: its prediction is nobody's */
    pass_time(5000);
    struct evaluation_window window = next_window();
    ck_assert_uint_eq(window.all.rows, 1);
    ck_assert_double_eq(window.all.mae, 0.25);
    ck_assert_uint_eq(evaluation_windows_rows(windows), 0);
    evaluation_window_free(&window);
}
END_TEST

START_TEST(places_that_cannot_be_are_nobodys)
{
    predict_at(INT32_MAX, 0, 0.5, 1);
    predict_at(0, INT64_MAX, 0.5, 1);
    ck_assert_uint_eq(counts().unmatched, 2);
    ck_assert_uint_eq(evaluation_windows_rows(windows), 0);
}
END_TEST

START_TEST(nothing_to_judge_is_no_window)
{
    pass_time(5000);
    show(1, 5100);
    show(2, 6200);
    predict(1, 0.5, 1); /* the first one was passed over */
    pass_time(7000);
    assert_none();
    ck_assert_uint_eq(counts().empty, 1);
    pass_time(9000);
    struct evaluation_window window = next_window();
    ck_assert_int_eq(window.start_ms, 6000);
    evaluation_window_free(&window);
}
END_TEST

/* --- Bounds ----------------------------------------------------------------
 */

/* Nobody predicts what a full window waits for. Only rows that had their time
 * for a click are judged: of the others the clicked ones are known first. */
START_TEST(the_oldest_window_is_closed_early_for_want_of_room)
{
    for (int64_t i = 0; i < ROWS_MAX; i++) {
        show(i, 500 + 10 * i);
        if (i < 20)
            predict(i, 0.5, 1);
    }
    ck_assert_uint_eq(evaluation_windows_rows(windows), ROWS_MAX);
    assert_none();
    show(ROWS_MAX, 500 + 10 * ROWS_MAX);
    struct evaluation_window window = next_window();
    ck_assert_int_eq(window.start_ms, 0);
    ck_assert(window.is_early);
    ck_assert_uint_eq(window.all.rows, 20);
    ck_assert_uint_eq(window.left_out, 30);
    ck_assert_uint_eq(counts().early, 1);
    evaluation_window_free(&window);
    ck_assert_uint_eq(evaluation_windows_rows(windows), ROWS_MAX - 50 + 1);

    show(ROWS_MAX + 1, 999); /* within its reach, but its window is closed */
    ck_assert_uint_eq(counts().late, 1);
}
END_TEST

START_TEST(predictions_of_nothing_do_not_take_the_room)
{
    for (int64_t offset = 0; offset < 10 * ROWS_MAX; offset++)
        predict_at(2, offset, 0.5, 1);
    ck_assert_uint_eq(evaluation_windows_rows(windows), ROWS_MAX / 2);
    for (int64_t i = 0; i < ROWS_MAX / 2; i++) {
        show(i, 100 + i);
        predict(i, 0.5, 1);
    }
    pass_time(5000);
    ck_assert_uint_eq(counts().over, 1);
    ck_assert_uint_eq(counts().judged, ROWS_MAX / 2);

    show_at(1000, 5100, 2); /* the first that they could have been of */
    offsets[2] = 10 * ROWS_MAX;
    show_at(1001, 5200, 2); /* and the rest is behind it */
    for (int64_t i = 0; i < ROWS_MAX; i++)
        show(2000 + i, 5300 + i);
    ck_assert_uint_eq(counts().unmatched, 10 * ROWS_MAX - 1);
    ck_assert_uint_le(evaluation_windows_rows(windows), ROWS_MAX);
}
END_TEST

/* Predictions may run ahead, to a bound; what was before the beginning, and
 * what nobody can want any more, does not count. */
START_TEST(predictions_run_ahead_to_a_bound)
{
    evaluation_windows_begin(windows, 0, 5);
    offsets[0] = 5;
    predict(4, 0.5, 1);
    ck_assert_uint_eq(counts().unmatched, 1);
    for (int64_t i = 0; evaluation_windows_has_room(windows); i++)
        predict(5 + i, 0.25, 1);
    ck_assert_uint_eq(evaluation_windows_rows(windows), ROWS_MAX / 2);
    show(1, 100);
    ck_assert(evaluation_windows_has_room(windows));
    evaluation_windows_give_up(windows);
    ck_assert_uint_eq(evaluation_windows_rows(windows), 1);
    pass_time(5000);
    struct evaluation_window window = next_window();
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
        show_at(i, i * 30, (int32_t)(i % 3));
        predict_at((int32_t)(i % 3), offsets[i % 3] - 1, 0.5, 1);
        while (evaluation_windows_next(windows, &window)) {
            rows += window.all.rows;
            evaluation_window_free(&window);
        }
    }
    ck_assert_uint_eq(rows + evaluation_windows_rows(windows), 50000);
    ck_assert_uint_eq(counts().judged, rows);
    ck_assert_uint_eq(counts().early, 0);
}
END_TEST

/* --- Once more -------------------------------------------------------------
 */

START_TEST(after_a_restart_only_later_windows_are_judged)
{
    close_all();
    open_from(2000, ROWS_MAX);
    for (int64_t i = 0; i < 5; i++) {
        show(i, 500 + 1000 * i);
        predict(i, 0.5, 1);
    }
    pass_time(4000 + OVER_MS);
    for (int64_t start_ms = 2000; start_ms <= 3000; start_ms += 1000) {
        struct evaluation_window window = next_window();
        ck_assert_int_eq(window.start_ms, start_ms);
        evaluation_window_free(&window);
    }
    assert_none();
    ck_assert_uint_eq(counts().late, 0);
}
END_TEST

START_TEST(windows_that_lost_rows_are_not_judged)
{
    show(1, 500);
    show(2, 1500);
    evaluation_windows_skip(windows, 1500);
    show(3, 1510);
    show(4, 2500);
    for (int64_t offset = 0; offset < 4; offset++)
        predict(offset, 0.5, 1);
    pass_time(9000);
    struct evaluation_window window = next_window();
    ck_assert_int_eq(window.start_ms, 2000);
    evaluation_window_free(&window);
    assert_none();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation windows");
    TCase *tests = tcase_create("windows");

    tcase_add_checked_fixture(tests, set_up, close_all);
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
    tcase_add_test(tests, the_oldest_window_is_closed_early_for_want_of_room);
    tcase_add_test(tests, predictions_of_nothing_do_not_take_the_room);
    tcase_add_test(tests, predictions_run_ahead_to_a_bound);
    tcase_add_test(tests, rows_come_and_go);
    tcase_add_test(tests, after_a_restart_only_later_windows_are_judged);
    tcase_add_test(tests, windows_that_lost_rows_are_not_judged);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
