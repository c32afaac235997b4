/*
 * check_folded_contender.c - the snapshot that answers has the state of the
 * biases at whole multiples of the interval, and of none in between.
 */
#include "support/run_suite.h"

#include "consumer/learn/folding.h"
#include "consumer/replay/folded_contender.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 12, ADS = 5, EVERY_MS = 1000 };

static struct error err;
static struct training_log *rows_log;
static struct folded_contender *folded;
static struct folding *beside; /* learns the same */
static struct snapshot *served;
static struct fit_config config;
static uint64_t appended;

static void start(int64_t publish_ms)
{
    const struct folded_contender_config with = {.publish_ms = publish_ms};
    const struct training_log_config rows = {.rows_max = 1000};

    config = (struct fit_config){.scale = {0, 1}, .counts_rows = true};
    ck_assert_ok(model_find("baseline", &config.ops, &err), err);
    ck_assert_ok(params_start(config.ops, &config.params, &err), err);
    ck_assert_ok(training_log_new(&rows, &rows_log, &err), err);
    ck_assert_ok(folded_contender_new(&with, &folded, &err), err);
    ck_assert_ok(folding_new(0, &beside, &err), err);
    appended = 0;
}

static void stop(void)
{
    folded_contender_free(folded);
    folding_free(beside);
    snapshot_free(served);
    training_log_free(rows_log);
    served = NULL;
}

static uint64_t show(void)
{
    const uint64_t row = appended++;
    const struct id user = id_from_number((int64_t)(100 + row % USERS)),
                    ad = id_from_number((int64_t)(row * row % ADS));

    ck_assert_ok(
        training_log_append(rows_log,
                            &(struct training_row){.user = &user,
                                                   .ad = &ad,
                                                   .ts_ms = (int64_t)row,
                                                   .counts_ms = (int64_t)row,
                                                   .label = NAN},
                            &err),
        err);
    return row;
}

static void answer(uint64_t row, float label)
{
    const struct join_outcome outcome = {
        .sequence = row, .label = label, .before = NAN};

    training_log_label(rows_log, row, label);
    ck_assert_ok(folded_contender_take(folded, rows_log, &outcome, &err), err);
    ck_assert_ok(folding_take(beside, rows_log, &outcome, &err), err);
}

static void show_some(int count)
{
    for (int i = 0; i < count; i++)
        answer(show(), (float)(i % 3 == 0));
}

static void fit(void)
{
    struct training_set *set = NULL;
    struct fit_job *job = NULL;
    struct fit_result result;

    ck_assert_ok(training_log_select(rows_log, 0.1, INT64_MAX, &set, &err),
                 err);
    ck_assert_ok(folded_contender_start(folded, rows_log, &err), err);
    ck_assert_ok(folding_start(beside, rows_log, &err), err);
    ck_assert_ok(fit_job_start(&config, set, &job, &err), err);
    ck_assert_ok(fit_job_finish(job, &result, &err), err);
    ck_assert_ok(folded_contender_finish(folded, rows_log, &result, &err), err);
    ck_assert_ok(folding_finish(beside, rows_log, &result, &err), err);
    snapshot_free(served);
    ck_assert_ok(
        snapshot_decode(result.bytes.bytes, result.bytes.size, &served, &err),
        err);
    fit_result_free(&result);
}

static void advance(int64_t ts_ms)
{
    ck_assert_ok(folded_contender_advance(folded, ts_ms, served, &err), err);
}

static bool is_up_to_date(void)
{
    struct buffer of_served = {0}, of_state = {0};

    ck_assert_ok(snapshot_encode(served, &of_served, &err), err);
    struct snapshot now = *bias_fold_snapshot(folding_state(beside));
    now.rows = served->rows;
    ck_assert_ok(snapshot_encode(&now, &of_state, &err), err);
    const bool same =
        of_served.size == of_state.size &&
        memcmp(of_served.bytes, of_state.bytes, of_state.size) == 0;
    buffer_free(&of_served);
    buffer_free(&of_state);
    return same;
}

START_TEST(labels_are_known_at_whole_multiples)
{
    start(EVERY_MS);
    advance(10);
    show_some(60);
    fit();
    ck_assert(is_up_to_date());
    show_some(5);
    advance(EVERY_MS - 1);
    ck_assert(!is_up_to_date());
    advance(EVERY_MS);
    ck_assert(is_up_to_date());
    show_some(1);
    advance(2 * EVERY_MS - 1);
    ck_assert(!is_up_to_date());
    advance(5 * EVERY_MS + 3);
    ck_assert(is_up_to_date());
    advance(6 * EVERY_MS); /* nothing is new */
    ck_assert(is_up_to_date());
}
END_TEST

START_TEST(without_an_interval_they_are_known_at_once)
{
    start(0);
    advance(10);
    show_some(60);
    fit();
    for (int i = 0; i < 5; i++) {
        show_some(1);
        ck_assert(!is_up_to_date());
        advance(11 + i);
        ck_assert(is_up_to_date());
    }
    ck_assert_uint_eq(served->rows, 65);
}
END_TEST

START_TEST(the_next_fit_goes_on_from_its_own_rows)
{
    start(EVERY_MS);
    advance(10);
    show_some(60);
    fit();
    const uint64_t open = show(), clicked = show();
    answer(clicked, 1);
    advance(EVERY_MS);
    fit();
    ck_assert(!is_up_to_date()); /* of the click, which the fit has not */
    answer(open, 0);
    advance(2 * EVERY_MS);
    ck_assert(is_up_to_date());
    ck_assert_uint_eq(served->rows, 62);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("folded_contender");
    TCase *tests = tcase_create("replay");

    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(tests, labels_are_known_at_whole_multiples);
    tcase_add_test(tests, without_an_interval_they_are_known_at_once);
    tcase_add_test(tests, the_next_fit_goes_on_from_its_own_rows);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
