/*
 * check_truncated_svd.c - against exact singular values (numpy and scipy).
 */
#include "support/oracle.h"
#include "support/run_suite.h"

#include "model/ask/truncated_svd.h"

#include <math.h>
#include <stdlib.h>

static struct error err;

static struct truncated_svd *fit(const struct ratings *train, uint32_t rank)
{
    struct truncated_svd *svd = NULL;

    ck_assert_ok(truncated_svd_fit(train, rank, 1, NULL, &svd, &err), err);
    return svd;
}

/* --- Who listens to whom: two tastes that never meet ------------------ */

enum { METALLICA, RAMMSTEIN, TIESTO, DYK, FILA, SLIPKNOT, MUSICIANS };

static struct ratings *music(void)
{
    static const struct rating rows[] = {
        {0, METALLICA, 1}, {0, RAMMSTEIN, 1}, {1, RAMMSTEIN, 1},
        {1, METALLICA, 1}, {2, TIESTO, 1},    {2, DYK, 1},
        {2, FILA, 1},      {3, TIESTO, 1},    {3, DYK, 1},
        {4, METALLICA, 1}, {4, SLIPKNOT, 1},  {5, TIESTO, 1},
        {5, FILA, 1},
    };
    struct ratings *train = NULL;

    ck_assert_ok(
        ratings_build(&(struct numbered_rows){rows, 13, 6, MUSICIANS, {0, 1}},
                      &train, &err),
        err);
    return train;
}

START_TEST(music_has_two_tastes)
{
    static const double user[6][2] = {{0, 1.366025}, {0, 1.366025},
                                      {1.707107, 0}, {1.207107, 0},
                                      {0, 1},        {1.207107, 0}};
    static const double item[MUSICIANS][2] = {{0, .788675}, {0, .57735},
                                              {.707107, 0}, {.5, 0},
                                              {.5, 0},      {0, .211325}};
    struct ratings *train = music();
    struct truncated_svd *svd = fit(train, 2);

    ck_assert_double_eq_tol(svd->values[0], 2.41421356, 1e-8);
    ck_assert_double_eq_tol(svd->values[1], 2.17532775, 1e-8);
    for (int k = 0; k < 2; k++) {
        for (int u = 0; u < 6; u++)
            ck_assert_double_eq_tol(fabs(svd->user[u * 2 + k]), user[u][k],
                                    1e-6);
        for (int i = 0; i < MUSICIANS; i++)
            ck_assert_double_eq_tol(fabs(svd->item[i * 2 + k]), item[i][k],
                                    1e-6);
    }
    truncated_svd_free(svd);
    ratings_free(train);
}
END_TEST

START_TEST(music_listeners_are_alike_within_a_taste)
{
    static const int taste_of_user[] = {0, 0, 1, 1, 0, 1};
    static const int taste_of_item[] = {0, 0, 1, 1, 1, 0};
    struct ratings *train = music();
    struct truncated_svd *svd = fit(train, 2);

    for (uint32_t a = 0; a < 6; a++)
        for (uint32_t b = 0; b < 6; b++) {
            ck_assert_double_eq_tol(truncated_svd_cosine(svd->user, 2, a, b),
                                    taste_of_user[a] == taste_of_user[b], 1e-9);
            ck_assert_double_eq_tol(truncated_svd_cosine(svd->item, 2, a, b),
                                    taste_of_item[a] == taste_of_item[b], 1e-9);
        }
    truncated_svd_free(svd);
    ratings_free(train);
}
END_TEST

/* --- Stars ------------------------------------------------------------ */

static uint32_t user_of(const struct oracle *oracle, const char *name)
{
    struct id id = id_from_text(name, strlen(name));

    return id_map_find(oracle->users, &id);
}

START_TEST(stars_have_the_exact_values_and_cosines)
{
    static const double values[] = {19.62803406, 9.687606, 8.72116458,
                                    7.45786811};
    static const struct {
        const char *user;
        double cosine;
    } with_u0[] = {{"u0", 1},          {"u1", .37652647}, {"u10", .43394665},
                   {"u11", .08059618}, {"u2", .44004949}, {"u3", .86904872},
                   {"u4", .78961913},  {"u5", .27056628}, {"u6", .80909832},
                   {"u7", .29083922},  {"u8", .79608545}, {"u9", .98170742}};
    struct oracle *oracle = oracle_open("star");
    struct truncated_svd *four = fit(oracle->ratings, 4);
    struct truncated_svd *three = fit(oracle->ratings, 3);

    for (int k = 0; k < 4; k++)
        ck_assert_double_eq_tol(four->values[k], values[k], 1e-7);
    for (int i = 0; i < 12; i++)
        ck_assert_double_eq_tol(
            truncated_svd_cosine(three->user, 3, user_of(oracle, "u0"),
                                 user_of(oracle, with_u0[i].user)),
            with_u0[i].cosine, 1e-7);
    truncated_svd_free(four);
    truncated_svd_free(three);
    oracle_close(oracle);
}
END_TEST

/* --- The rest --------------------------------------------------------- */

START_TEST(all_values_give_the_matrix_back)
{
    static const struct rating rows[] = {{0, 0, 1}, {0, 0, 0}, {0, 1, 3},
                                         {1, 1, 2}, {2, 2, 4}, {0, 0, 0.5}};
    static const double matrix[3][3] = {{0.5, 3, 0}, {0, 2, 0}, {0, 0, 4}};
    struct ratings *train = NULL;

    ck_assert_ok(ratings_build(&(struct numbered_rows){rows, 6, 3, 3, {0, 5}},
                               &train, &err),
                 err);
    struct truncated_svd *svd = fit(train, 3);
    for (int u = 0; u < 3; u++)
        for (int i = 0; i < 3; i++) {
            double sum = 0;
            for (int k = 0; k < 3; k++)
                sum += svd->user[u * 3 + k] * svd->item[i * 3 + k];
            ck_assert_double_eq_tol(sum, matrix[u][i], 1e-12);
        }
    truncated_svd_free(svd);
    ratings_free(train);
}
END_TEST

START_TEST(a_zero_row_is_like_nobody)
{
    static const struct rating rows[] = {{0, 0, 1}, {1, 1, 0}, {2, 0, 1}};
    struct ratings *train = NULL;

    ck_assert_ok(ratings_build(&(struct numbered_rows){rows, 3, 3, 2, {0, 1}},
                               &train, &err),
                 err);
    struct truncated_svd *svd = fit(train, 1);
    ck_assert_double_eq(truncated_svd_cosine(svd->user, 1, 0, 1), 0);
    ck_assert_double_eq(truncated_svd_cosine(svd->user, 1, 1, 1), 0);
    ck_assert_double_eq_tol(truncated_svd_cosine(svd->user, 1, 0, 2), 1, 1e-12);
    truncated_svd_free(svd);
    ratings_free(train);
}
END_TEST

START_TEST(a_rank_beyond_the_matrix_and_a_cancelled_fit_are_refused)
{
    atomic_bool cancel = true;
    struct truncated_svd *svd = NULL;
    struct ratings *train = music();

    ck_assert_refused(truncated_svd_fit(train, 7, 1, NULL, &svd, &err), err,
                      ERROR_CONFIG, "1..6");
    ck_assert_refused(truncated_svd_fit(train, 0, 1, NULL, &svd, &err), err,
                      ERROR_CONFIG, "1..6");
    ck_assert_refused(truncated_svd_fit(train, 2, 1, &cancel, &svd, &err), err,
                      ERROR_TEMPORARY, "cancelled");
    ratings_free(train);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("truncated svd");
    TCase *tests = tcase_create("exact values");

    tcase_add_test(tests, music_has_two_tastes);
    tcase_add_test(tests, music_listeners_are_alike_within_a_taste);
    tcase_add_test(tests, stars_have_the_exact_values_and_cosines);
    tcase_add_test(tests, all_values_give_the_matrix_back);
    tcase_add_test(tests, a_zero_row_is_like_nobody);
    tcase_add_test(tests,
                   a_rank_beyond_the_matrix_and_a_cancelled_fit_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
