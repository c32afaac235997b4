/*
 * check_bootstrap.c - intervals against figures computed the slow way, and
 * against what theory says of them.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "model/measure/bootstrap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 400, CONTENDERS = 2, REPLICATES = 44 };

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

static int by_prediction_and_label(const void *a, const void *b)
{
    const struct evaluation_terms *x = *(void *const *)a,
                                  *y = *(void *const *)b;
    int order =
        (x->prediction > y->prediction) - (x->prediction < y->prediction);

    return order ? order : (x->label > y->label) - (x->label < y->label);
}

static void add_contender(struct bootstrap *bootstrap, size_t contender)
{
    static struct evaluation_terms rows[ROWS];
    const struct evaluation_terms *order[ROWS];

    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = evaluation_terms(labels[i], predictions[contender][i]);
        order[i] = &rows[i];
    }
    qsort(order, ROWS, sizeof(*order), by_prediction_and_label);
    for (size_t i = 0; i < ROWS; i++)
        bootstrap_add(bootstrap, (uint64_t)(order[i] - rows), order[i]);
    bootstrap_end(bootstrap, contender);
}

static struct bootstrap *run(size_t replicates, uint64_t seed)
{
    struct bootstrap_config config = {replicates, seed, 0.95};
    struct bootstrap *bootstrap = NULL;

    ck_assert_ok(bootstrap_new(&config, CONTENDERS, &bootstrap, &err), err);
    for (size_t c = 0; c < CONTENDERS; c++)
        add_contender(bootstrap, c);
    return bootstrap;
}

/* Every row written out as often as it counts, measured by evaluate(). */
static void slow_replicate(uint64_t seed, size_t replicate,
                           struct evaluation out[CONTENDERS])
{
    double *values = malloc(3 * 8 * ROWS * sizeof(*values));
    double *l = values, *p = values + 8 * ROWS, *q = values + 16 * ROWS;
    int16_t weights[REPLICATES];
    size_t n = 0;

    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < ROWS; i++) {
        bootstrap_weights(seed, i, weights, REPLICATES);
        for (int k = weights[replicate]; k > 0; k--, n++) {
            l[n] = labels[i];
            p[n] = good[i];
            q[n] = bad[i];
        }
    }
    ck_assert_ok(evaluate(l, p, n, &out[0], &err), err);
    ck_assert_ok(evaluate(l, q, n, &out[1], &err), err);
    free(values);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* numpy.percentile of 41 values: the 5 % points are values 2 and 38. */
START_TEST(intervals_are_those_of_a_slow_bootstrap)
{
    static double figures[CONTENDERS + 1][FIGURE_COUNT][REPLICATES + 3];
    struct bootstrap_config config = {41, 11, 0.9};
    struct bootstrap *bootstrap = NULL;

    for (size_t i = 0; _i == 1 && i < ROWS; i++)
        labels[i] = floor(labels[i] + 4 * good[i]) / 5;
    ck_assert_ok(bootstrap_new(&config, CONTENDERS, &bootstrap, &err), err);
    for (size_t c = 0; c < CONTENDERS; c++)
        add_contender(bootstrap, c);
    for (size_t r = 0; r < 41; r++) {
        struct evaluation slow[CONTENDERS];
        slow_replicate(11, r, slow);
        for (int f = 0; f < FIGURE_COUNT; f++) {
            figures[0][f][r] = evaluation_figure(&slow[0], (enum figure)f);
            figures[1][f][r] = evaluation_figure(&slow[1], (enum figure)f);
            figures[2][f][r] = figures[0][f][r] - figures[1][f][r];
        }
    }
    for (size_t c = 0; c <= CONTENDERS; c++) {
        for (int f = 0; f < FIGURE_COUNT; f++) {
            struct interval interval =
                c < CONTENDERS
                    ? bootstrap_interval(bootstrap, c, (enum figure)f)
                    : bootstrap_difference(bootstrap, 0, 1, (enum figure)f);
            qsort(figures[c][f], 41, sizeof(double), by_value);
            ck_assert_double_eq_tol(interval.low, figures[c][f][2], 1e-12);
            ck_assert_double_eq_tol(interval.high, figures[c][f][38], 1e-12);
        }
    }
    bootstrap_free(bootstrap);
}
END_TEST

/* Over many rows a replicate has as many as there are, and so vary. */
START_TEST(weights_are_poisson)
{
    enum { N = 200000 };
    double counts[10] = {0}, sum = 0, squares = 0, pairs = 0,
           expected = exp(-1);
    int16_t weights[8];

    for (uint64_t row = 0; row < N; row++) {
        bootstrap_weights(5, row, weights, 8);
        for (size_t r = 0; r < 8; r++) {
            counts[weights[r] >= 0 && weights[r] <= 8 ? weights[r] : 9]++;
            sum += weights[r];
            squares += weights[r] * weights[r];
            pairs += weights[r] * weights[(r + 1) % 8];
        }
    }
    ck_assert_double_eq(counts[9], 0);
    /* Five standard deviations of each. */
    ck_assert_double_eq_tol(sum / (8. * N), 1, 5 / sqrt(8. * N));
    ck_assert_double_eq_tol(squares / (8. * N), 2, 5 * 3.4 / sqrt(8. * N));
    ck_assert_double_eq_tol(pairs / (8. * N), 1, 5 * 1.8 / sqrt(8. * N));
    for (int k = 0; k < 6; k++) {
        ck_assert_double_eq_tol(counts[k] / (8. * N), expected,
                                5 * sqrt(expected / (8. * N)));
        expected /= k + 1;
    }
}
END_TEST

START_TEST(weights_depend_on_seed_and_unit_alone)
{
    int16_t a[16], b[8], other[8];

    bootstrap_weights(1, 7, a, 16);
    bootstrap_weights(1, 7, b, 8);
    ck_assert_mem_eq(a, b, sizeof(b));
    bootstrap_weights(2, 7, other, 8);
    ck_assert(memcmp(b, other, sizeof(b)) != 0);
    bootstrap_weights(1, 8, other, 8);
    ck_assert(memcmp(b, other, sizeof(b)) != 0);
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

/* --- Rows of users ---------------------------------------------------- */

enum {
    USERS = 200,
    ROWS_OF_USER = 40,
    CROWD = USERS * ROWS_OF_USER,
    WORLDS = 100,
    DRAWS = 150
};

struct crowd_row {
    struct evaluation_terms terms;
    size_t user, row;
};

static int by_terms(const void *a, const void *b)
{
    const struct crowd_row *x = a, *y = b;
    int order = (x->terms.prediction > y->terms.prediction) -
                (x->terms.prediction < y->terms.prediction);

    return order ? order
                 : (x->terms.label > y->terms.label) -
                       (x->terms.label < y->terms.label);
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* Both contenders are as good: each knows the truth of half of the users, and
 * chance decides of which. Returns whether the interval of their difference
 * says that one is better. */
static bool finds_a_difference(uint64_t world, bool by_user)
{
    static struct crowd_row rows[CONTENDERS][CROWD];
    const struct bootstrap_config config = {DRAWS, world, 0.95};
    struct bootstrap *bootstrap = NULL;
    uint64_t state = world;

    for (size_t i = 0, user = 0; user < USERS; user++) {
        double taste = 0.5 * random_normal(&state) - 1;
        double error = random_uniform(&state) < 0.5 ? -1 : 1;
        int knows = random_uniform(&state) < 0.5;
        for (size_t k = 0; k < ROWS_OF_USER; k++, i++) {
            double label = random_uniform(&state) < logistic(taste);
            for (int c = 0; c < CONTENDERS; c++)
                rows[c][i] = (struct crowd_row){
                    evaluation_terms(
                        label, logistic(taste + (c == knows ? 0 : error))),
                    user, i};
        }
    }
    ck_assert_ok(bootstrap_new(&config, CONTENDERS, &bootstrap, &err), err);
    for (size_t c = 0; c < CONTENDERS; c++) {
        qsort(rows[c], CROWD, sizeof(rows[c][0]), by_terms);
        for (size_t i = 0; i < CROWD; i++)
            bootstrap_add(bootstrap, by_user ? rows[c][i].user : rows[c][i].row,
                          &rows[c][i].terms);
        bootstrap_end(bootstrap, c);
    }
    struct interval interval =
        bootstrap_difference(bootstrap, 0, 1, FIGURE_LOGLOSS);
    bootstrap_free(bootstrap);
    return interval.low > 0 || interval.high < 0;
}

/* Where nothing is to be found, 5 % of the intervals of 95 % find something.
 * Drawing rows as if a user's were independent finds it far more often. */
START_TEST(drawing_users_finds_nothing_where_nothing_is)
{
    double by_user = 0, by_row = 0;

    for (uint64_t world = 1; world <= WORLDS; world++) {
        by_user += finds_a_difference(world, true);
        by_row += finds_a_difference(world, false);
    }
    printf("of %d worlds without a difference, by user %.1f %%, by row %.1f %% "
           "find one\n",
           WORLDS, 100 * by_user / WORLDS, 100 * by_row / WORLDS);
    ck_assert_double_lt(by_user / WORLDS, 0.10);
    ck_assert_double_gt(by_user / WORLDS, 0.01);
    ck_assert_double_gt(by_row / WORLDS, 0.20);
}
END_TEST

START_TEST(without_replicates_or_rows_there_is_no_interval)
{
    struct bootstrap *none = run(0, 1), *empty = NULL;
    struct bootstrap_config config = {10, 1, 0.95};

    ck_assert(isnan(bootstrap_interval(none, 0, FIGURE_AUC).low));
    ck_assert_ok(bootstrap_new(&config, CONTENDERS, &empty, &err), err);
    bootstrap_end(empty, 1);
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
    tcase_add_loop_test(tests, intervals_are_those_of_a_slow_bootstrap, 0, 2);
    tcase_add_test(tests, weights_are_poisson);
    tcase_add_test(tests, weights_depend_on_seed_and_unit_alone);
    tcase_add_test(tests, the_same_seed_gives_the_same_intervals);
    tcase_add_test(tests, intervals_are_as_wide_as_theory_says);
    tcase_add_test(tests, drawing_users_finds_nothing_where_nothing_is);
    tcase_add_test(tests, without_replicates_or_rows_there_is_no_interval);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
