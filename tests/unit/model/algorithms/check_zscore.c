/*
 * check_zscore.c - the spread that a z-score is made with where a user has
 * none.
 */
#include "support/run_suite.h"

#include "model/model.h"

#include <math.h>

static struct error err;

static double ask(const struct rating *rows, size_t count, struct pair pair)
{
    const struct model_ops *ops = NULL;
    struct ratings *train = NULL;
    struct model_params params;
    struct model *model = NULL;
    struct prediction out;

    ck_assert_ok(
        ratings_build(&(struct numbered_rows){rows, count, 2, 2, {0, 1}},
                      &train, &err),
        err);
    ck_assert_ok(model_find("knn-zscore", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(model_fit(ops, train, &params, NULL, &model, &err), err);
    model_predict_unclipped(model, &pair, 1, &out);
    ck_assert(!out.impossible);
    ck_assert_uint_eq(out.neighbours, 2);
    model_free(model);
    ratings_free(train);
    return out.value;
}

/* User 0 says 1 to everything: its spread is that of all rows, sqrt(3) / 4.
 * User 1, alike by 2/3, is one spread below its own mean for ad 0. */
START_TEST(a_constant_user_has_the_spread_of_all_rows)
{
    static const struct rating rows[] = {
        {0, 0, 1}, {0, 1, 1}, {1, 0, 0}, {1, 1, 1}};

    ck_assert_double_eq_tol(ask(rows, 4, (struct pair){0, 0}),
                            1 - sqrt(3) / 4 * (2.0 / 3) / (5.0 / 3), 1e-15);
}
END_TEST

/* User 1's own spread is 1/2, with n and not n - 1 below. */
START_TEST(a_spread_is_the_population_s)
{
    static const struct rating rows[] = {
        {0, 0, 1}, {0, 1, 1}, {1, 0, 0}, {1, 1, 1}};

    ck_assert_double_eq_tol(ask(rows, 4, (struct pair){1, 0}),
                            0.5 - 0.5 / (5.0 / 3), 1e-15);
}
END_TEST

START_TEST(where_all_rows_are_alike_the_answer_is_their_value)
{
    static const struct rating rows[] = {
        {0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}};

    ck_assert_double_eq(ask(rows, 4, (struct pair){0, 0}), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("z-score");
    TCase *tests = tcase_create("spread");

    tcase_add_test(tests, a_constant_user_has_the_spread_of_all_rows);
    tcase_add_test(tests, a_spread_is_the_population_s);
    tcase_add_test(tests, where_all_rows_are_alike_the_answer_is_their_value);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
