/*
 * check_random_model.c - guesses have the distribution they are named after.
 */
#include "support/run_suite.h"

#include "model/model.h"

#include <math.h>

enum { DRAWS = 20000 };

static struct error err;
static struct pair pairs[DRAWS];
static struct prediction drawn[DRAWS];

static struct model *fit(const char *name, const struct rating *rows, size_t n)
{
    const struct model_ops *ops = NULL;
    struct ratings *train = NULL;
    struct model_params params;
    struct model *model = NULL;

    ck_assert_ok(ratings_build(&(struct numbered_rows){rows, n, 4, 1, {1, 5}},
                               &train, &err),
                 err);
    ck_assert_ok(model_find(name, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(model_fit(ops, train, &params, NULL, &model, &err), err);
    ratings_free(train);
    return model;
}

/* The mean and the mean square of draws for pairs that nobody knows. */
static void draw(const struct model *model, double *mean, double *square)
{
    *mean = *square = 0;
    for (uint32_t i = 0; i < DRAWS; i++)
        pairs[i] = (struct pair){10 + i, 3};
    model_predict_unclipped(model, pairs, DRAWS, drawn);
    for (int i = 0; i < DRAWS; i++) {
        *mean += drawn[i].value / DRAWS;
        *square += drawn[i].value * drawn[i].value / DRAWS;
    }
}

/* Labels 2 and 4: mean 3, population spread 1. */
static const struct rating twice[] = {
    {0, 0, 2}, {1, 0, 4}, {2, 0, 2}, {3, 0, 4}};

START_TEST(normal_has_the_mean_and_the_spread_of_the_rows)
{
    struct model *model = fit("normal", twice, 4);
    double mean, square;

    draw(model, &mean, &square);
    ck_assert_double_eq_tol(mean, 3, 0.03);
    ck_assert_double_eq_tol(sqrt(square - mean * mean), 1, 0.03);
    model_free(model);
}
END_TEST

/* Once more the same rows are the same population. */
START_TEST(rows_that_are_there_twice_have_the_same_spread)
{
    struct model *once = fit("normal", twice, 2),
                 *all = fit("normal", twice, 4);
    const struct pair pair = {7, 7};
    struct prediction a, b;

    model_predict_unclipped(once, &pair, 1, &a);
    model_predict_unclipped(all, &pair, 1, &b);
    ck_assert_double_eq_tol(a.value, b.value, 1e-12);
    model_free(once);
    model_free(all);
}
END_TEST

/* 3 is halfway from 1 to 5: half of the answers are 5, the others 1. */
START_TEST(random_says_the_top_as_often_as_the_mean_is_high)
{
    struct model *model = fit("random", twice, 4);
    double mean, square;

    draw(model, &mean, &square);
    ck_assert_double_eq_tol(mean, 3, 0.06);
    for (int i = 0; i < DRAWS; i++)
        ck_assert(drawn[i].value == 1 || drawn[i].value == 5);
    model_free(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random models");
    TCase *tests = tcase_create("distribution");

    tcase_add_test(tests, normal_has_the_mean_and_the_spread_of_the_rows);
    tcase_add_test(tests, rows_that_are_there_twice_have_the_same_spread);
    tcase_add_test(tests, random_says_the_top_as_often_as_the_mean_is_high);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
