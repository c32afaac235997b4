/*
 * check_baseline.c - every baseline of the reference, number by number.
 */
#include "support/oracle.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include "model/algorithms/baseline.h"

#include <jansson.h>
#include <pthread.h>

#define TOLERANCE 1e-12

static const char *const data_sets[] = {"click", "star"};
enum { DATA_SETS = 2, SIDE_MAX = 16 };

static const struct {
    const char *configuration, *params;
} cases[] = {
    {"BaselineOnly/als", "bsl_method=als"},
    {"BaselineOnly/als_c",
     "bsl_method=als bsl_epochs=3 bsl_reg_u=5 bsl_reg_i=2"},
    {"BaselineOnly/sgd", "bsl_method=sgd"},
    {"BaselineOnly/sgd_c",
     "bsl_method=sgd bsl_epochs=5 bsl_reg=0.1 bsl_lr=0.02"},
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

START_TEST(inner_order_and_mean_are_the_reference)
{
    struct oracle *oracle = oracle_open(data_sets[_i]);
    const json_t *users = json_object_get(oracle->set, "user_order");
    const json_t *items = json_object_get(oracle->set, "item_order");

    ck_assert_uint_eq(json_array_size(users), oracle->ratings->users);
    ck_assert_uint_eq(json_array_size(items), oracle->ratings->items);
    for (uint32_t i = 0; i < oracle->ratings->users; i++) {
        char name[ID_PRINT_SIZE];
        struct id id = id_map_id(oracle->users, i);
        id_print(&id, name);
        ck_assert_str_eq(name, json_string_value(json_array_get(users, i)));
    }
    for (uint32_t i = 0; i < oracle->ratings->items; i++) {
        char name[ID_PRINT_SIZE];
        struct id id = id_map_id(oracle->items, i);
        id_print(&id, name);
        ck_assert_str_eq(name, json_string_value(json_array_get(items, i)));
    }
    double mean =
        json_number_value(json_object_get(oracle->set, "global_mean"));
    ck_assert_double_eq_tol(oracle->ratings->mean, mean, TOLERANCE);
    oracle_close(oracle);
}
END_TEST

START_TEST(predictions_and_errors_are_the_reference)
{
    for (int set = 0; set < DATA_SETS; set++) {
        struct oracle *oracle = oracle_open(data_sets[set]);
        oracle_check(oracle, cases[_i].configuration, "baseline",
                     cases[_i].params, TOLERANCE);
        oracle_close(oracle);
    }
}
END_TEST

START_TEST(biases_are_the_reference)
{
    for (int set = 0; set < DATA_SETS; set++) {
        struct oracle *oracle = oracle_open(data_sets[set]);
        struct model *model = oracle_fit(oracle, "baseline", cases[_i].params);
        double user[SIDE_MAX], item[SIDE_MAX], bu[SIDE_MAX], bi[SIDE_MAX];
        struct error err;

        ck_assert_ok(baseline_biases(oracle->ratings, &model->params, NULL,
                                     user, item, &err),
                     err);
        oracle_biases(oracle, cases[_i].configuration, bu, bi);
        for (uint32_t u = 0; u < model->users; u++)
            ck_assert_double_eq_tol(user[u], bu[u], TOLERANCE);
        for (uint32_t i = 0; i < model->items; i++)
            ck_assert_double_eq_tol(item[i], bi[i], TOLERANCE);
        model_free(model);
        oracle_close(oracle);
    }
}
END_TEST

/* A row without a user is one more term of the ad's bias, with b_u = 0. */
START_TEST(rows_of_nobody_move_the_mean_and_the_ad)
{
    static const struct rating rows[] = {
        {0, 0, 1}, {INDEX_UNKNOWN, 0, 1}, {0, 1, 0}, {INDEX_UNKNOWN, 1, 0}};
    struct ratings *train = NULL;
    struct model_params params = {.bsl_method = BASELINE_ALS,
                                  .bsl_epochs = 1,
                                  .bsl_reg_u = 1,
                                  .bsl_reg_i = 2};
    struct error err;
    double user[1], item[2];

    ck_assert_ok(ratings_build(&(struct numbered_rows){rows, 4, 1, 2, {0, 1}},
                               &train, &err),
                 err);
    ck_assert_double_eq(train->mean, 0.5);
    ck_assert_uint_eq(train->nobody_count, 2);
    ck_assert_ok(baseline_biases(train, &params, NULL, user, item, &err), err);
    ck_assert_double_eq(item[0], 0.25); /* (.5 + .5) / (2 + 2) */
    ck_assert_double_eq(item[1], -0.25);
    ck_assert_double_eq(user[0], 0); /* (.25 - .25) / (1 + 2) */

    params.bsl_method = BASELINE_SGD;
    params.bsl_lr = 0.5;
    params.bsl_reg = 0.5;
    ck_assert_ok(baseline_biases(train, &params, NULL, user, item, &err), err);
    ck_assert_double_eq(user[0], -0.1875);
    ck_assert_double_eq(item[0], 0.3125);   /* .25 + .5 (.25 - .125) */
    ck_assert_double_eq(item[1], -0.34375); /* -.375 + .5 (-.125 + .1875) */
    ratings_free(train);
}
END_TEST

static void *cancel_soon(void *cancel)
{
    clock_sleep_ms(20);
    atomic_store((atomic_bool *)cancel, true);
    return NULL;
}

START_TEST(a_long_fit_is_cancelled_between_two_epochs)
{
    struct oracle *oracle = oracle_open("star");
    const struct model_ops *ops;
    struct model_params params;
    struct model *model = NULL;
    atomic_bool cancel = false;
    pthread_t thread;
    struct error err;

    ck_assert_ok(model_find("baseline", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    params.bsl_method = _i;
    params.bsl_epochs = UINT32_MAX; /* half an hour and more */
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
    ck_assert_refused(
        model_fit(ops, oracle->ratings, &params, &cancel, &model, &err), err,
        ERROR_TEMPORARY, "cancelled");
    pthread_join(thread, NULL);
    oracle_close(oracle);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("baseline");
    TCase *tests = tcase_create("against the reference");

    tcase_add_loop_test(tests, inner_order_and_mean_are_the_reference, 0,
                        DATA_SETS);
    tcase_add_loop_test(tests, predictions_and_errors_are_the_reference, 0,
                        CASES);
    tcase_add_loop_test(tests, biases_are_the_reference, 0, CASES);
    tcase_add_test(tests, rows_of_nobody_move_the_mean_and_the_ad);
    tcase_add_loop_test(tests, a_long_fit_is_cancelled_between_two_epochs,
                        BASELINE_ALS, BASELINE_SGD + 1);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
