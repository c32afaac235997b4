/*
 * check_real_truncated_svd.c - singular values of real data.
 *
 * Click_prediction_small.csv.gz (KDD Cup 2012) and ml_latest_small_ratings
 * .csv.gz (MovieLens) in the folder PCTR_DATA; the values are scipy's. Skipped
 * without the data.
 */
#include "support/run_suite.h"

#include "common/base/table.h"

#include "model/ask/truncated_svd.h"
#include "model/rows/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES = 10 };

static const struct {
    const char *file, *user, *item, *value;
    double low, high;
    uint32_t users, items;
    double expected[VALUES];
} cases[] = {
    {"Click_prediction_small.csv.gz",
     "user_id",
     "ad_id",
     "click",
     0,
     1,
     30114,
     19228,
     {28.13776584, 9.21307878, 8.94332557, 6.85452004, 6.63152172, 6.16411154,
      5.91607978, 5.56723372, 5.38516481, 5.38314766}},
    {"ml_latest_small_ratings.csv.gz",
     "userId",
     "movieId",
     "rating",
     0.5,
     5,
     610,
     9724,
     {534.419898, 231.236611, 191.150876, 170.422508, 154.552948, 147.335757,
      135.655568, 122.66303, 121.442177, 113.111443}},
};

static struct error err;

static struct id id_of(const struct table_field *field)
{
    return id_from_text(field->text, field->size);
}

static struct dataset *read_rows(int which)
{
    char path[4096];
    struct dataset *dataset = NULL;
    struct table *table = NULL;
    enum table_result result = TABLE_ROW;
    const struct table_field *fields;
    struct error why;

    snprintf(path, sizeof(path), "%s/%s", getenv("PCTR_DATA"),
             cases[which].file);
    ck_assert_ok(dataset_new(&dataset, &err), err);
    ck_assert_ok(table_open(path, NULL, &table, &err), err);
    int user = table_column(table, cases[which].user, &err);
    int item = table_column(table, cases[which].item, &err);
    int value = table_column(table, cases[which].value, &err);
    ck_assert(user >= 0 && item >= 0 && value >= 0);
    while (table_next(table, &result, &fields, &why, &err) == 0 &&
           result == TABLE_ROW) {
        struct id user_id = id_of(&fields[user]),
                  item_id = id_of(&fields[item]);
        if (dataset_add(dataset, &user_id, &item_id,
                        strtod(fields[value].text, NULL), 0, &err) < 0)
            ck_abort_msg("%s", err.text);
    }
    ck_assert_int_eq(result, TABLE_END);
    table_close(table);
    return dataset;
}

START_TEST(singular_values_are_exact)
{
    struct dataset *dataset = read_rows(_i);
    struct trainset *train = NULL;
    struct truncated_svd *svd = NULL;

    ck_assert_ok(trainset_build(dataset, NULL, dataset->count,
                                (struct scale){cases[_i].low, cases[_i].high},
                                &train, &err),
                 err);
    ck_assert_uint_eq(train->ratings->users, cases[_i].users);
    ck_assert_uint_eq(train->ratings->items, cases[_i].items);
    ck_assert_ok(truncated_svd_fit(train->ratings, VALUES, 0, NULL, &svd, &err),
                 err);
    for (int k = 0; k < VALUES; k++)
        ck_assert_double_eq_tol(svd->values[k], cases[_i].expected[k], 1e-6);
    truncated_svd_free(svd);
    trainset_free(train);
    dataset_free(dataset);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("real truncated svd");
    TCase *tests = tcase_create("singular values");

    tcase_set_timeout(tests, 100);
    tcase_add_loop_test(tests, singular_values_are_exact, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite_of_data(suite);
}
