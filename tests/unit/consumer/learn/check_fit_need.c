/*
 * check_fit_need.c - what a fit needs is known before it, and never overstated.
 */
#include "support/run_suite.h"

#include "common/event/manifest.h"

#include "consumer/learn/fit_need.h"

#include <stdio.h>

enum { ROWS = 3000, USERS = 1000, ADS = 100, HEAD_MAX = 2048 };

static struct error err;

static struct training_set *make_set(void)
{
    struct training_set *set = NULL;

    ck_assert_ok(training_set_new(ROWS, 0, ROWS, &set, &err), err);
    for (int i = 0; i < ROWS; i++) {
        char name[32];
        int size = snprintf(name, sizeof(name), "user-%d", i % USERS);
        struct id user = id_from_text(name, (size_t)size);
        struct id ad = id_from_number(i % ADS);
        struct rating *row = &set->rows[i];
        ck_assert_ok(id_map_add(set->users, &user, &row->user, &err), err);
        ck_assert_ok(id_map_add(set->ads, &ad, &row->item, &err), err);
        row->value = i * 7 % 3 == 0;
    }
    set->users_fit = USERS;
    set->ads_fit = ADS;
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

/* The head of the file and the biases of the factors come on top. */
static void check_snapshot(const char *algorithm, const char *params)
{
    const struct fit_config config = settings(algorithm, params);
    struct training_set *set = make_set();
    uint64_t said = fit_need_of(&config, set).snapshot_bytes;
    struct fit_result result;
    struct fit_job *job = NULL;

    ck_assert_ok(fit_job_start(&config, set, &job, &err), err);
    ck_assert_ok(fit_job_finish(job, &result, &err), err);
    ck_assert_uint_le(said, result.bytes.size);
    ck_assert_uint_le(result.bytes.size, said + HEAD_MAX + 8 * (USERS + ADS));
    fit_result_free(&result);
}

START_TEST(a_snapshot_is_as_large_as_was_said_before)
{
    check_snapshot("baseline", "");
    check_snapshot("svd", "factors=20 epochs=1");
    check_snapshot("svd", "factors=20 epochs=1 solver=fast");
    check_snapshot("knn", "");
}
END_TEST

START_TEST(a_model_within_its_limits_is_let_through)
{
    const struct fit_config config = settings("svd", "factors=100");
    const struct fit_need limits = fit_need_limits();
    struct training_set *set = make_set();

    ck_assert_uint_eq(limits.snapshot_bytes, MANIFEST_SNAPSHOT_MAX);
    ck_assert_uint_gt(limits.memory_bytes, 1 << 20);
    ck_assert_ok(fit_need_check(&config, set, &limits, &err), err);
    const struct fit_need exactly = fit_need_of(&config, set);
    ck_assert_ok(fit_need_check(&config, set, &exactly, &err), err);
    training_set_free(set);
}
END_TEST

START_TEST(a_model_beyond_a_limit_is_refused_with_numbers_and_settings)
{
    const struct fit_config config = settings("svd", "factors=100");
    struct training_set *set = make_set();
    const struct fit_need exactly = fit_need_of(&config, set);
    struct fit_need limits = exactly;

    limits.snapshot_bytes--;
    ck_assert_refused(fit_need_check(&config, set, &limits, &err), err,
                      ERROR_LIMIT,
                      "the snapshot of a model of 1000 users and 100 ads");
    limits = exactly;
    limits.memory_bytes--;
    ck_assert_refused(fit_need_check(&config, set, &limits, &err), err,
                      ERROR_LIMIT, "the memory of a model of 1000 users");
    ck_assert_refused(fit_need_check(&config, set, &limits, &err), err,
                      ERROR_LIMIT,
                      "lower training.max_ids, training.max_rows or the "
                      "model's parameters (factors)");
    training_set_free(set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fit need");
    TCase *tests = tcase_create("needs");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_snapshot_is_as_large_as_was_said_before);
    tcase_add_test(tests, a_model_within_its_limits_is_let_through);
    tcase_add_test(tests,
                   a_model_beyond_a_limit_is_refused_with_numbers_and_settings);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
