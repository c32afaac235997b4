/*
 * check_version_evaluation.c - predictions meet their labels, by model version.
 */
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/base/buffer.h"
#include "common/event/event_codec.h"

#include "cli/demo/version_evaluation.h"

#include <math.h>

enum { WINDOW_MS = 1000, ROWS_MAX = 8 };

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;
static struct error err;
static struct version_evaluation *evaluation;

static void open_evaluation(void)
{
    const struct version_evaluation_config config = {
        .join = {WINDOW_MS, 2 * WINDOW_MS, 1000}, .rows_max = ROWS_MAX};

    ck_assert_ok(version_evaluation_new(&config, &evaluation, &err), err);
}

static void close_evaluation(void)
{
    version_evaluation_free(evaluation);
}

/* The spans of a prediction come from a decoded impression. */
static void predict(int64_t id, int64_t ts_ms, double p, uint64_t version)
{
    struct buffer bytes = {0};
    struct impression impression = {.id = id_from_number(id),
                                    .user = id_from_number(1),
                                    .ad = id_from_number(2),
                                    .ts_ms = ts_ms};

    event_encode_impression(&fields, &impression, NULL, 0, &bytes);
    ck_assert_int_eq(
        one_impression(&fields, bytes.bytes, bytes.size, &impression, NULL),
        EVENT_OK);
    const struct prediction_event event = {.raw_id = impression.raw_id,
                                           .raw_ts = impression.raw_ts,
                                           .p = p,
                                           .model_version = version};
    ck_assert_ok(
        version_evaluation_prediction(evaluation, &event, (uint32_t)id, &err),
        err);
    buffer_free(&bytes);
}

static void click(int64_t id, int64_t ts_ms)
{
    const struct label label = {
        .id = id_from_number(id), .ts_ms = ts_ms, .click = 1};

    ck_assert_ok(version_evaluation_label(evaluation, &label, &err), err);
}

static struct evaluation measure(uint64_t version)
{
    struct evaluation out;

    ck_assert_ok(
        version_evaluation_measure(evaluation, version, ROWS_MAX, &out, &err),
        err);
    return out;
}

START_TEST(each_version_is_measured_on_the_rows_it_scored)
{
    predict(1, 1000, 0.8, 1);
    predict(2, 1001, 0.4, 1);
    predict(3, 1002, 0.5, 2);
    click(1, 1500);
    version_evaluation_advance(evaluation, 10000);

    struct evaluation first = measure(1), second = measure(2);
    ck_assert_uint_eq(first.rows, 2);
    ck_assert_double_eq_tol(first.mse, (0.04 + 0.16) / 2, 1e-15);
    ck_assert_double_eq(first.auc, 1);
    ck_assert_uint_eq(second.rows, 1);
    ck_assert_double_eq(second.mse, 0.25);
}
END_TEST

START_TEST(a_click_says_whose_it_was)
{
    predict(7, 1000, 0.8, 1);
    click(7, 1500);
    ck_assert_uint_eq(version_evaluation_clicked(evaluation), 7);
    click(8, 1600); /* its prediction has not come */
    ck_assert_uint_eq(version_evaluation_clicked(evaluation), UINT32_MAX);
}
END_TEST

/* Else a young version would seem to meet clicks only. */
START_TEST(rows_whose_window_is_open_do_not_count)
{
    predict(1, 1000, 0.8, 1);
    predict(2, 1001, 0.4, 1);
    click(1, 1500);
    version_evaluation_advance(evaluation, 1900);
    ck_assert_uint_eq(measure(1).rows, 0);
    version_evaluation_advance(evaluation, 2001);
    ck_assert_uint_eq(measure(1).rows, 1);
    ck_assert_double_eq(measure(1).click_rate, 1);
    version_evaluation_advance(evaluation, 2100);
    ck_assert_double_eq(measure(1).click_rate, 0.5);
}
END_TEST

START_TEST(a_late_click_corrects_its_row)
{
    predict(1, 1000, 0.8, 1);
    version_evaluation_advance(evaluation, 2500);
    ck_assert_double_eq(measure(1).click_rate, 0);
    click(1, 2400);
    ck_assert_double_eq(measure(1).click_rate, 1);
}
END_TEST

START_TEST(a_repeated_prediction_counts_once)
{
    predict(1, 1000, 0.8, 1);
    predict(1, 1000, 0.8, 1);
    version_evaluation_advance(evaluation, 9000);
    ck_assert_uint_eq(measure(1).rows, 1);
    ck_assert_uint_eq(version_evaluation_books(evaluation).repeated, 1);
}
END_TEST

START_TEST(versions_come_in_the_order_of_their_numbers)
{
    uint64_t versions[4];

    predict(1, 1000, 0.5, 7);
    predict(2, 1001, 0.5, 0);
    predict(3, 1002, 0.5, 3);
    predict(4, 1003, 0.5, 7);
    ck_assert_uint_eq(version_evaluation_versions(evaluation, versions, 4), 3);
    ck_assert_uint_eq(versions[0], 0);
    ck_assert_uint_eq(versions[1], 3);
    ck_assert_uint_eq(versions[2], 7);
    ck_assert_uint_eq(version_evaluation_versions(evaluation, versions, 1), 3);
}
END_TEST

START_TEST(only_the_newest_rows_are_kept)
{
    for (int64_t id = 1; id <= 2 * ROWS_MAX; id++)
        predict(id, 1000 + id, 0.5, id <= ROWS_MAX ? 1 : 2);
    version_evaluation_advance(evaluation, INT64_MAX);
    ck_assert_uint_eq(measure(1).rows, 0);
    ck_assert_uint_eq(measure(2).rows, ROWS_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("version evaluation");
    TCase *tests = tcase_create("by version");

    tcase_add_checked_fixture(tests, open_evaluation, close_evaluation);
    tcase_add_test(tests, each_version_is_measured_on_the_rows_it_scored);
    tcase_add_test(tests, a_click_says_whose_it_was);
    tcase_add_test(tests, rows_whose_window_is_open_do_not_count);
    tcase_add_test(tests, a_late_click_corrects_its_row);
    tcase_add_test(tests, a_repeated_prediction_counts_once);
    tcase_add_test(tests, versions_come_in_the_order_of_their_numbers);
    tcase_add_test(tests, only_the_newest_rows_are_kept);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
