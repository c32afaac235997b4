/*
 * check_calibrated_folds.c - with `calibrate`, a fold's figures are those of a
 * model that is calibrated by the last tenth of its training rows and then fit
 * on all of them.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "model/select/cross_validation.h"

#include <math.h>
#include <string.h>

enum { ROWS = 6000, USERS = 40, ADS = 25, FOLDS = 3 };

static struct error err;
static struct dataset *data;
static struct folds *folds;
static const struct model_ops *ops;
static struct model_params params;

/* A click is likelier for some users and some ads. */
static double clicks(uint64_t row)
{
    const double rate = 0.1 + 0.015 * (double)(random_mix(row) % USERS) +
                        0.01 * (double)(random_mix(row ^ 5) % ADS);

    return (double)(random_mix(row ^ 77) % 1000) / 1000 < rate ? 1 : 0;
}

static void open_rows(size_t rows, double highest)
{
    ck_assert_ok(dataset_new(&data, &err), err);
    for (uint64_t i = 0; i < rows; i++) {
        const struct id user = id_from_number((int64_t)(random_mix(i) % USERS));
        const struct id ad = id_from_number((int64_t)(random_mix(i ^ 5) % ADS));
        ck_assert_ok(
            dataset_add(data, &user, &ad, clicks(i) * highest, 0, &err), err);
    }
    ck_assert_ok(
        split_k_fold(data->count, FOLDS, ROWS_SHUFFLED, 0, &folds, &err), err);
}

static void close_rows(void)
{
    folds_free(folds);
    dataset_free(data);
}

static void take_model(const char *name, const char *text)
{
    ck_assert_ok(model_find(name, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
}

static struct trial trial_of(bool calibrates)
{
    return (struct trial){.dataset = data,
                          .scale = dataset_scale(data),
                          .ops = ops,
                          .params = &params,
                          .measures = {.calibrate = calibrates}};
}

static struct fold_result measured(const struct fold *fold, bool calibrates)
{
    const struct trial trial = trial_of(calibrates);
    struct fold_result result;

    ck_assert_ok(cross_validate_fold(&trial, fold, &result, &err), err);
    return result;
}

/* --- By hand ---------------------------------------------------------- */

static struct model *fit(const size_t *rows, size_t n, struct trainset **train)
{
    struct model *model = NULL;

    ck_assert_ok(
        trainset_build(data, rows, n, dataset_scale(data), train, &err), err);
    ck_assert_ok(model_fit(ops, (*train)->ratings, &params, NULL, &model, &err),
                 err);
    return model;
}

static struct pair pair_of(const struct trainset *train, size_t row)
{
    return (struct pair){train->users.inner[data->rows[row].user],
                         train->items.inner[data->rows[row].item]};
}

static struct calibration calibration_by_hand(const struct fold *fold)
{
    static struct pair pairs[ROWS];
    static double labels[ROWS];
    const size_t last = fold->train_count / 10;
    const size_t *rows = fold->train + fold->train_count - last;
    struct trainset *train = NULL;
    struct model *model = fit(fold->train, fold->train_count - last, &train);

    for (size_t i = 0; i < last; i++) {
        pairs[i] = pair_of(train, rows[i]);
        labels[i] = data->rows[rows[i]].value;
    }
    ck_assert_ok(model_calibrate(model, pairs, labels, last, &err), err);
    const struct calibration calibration = model->calibration;
    model_free(model);
    trainset_free(train);
    return calibration;
}

static struct evaluation by_hand(const struct fold *fold)
{
    static double labels[ROWS], answers[ROWS];
    struct trainset *train = NULL;
    struct model *model = fit(fold->train, fold->train_count, &train);
    struct evaluation out;

    model->calibration = calibration_by_hand(fold);
    ck_assert(calibration_is_set(&model->calibration));
    for (size_t i = 0; i < fold->test_count; i++) {
        const struct pair pair = pair_of(train, fold->test[i]);
        struct prediction answer;
        model_predict(model, &pair, 1, &answer);
        labels[i] = data->rows[fold->test[i]].value;
        answers[i] = answer.value;
    }
    ck_assert_ok(evaluate(labels, answers, fold->test_count, &out, &err), err);
    model_free(model);
    trainset_free(train);
    return out;
}

static const struct {
    const char *name, *params;
} models[] = {{"baseline", ""}, {"svd", "factors=4"}, {"knn-means", ""}};

START_TEST(figures_are_those_of_the_calibrated_model)
{
    open_rows(ROWS, 1);
    take_model(models[_i].name, models[_i].params);
    for (size_t f = 0; f < FOLDS; f++) {
        const struct fold_result raw = measured(&folds->folds[f], false);
        const struct fold_result got = measured(&folds->folds[f], true);
        const struct evaluation wanted = by_hand(&folds->folds[f]);
        ck_assert(!got.is_raw && !raw.is_raw);
        ck_assert_double_eq(got.test.logloss, wanted.logloss);
        ck_assert_double_eq(got.test.auc, wanted.auc);
        ck_assert_double_eq(got.test.rmse, wanted.rmse);
        ck_assert_double_ne(got.test.logloss, raw.test.logloss);
    }
    close_rows();
}
END_TEST

/* A model that says 1 or 0 where it has few rows pays for that. */
START_TEST(calibration_helps_a_model_that_is_too_sure)
{
    open_rows(ROWS, 1);
    take_model("svd", "factors=30 epochs=60 lr_all=0.02 reg_all=0");
    for (size_t f = 0; f < FOLDS; f++)
        ck_assert_double_lt(measured(&folds->folds[f], true).test.logloss,
                            measured(&folds->folds[f], false).test.logloss);
    close_rows();
}
END_TEST

START_TEST(fields_answer_probabilities_and_stay_as_they_are)
{
    open_rows(ROWS, 1);
    take_model("fields", "bits=12");
    const struct fold_result raw = measured(&folds->folds[0], false);
    const struct fold_result got = measured(&folds->folds[0], true);
    ck_assert(!got.is_raw);
    ck_assert_double_eq(got.test.logloss, raw.test.logloss);
    close_rows();
}
END_TEST

START_TEST(rows_that_say_too_little_calibrate_nothing)
{
    open_rows(300, 1);
    take_model("baseline", "");
    const struct fold_result raw = measured(&folds->folds[0], false);
    const struct fold_result got = measured(&folds->folds[0], true);
    ck_assert(got.is_raw);
    ck_assert_double_eq(got.test.logloss, raw.test.logloss);
    close_rows();
}
END_TEST

START_TEST(stars_are_not_calibrated)
{
    struct fold_result result;

    open_rows(300, 5);
    take_model("baseline", "");
    const struct trial trial = trial_of(true);
    ck_assert_refused(
        cross_validate_fold(&trial, &folds->folds[0], &result, &err), err,
        ERROR_CONFIG, "from 0 to 1");
    close_rows();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("calibrated_folds");
    TCase *tests = tcase_create("calibrate");

    tcase_add_loop_test(tests, figures_are_those_of_the_calibrated_model, 0,
                        sizeof(models) / sizeof(models[0]));
    tcase_add_test(tests, calibration_helps_a_model_that_is_too_sure);
    tcase_add_test(tests, fields_answer_probabilities_and_stay_as_they_are);
    tcase_add_test(tests, rows_that_say_too_little_calibrate_nothing);
    tcase_add_test(tests, stars_are_not_calibrated);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
