/*
 * check_factor_models.c - the factor models against slow implementations of
 * the same formulas, on random rows with pairs that occur several times.
 */
#include "support/every_model.h"
#include "support/run_suite.h"

#include "common/base/bytes_reader.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 30, ITEMS = 20, ROWS = 900, F = 5, EPOCHS = 4 };

static struct error err;
static uint32_t state;

static uint32_t below(uint32_t n)
{
    state = state * 1664525U + 1013904223U;
    return (uint32_t)((uint64_t)state * n >> 32);
}

/* The last user has one row; the last item only rows of nobody. */
static struct ratings *random_rows(void)
{
    struct rating rows[ROWS];
    struct ratings *train = NULL;

    state = 7;
    for (int at = 0; at < ROWS; at++) {
        uint32_t u = at % 7 == 6 ? INDEX_UNKNOWN : below(below(USERS - 1) + 1);
        rows[at] = (struct rating){u, below(ITEMS - 1), below(5) + 1};
    }
    rows[1] = (struct rating){USERS - 1, 0, 4};
    rows[2] = (struct rating){INDEX_UNKNOWN, ITEMS - 1, 5};
    ck_assert_ok(
        ratings_build(&(struct numbered_rows){rows, ROWS, USERS, ITEMS, {1, 5}},
                      &train, &err),
        err);
    return train;
}

static struct model *fit(const struct ratings *train, const char *name,
                         const char *text, uint32_t threads)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;

    ck_assert_ok(model_find(name, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    params.threads = threads;
    ck_assert_ok(model_fit(ops, train, &params, NULL, &model, &err), err);
    return model;
}

static double ask(const struct model *model, uint32_t user, uint32_t item)
{
    struct prediction out;

    model_predict_unclipped(model, &(struct pair){user, item}, 1, &out);
    return out.value;
}

/* --- SVD++ as it is written: O(|I_u| factors) for every rating -------- */

struct slow {
    double bu[USERS], bi[ITEMS];
    double p[USERS][F], q[ITEMS][F], y[ITEMS][F];
};

static void implicit(const struct ratings *train, const struct slow *s,
                     uint32_t u, double z[F])
{
    size_t first = train->user_first[u], end = train->user_first[u + 1];

    memset(z, 0, F * sizeof(*z));
    for (size_t at = first; at < end; at++)
        for (int f = 0; f < F; f++)
            z[f] +=
                s->y[train->by_user[at].other][f] / sqrt((double)(end - first));
}

static double slow_estimate(const struct ratings *train, const struct slow *s,
                            uint32_t u, uint32_t i, double z[F])
{
    double value = train->mean + s->bu[u] + s->bi[i];

    implicit(train, s, u, z);
    for (int f = 0; f < F; f++)
        value += s->q[i][f] * (s->p[u][f] + z[f]);
    return value;
}

static void slow_step(const struct ratings *train, struct slow *s, uint32_t u,
                      const struct rated *row)
{
    const double lr = 0.03, reg = 0.1;
    uint32_t i = row->other;
    size_t first = train->user_first[u], end = train->user_first[u + 1];
    double z[F];
    double e = row->value - slow_estimate(train, s, u, i, z);

    s->bu[u] += lr * (e - reg * s->bu[u]);
    s->bi[i] += lr * (e - reg * s->bi[i]);
    for (int f = 0; f < F; f++) {
        double p = s->p[u][f], q = s->q[i][f];
        s->p[u][f] += lr * (e * q - reg * p);
        s->q[i][f] += lr * (e * (p + z[f]) - reg * q);
        for (size_t at = first; at < end; at++) {
            double *y = &s->y[train->by_user[at].other][f];
            *y += lr * (e * q / sqrt((double)(end - first)) - reg * *y);
        }
    }
}

static void slow_svdpp(const struct ratings *train, struct slow *s)
{
    memset(s, 0, sizeof(*s));
    for (int f = 0; f < F; f++) {
        for (int u = 0; u < USERS; u++)
            s->p[u][f] = 0.2;
        for (int i = 0; i < ITEMS; i++)
            s->q[i][f] = s->y[i][f] = 0.2;
    }
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (uint32_t u = 0; u < USERS; u++)
            for (size_t at = train->user_first[u];
                 at < train->user_first[u + 1]; at++)
                slow_step(train, s, u, &train->by_user[at]);
        for (size_t at = 0; at < train->nobody_count; at++) {
            double *bi = &s->bi[train->nobody[at].other];
            *bi += 0.03 *
                   (train->nobody[at].value - train->mean - *bi - 0.1 * *bi);
        }
    }
}

START_TEST(the_carried_sum_is_the_sum)
{
    struct ratings *train = random_rows();
    struct model *model = fit(train, "svdpp",
                              "factors=5 epochs=4 lr_all=0.03 reg_all=0.1 "
                              "init_mean=0.2 init_std=0",
                              1);
    struct slow *slow = malloc(sizeof(*slow));
    double z[F];

    ck_assert_ptr_nonnull(slow);
    slow_svdpp(train, slow);
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t i = 0; i < ITEMS; i++)
            ck_assert_double_eq_tol(ask(model, u, i),
                                    slow_estimate(train, slow, u, i, z), 1e-9);
    ck_assert_double_eq_tol(ask(model, INDEX_UNKNOWN, ITEMS - 1),
                            train->mean + slow->bi[ITEMS - 1], 1e-9);
    free(slow);
    model_free(model);
    ratings_free(train);
}
END_TEST

/* --- Rows of nobody --------------------------------------------------- */

START_TEST(rows_of_nobody_move_the_item_alone)
{
    static const struct rating rows[] = {{0, 0, 1}, {INDEX_UNKNOWN, 1, 0}};
    struct ratings *train = NULL;

    ck_assert_ok(ratings_build(&(struct numbered_rows){rows, 2, 1, 2, {0, 1}},
                               &train, &err),
                 err);
    for (int which = 0; which < 2; which++) {
        struct model *model =
            fit(train, which ? "svdpp" : "svd",
                "factors=1 epochs=1 lr_all=0.1 reg_all=0.5 init_std=0", 1);
        ck_assert_double_eq_tol(ask(model, INDEX_UNKNOWN, 1), 0.5 - 0.1 * 0.5,
                                1e-12);
        model_free(model);
    }
    struct model *nmf =
        fit(train, "nmf", "biased=true epochs=1 lr_bi=0.1 factors=1", 1);
    ck_assert_double_eq_tol(ask(nmf, INDEX_UNKNOWN, 1), 0.45, 1e-12);
    model_free(nmf);
    struct model *clusters = fit(train, "co-clustering", "", 1);
    ck_assert_double_eq(ask(clusters, INDEX_UNKNOWN, 1), 0);
    ck_assert_double_eq(ask(clusters, INDEX_UNKNOWN, 0), 1);
    ck_assert_double_eq(ask(clusters, 0, INDEX_UNKNOWN), 1);
    ck_assert_double_eq(ask(clusters, INDEX_UNKNOWN, INDEX_UNKNOWN), 0.5);
    model_free(clusters);
    ratings_free(train);
}
END_TEST

/* --- Labels below 0 --------------------------------------------------- */

/* The updates would multiply the factors by negative numbers. */
START_TEST(nmf_refuses_labels_below_zero)
{
    static const struct rating rows[] = {
        {0, 0, 0}, {0, 1, 5}, {INDEX_UNKNOWN, 1, -0.25}};
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;
    struct ratings *train = NULL;

    ck_assert_ok(ratings_build(&(struct numbered_rows){rows, 3, 1, 2, {-1, 5}},
                               &train, &err),
                 err);
    ck_assert_ok(model_find("nmf", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_refused(model_fit(ops, train, &params, NULL, &model, &err), err,
                      ERROR_CONFIG, "labels below 0, such as -0.25");
    ck_assert_ptr_null(model);
    ratings_free(train);
    ck_assert_ok(ratings_build(&(struct numbered_rows){rows, 2, 1, 2, {-1, 5}},
                               &train, &err),
                 err);
    model_free(fit(train, "nmf", "", 1)); /* 0 itself is fine */
    ratings_free(train);
}
END_TEST

/* --- Ties ------------------------------------------------------------- */

/* With constant labels every cluster is as good: all go to the first. The
 * clusters are what the model saves first. */
START_TEST(co_clustering_breaks_ties_by_the_lowest_cluster)
{
    struct rating same[USERS * ITEMS];
    struct ratings *train = NULL;
    struct buffer bytes = {0};

    for (uint32_t i = 0; i < USERS * ITEMS; i++)
        same[i] = (struct rating){i % USERS, i / USERS, 1};
    ck_assert_ok(
        ratings_build(
            &(struct numbered_rows){same, USERS * ITEMS, USERS, ITEMS, {0, 1}},
            &train, &err),
        err);
    struct model *model = fit(train, "co-clustering", "epochs=1", 1);
    model->ops->save(model, &bytes);
    struct bytes_reader from = {.at = bytes.bytes, .left = bytes.size};
    for (int i = 0; i < USERS + ITEMS; i++)
        ck_assert_uint_eq(bytes_read_u32(&from), 0);
    buffer_free(&bytes);
    model_free(model);
    ratings_free(train);
}
END_TEST

/* --- A fit that is called off ----------------------------------------- */

START_TEST(a_cancelled_fit_says_so)
{
    static const char *const names[] = {"svd", "svdpp", "nmf", "co-clustering",
                                        "svd"};
    atomic_bool cancel = true;
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;
    struct ratings *train = random_rows();

    ck_assert_ok(model_find(names[_i], &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    params.solver = _i == 4 ? SOLVER_FAST : SOLVER_EXACT;
    ck_assert_refused(model_fit(ops, train, &params, &cancel, &model, &err),
                      err, ERROR_TEMPORARY, "cancelled");
    ck_assert_ptr_null(model);
    ratings_free(train);
}
END_TEST

/* --- solver=fast ------------------------------------------------------ */

enum { MANY = 30000, MANY_USERS = 400, MANY_ITEMS = 150 };

/* 1 + a product of two hidden numbers: nothing that biases could learn. */
static struct ratings *many_rows(void)
{
    struct rating *rows = malloc(MANY * sizeof(*rows));
    struct ratings *train = NULL;

    ck_assert_ptr_nonnull(rows);
    state = 3;
    for (int at = 0; at < MANY; at++) {
        uint32_t u = below(MANY_USERS), i = below(MANY_ITEMS);
        double sign = (u % 2) == (i % 2) ? 1 : -1;
        rows[at] = (struct rating){u, i, 0.5 + 0.4 * sign};
    }
    ck_assert_ok(
        ratings_build(
            &(struct numbered_rows){rows, MANY, MANY_USERS, MANY_ITEMS, {0, 1}},
            &train, &err),
        err);
    free(rows);
    return train;
}

static double rmse(const struct model *model, const struct ratings *train)
{
    double sum = 0;

    for (uint32_t u = 0; u < train->users; u++)
        for (size_t at = train->user_first[u]; at < train->user_first[u + 1];
             at++) {
            double e = train->by_user[at].value -
                       ask(model, u, train->by_user[at].other);
            sum += e * e;
        }
    return sqrt(sum / (double)train->count);
}

START_TEST(the_fast_solver_learns_and_repeats_itself)
{
    const uint32_t threads = (uint32_t)_i;
    const char *text = "solver=fast factors=8 epochs=60";
    struct ratings *train = many_rows();
    struct model *a = fit(train, "svd", text, threads);
    struct model *b = fit(train, "svd", text, threads);

    ck_assert_double_lt(rmse(a, train), 0.1); /* 0.4 by the mean */
    every_model_check_same_bytes(a, b);
    model_free(a);
    model_free(b);
    ratings_free(train);
}
END_TEST

START_TEST(the_fast_solver_does_pmf_and_nobody)
{
    struct ratings *train = random_rows();
    struct model *pmf =
        fit(train, "svd", "solver=fast biased=false factors=4 epochs=50", 2);
    struct model *biased = fit(train, "svd", "solver=fast factors=4", 2);

    ck_assert_double_eq(ask(pmf, INDEX_UNKNOWN, 0), train->mean);
    ck_assert_double_gt(ask(biased, INDEX_UNKNOWN, ITEMS - 1), train->mean);
    model_free(pmf);
    model_free(biased);
    ratings_free(train);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("factor models");
    TCase *tests = tcase_create("slowly");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_carried_sum_is_the_sum);
    tcase_add_test(tests, rows_of_nobody_move_the_item_alone);
    tcase_add_test(tests, nmf_refuses_labels_below_zero);
    tcase_add_test(tests, co_clustering_breaks_ties_by_the_lowest_cluster);
    tcase_add_loop_test(tests, a_cancelled_fit_says_so, 0, 5);
    tcase_add_loop_test(tests, the_fast_solver_learns_and_repeats_itself, 1, 4);
    tcase_add_test(tests, the_fast_solver_does_pmf_and_nobody);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
