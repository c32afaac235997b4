/*
 * check_real_fields.c - the model "fields" on real rows, with the figures of a
 * second implementation in Python, to .0005.
 *
 * Click_prediction_small.csv.gz (KDD Cup 2012, ten fields) and
 * ml_latest_small_ratings.csv.gz (MovieLens, a click from four stars on) in the
 * folder PCTR_DATA. Skipped without the data.
 */
#include "support/run_suite.h"

#include "common/base/table.h"

#include "model/rows/field_list.h"
#include "model/select/cross_validation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 0.0005

static struct error err;

/* --- Files ------------------------------------------------------------ */

enum { COLUMNS_MAX = 12 };

/* Columns of a file: user, ad, label and time (or none), then the values of the
 * list but for user and ad, in its order. */
struct source {
    const char *file, *list;
    const char *user, *ad, *label, *time;
    double click_min;
    const char *values[COLUMNS_MAX]; /* NULL at the end */
};

static const struct source kdd = {
    .file = "Click_prediction_small.csv.gz",
    .list = "user,ad,url,advertiser,depth,position,query,keyword,title,"
            "description",
    .user = "user_id",
    .ad = "ad_id",
    .label = "click",
    .click_min = 1,
    .values = {"url_hash", "advertiser_id", "depth", "position", "query_id",
               "keyword_id", "title_id", "description_id"}};

static const struct source movielens = {.file =
                                            "ml_latest_small_ratings.csv.gz",
                                        .list = "user,ad",
                                        .user = "userId",
                                        .ad = "movieId",
                                        .label = "rating",
                                        .time = "timestamp",
                                        .click_min = 4};

static int column_of(const struct table *table, const char *name)
{
    int column = table_column(table, name, &err);

    ck_assert_msg(column >= 0, "%s", err.text);
    return column;
}

static struct id id_of(const struct table_field *field)
{
    return id_from_text(field->text, field->size);
}

static void add_row(const struct source *source, const int *columns,
                    const struct table_field *fields, struct dataset *dataset)
{
    struct id user = id_of(&fields[columns[0]]);
    struct id ad = id_of(&fields[columns[1]]);
    double label = strtod(fields[columns[2]].text, NULL);
    int64_t time_ms =
        source->time ? strtoll(fields[columns[3]].text, NULL, 10) : 0;

    if (dataset_add(dataset, &user, &ad, label >= source->click_min, time_ms,
                    &err) < 0)
        ck_abort_msg("%s", err.text);
    const struct field_list *list = &dataset->fields;
    uint64_t *keys = dataset_keys(dataset, dataset->count - 1);
    keys[0] = field_list_key(list, 0, &user);
    keys[1] = field_list_key(list, 1, &ad);
    for (uint32_t v = 2; v < list->values; v++) {
        struct id value = id_of(&fields[columns[v + 2]]);
        keys[v] = field_list_key(list, v, &value);
    }
}

static struct dataset *read_rows(const struct source *source)
{
    char path[4096];
    struct dataset *dataset = NULL;
    struct field_list list;
    struct table *table = NULL;
    enum table_result result = TABLE_ROW;
    const struct table_field *fields;
    int columns[COLUMNS_MAX + 4] = {0};
    struct error why;

    snprintf(path, sizeof(path), "%s/%s", getenv("PCTR_DATA"), source->file);
    ck_assert_ok(field_list_parse(source->list, &list, &err), err);
    ck_assert_ok(dataset_new(&dataset, &err), err);
    dataset_set_fields(dataset, &list);
    ck_assert_ok(table_open(path, NULL, &table, &err), err);
    columns[0] = column_of(table, source->user);
    columns[1] = column_of(table, source->ad);
    columns[2] = column_of(table, source->label);
    if (source->time)
        columns[3] = column_of(table, source->time);
    for (int i = 0; source->values[i]; i++)
        columns[4 + i] = column_of(table, source->values[i]);
    while (table_next(table, &result, &fields, &why, &err) == 0 &&
           result == TABLE_ROW)
        add_row(source, columns, fields, dataset);
    ck_assert_int_eq(result, TABLE_END);
    table_close(table);
    return dataset;
}

/* --- Figures ---------------------------------------------------------- */

static struct evaluation measure(const struct dataset *dataset,
                                 const struct fold *fold, const char *text,
                                 bool progressive)
{
    const struct measures measures = {.progressive = progressive};
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct fold_result result;

    ck_assert_ok(model_find("fields", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    ck_assert_ok(cross_validate_fold(&(struct trial){.dataset = dataset,
                                                     .scale = {0, 1},
                                                     .ops = ops,
                                                     .params = &params,
                                                     .measures = measures},
                                     fold, &result, &err),
                 err);
    return result.test;
}

static const char kdd_params[] =
    "fields=user+ad+url+advertiser+depth+position+query+keyword+title+"
    "description precision=double ";

START_TEST(kdd_in_four_folds)
{
    struct dataset *dataset = read_rows(&kdd);
    struct folds *folds = NULL;
    double entropy = 0, auc = 0, calibration = 0, ece = 0;

    ck_assert_ok(
        split_k_fold(dataset->count, 4, ROWS_SHUFFLED, 0, &folds, &err), err);
    for (size_t f = 0; f < 4; f++) {
        struct evaluation e =
            measure(dataset, &folds->folds[f], kdd_params, false);
        entropy += e.normalised_entropy / 4;
        auc += e.auc / 4;
        calibration += e.calibration / 4;
        ece += e.ece / 4;
    }
    ck_assert_double_eq_tol(entropy, 0.9326, TOLERANCE);
    ck_assert_double_eq_tol(auc, 0.6690, TOLERANCE);
    ck_assert_double_eq_tol(calibration, 1.014, 2 * TOLERANCE);
    ck_assert_double_eq_tol(ece, 0.0074, TOLERANCE);
    folds_free(folds);
    dataset_free(dataset);
}
END_TEST

/* The first `learned` rows of an order are learned, the others asked for and
 * then learned. */
static struct evaluation go_through(const struct dataset *dataset,
                                    size_t *order, size_t learned,
                                    const char *text)
{
    const struct fold fold = {.train = order,
                              .train_count = learned,
                              .test = order + learned,
                              .test_count = dataset->count - learned};

    return measure(dataset, &fold, text, true);
}

/* The other implementation had no memory0 here. */
START_TEST(kdd_row_by_row)
{
    struct dataset *dataset = read_rows(&kdd);
    size_t *order = malloc(dataset->count * sizeof(*order));
    char text[256];

    ck_assert_ptr_nonnull(order);
    for (size_t i = 0; i < dataset->count; i++)
        order[i] = i;
    snprintf(text, sizeof(text), "%sstart=0.1684 memory0=1e9", kdd_params);
    struct evaluation e = go_through(dataset, order, 10000, text);
    ck_assert_double_eq_tol(e.normalised_entropy, 0.9349, TOLERANCE);
    ck_assert_double_eq_tol(e.auc, 0.6665, TOLERANCE);
    ck_assert_double_eq_tol(e.calibration, 1.005, 2 * TOLERANCE);
    free(order);
    dataset_free(dataset);
}
END_TEST

struct timed {
    int64_t time;
    size_t at;
};

static int by_time(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* The rows in the order of time, as a data set of their own: a fit learns in
 * the order of the data set. */
static struct dataset *sort_by_time(const struct dataset *from)
{
    struct timed *timed = malloc(from->count * sizeof(*timed));
    struct dataset *to = NULL;

    ck_assert_ptr_nonnull(timed);
    for (size_t i = 0; i < from->count; i++)
        timed[i] = (struct timed){from->times_ms[i], i};
    qsort(timed, from->count, sizeof(*timed), by_time);
    ck_assert_ok(dataset_new(&to, &err), err);
    dataset_set_fields(to, &from->fields);
    for (size_t i = 0; i < from->count; i++) {
        const struct rating *row = &from->rows[timed[i].at];
        struct id user = id_map_id(from->users, row->user);
        struct id ad = id_map_id(from->items, row->item);
        if (dataset_add(to, &user, &ad, row->value, timed[i].time, &err) < 0)
            ck_abort_msg("%s", err.text);
        memcpy(dataset_keys(to, i),
               from->keys + timed[i].at * from->fields.values,
               from->fields.values * sizeof(uint64_t));
    }
    free(timed);
    return to;
}

START_TEST(movielens_in_the_order_of_time)
{
    static const struct {
        const char *params;
        double entropy, auc;
    } cases[] = {
        {"lambda=2 start=0.5 precision=double memory=user:5", 0.7949, 0.7899},
        {"lambda=2 start=0.5 precision=double", 0.8211, 0.7749}};
    struct dataset *read = read_rows(&movielens);
    struct dataset *dataset = sort_by_time(read);
    size_t *order = malloc(dataset->count * sizeof(*order));

    ck_assert_ptr_nonnull(order);
    for (size_t i = 0; i < dataset->count; i++)
        order[i] = i;
    for (size_t i = 0; i < 2; i++) {
        struct evaluation e =
            go_through(dataset, order, dataset->count / 5, cases[i].params);
        ck_assert_double_eq_tol(e.normalised_entropy, cases[i].entropy,
                                TOLERANCE);
        ck_assert_double_eq_tol(e.auc, cases[i].auc, TOLERANCE);
    }
    free(order);
    dataset_free(dataset);
    dataset_free(read);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("real fields");
    TCase *tests = tcase_create("KDD Cup 2012 and MovieLens");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, kdd_in_four_folds);
    tcase_add_test(tests, kdd_row_by_row);
    tcase_add_test(tests, movielens_in_the_order_of_time);
    suite_add_tcase(suite, tests);
    return run_suite_of_data(suite);
}
