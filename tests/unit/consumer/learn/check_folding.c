/*
 * check_folding.c - between two fits every label is learned once: by the fit
 * that selected its row, or by the biases that go on from that fit's model.
 */
#include "support/run_suite.h"

#include "consumer/learn/folding.h"

#include "model/registry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 12, ADS = 5, ROWS_MAX = 5000 };

static struct error err;
static struct training_log *rows_log;
static struct folding *folding;
static struct fit_config config;
static struct fit_result result; /* of the fit under way */
static struct bias_fold *slow;   /* what the state has to be */
static uint64_t appended;

static void use(const char *algorithm, uint64_t rows_max)
{
    const struct training_log_config rows = {.rows_max = rows_max};

    config = (struct fit_config){.scale = {0, 1}, .counts_rows = true};
    ck_assert_ok(model_find(algorithm, &config.ops, &err), err);
    ck_assert_ok(params_start(config.ops, &config.params, &err), err);
    config.params.factors = 3;
    ck_assert_ok(training_log_new(&rows, &rows_log, &err), err);
    ck_assert_ok(folding_new(0, &folding, &err), err);
    appended = 0;
}

static void set_up(void)
{
    use("baseline", ROWS_MAX);
}

static void tear_down(void)
{
    folding_free(folding);
    bias_fold_free(slow);
    training_log_free(rows_log);
    fit_result_free(&result);
    slow = NULL;
}

/* --- Rows ------------------------------------------------------------- */

static struct id user_of(uint64_t row)
{
    return id_from_number((int64_t)(100 + row % USERS));
}

static struct id ad_of(uint64_t row)
{
    return id_from_number((int64_t)(row * row % ADS));
}

static bool is_nobody(uint64_t row)
{
    return row % 17 == 3;
}

/* An impression; returns its number. */
static uint64_t show(void)
{
    const uint64_t row = appended++;
    const struct id user = user_of(row), ad = ad_of(row);

    ck_assert_ok(training_log_append(rows_log,
                                     &(struct training_row){
                                         .user = is_nobody(row) ? NULL : &user,
                                         .ad = &ad,
                                         .ts_ms = (int64_t)row,
                                         .counts_ms = (int64_t)row,
                                         .tie = (uint32_t)row,
                                         .label = NAN},
                                     &err),
                 err);
    return row;
}

static void outcome(uint64_t row, float before, float label)
{
    training_log_label(rows_log, row, label);
    ck_assert_ok(folding_take(folding, rows_log,
                              &(struct join_outcome){.sequence = row,
                                                     .label = label,
                                                     .before = before},
                              &err),
                 err);
}

static void answer(uint64_t row, float label)
{
    outcome(row, NAN, label);
}

/* Rows with labels. */
static void show_some(int count)
{
    for (int i = 0; i < count; i++) {
        const uint64_t row = show();
        answer(row, (float)(row % 3 == 0));
    }
}

/* --- Fits ------------------------------------------------------------- */

static void begin_fit(void)
{
    struct training_set *set = NULL;
    struct fit_job *job = NULL;

    ck_assert_ok(training_log_select(rows_log, 0.1, INT64_MAX, &set, &err),
                 err);
    ck_assert_ok(folding_start(folding, rows_log, &err), err);
    fit_result_free(&result);
    ck_assert_ok(fit_job_start(&config, set, &job, &err), err);
    ck_assert_ok(fit_job_finish(job, &result, &err), err);
}

/* The state of the fit alone, which the test goes on from. */
static void start_slow(void)
{
    struct snapshot *snapshot = NULL;

    bias_fold_free(slow);
    ck_assert_ok(
        snapshot_decode(result.bytes.bytes, result.bytes.size, &snapshot, &err),
        err);
    ck_assert_ok(
        bias_fold_new(snapshot,
                      &(struct bias_rows){result.user_rows, result.ad_rows}, 0,
                      &slow, &err),
        err);
}

static void end_fit(void)
{
    ck_assert_ok(folding_finish(folding, rows_log, &result, &err), err);
    start_slow();
}

static void slow_learn(uint64_t row, double label)
{
    const struct id user = user_of(row), ad = ad_of(row);

    ck_assert_ok(
        bias_fold_learn(slow,
                        &(struct bias_row){is_nobody(row) ? NULL : &user, &ad},
                        label, &err),
        err);
}

static void slow_correct(uint64_t row, double change)
{
    const struct id user = user_of(row), ad = ad_of(row);

    bias_fold_correct(
        slow, &(struct bias_row){is_nobody(row) ? NULL : &user, &ad}, change);
}

static void assert_same(const struct bias_fold *a, const struct bias_fold *b)
{
    struct buffer of_a = {0}, of_b = {0};
    struct snapshot_delta head = {.epoch = 1, .number = 1};

    ck_assert_ok(snapshot_encode(bias_fold_snapshot(a), &of_a, &err), err);
    ck_assert_ok(snapshot_encode(bias_fold_snapshot(b), &of_b, &err), err);
    ck_assert_ok(bias_fold_delta(a, &head, &of_a, &err), err);
    ck_assert_ok(bias_fold_delta(b, &head, &of_b, &err), err);
    ck_assert_uint_eq(of_a.size, of_b.size);
    ck_assert_mem_eq(of_a.bytes, of_b.bytes, of_a.size);
    buffer_free(&of_a);
    buffer_free(&of_b);
}

static void assert_slow(void)
{
    ck_assert_ptr_nonnull(folding_state(folding));
    assert_same(folding_state(folding), slow);
}

/* Labelled rows that the model has learned, by the fit or since. */
static uint64_t learned(void)
{
    struct snapshot_delta head = {.epoch = 1, .number = 1};
    struct buffer bytes = {0};

    ck_assert_ok(bias_fold_delta(folding_state(folding), &head, &bytes, &err),
                 err);
    buffer_free(&bytes);
    return head.rows;
}

static uint64_t labelled(void)
{
    const struct training_log_counts counts = training_log_counts(rows_log);

    return counts.rows - counts.open - counts.withdrawn;
}

/* --- Tests ------------------------------------------------------------ */

START_TEST(before_a_fit_there_is_nothing_to_go_on_from)
{
    show_some(50);
    ck_assert_ptr_null(folding_state(folding));
    begin_fit();
    show_some(5);
    ck_assert_ptr_null(folding_state(folding));
}
END_TEST

START_TEST(labels_after_a_fit_are_learned_as_they_come)
{
    show_some(100);
    begin_fit();
    end_fit();
    ck_assert_uint_eq(bias_fold_changes(folding_state(folding)), 0);
    assert_slow();
    for (int i = 0; i < 30; i++) {
        const uint64_t row = show();
        answer(row, (float)(i % 2));
        slow_learn(row, i % 2);
        assert_slow();
    }
    ck_assert_uint_eq(learned(), labelled());
}
END_TEST

/* Rows that a fit selects have to be before the first open one. */
START_TEST(what_a_fit_left_is_learned_when_its_model_is_in_use)
{
    show_some(100);
    const uint64_t open = show(), clicked = show(), also = show();
    answer(also, 1);
    answer(clicked, 1);
    begin_fit();
    end_fit();
    slow_learn(clicked, 1); /* in the order of the impressions */
    slow_learn(also, 1);
    assert_slow();
    answer(open, 0);
    slow_learn(open, 0);
    assert_slow();
    ck_assert_uint_eq(learned(), labelled());
}
END_TEST

START_TEST(labels_during_a_fit_are_in_the_old_state_and_in_the_new_one)
{
    show_some(100);
    begin_fit();
    end_fit();
    const uint64_t open = show(), clicked = show();
    answer(clicked, 1);
    slow_learn(clicked, 1);
    begin_fit();
    answer(open, 0);
    outcome(5, 0, 1); /* in the first fit, and in this one, as a negative */
    outcome(clicked, 1, 0.5F);
    const uint64_t new = show();
    answer(new, 1);
    outcome(new, 1, 0);
    slow_learn(open, 0);
    slow_correct(5, 1);
    slow_correct(clicked, -0.5);
    slow_learn(new, 1);
    slow_correct(new, -1);
    assert_slow(); /* the old model is in use */
    end_fit();
    slow_learn(clicked, 1);
    slow_learn(open, 0);
    slow_correct(5, 1);
    slow_correct(clicked, -0.5);
    slow_learn(new, 1);
    slow_correct(new, -1);
    assert_slow();
    ck_assert_uint_eq(learned(), labelled());
}
END_TEST

START_TEST(the_next_fit_has_what_was_learned_between)
{
    show_some(100);
    begin_fit();
    end_fit();
    show_some(40);
    begin_fit();
    end_fit();
    ck_assert_uint_eq(bias_fold_changes(folding_state(folding)), 0);
    ck_assert_uint_eq(learned(), 140);
    assert_slow();
}
END_TEST

START_TEST(a_fit_that_was_never_heard_of_again_is_forgotten)
{
    show_some(100);
    begin_fit();
    show_some(10);
    begin_fit();
    end_fit();
    ck_assert_uint_eq(bias_fold_changes(folding_state(folding)), 0);
    ck_assert_uint_eq(learned(), 110);
}
END_TEST

START_TEST(a_fit_counts_the_rows_of_each_id)
{
    uint32_t users[USERS] = {0}, ads[ADS] = {0};

    show_some(101);
    begin_fit();
    end_fit();
    for (uint64_t row = 0; row < 101; row++) {
        users[row % USERS] += !is_nobody(row);
        ads[row * row % ADS]++;
    }
    const struct snapshot *now = bias_fold_snapshot(folding_state(folding));
    for (uint64_t row = 0; row < 101; row++) {
        const struct id user = user_of(row), ad = ad_of(row);
        ck_assert_uint_eq(result.ad_rows[id_map_find(now->ads, &ad)],
                          ads[row * row % ADS]);
        ck_assert_uint_eq(result.user_rows[id_map_find(now->users, &user)],
                          users[row % USERS]);
    }
}
END_TEST

START_TEST(a_fit_that_comes_to_nothing_changes_nothing)
{
    show_some(100);
    begin_fit();
    end_fit();
    const uint64_t clicked = show();
    begin_fit();
    start_slow(); /* its rows are those of the first one */
    answer(clicked, 1);
    slow_learn(clicked, 1);
    folding_cancel(folding);
    assert_slow();
    begin_fit();
    end_fit();
    assert_slow();
    ck_assert_uint_eq(learned(), 101);
}
END_TEST

START_TEST(outcomes_without_a_label_teach_nothing)
{
    show_some(100);
    begin_fit();
    end_fit();
    const uint64_t unknown = show();
    begin_fit();
    answer(unknown, NAN);
    assert_slow();
    end_fit();
    assert_slow();
}
END_TEST

/* The log has room for so many rows, and knows none that has left it. */
START_TEST(what_left_the_log_is_not_learned)
{
    tear_down();
    use("baseline", 64);
    const uint64_t open = show();
    show_some(10);
    answer(open, 0);
    begin_fit();
    end_fit();
    const uint64_t gone = show();
    show_some(64);
    const uint64_t before = learned();
    answer(gone, 1);
    outcome(open, 0, 1);
    ck_assert_uint_eq(learned(), before);
}
END_TEST

/* Whenever fits begin and end, every label counts once. */
START_TEST(every_label_is_learned_once)
{
    uint64_t waiting[8];
    int waits = 0;
    unsigned random = (unsigned)_i;
    bool is_fitting = false;

    tear_down();
    use(_i % 2 ? "svd" : "baseline", ROWS_MAX);
    show_some(60);
    begin_fit();
    end_fit();
    for (int step = 0; step < 400; step++) {
        random = random * 1103515245U + 12345U;
        const unsigned what = random >> 16 & 15;
        if (what < 6 && waits < 8) {
            waiting[waits++] = show();
        } else if (what < 12 && waits > 0) {
            const int at = (int)(random >> 21) % waits;
            answer(waiting[at], (float)(what % 2));
            waiting[at] = waiting[--waits];
        } else if (what == 13 && !is_fitting) {
            begin_fit();
            is_fitting = true;
        } else if (what == 14 && is_fitting) {
            end_fit();
            is_fitting = false;
        }
        ck_assert_uint_eq(learned(), labelled());
    }
}
END_TEST

START_TEST(a_model_without_biases_has_no_state)
{
    tear_down();
    use("popular", ROWS_MAX);
    show_some(60);
    begin_fit();
    ck_assert_ok(folding_finish(folding, rows_log, &result, &err), err);
    ck_assert_ptr_null(folding_state(folding));
    show_some(6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("folding");
    TCase *tests = tcase_create("fits");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, before_a_fit_there_is_nothing_to_go_on_from);
    tcase_add_test(tests, labels_after_a_fit_are_learned_as_they_come);
    tcase_add_test(tests, what_a_fit_left_is_learned_when_its_model_is_in_use);
    tcase_add_test(tests,
                   labels_during_a_fit_are_in_the_old_state_and_in_the_new_one);
    tcase_add_test(tests, the_next_fit_has_what_was_learned_between);
    tcase_add_test(tests, a_fit_that_was_never_heard_of_again_is_forgotten);
    tcase_add_test(tests, a_fit_counts_the_rows_of_each_id);
    tcase_add_test(tests, a_fit_that_comes_to_nothing_changes_nothing);
    tcase_add_test(tests, outcomes_without_a_label_teach_nothing);
    tcase_add_test(tests, what_left_the_log_is_not_learned);
    tcase_add_loop_test(tests, every_label_is_learned_once, 0, 8);
    tcase_add_test(tests, a_model_without_biases_has_no_state);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
