/*
 * check_cross_validation.c - the reference's cross_validate(), model by model,
 * fold by fold, on test and on training rows.
 */
#include "support/oracle.h"
#include "support/run_suite.h"

#include "model/select/cross_validation.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define TOLERANCE 1e-9
enum { FOLDS = 5 };

/* clang-format off */
static const struct {
    const char *configuration, *model, *params;
} cases[] = {
    {"BaselineOnly()", "baseline", ""},
    {"SVD(random_state=0)", "svd", ""},
    {"KNNBasic()", "knn", ""},
    {"KNNBaseline(pearson_baseline,item)", "knn-baseline", "similarity=pearson_baseline user_based=false"},
    {"NMF(random_state=0)", "nmf", ""},
    {"SlopeOne()", "slope-one", ""},
    {"CoClustering(random_state=0)", "co-clustering", ""},
    {"SVDpp(random_state=0)", "svdpp", ""},
};
/* clang-format on */
enum { MODELS = sizeof(cases) / sizeof(*cases) };
static const char *const sets[] = {"click", "star"};

static struct error err;

static void prepare(const char *model, const char *text,
                    const struct model_ops **ops, struct model_params *params)
{
    ck_assert_ok(model_find(model, ops, &err), err);
    ck_assert_ok(params_start(*ops, params, &err), err);
    ck_assert_ok(params_set(*ops, text, params, &err), err);
}

static void compare(const json_t *expected, const char *rows, size_t fold,
                    const struct evaluation *got)
{
    static const char *const names[] = {"rmse", "mae", "mse", "fcp"};
    const double figures[] = {got->rmse, got->mae, got->mse, got->fcp};

    for (int m = 0; m < 4; m++) {
        char name[32];
        snprintf(name, sizeof(name), "%s_%s", rows, names[m]);
        const json_t *array = json_object_get(expected, name);
        ck_assert_uint_eq(json_array_size(array), FOLDS);
        double value = json_real_value(json_array_get(array, fold));
        ck_assert_msg(fabs(figures[m] - value) <= TOLERANCE,
                      "fold %zu: %s is %.17g, the reference says %.17g", fold,
                      name, figures[m], value);
    }
}

START_TEST(every_fold_is_the_reference)
{
    const char *set = sets[_i / MODELS];
    const char *configuration = cases[_i % MODELS].configuration;
    struct oracle *oracle = oracle_open(set);
    struct dataset *data = oracle_dataset(set);
    const json_t *expected = json_object_get(
        json_object_get(oracle->set, "cross_validate_KFold(5,random_state="
                                     "0)"),
        configuration);
    const struct model_ops *ops;
    struct model_params params;
    struct folds *folds = NULL;

    prepare(cases[_i % MODELS].model, cases[_i % MODELS].params, &ops, &params);
    ck_assert_ok(
        split_k_fold(data->count, FOLDS, ROWS_SHUFFLED, 0, &folds, &err), err);
    for (size_t f = 0; f < FOLDS; f++) {
        struct fold_result result;
        ck_assert_ok(
            cross_validate_fold(&(struct trial){.dataset = data,
                                                .scale = dataset_scale(data),
                                                .ops = ops,
                                                .params = &params,
                                                .measures = {.train = true}},
                                &folds->folds[f], &result, &err),
            err);
        ck_assert_uint_eq(result.test.rows, folds->folds[f].test_count);
        compare(expected, "test", f, &result.test);
        compare(expected, "train", f, &result.train);
        ck_assert(result.fit_seconds >= 0 && result.test_seconds >= 0);
    }
    folds_free(folds);
    dataset_free(data);
    oracle_close(oracle);
}
END_TEST

START_TEST(training_rows_are_measured_only_when_asked_for)
{
    struct dataset *data = oracle_dataset("star");
    const struct model_ops *ops;
    struct model_params params;
    struct folds *folds = NULL;
    struct fold_result result;

    prepare("baseline", "", &ops, &params);
    ck_assert_ok(split_k_fold(data->count, 2, ROWS_SHUFFLED, 0, &folds, &err),
                 err);
    ck_assert_ok(
        cross_validate_fold(&(struct trial){.dataset = data,
                                            .scale = dataset_scale(data),
                                            .ops = ops,
                                            .params = &params},
                            &folds->folds[0], &result, &err),
        err);
    ck_assert_uint_eq(result.train.rows, 0);
    ck_assert_uint_gt(result.test.rows, 0);
    folds_free(folds);
    dataset_free(data);
}
END_TEST

START_TEST(a_cancelled_fold_leaves_the_result_alone)
{
    struct dataset *data = oracle_dataset("star");
    const struct model_ops *ops;
    struct model_params params;
    struct folds *folds = NULL;
    struct fold_result result = {.fit_seconds = -1};
    atomic_bool cancel = true;

    prepare("svd", "", &ops, &params);
    ck_assert_ok(split_k_fold(data->count, 2, ROWS_SHUFFLED, 0, &folds, &err),
                 err);
    ck_assert_refused(
        cross_validate_fold(&(struct trial){.dataset = data,
                                            .scale = dataset_scale(data),
                                            .ops = ops,
                                            .params = &params,
                                            .cancel = &cancel},
                            &folds->folds[0], &result, &err),
        err, ERROR_TEMPORARY, "");
    ck_assert_double_eq(result.fit_seconds, -1);
    folds_free(folds);
    dataset_free(data);
}
END_TEST

START_TEST(the_deviation_is_of_the_population)
{
    static const double figures[] = {2, 4, 4, 4, 5, 5, 7, 9};
    double mean, deviation;

    mean_and_deviation(figures, 8, &mean, &deviation);
    ck_assert_double_eq(mean, 5);
    ck_assert_double_eq(deviation, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cross_validation");
    TCase *tests = tcase_create("folds");

    tcase_add_loop_test(tests, every_fold_is_the_reference, 0, 2 * MODELS);
    tcase_add_test(tests, training_rows_are_measured_only_when_asked_for);
    tcase_add_test(tests, a_cancelled_fold_leaves_the_result_alone);
    tcase_add_test(tests, the_deviation_is_of_the_population);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
