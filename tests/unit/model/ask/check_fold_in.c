/*
 * check_fold_in.c - a newcomer folded in is nearly what a full refit says.
 */
#include "support/run_suite.h"

#include "model/ask/fold_in.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 80, ITEMS = 60, ROWS = USERS * 30, SHOWN = 40 };

static struct error err;
static uint32_t state;

static double uniform(void)
{
    state = state * 1664525U + 1013904223U;
    return (double)(state >> 8) * 0x1p-24;
}

/* What user u thinks of item i: biases, one shared taste, a little noise. */
static double truth(uint32_t u, uint32_t i)
{
    double value = 3 + 0.02 * ((double)u - USERS / 2.0) +
                   0.02 * ((double)i - ITEMS / 2.0) +
                   sin(u * 1.7) * cos(i * 2.3);

    return fmax(1, fmin(5, value));
}

/* Rows of the users below `users`; the last one is shown SHOWN items. */
static struct ratings *rows_of(uint32_t users)
{
    static struct rating rows[ROWS + SHOWN];
    struct ratings *train = NULL;
    size_t n = 0;

    state = 5;
    for (uint32_t at = 0; at < ROWS; at++) {
        uint32_t i = (uint32_t)(uniform() * ITEMS);
        uint32_t u = at % (USERS - 1);
        rows[n++] = (struct rating){u, i, truth(u, i)};
    }
    for (uint32_t i = 0; users == USERS && i < SHOWN; i++)
        rows[n++] = (struct rating){USERS - 1, i, truth(USERS - 1, i)};
    ck_assert_ok(
        ratings_build(&(struct numbered_rows){rows, n, users, ITEMS, {1, 5}},
                      &train, &err),
        err);
    return train;
}

static struct model *fit(uint32_t users, const char *name, const char *text)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;
    struct ratings *train = rows_of(users);

    ck_assert_ok(model_find(name, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    ck_assert_ok(model_fit(ops, train, &params, NULL, &model, &err), err);
    ratings_free(train);
    return model;
}

static struct folded *fold_last_user(const struct model *model)
{
    struct rated list[SHOWN + 1];
    struct folded *folded = NULL;

    for (uint32_t i = 0; i < SHOWN; i++)
        list[i] = (struct rated){i, truth(USERS - 1, i)};
    list[SHOWN] = (struct rated){INDEX_UNKNOWN, 1}; /* skipped */
    ck_assert_ok(fold_in(model, FOLD_USER, list, SHOWN + 1, &folded, &err),
                 err);
    return folded;
}

/* RMSE on the items the user was not shown: folded in, and refit. */
static void compare(const char *name, const char *text, double *folded_rmse,
                    double *refit_rmse)
{
    struct model *before = fit(USERS - 1, name, text);
    struct model *after = fit(USERS, name, text);
    struct folded *folded = fold_last_user(before);
    double in = 0, re = 0;

    for (uint32_t i = SHOWN; i < ITEMS; i++) {
        struct pair pair = {USERS - 1, i};
        struct prediction out;
        model_predict(after, &pair, 1, &out);
        in += pow(fold_in_predict(before, folded, i) - truth(USERS - 1, i), 2);
        re += pow(out.value - truth(USERS - 1, i), 2);
    }
    *folded_rmse = sqrt(in / (ITEMS - SHOWN));
    *refit_rmse = sqrt(re / (ITEMS - SHOWN));
    printf("%s %s: RMSE folded in %.4f, refit %.4f\n", name, text, *folded_rmse,
           *refit_rmse);
    free(folded);
    model_free(before);
    model_free(after);
}

START_TEST(a_folded_user_is_nearly_as_good_as_a_refit)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"svd", "factors=4 epochs=200 lr_all=0.02"},
        {"svd", "factors=4 epochs=200 lr_all=0.02 biased=false"},
        {"svd", "factors=4 epochs=200 solver=fast"},
        {"baseline", ""},
    };
    double folded, refit;

    compare(cases[_i].name, cases[_i].text, &folded, &refit);
    ck_assert_double_le(folded, 1.2 * refit + 0.02);
    ck_assert_double_lt(folded, 0.9);
}
END_TEST

/* One item of known numbers: the two equations by hand. */
START_TEST(the_ridge_solves_its_equations)
{
    struct model *model = fit(USERS - 1, "svd", "factors=1 epochs=50");
    struct rated list[] = {{3, 4}, {3, 5}, {9, 2}};
    struct folded *folded = NULL;
    double at_factor = 0, at_bias = 0;
    struct prediction with_user, without;

    ck_assert_ok(fold_in(model, FOLD_USER, list, 3, &folded, &err), err);
    for (int k = 0; k < 3; k++) {
        /* q of an item: what a step of the folded factor changes. */
        struct pair pair = {INDEX_UNKNOWN, list[k].other};
        model_predict_unclipped(model, &pair, 1, &without);
        struct folded probe = {.side = FOLD_USER, .factors = 0};
        double base = fold_in_predict(model, &probe, list[k].other);
        ck_assert_double_eq_tol(base, fmax(1, fmin(5, without.value)), 1e-12);
        pair.user = 0;
        model_predict_unclipped(model, &pair, 1, &with_user);
        double e = list[k].value - without.value - folded->bias;
        struct folded *unit = calloc(1, sizeof(*unit) + sizeof(double));
        ck_assert_ptr_nonnull(unit);
        unit->side = FOLD_USER;
        unit->factors = 1;
        unit->values[0] = 0.01;
        double q = (fold_in_predict(model, unit, list[k].other) - base) / 0.01;
        free(unit);
        e -= q * folded->values[0];
        at_factor += e * q;
        at_bias += e;
    }
    ck_assert_double_eq_tol(at_factor, 3 * 0.02 * folded->values[0], 1e-9);
    ck_assert_double_eq_tol(at_bias, 3 * 0.02 * folded->bias, 1e-9);
    free(folded);
    model_free(model);
}
END_TEST

START_TEST(a_folded_item_is_nearly_its_truth)
{
    struct model *model = fit(USERS, "svd", "factors=4 epochs=200 lr_all=0.02");
    struct rated list[USERS];
    struct folded *folded = NULL;
    double sum = 0;

    for (uint32_t u = 0; u < USERS; u++)
        list[u] = (struct rated){u, truth(u, ITEMS)};
    ck_assert_ok(fold_in(model, FOLD_ITEM, list, USERS / 2, &folded, &err),
                 err);
    for (uint32_t u = USERS / 2; u < USERS; u++)
        sum += pow(fold_in_predict(model, folded, u) - truth(u, ITEMS), 2);
    ck_assert_double_lt(sqrt(sum / (USERS / 2.0)), 0.35);
    free(folded);
    model_free(model);
}
END_TEST

START_TEST(the_half_step_is_exact)
{
    struct model *model = fit(USERS, "baseline", "bsl_reg_u=3 bsl_reg_i=4");
    struct rated list[] = {{0, 5}, {1, 5}, {INDEX_UNKNOWN, 1}};
    struct folded *folded = NULL;

    for (enum fold_side side = FOLD_USER; side <= FOLD_ITEM; side++) {
        double sum = 0;
        for (uint32_t k = 0; k < 2; k++) {
            struct pair pair = {side == FOLD_USER ? INDEX_UNKNOWN : k,
                                side == FOLD_USER ? k : INDEX_UNKNOWN};
            struct prediction out;
            model_predict_unclipped(model, &pair, 1, &out);
            sum += 5 - out.value;
        }
        ck_assert_ok(fold_in(model, side, list, 3, &folded, &err), err);
        ck_assert_double_eq_tol(folded->bias,
                                sum / (2 + (side == FOLD_USER ? 3 : 4)), 1e-12);
        free(folded);
    }
    model_free(model);
}
END_TEST

START_TEST(what_cannot_be_folded_is_refused)
{
    struct model *popular = fit(USERS, "popular", "");
    struct model *svd = fit(USERS, "svd", "epochs=1");
    struct rated unknown = {INDEX_UNKNOWN, 1}, known = {0, 1};
    struct folded *folded = NULL;

    ck_assert_refused(fold_in(popular, FOLD_USER, &known, 1, &folded, &err),
                      err, ERROR_CONFIG, "popular");
    ck_assert_refused(fold_in(svd, FOLD_USER, &unknown, 1, &folded, &err), err,
                      ERROR_CONFIG, "known item");
    model_free(popular);
    model_free(svd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fold in");
    TCase *tests = tcase_create("newcomers");

    tcase_add_loop_test(tests, a_folded_user_is_nearly_as_good_as_a_refit, 0,
                        4);
    tcase_add_test(tests, the_ridge_solves_its_equations);
    tcase_add_test(tests, a_folded_item_is_nearly_its_truth);
    tcase_add_test(tests, the_half_step_is_exact);
    tcase_add_test(tests, what_cannot_be_folded_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
