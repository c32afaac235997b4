/*
 * check_real_folds.c - models on real clicks, fold by fold.
 *
 * Click_prediction_small.csv.gz (KDD Cup 2012, 39,948 rows) in the folder
 * PCTR_DATA; the figures are scikit-surprise's, 4 folds, seed 0. Skipped
 * without the data.
 */
#include "support/run_suite.h"

#include "common/base/table.h"

#include "model/select/cross_validation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDS = 4, ROWS = 39948 };
#define TOLERANCE 1e-9

static const struct {
    const char *model, *params;
    double rmse[FOLDS], mae[FOLDS];
} cases[] = {
    {"baseline",
     "bsl_method=als",
     {0.3684584343, 0.3652830823, 0.3664515553, 0.3690944932},
     {0.2656501750, 0.2656695125, 0.2668035992, 0.2667931395}},
    {"baseline",
     "bsl_method=sgd",
     {0.3688544314, 0.3653836091, 0.3667609727, 0.3690161726},
     {0.2613172931, 0.2598566463, 0.2603603110, 0.2619867152}},
    {"knn",
     "",
     {0.3775072228, 0.3758781792, 0.3756284490, 0.3799986084},
     {0.2764770887, 0.2759712400, 0.2760999819, 0.2784818824}},
    {"knn",
     "user_based=false",
     {0.3796930354, 0.3782883628, 0.3791240147, 0.3825928889},
     {0.2747419982, 0.2743960588, 0.2750572197, 0.2770100828}},
    {"svd",
     "",
     {0.3688475581, 0.3655321381, 0.3668929251, 0.3694268082},
     {0.2615670201, 0.2599383821, 0.2611175229, 0.2625989013}},
    {"svd",
     "biased=false",
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
    ck_assert_ok(table_open(path, NULL, &table, &err), err);
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

static struct evaluation test_fold(const struct fold *fold, const char *name,
                                   const char *text)
{
    const struct model_ops *ops;
    struct model_params params;
    struct fold_result result;

    ck_assert_ok(model_find(name, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    ck_assert_ok(cross_validate_fold(&(struct trial){.dataset = dataset,
                                                     .scale = {0, 1},
                                                     .ops = ops,
                                                     .params = &params},
                                     fold, &result, &err),
                 err);
    return result.test;
}

START_TEST(every_fold_is_the_reference)
{
    struct folds *folds = NULL;

    ck_assert_ok(
        split_k_fold(dataset->count, FOLDS, ROWS_SHUFFLED, 0, &folds, &err),
        err);
    for (int f = 0; f < FOLDS; f++) {
        struct evaluation got =
            test_fold(&folds->folds[f], cases[_i].model, cases[_i].params);
        ck_assert_double_eq_tol(got.rmse, cases[_i].rmse[f], TOLERANCE);
        ck_assert_double_eq_tol(got.mae, cases[_i].mae[f], TOLERANCE);
    }
    folds_free(folds);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("real folds");
    TCase *tests = tcase_create("KDD Cup 2012");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, read_rows, drop_rows);
    tcase_add_loop_test(tests, every_fold_is_the_reference, 0,
                        sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, tests);
    return run_suite_of_data(suite);
}
