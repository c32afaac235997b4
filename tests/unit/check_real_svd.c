/*
 * check_real_svd.c - svd and PMF on real clicks, fold by fold.
 *
 * Click_prediction_small.csv.gz (KDD Cup 2012, 39,948 rows) in the folder
 * PCTR_DATA; the figures are scikit-surprise's, 4 folds, seed 0. Skipped
 * without the data.
 */
#include "support/run_suite.h"

#include "common/table.h"

#include "model/dataset.h"
#include "model/evaluation.h"
#include "model/model.h"
#include "model/splitter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDS = 4, SKIPPED = 77, ROWS = 39948 };
#define TOLERANCE 1e-9

static const struct {
    const char *params;
    double rmse[FOLDS], mae[FOLDS];
} cases[] = {
    {"",
     {0.3688475581, 0.3655321381, 0.3668929251, 0.3694268082},
     {0.2615670201, 0.2599383821, 0.2611175229, 0.2625989013}},
    {"biased=false",
     {0.3783080849, 0.3747900543, 0.3748939862, 0.3783420915},
     {0.2667882793, 0.2657613081, 0.2650998023, 0.2677329717}},
};

static struct error err;
static struct dataset *dataset;

static struct id id_of(const struct table_field *field)
{
    return id_from_text(field->text, field->size);
}

static void read_rows(void)
{
    char path[4096];
    struct table *table = NULL;
    enum table_result result = TABLE_ROW;
    const struct table_field *fields;
    struct error why;

    snprintf(path, sizeof(path), "%s/Click_prediction_small.csv.gz",
             getenv("PCTR_DATA"));
    ck_assert_ok(dataset_new(&dataset, &err), err);
    ck_assert_ok(table_open(path, TABLE_AUTO, &table, &err), err);
    int user = table_column(table, "user_id", &err);
    int ad = table_column(table, "ad_id", &err);
    int click = table_column(table, "click", &err);
    ck_assert(user >= 0 && ad >= 0 && click >= 0);
    while (table_next(table, &result, &fields, &why, &err) == 0 &&
           result == TABLE_ROW) {
        struct id user_id = id_of(&fields[user]), ad_id = id_of(&fields[ad]);
        if (dataset_add(dataset, &user_id, &ad_id,
                        strtod(fields[click].text, NULL), 0, &err) < 0)
            ck_abort_msg("%s", err.text);
    }
    ck_assert_int_eq(result, TABLE_END);
    ck_assert_uint_eq(dataset->count, ROWS);
    table_close(table);
}

static void drop_rows(void)
{
    dataset_free(dataset);
}

static struct evaluation test_fold(const struct fold *fold, const char *text)
{
    static struct pair pairs[ROWS];
    static struct prediction out[ROWS];
    static double labels[ROWS], values[ROWS];
    struct trainset *train = NULL;
    const struct model_ops *ops;
    struct model_params params;
    struct model *model = NULL;
    struct evaluation quality;

    ck_assert_ok(trainset_build(dataset, fold->train, fold->train_count,
                                (struct scale){0, 1}, &train, &err),
                 err);
    ck_assert_ok(model_find("svd", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    ck_assert_ok(model_fit(ops, train->ratings, &params, NULL, &model, &err),
                 err);
    for (size_t i = 0; i < fold->test_count; i++) {
        const struct rating *row = &dataset->rows[fold->test[i]];
        pairs[i] = (struct pair){train->user_inner[row->user],
                                 train->item_inner[row->item]};
        labels[i] = row->value;
    }
    model_predict(model, pairs, fold->test_count, out);
    for (size_t i = 0; i < fold->test_count; i++)
        values[i] = out[i].value;
    ck_assert_ok(evaluate(labels, values, fold->test_count, &quality, &err),
                 err);
    model_free(model);
    trainset_free(train);
    return quality;
}

START_TEST(every_fold_is_the_reference)
{
    struct folds *folds = NULL;

    ck_assert_ok(split_k_fold(dataset->count, FOLDS, true, 0, &folds, &err),
                 err);
    for (int f = 0; f < FOLDS; f++) {
        struct evaluation got = test_fold(&folds->folds[f], cases[_i].params);
        ck_assert_double_eq_tol(got.rmse, cases[_i].rmse[f], TOLERANCE);
        ck_assert_double_eq_tol(got.mae, cases[_i].mae[f], TOLERANCE);
    }
    folds_free(folds);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("real svd");
    TCase *tests = tcase_create("KDD Cup 2012");

    if (!getenv("PCTR_DATA")) {
        puts("skipped: PCTR_DATA names no folder with the real data");
        return SKIPPED;
    }
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, read_rows, drop_rows);
    tcase_add_loop_test(tests, every_fold_is_the_reference, 0,
                        sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
