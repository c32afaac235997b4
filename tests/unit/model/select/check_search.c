/*
 * check_search.c - the reference's grid search; random search, which unlike
 * the reference's keeps to its seed; stopping half-way.
 */
#include "support/oracle.h"
#include "support/run_suite.h"

#include "model/select/search.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { FOLDS = 3 };
#define TOLERANCE 1e-9

static struct error err;
static const struct model_ops *ops;
static struct model_params base;
static struct dataset *data;
static struct folds *folds;

static void start(const char *set, const char *model)
{
    data = oracle_dataset(set);
    ck_assert_ok(model_find(model, &ops, &err), err);
    ck_assert_ok(params_start(ops, &base, &err), err);
    ck_assert_ok(
        split_k_fold(data->count, FOLDS, ROWS_SHUFFLED, 0, &folds, &err), err);
}

static void stop(void)
{
    folds_free(folds);
    dataset_free(data);
}

static struct search_results *run(const struct search_plan *plan,
                                  uint32_t threads, const atomic_bool *cancel)
{
    struct search_results *results = NULL;

    const struct search_job job = {.dataset = data,
                                   .scale = dataset_scale(data),
                                   .folds = folds,
                                   .threads = threads,
                                   .cancel = cancel};
    ck_assert_ok(search_run(plan, &job, &results, &err), err);
    return results;
}

/* --- The grid --------------------------------------------------------- */

static double mean_of(const struct search_result *result, bool mae,
                      double *deviation)
{
    double figures[FOLDS], mean;

    ck_assert_uint_eq(result->done, FOLDS);
    for (int f = 0; f < FOLDS; f++)
        figures[f] =
            mae ? result->folds[f].test.mae : result->folds[f].test.rmse;
    mean_and_deviation(figures, FOLDS, &mean, deviation);
    return mean;
}

static double number(const json_t *expected, const char *name, size_t index)
{
    return json_number_value(
        json_array_get(json_object_get(expected, name), index));
}

static void compare_best(const struct search_results *results, bool mae,
                         const json_t *expected)
{
    const char *name = mae ? "mae" : "rmse";
    size_t best = 0;
    double unused, score = mean_of(&results->results[0], mae, &unused);

    for (size_t i = 1; i < results->count; i++) {
        double mean = mean_of(&results->results[i], mae, &unused);
        if (mean < score) {
            score = mean;
            best = i;
        }
    }
    ck_assert_double_eq_tol(score,
                            json_real_value(json_object_get(
                                json_object_get(expected, "best_score"), name)),
                            TOLERANCE);
    ck_assert_int_eq((json_int_t)best,
                     json_integer_value(json_object_get(
                         json_object_get(expected, "best_index"), name)));
}

START_TEST(the_grid_is_the_reference)
{
    static const char *const sets[] = {"click", "star"};
    /* The reference's grid names its first parameter first, too. */
    static const char *const texts[] = {
        "epochs=5 lr_all=0.005", "epochs=5 lr_all=0.05",
        "epochs=10 lr_all=0.005", "epochs=10 lr_all=0.05"};
    struct oracle *oracle = oracle_open(sets[_i]);
    const json_t *expected = json_object_get(
        oracle->set, "GridSearchCV_SVD_KFold(3,random_state=0)");
    struct search_plan *plan = NULL;

    start(sets[_i], "svd");
    ck_assert_ok(params_set(ops, "factors=4 seed=0", &base, &err), err);
    ck_assert_ok(
        search_grid(ops, &base, "epochs=5|10 lr_all=0.005|0.05", &plan, &err),
        err);
    ck_assert_uint_eq(plan->count, 4);
    struct search_results *results = run(plan, 1, NULL);
    for (size_t i = 0; i < 4; i++) {
        double deviation,
            mean = mean_of(&results->results[i], false, &deviation);
        ck_assert_str_eq(plan->texts[i], texts[i]);
        ck_assert_double_eq_tol(mean, number(expected, "mean_test_rmse", i),
                                TOLERANCE);
        ck_assert_double_eq_tol(deviation, number(expected, "std_test_rmse", i),
                                TOLERANCE);
    }
    compare_best(results, false, expected);
    compare_best(results, true, expected);
    search_results_free(results);
    search_plan_free(plan);
    stop();
    oracle_close(oracle);
}
END_TEST

/* --- Threads and stopping --------------------------------------------- */

START_TEST(figures_do_not_depend_on_the_threads)
{
    struct search_plan *plan = NULL;

    start("star", "svd");
    ck_assert_ok(
        search_grid(ops, &base, "epochs=2|3|4 factors=2|5", &plan, &err), err);
    plan->measures = (struct measures){
        .train = true, .ranking_k = 3, .ranking_threshold = 4};
    struct search_results *one = run(plan, 1, NULL);
    struct search_results *four = run(plan, 4, NULL);
    for (size_t i = 0; i < plan->count; i++) {
        ck_assert_uint_eq(four->results[i].done, FOLDS);
        for (size_t f = 0; f < FOLDS; f++) {
            const struct fold_result *a = &one->results[i].folds[f];
            const struct fold_result *b = &four->results[i].folds[f];
            ck_assert(memcmp(&a->test, &b->test, sizeof(a->test)) == 0);
            ck_assert(memcmp(&a->train, &b->train, sizeof(a->train)) == 0);
            ck_assert(memcmp(&a->ranking, &b->ranking, sizeof(a->ranking)) ==
                      0);
            ck_assert_uint_gt(a->train.rows, 0);
            ck_assert(a->ranking.ndcg > 0 && a->ranking.ndcg <= 1);
        }
    }
    search_results_free(one);
    search_results_free(four);
    search_plan_free(plan);
    stop();
}
END_TEST

START_TEST(progress_counts_every_fit)
{
    struct search_plan *plan = NULL;
    struct search_results *results = NULL;
    atomic_size_t finished = 0;

    start("star", "baseline");
    ck_assert_ok(search_grid(ops, &base, "bsl_reg_u=1|2", &plan, &err), err);
    const struct search_job job = {.dataset = data,
                                   .scale = dataset_scale(data),
                                   .folds = folds,
                                   .threads = 2,
                                   .finished = &finished};
    ck_assert_ok(search_run(plan, &job, &results, &err), err);
    ck_assert_uint_eq(atomic_load(&finished), 2 * FOLDS);
    search_results_free(results);
    search_plan_free(plan);
    stop();
}
END_TEST

/* A model that asks for the end of the search in its fourth fit. */
static atomic_bool cancel;
static atomic_int fits;
static const struct model_ops *inner_ops;

static int fit_and_stop(const struct ratings *train,
                        const struct model_params *params,
                        const atomic_bool *stopped, struct model **out,
                        struct error *why)
{
    if (atomic_fetch_add(&fits, 1) == 3)
        atomic_store(&cancel, true);
    return inner_ops->fit(train, params, stopped, out, why);
}

START_TEST(a_stop_keeps_what_is_done)
{
    struct search_plan *plan = NULL;

    start("star", "svd");
    ck_assert_ok(search_grid(ops, &base, "epochs=1|2|3", &plan, &err), err);
    inner_ops = ops;
    struct model_ops stopping = *ops;
    stopping.fit = fit_and_stop;
    plan->ops = &stopping;
    struct search_results *results = run(plan, 1, &cancel);
    ck_assert_uint_eq(results->count, 3);
    ck_assert_uint_eq(results->results[0].done, FOLDS); /* fits 1, 2, 3 */
    ck_assert(!isnan(results->results[0].folds[2].test.rmse));
    ck_assert_uint_eq(results->results[1].done, 0);
    ck_assert_uint_eq(results->results[2].done, 0);
    search_results_free(results);
    search_plan_free(plan);
    stop();
}
END_TEST

static int fit_and_fail(const struct ratings *train,
                        const struct model_params *params,
                        const atomic_bool *stopped, struct model **out,
                        struct error *why)
{
    (void)train, (void)params, (void)stopped, (void)out;
    return error_set(why, ERROR_LIMIT, "too large");
}

START_TEST(a_fit_that_fails_ends_the_search_and_is_named)
{
    struct search_plan *plan = NULL;
    struct search_results *results = NULL;

    start("star", "svd");
    ck_assert_ok(search_grid(ops, &base, "epochs=7", &plan, &err), err);
    struct model_ops failing = *ops;
    failing.fit = fit_and_fail;
    plan->ops = &failing;
    const struct search_job job = {.dataset = data,
                                   .scale = dataset_scale(data),
                                   .folds = folds,
                                   .threads = 2};
    ck_assert_refused(search_run(plan, &job, &results, &err), err, ERROR_LIMIT,
                      "epochs=7: ");
    search_plan_free(plan);
    stop();
}
END_TEST

/* --- Random search ---------------------------------------------------- */

#define LISTS "k=1|2|3|4|5 min_k=1|2|3|4 similarity=msd|cosine"

static struct search_plan *random_plan(const char *space, size_t tries,
                                       uint64_t seed)
{
    struct search_plan *plan = NULL;

    ck_assert_ok(search_random(ops, &base, space,
                               &(struct search_draw){tries, seed}, &plan, &err),
                 err);
    ck_assert_uint_eq(plan->count, tries);
    return plan;
}

START_TEST(tries_from_lists_are_distinct)
{
    start("star", "knn");
    struct search_plan *plan = random_plan(LISTS, 40, (uint64_t)_i);

    for (size_t a = 0; a < 40; a++)
        for (size_t b = 0; b < a; b++)
            ck_assert_str_ne(plan->texts[a], plan->texts[b]);
    search_plan_free(plan);
    stop();
}
END_TEST

START_TEST(the_seed_decides)
{
    start("star", "knn");
    struct search_plan *a = random_plan(LISTS, 20, 7);
    struct search_plan *b = random_plan(LISTS, 20, 7);
    struct search_plan *c = random_plan(LISTS, 20, 8);

    ck_assert(memcmp(a->texts, b->texts, 20 * sizeof(*a->texts)) == 0);
    ck_assert(memcmp(a->texts, c->texts, 20 * sizeof(*a->texts)) != 0);
    search_plan_free(a);
    search_plan_free(b);
    search_plan_free(c);
    stop();
}
END_TEST

START_TEST(draws_follow_their_distributions)
{
    enum { DRAWS = 2000 };
    double mean = 0, log_mean = 0;
    unsigned seen[5] = {0};

    start("star", "svd");
    struct search_plan *plan =
        random_plan("reg_all=uniform(0.1,0.5) lr_all=loguniform(0.001,0.1) "
                    "factors=int(2,4) epochs=1|9",
                    DRAWS, 3);
    for (size_t i = 0; i < DRAWS; i++) {
        const struct model_params *p = &plan->params[i];
        ck_assert(p->reg_all >= 0.1 && p->reg_all < 0.5);
        ck_assert(p->lr_all >= 0.001 && p->lr_all < 0.1);
        ck_assert(p->factors >= 2 && p->factors <= 4);
        ck_assert(p->epochs == 1 || p->epochs == 9);
        mean += p->reg_all / DRAWS;
        log_mean += log10(p->lr_all) / DRAWS;
        seen[p->factors]++;
    }
    /* five standard errors */
    ck_assert_double_eq_tol(mean, 0.3, 5 * 0.4 / sqrt(12. * DRAWS));
    ck_assert_double_eq_tol(log_mean, -2, 5 * 2 / sqrt(12. * DRAWS));
    for (int f = 2; f <= 4; f++)
        ck_assert_double_eq_tol(seen[f], DRAWS / 3., 5 * sqrt(DRAWS * 2. / 9));
    search_plan_free(plan);
    stop();
}
END_TEST

START_TEST(searches_that_cannot_be_are_refused)
{
    struct search_plan *plan = NULL;

    start("star", "knn");
    ck_assert_refused(search_grid(ops, &base, "k=int(1,5)", &plan, &err), err,
                      ERROR_CONFIG, "random");
    ck_assert_refused(search_grid(ops, &base, "k=1|two", &plan, &err), err,
                      ERROR_CONFIG, "k");
    ck_assert_refused(search_grid(ops, &base, "factors=1", &plan, &err), err,
                      ERROR_CONFIG, "factors");
    ck_assert_refused(search_random(ops, &base, "k=1|2",
                                    &(struct search_draw){3, 0}, &plan, &err),
                      err, ERROR_CONFIG, "3 tries of 2");
    ck_assert_refused(search_random(ops, &base, "k=int(1,5)",
                                    &(struct search_draw){0, 0}, &plan, &err),
                      err, ERROR_LIMIT, "0 combinations");
    ck_assert_refused(
        search_random(ops, &base, "k=int(1,5)",
                      &(struct search_draw){SEARCH_COMBINATIONS_MAX + 1, 0},
                      &plan, &err),
        err, ERROR_LIMIT, "100001 combinations");
    ck_assert_ptr_null(plan);
    stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("search");
    TCase *tests = tcase_create("search");

    tcase_add_loop_test(tests, the_grid_is_the_reference, 0, 2);
    tcase_add_test(tests, figures_do_not_depend_on_the_threads);
    tcase_add_test(tests, progress_counts_every_fit);
    tcase_add_test(tests, a_stop_keeps_what_is_done);
    tcase_add_test(tests, a_fit_that_fails_ends_the_search_and_is_named);
    tcase_add_loop_test(tests, tries_from_lists_are_distinct, 0, 5);
    tcase_add_test(tests, the_seed_decides);
    tcase_add_test(tests, draws_follow_their_distributions);
    tcase_add_test(tests, searches_that_cannot_be_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
