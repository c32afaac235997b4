/*
 * check_splitter.c - the reference's folds, row for row; splits by time; sizes
 * that make no sense.
 */
#include "support/oracle.h"
#include "support/run_suite.h"

#include "model/select/splitter.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static struct error err;

/* --- As the reference ------------------------------------------------- */

static int split(int which, const struct dataset *data, struct folds **out)
{
    switch (which) {
    case 0:
        return split_k_fold(data->count, 5, ROWS_SHUFFLED, 0, out, &err);
    case 1:
        return split_k_fold(data->count, 3, ROWS_IN_ORDER, 0, out, &err);
    case 2:
        return split_repeated_k_fold(data->count, 3, 2, 3, out, &err);
    case 3:
        return split_shuffle(
            data->count, &(struct shuffle_split){3, .25, 0, ROWS_SHUFFLED, 1},
            out, &err);
    case 4:
        return split_leave_one_out(data, 2, 0, 1, out, &err);
    default:
        return split_leave_one_out(data, 2, 6, 1, out, &err);
    }
}

static const char *const names[] = {
    "KFold(5,random_state=0)",
    "KFold(3,shuffle=False)",
    "RepeatedKFold(3,2,random_state=3)",
    "ShuffleSplit(3,test_size=.25,random_state=1)",
    "LeaveOneOut(2,random_state=1)",
    "LeaveOneOut(2,random_state=1,min_n_ratings=6)",
};
enum { SPLITTERS = sizeof(names) / sizeof(*names) };
static const char *const sets[] = {"click", "star"};

static void compare_test_rows(const struct fold *fold, const json_t *expected)
{
    ck_assert_uint_eq(fold->test_count, json_array_size(expected));
    for (size_t i = 0; i < fold->test_count; i++)
        ck_assert_int_eq((json_int_t)fold->test[i],
                         json_integer_value(json_array_get(expected, i)));
}

/* The order in which the training rows show users is that of everything that
 * is fit on them. */
static void compare_user_order(const struct dataset *data,
                               const struct fold *fold, const json_t *expected)
{
    struct trainset *train = NULL;

    ck_assert_ok(trainset_build(data, fold->train, fold->train_count,
                                dataset_scale(data), &train, &err),
                 err);
    ck_assert_uint_eq(train->ratings->users, json_array_size(expected));
    for (uint32_t u = 0; u < train->ratings->users; u++) {
        const char *name = json_string_value(json_array_get(expected, u));
        struct id id = id_from_text(name, strlen(name));
        ck_assert_uint_eq(id_map_find(data->users, &id), train->users.outer[u]);
    }
    trainset_free(train);
}

START_TEST(folds_are_the_reference_row_for_row)
{
    const char *set = sets[_i / SPLITTERS];
    int which = _i % SPLITTERS;
    struct oracle *oracle = oracle_open(set);
    struct dataset *data = oracle_dataset(set);
    const json_t *expected = json_object_get(
        json_object_get(oracle->set, "cv_splits"), names[which]);
    struct folds *folds = NULL;

    ck_assert_ok(split(which, data, &folds), err);
    ck_assert_uint_eq(folds->count, json_array_size(expected));
    for (size_t f = 0; f < folds->count; f++) {
        const json_t *fold = json_array_get(expected, f);
        compare_test_rows(&folds->folds[f], json_object_get(fold, "test"));
        compare_user_order(data, &folds->folds[f],
                           json_object_get(fold, "train_first_user_order"));
    }
    folds_free(folds);
    dataset_free(data);
    oracle_close(oracle);
}
END_TEST

/* --- What every split keeps ------------------------------------------- */

/* How often each row is in one of the two sets. */
static void count_rows(const struct fold *fold, unsigned *train, unsigned *test,
                       size_t rows)
{
    memset(train, 0, rows * sizeof(*train));
    memset(test, 0, rows * sizeof(*test));
    for (size_t i = 0; i < fold->train_count; i++)
        train[fold->train[i]]++;
    for (size_t i = 0; i < fold->test_count; i++)
        test[fold->test[i]]++;
}

START_TEST(k_folds_test_every_row_once_and_train_on_the_others)
{
    enum { ROWS = 23, K = 5 };
    struct folds *folds = NULL;
    unsigned tested[ROWS] = {0}, train[ROWS], test[ROWS];

    ck_assert_ok(
        split_k_fold(ROWS, K, ROWS_SHUFFLED, (uint32_t)_i, &folds, &err), err);
    for (size_t f = 0; f < K; f++) {
        ck_assert_uint_eq(folds->folds[f].test_count, f < ROWS % K ? 5 : 4);
        count_rows(&folds->folds[f], train, test, ROWS);
        for (int r = 0; r < ROWS; r++) {
            ck_assert_uint_eq(train[r] + test[r], 1);
            tested[r] += test[r];
        }
    }
    for (int r = 0; r < ROWS; r++)
        ck_assert_uint_eq(tested[r], 1);
    folds_free(folds);
}
END_TEST

START_TEST(sizes_are_shares_or_counts)
{
    static const struct {
        double test, train;
        size_t tested, trained;
    } cases[] = {
        {.25, 0, 3, 7},   /* up, and the complement */
        {.25, .25, 3, 2}, /* down */
        {4, 0, 4, 6},     {4, 3, 4, 3}, {.2, 5, 2, 5}, {1, 9, 1, 9},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct folds *folds = NULL;
        ck_assert_ok(split_shuffle(10,
                                   &(struct shuffle_split){2, cases[i].test,
                                                           cases[i].train,
                                                           ROWS_SHUFFLED, 0},
                                   &folds, &err),
                     err);
        ck_assert_uint_eq(folds->count, 2);
        ck_assert_uint_eq(folds->folds[1].test_count, cases[i].tested);
        ck_assert_uint_eq(folds->folds[1].train_count, cases[i].trained);
        folds_free(folds);
    }
}
END_TEST

START_TEST(rows_in_their_order_train_first)
{
    struct folds *folds = NULL;

    ck_assert_ok(
        split_shuffle(10, &(struct shuffle_split){1, .3, 0, ROWS_IN_ORDER, 9},
                      &folds, &err),
        err);
    for (size_t i = 0; i < 7; i++)
        ck_assert_uint_eq(folds->folds[0].train[i], i);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(folds->folds[0].test[i], 7 + i);
    folds_free(folds);
}
END_TEST

/* --- By time ---------------------------------------------------------- */

static struct dataset *timed(const int64_t *times_ms, size_t count)
{
    struct dataset *data = NULL;

    ck_assert_ok(dataset_new(&data, &err), err);
    for (size_t i = 0; i < count; i++) {
        struct id user = id_from_number((int64_t)i % 2),
                  item = id_from_number(0);
        ck_assert_ok(dataset_add(data, &user, &item, 1, times_ms[i], &err),
                     err);
    }
    return data;
}

START_TEST(slices_of_time_are_predicted_from_what_came_before)
{
    static const int64_t times_ms[] = {50, 10, 20, 10, 40, 30};
    static const size_t order[] = {1, 3, 2, 5, 4, 0}; /* equal: as they came */
    struct dataset *data = timed(times_ms, 6);
    struct folds *folds = NULL;

    ck_assert_ok(split_by_time(data, 2, &folds, &err), err);
    ck_assert_uint_eq(folds->count, 2);
    for (size_t f = 0; f < 2; f++) {
        const struct fold *fold = &folds->folds[f];
        ck_assert_uint_eq(fold->train_count, 2 * (f + 1));
        ck_assert_uint_eq(fold->test_count, 2);
        for (size_t i = 0; i < fold->train_count; i++)
            ck_assert_uint_eq(fold->train[i], order[i]);
        for (size_t i = 0; i < 2; i++)
            ck_assert_uint_eq(fold->test[i], order[fold->train_count + i]);
    }
    folds_free(folds);
    dataset_free(data);
}
END_TEST

START_TEST(predefined_folds_are_ranges_of_rows)
{
    static const size_t bounds[] = {0, 3, 5, 6, 8};
    struct folds *folds = NULL;

    ck_assert_ok(split_predefined(bounds, 2, &folds, &err), err);
    ck_assert_uint_eq(folds->count, 2);
    ck_assert_uint_eq(folds->folds[0].train_count, 3);
    ck_assert_uint_eq(folds->folds[0].test_count, 2);
    ck_assert_uint_eq(folds->folds[0].train[2], 2);
    ck_assert_uint_eq(folds->folds[0].test[0], 3);
    ck_assert_uint_eq(folds->folds[1].train_count, 1);
    ck_assert_uint_eq(folds->folds[1].train[0], 5);
    ck_assert_uint_eq(folds->folds[1].test_count, 2);
    ck_assert_uint_eq(folds->folds[1].test[1], 7);
    folds_free(folds);
}
END_TEST

/* --- Nobody ----------------------------------------------------------- */

START_TEST(nobody_is_left_out_of_leave_one_out)
{
    struct dataset *data = NULL;
    struct folds *folds = NULL;
    struct id user = id_from_number(1), item = id_from_number(2);

    ck_assert_ok(dataset_new(&data, &err), err);
    ck_assert_ok(dataset_add(data, NULL, &item, 1, 0, &err), err);
    ck_assert_ok(dataset_add(data, &user, &item, 1, 0, &err), err);
    ck_assert_ok(dataset_add(data, NULL, &item, 1, 0, &err), err);
    ck_assert_ok(dataset_add(data, &user, &item, 0, 0, &err), err);
    ck_assert_ok(split_leave_one_out(data, 1, 0, 0, &folds, &err), err);
    const struct fold *fold = &folds->folds[0];
    ck_assert_uint_eq(fold->train_count, 1);
    ck_assert_uint_eq(fold->test_count, 1);
    ck_assert_uint_eq(fold->train[0] + fold->test[0], 1 + 3);
    folds_free(folds);
    dataset_free(data);
}
END_TEST

/* --- Refusals --------------------------------------------------------- */

START_TEST(folds_that_cannot_be_are_refused)
{
    static const int64_t times_ms[] = {1, 2};
    struct dataset *two = timed(times_ms, 2);
    struct folds *folds = NULL;

    ck_assert_refused(split_k_fold(10, 1, ROWS_SHUFFLED, 0, &folds, &err), err,
                      ERROR_CONFIG, "2 to 10");
    ck_assert_refused(split_k_fold(10, 11, ROWS_SHUFFLED, 0, &folds, &err), err,
                      ERROR_CONFIG, "11 folds of 10 rows");
    ck_assert_refused(split_repeated_k_fold(10, 2, 0, 0, &folds, &err), err,
                      ERROR_CONFIG, "repeats");
    ck_assert_refused(
        split_shuffle(10, &(struct shuffle_split){0, .2, 0, ROWS_SHUFFLED, 0},
                      &folds, &err),
        err, ERROR_CONFIG, "splits");
    ck_assert_refused(
        split_shuffle(10, &(struct shuffle_split){1, 0, 0, ROWS_SHUFFLED, 0},
                      &folds, &err),
        err, ERROR_CONFIG, "do not fit");
    ck_assert_refused(
        split_shuffle(10, &(struct shuffle_split){1, 10, 0, ROWS_SHUFFLED, 0},
                      &folds, &err),
        err, ERROR_CONFIG, "do not fit");
    ck_assert_refused(
        split_shuffle(10, &(struct shuffle_split){1, 6, 5, ROWS_SHUFFLED, 0},
                      &folds, &err),
        err, ERROR_CONFIG, "do not fit");
    ck_assert_refused(
        split_shuffle(10, &(struct shuffle_split){1, .2, .01, ROWS_SHUFFLED, 0},
                      &folds, &err),
        err, ERROR_CONFIG, "do not fit");
    /* two users with one row each: all would be tested, none trained on */
    ck_assert_refused(split_leave_one_out(two, 1, 0, 0, &folds, &err), err,
                      ERROR_CONFIG, "nothing is left");
    ck_assert_refused(split_leave_one_out(two, 0, 0, 0, &folds, &err), err,
                      ERROR_CONFIG, "splits");
    ck_assert_refused(split_by_time(two, 0, &folds, &err), err, ERROR_CONFIG,
                      "0 slices of time of 2 rows");
    ck_assert_refused(split_by_time(two, 2, &folds, &err), err, ERROR_CONFIG,
                      "2 slices of time");
    ck_assert_ptr_null(folds);
    dataset_free(two);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("splitter");
    TCase *tests = tcase_create("folds");

    tcase_add_loop_test(tests, folds_are_the_reference_row_for_row, 0,
                        2 * SPLITTERS);
    tcase_add_loop_test(
        tests, k_folds_test_every_row_once_and_train_on_the_others, 0, 5);
    tcase_add_test(tests, sizes_are_shares_or_counts);
    tcase_add_test(tests, rows_in_their_order_train_first);
    tcase_add_test(tests, slices_of_time_are_predicted_from_what_came_before);
    tcase_add_test(tests, predefined_folds_are_ranges_of_rows);
    tcase_add_test(tests, nobody_is_left_out_of_leave_one_out);
    tcase_add_test(tests, folds_that_cannot_be_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
