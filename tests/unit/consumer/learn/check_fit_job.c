/*
 * check_fit_job.c - a fit in its own thread gives the snapshot of its rows, or
 * says why not.
 */
#include "support/run_suite.h"

#include "common/base/clock.h"

#include "consumer/learn/fit_job.h"

#include "model/snapshot.h"

#include <string.h>

enum { ROWS = 400, HELD = 100, USERS = 20, ADS = 10, WAIT_MS = 30000 };

static struct error err;

static bool is_clicked(int i)
{
    return i * 7 % 3 == 0;
}

static struct training_set *make_set(size_t held)
{
    struct training_set *set = NULL;

    ck_assert_ok(training_set_new(ROWS, held, &set, &err), err);
    for (int i = 0; i < ROWS; i++) {
        struct id user = id_from_number(1000 + i % USERS);
        struct id ad = id_from_number(i % ADS);
        struct rating *row = &set->rows[i];
        ck_assert_ok(id_map_add(set->users, &user, &row->user, &err), err);
        ck_assert_ok(id_map_add(set->ads, &ad, &row->item, &err), err);
        row->value = is_clicked(i);
    }
    for (size_t i = 0; i < held; i++) {
        set->held[i] = (struct pair){(uint32_t)i % USERS, (uint32_t)i % ADS};
        set->labels[i] = is_clicked((int)i);
    }
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

/* The same bits as the model that is fit here, on the same rows. */
START_TEST(the_snapshot_is_the_fit_of_the_rows)
{
    const struct fit_config config = settings("baseline", "");
    struct training_set *same = make_set(0);
    struct ratings *ratings = NULL;
    struct model *model = NULL;
    struct fit_result result;

    ck_assert_ok(fit_job_finish(start(&config, make_set(HELD)), &result, &err),
                 err);
    ck_assert_uint_eq(result.rows, ROWS);
    ck_assert_uint_eq(result.users, USERS);
    ck_assert_uint_eq(result.ads, ADS);
    ck_assert_uint_eq(result.holdout.rows, HELD);
    ck_assert_double_gt(result.seconds, 0);

    struct snapshot *snapshot = decode(&result);
    ck_assert_ok(training_set_ratings(same, config.scale, &ratings, &err), err);
    ck_assert_ok(
        model_fit(config.ops, ratings, &config.params, NULL, &model, &err),
        err);
    for (uint32_t u = 0; u < USERS; u++) {
        const struct pair pair = {u, u % ADS};
        struct prediction here, there;
        ck_assert_int_eq(id_map_id(snapshot->users, u).number, 1000 + u);
        model_predict(model, &pair, 1, &here);
        model_predict(snapshot->model, &pair, 1, &there);
        ck_assert_mem_eq(&here.value, &there.value, sizeof(double));
    }
    ck_assert_uint_eq(snapshot->rows, ROWS);
    model_free(model);
    ratings_free(ratings);
    training_set_free(same);
    snapshot_free(snapshot);
    fit_result_free(&result);
}
END_TEST

/* The older half of the held rows calibrates, the newer half measures. */
START_TEST(what_calibrates_does_not_measure)
{
    struct fit_config config = settings("baseline", "");
    struct fit_result result;

    config.calibrate = true;
    ck_assert_ok(fit_job_finish(start(&config, make_set(HELD)), &result, &err),
                 err);
    ck_assert_uint_eq(result.holdout.rows, HELD - HELD / 2);
    struct snapshot *snapshot = decode(&result);
    ck_assert(calibration_is_set(&snapshot->model->calibration));
    snapshot_free(snapshot);
    fit_result_free(&result);
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
    tcase_add_test(tests, the_snapshot_is_the_fit_of_the_rows);
    tcase_add_test(tests, what_calibrates_does_not_measure);
    tcase_add_test(tests, nothing_held_out_measures_nothing);
    tcase_add_test(tests, a_cancelled_job_ends_soon);
    tcase_add_test(tests, a_label_that_is_off_the_scale_is_an_error_of_the_job);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
