/*
 * check_ranking.c - precision, recall and NDCG worked out by hand.
 */
#include "support/run_suite.h"

#include "model/measure/ranking.h"
#include "model/rows/ratings.h"

#include <math.h>

#define TOLERANCE 1e-12

static struct error err;

/* User 0: rows in order of prediction have labels 5 1 4 3 4 (the tie of 3.5
 * stays as it came); user 1: 2 3. Nobody's row is not looked at. */
static const uint32_t users[] = {1, 0, 0, 0, INDEX_UNKNOWN, 0, 0, 1};
static const double labels[] = {3, 4, 5, 1, 5, 4, 3, 2};
static const double predictions[] = {1, 3.5, 5, 4.5, 5, 2, 3.5, 3};
enum { ROWS = 8 };

static struct ranking rank(uint32_t k, double threshold)
{
    struct ranking out;

    ck_assert_ok(evaluate_ranking(
                     &(struct ranking_rows){users, labels, predictions, ROWS},
                     &(struct ranking_rule){k, threshold}, &out, &err),
                 err);
    return out;
}

START_TEST(precision_and_recall_are_means_over_users)
{
    struct ranking at2 = rank(2, 3.5), at10 = rank(10, 3.5);

    ck_assert_uint_eq(at2.users, 2);
    /* user 0: recommended 5 and 1, relevant of them 5; relevant in all three.
     * user 1: nothing is recommended, nothing relevant: 0 and 0. */
    ck_assert_double_eq_tol(at2.precision, (1. / 2 + 0) / 2, TOLERANCE);
    ck_assert_double_eq_tol(at2.recall, (1. / 3 + 0) / 2, TOLERANCE);
    /* user 0: recommended 5 1 4 3, relevant 5 4 */
    ck_assert_double_eq_tol(at10.precision, (2. / 4 + 0) / 2, TOLERANCE);
    ck_assert_double_eq_tol(at10.recall, (2. / 3 + 0) / 2, TOLERANCE);
}
END_TEST

START_TEST(the_threshold_itself_is_relevant)
{
    struct ranking out = rank(1, 3);

    /* user 0: 5 of 5 4 3 4; user 1: recommended its 2, relevant its 3 */
    ck_assert_double_eq_tol(out.precision, (1. + 0) / 2, TOLERANCE);
    ck_assert_double_eq_tol(out.recall, (1. / 4 + 0) / 2, TOLERANCE);
}
END_TEST

START_TEST(ndcg_divides_by_the_best_order)
{
    struct ranking at2 = rank(2, 3.5), at10 = rank(10, 3.5);
    double l3 = 1 / log2(3), l5 = 1 / log2(5), l6 = 1 / log2(6);

    ck_assert_double_eq_tol(
        at2.ndcg,
        ((5 + 1 * l3) / (5 + 4 * l3) + (2 + 3 * l3) / (3 + 2 * l3)) / 2,
        TOLERANCE);
    ck_assert_double_eq_tol(at10.ndcg,
                            ((5 + 1 * l3 + 4. / 2 + 3 * l5 + 4 * l6) /
                                 (5 + 4 * l3 + 4. / 2 + 3 * l5 + 1 * l6) +
                             (2 + 3 * l3) / (3 + 2 * l3)) /
                                2,
                            TOLERANCE);
}
END_TEST

START_TEST(users_without_a_click_do_not_count_in_ndcg)
{
    static const uint32_t who[] = {0, 0, 1, 1};
    static const double clicks[] = {0, 1, 0, 0}, p[] = {0.2, 0.1, 0.3, 0.4};
    struct ranking out;

    ck_assert_ok(evaluate_ranking(&(struct ranking_rows){who, clicks, p, 4},
                                  &(struct ranking_rule){2, 0.5}, &out, &err),
                 err);
    ck_assert_uint_eq(out.users, 2);
    ck_assert_double_eq_tol(out.ndcg, 1 / log2(3), TOLERANCE);
    ck_assert_double_eq(out.precision, 0);
}
END_TEST

START_TEST(without_users_there_is_nothing)
{
    static const uint32_t nobody[] = {INDEX_UNKNOWN};
    static const double one[] = {1};
    struct ranking out;

    ck_assert_ok(evaluate_ranking(&(struct ranking_rows){nobody, one, one, 1},
                                  &(struct ranking_rule){10, 0.5}, &out, &err),
                 err);
    ck_assert_uint_eq(out.users, 0);
    ck_assert(isnan(out.precision) && isnan(out.recall) && isnan(out.ndcg));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ranking");
    TCase *tests = tcase_create("first k");

    tcase_add_test(tests, precision_and_recall_are_means_over_users);
    tcase_add_test(tests, the_threshold_itself_is_relevant);
    tcase_add_test(tests, ndcg_divides_by_the_best_order);
    tcase_add_test(tests, users_without_a_click_do_not_count_in_ndcg);
    tcase_add_test(tests, without_users_there_is_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
