/*
 * check_bootstrap.c - intervals against figures computed the slow way, and
 * against what theory says of them.
 */
#include "support/run_suite.h"

#include "common/random.h"

#include "model/bootstrap.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS = 400, CONTENDERS = 2 };

static double labels[ROWS], good[ROWS], bad[ROWS];
static const double *const predictions[CONTENDERS] = {good, bad};
static struct error err;

/* The first contender knows the truth, the second half of it. Coarse, so that
 * there are ties. */
static void fill(void)
{
    uint64_t state = 7;

    for (size_t i = 0; i < ROWS; i++) {
        double p = floor(1 + random_uniform(&state) * 8) / 10;
        labels[i] = random_uniform(&state) < p;
        good[i] = p;
        bad[i] = i % 2 ? p : 0.45;
    }
}

static struct bootstrap *run(size_t replicates, uint64_t seed)
{
    struct bootstrap_config config = {replicates, seed, 0.95};
    struct bootstrap *bootstrap = NULL;

    ck_assert_ok(bootstrap_run(labels, predictions, CONTENDERS, ROWS, &config,
                               &bootstrap, &err),
                 err);
    return bootstrap;
}

/* How often the row counts, drawn as the code under test says it does. */
static unsigned poisson(uint64_t *state)
{
    double u = random_uniform(state), sum = 0, p = exp(-1);

    for (unsigned k = 0;; k++) {
        sum += p;
        if (u < sum || k == 16)
            return k;
        p /= k + 1;
    }
}

/* Every row written out as often as it counts, measured by evaluate(). */
static void slow_replicate(uint64_t seed, struct evaluation out[CONTENDERS])
{
    double *values = malloc(3 * 17 * ROWS * sizeof(*values));
    double *l = values, *p = values + 17 * ROWS, *q = values + 34 * ROWS;
    size_t n = 0;

    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < ROWS; i++) {
        for (unsigned k = poisson(&seed); k > 0; k--, n++) {
            l[n] = labels[i];
            p[n] = good[i];
            q[n] = bad[i];
        }
    }
    ck_assert_ok(evaluate(l, p, n, &out[0], &err), err);
    ck_assert_ok(evaluate(l, q, n, &out[1], &err), err);
    free(values);
}

START_TEST(one_replicate_is_the_figures_of_the_weighted_rows)
{
    struct bootstrap *bootstrap = run(1, 11);
    struct evaluation slow[CONTENDERS];

    slow_replicate(11, slow);
    for (size_t c = 0; c < CONTENDERS; c++) {
        for (int f = 0; f < FIGURE_COUNT; f++) {
            struct interval one =
                bootstrap_interval(bootstrap, c, (enum figure)f);
            double expected = evaluation_figure(&slow[c], (enum figure)f);
            ck_assert_double_eq_tol(one.low, expected, 1e-12);
            ck_assert_double_eq(one.low, one.high);
        }
    }
    bootstrap_free(bootstrap);
}
END_TEST

START_TEST(differences_are_paired)
{
    struct bootstrap *bootstrap = run(1, 12);
    struct evaluation slow[CONTENDERS];

    slow_replicate(12, slow);
    struct interval one = bootstrap_difference(bootstrap, 0, 1, FIGURE_LOGLOSS);
    ck_assert_double_eq_tol(one.low, slow[0].logloss - slow[1].logloss, 1e-12);
    bootstrap_free(bootstrap);
}
END_TEST

START_TEST(the_same_seed_gives_the_same_intervals)
{
    struct bootstrap *one = run(50, 3), *two = run(50, 3), *other = run(50, 4);
    struct interval a = bootstrap_interval(one, 0, FIGURE_AUC);
    struct interval b = bootstrap_interval(two, 0, FIGURE_AUC);
    struct interval c = bootstrap_interval(other, 0, FIGURE_AUC);

    ck_assert(a.low == b.low && a.high == b.high);
    ck_assert(a.low != c.low);
    bootstrap_free(one);
    bootstrap_free(two);
    bootstrap_free(other);
}
END_TEST

/* Of a mean the theory is simple: MAE +- 1.96 s / sqrt(n). */
START_TEST(intervals_are_as_wide_as_theory_says)
{
    struct bootstrap *bootstrap = run(2000, 5);
    struct interval mae = bootstrap_interval(bootstrap, 0, FIGURE_MAE);
    double sum = 0, squares = 0;

    for (size_t i = 0; i < ROWS; i++) {
        double distance = fabs(labels[i] - good[i]);
        sum += distance;
        squares += distance * distance;
    }
    double mean = sum / ROWS, s = sqrt(squares / ROWS - mean * mean);
    ck_assert_double_eq_tol((mae.high - mae.low) / (2 * 1.96 * s / sqrt(ROWS)),
                            1, 0.1);
    ck_assert(mae.low < mean && mean < mae.high);
    bootstrap_free(bootstrap);
}
END_TEST

START_TEST(without_replicates_or_rows_there_is_no_interval)
{
    struct bootstrap *none = run(0, 1), *empty = NULL;
    struct bootstrap_config config = {10, 1, 0.95};

    ck_assert(isnan(bootstrap_interval(none, 0, FIGURE_AUC).low));
    ck_assert_ok(bootstrap_run(labels, predictions, CONTENDERS, 0, &config,
                               &empty, &err),
                 err);
    ck_assert(isnan(bootstrap_interval(empty, 1, FIGURE_RMSE).low));
    bootstrap_free(none);
    bootstrap_free(empty);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bootstrap");
    TCase *tests = tcase_create("intervals");

    tcase_add_checked_fixture(tests, fill, NULL);
    tcase_add_test(tests, one_replicate_is_the_figures_of_the_weighted_rows);
    tcase_add_test(tests, differences_are_paired);
    tcase_add_test(tests, the_same_seed_gives_the_same_intervals);
    tcase_add_test(tests, intervals_are_as_wide_as_theory_says);
    tcase_add_test(tests, without_replicates_or_rows_there_is_no_interval);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
