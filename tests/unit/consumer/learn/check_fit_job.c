/*
 * check_fit_job.c - a fit in its own thread gives the snapshot of its rows, or
 * says why not.
 */
#include "support/run_suite.h"

#include "common/base/clock.h"

#include "consumer/learn/fit_job.h"

#include "model/snapshot.h"

#include <string.h>

enum { ROWS = 400, HELD = 200, USERS = 20, ADS = 10, WAIT_MS = 30000 };

static struct error err;

static bool is_clicked(int i)
{
    return (i % USERS < USERS / 3) != (i % 11 == 0);
}

/* Rows to fit on, and `held` that are held out; the last user and the last ad
 * come in these alone. */
static struct training_set *make_set(size_t held)
{
    const size_t all = ROWS + held;
    struct training_set *set = NULL;

    ck_assert_ok(training_set_new(ROWS, held, all, &set, &err), err);
    for (size_t i = 0; i < all; i++) {
        const bool is_last = i == all - 1 && held > 0;
        struct id user =
            id_from_number(1000 + (is_last ? USERS : (int64_t)i % USERS));
        struct id ad = id_from_number(is_last ? ADS : (int64_t)i % ADS);
        struct rating *row = &set->rows[i];
        ck_assert_ok(id_map_add(set->users, &user, &row->user, &err), err);
        ck_assert_ok(id_map_add(set->ads, &ad, &row->item, &err), err);
        row->value = is_clicked((int)i);
        if (i < ROWS)
            continue;
        set->held[i - ROWS] = (struct pair){row->user, row->item};
        set->labels[i - ROWS] = row->value;
    }
    set->users_fit = USERS;
    set->ads_fit = ADS;
    set->held_final = held;
    return set;
}

static struct fit_config settings(const char *algorithm, const char *params)
{
    struct fit_config config = {.scale = {0, 1}};

    ck_assert_ok(model_find(algorithm, &config.ops, &err), err);
    ck_assert_ok(params_start(config.ops, &config.params, &err), err);
    ck_assert_ok(params_set(config.ops, params, &config.params, &err), err);
    return config;
}

static struct fit_job *start(const struct fit_config *config,
                             struct training_set *set)
{
    struct fit_job *job = NULL;

    ck_assert_ok(fit_job_start(config, set, &job, &err), err);
    return job;
}

static struct snapshot *decode(const struct fit_result *result)
{
    struct snapshot *snapshot = NULL;

    ck_assert_ok(snapshot_decode(result->bytes.bytes, result->bytes.size,
                                 &snapshot, &err),
                 err);
    return snapshot;
}

static struct model *fit_here(const struct fit_config *config,
                              const struct training_set *set,
                              enum training_part part)
{
    struct ratings *ratings = NULL;
    struct model *model = NULL;

    ck_assert_ok(training_set_ratings(set, part, config->scale, &ratings, &err),
                 err);
    ck_assert_ok(
        model_fit(config->ops, ratings, &config->params, NULL, &model, &err),
        err);
    ratings_free(ratings);
    return model;
}

/* To the last bit. */
static void assert_same(const struct snapshot *snapshot,
                        const struct model *model)
{
    for (uint32_t u = 0; u < id_map_count(snapshot->users); u++) {
        const struct pair pair = {u, u % ADS};
        struct prediction here, there;
        ck_assert_int_eq(id_map_id(snapshot->users, u).number, 1000 + u);
        model_predict(model, &pair, 1, &here);
        model_predict(snapshot->model, &pair, 1, &there);
        ck_assert_mem_eq(&here.value, &there.value, sizeof(double));
        ck_assert_int_eq(here.basis, there.basis);
    }
}

/* The same bits as the model that is fit here, on the same rows. */
START_TEST(the_snapshot_is_the_fit_of_all_rows)
{
    const struct fit_config config = settings("baseline", "");
    struct training_set *same = make_set(HELD);
    struct fit_result result;

    ck_assert_ok(fit_job_finish(start(&config, make_set(HELD)), &result, &err),
                 err);
    ck_assert_uint_eq(result.rows, ROWS + HELD);
    ck_assert_uint_eq(result.measured_rows, ROWS);
    ck_assert_uint_eq(result.users, USERS + 1);
    ck_assert_uint_eq(result.ads, ADS + 1);
    ck_assert_uint_eq(result.holdout.rows, HELD);
    ck_assert_double_gt(result.seconds, 0);

    struct snapshot *snapshot = decode(&result);
    struct model *model = fit_here(&config, same, TRAINING_ALL);
    assert_same(snapshot, model);
    ck_assert_uint_eq(snapshot->rows, ROWS + HELD);
    model_free(model);
    training_set_free(same);
    snapshot_free(snapshot);
    fit_result_free(&result);
}
END_TEST

static struct snapshot *calibrated(struct training_set *set,
                                   struct fit_result *result)
{
    struct fit_config config = settings("baseline", "");

    config.calibrate = true;
    ck_assert_ok(fit_job_finish(start(&config, set), result, &err), err);
    return decode(result);
}

/* The older half of the held rows calibrates what the newer half measures; all
 * of them calibrate what is published. */
START_TEST(what_calibrates_does_not_measure)
{
    const struct fit_config config = settings("baseline", "");
    struct training_set *same = make_set(HELD);
    struct fit_result result;

    struct snapshot *snapshot = calibrated(make_set(HELD), &result);
    ck_assert_uint_eq(result.holdout.rows, HELD - HELD / 2);
    struct model *measured = fit_here(&config, same, TRAINING_FIT);
    struct model *model = fit_here(&config, same, TRAINING_ALL);
    ck_assert_ok(
        model_calibrate(measured, same->held, same->labels, HELD, &err), err);
    ck_assert(calibration_is_set(&measured->calibration));
    model->calibration = measured->calibration;
    assert_same(snapshot, model);
    model_free(model);
    model_free(measured);
    training_set_free(same);
    snapshot_free(snapshot);
    fit_result_free(&result);
}
END_TEST

START_TEST(a_model_of_probabilities_is_not_calibrated)
{
    struct fit_config config = settings("fields", "fields=user+ad bits=10");
    struct fit_result result;

    config.calibrate = true;
    ck_assert_ok(fit_job_finish(start(&config, make_set(HELD)), &result, &err),
                 err);
    struct snapshot *snapshot = decode(&result);
    ck_assert(!calibration_is_set(&snapshot->model->calibration));
    ck_assert_uint_eq(result.holdout.rows, HELD);
    snapshot_free(snapshot);
    fit_result_free(&result);
}
END_TEST

/* 200 labels of which a third are clicks say about 130 nats, 140 about 90. */
START_TEST(rows_that_say_too_little_do_not_calibrate)
{
    static const struct {
        size_t final;
        bool calibrates;
    } rows[] = {{HELD, true}, {165, true}, {140, false}, {0, false}};
    struct fit_result result;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct training_set *set = make_set(HELD);
        set->held_final = rows[i].final;
        struct snapshot *snapshot = calibrated(set, &result);
        ck_assert_int_eq(calibration_is_set(&snapshot->model->calibration),
                         rows[i].calibrates);
        ck_assert_uint_eq(result.holdout.rows,
                          rows[i].calibrates ? HELD - HELD / 2 : HELD);
        snapshot_free(snapshot);
        fit_result_free(&result);
    }
}
END_TEST

START_TEST(nothing_held_out_measures_nothing)
{
    struct fit_config config = settings("popular", "");
    struct fit_result result;

    config.calibrate = true;
    ck_assert_ok(fit_job_finish(start(&config, make_set(0)), &result, &err),
                 err);
    ck_assert_uint_eq(result.holdout.rows, 0);
    ck_assert_uint_eq(result.measured_rows, 0);
    struct snapshot *snapshot = decode(&result);
    ck_assert(!calibration_is_set(&snapshot->model->calibration));
    snapshot_free(snapshot);
    fit_result_free(&result);
}
END_TEST

/* A fit that would take hours. */
START_TEST(a_cancelled_job_ends_soon)
{
    const struct fit_config config =
        settings("svd", "factors=200 epochs=100000");
    struct fit_result result = {.rows = 77};
    struct fit_job *job = start(&config, make_set(HELD));

    ck_assert(!fit_job_is_done(job));
    fit_job_cancel(job);
    int64_t deadline_ms = clock_monotonic_ms() + WAIT_MS;
    while (!fit_job_is_done(job)) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(1);
    }
    ck_assert_refused(fit_job_finish(job, &result, &err), err, ERROR_TEMPORARY,
                      "cancelled");
    ck_assert_uint_eq(result.rows, 77); /* untouched */
}
END_TEST

START_TEST(a_label_that_is_off_the_scale_is_an_error_of_the_job)
{
    const struct fit_config config = settings("baseline", "");
    struct training_set *set = make_set(HELD);
    struct fit_result result;

    set->rows[9].value = 5;
    ck_assert_refused(fit_job_finish(start(&config, set), &result, &err), err,
                      ERROR_FORMAT, "row 9: value 5 is outside the scale 0..1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fit job");
    TCase *tests = tcase_create("thread");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_snapshot_is_the_fit_of_all_rows);
    tcase_add_test(tests, what_calibrates_does_not_measure);
    tcase_add_test(tests, a_model_of_probabilities_is_not_calibrated);
    tcase_add_test(tests, rows_that_say_too_little_do_not_calibrate);
    tcase_add_test(tests, nothing_held_out_measures_nothing);
    tcase_add_test(tests, a_cancelled_job_ends_soon);
    tcase_add_test(tests, a_label_that_is_off_the_scale_is_an_error_of_the_job);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
