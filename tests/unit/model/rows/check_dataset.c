/*
 * check_dataset.c - rows by name, and training sets cut out of them.
 */
#include "support/oracle.h"
#include "support/run_suite.h"

#include "model/rows/dataset.h"

#include <math.h>
#include <string.h>

static struct error err;

static struct id named(const char *text)
{
    return id_from_text(text, strlen(text));
}

static void add(struct dataset *dataset, const char *user, const char *item,
                double value)
{
    struct id user_id = named(user ? user : "?"), item_id = named(item);

    ck_assert_ok(
        dataset_add(dataset, user ? &user_id : NULL, &item_id, value, 0, &err),
        err);
}

/* c-x 3, a-y 1, nobody-z 5, a-x 2, c-x 4 */
static struct dataset *five_rows(void)
{
    struct dataset *dataset = NULL;

    ck_assert_ok(dataset_new(&dataset, &err), err);
    add(dataset, "c", "x", 3);
    add(dataset, "a", "y", 1);
    add(dataset, NULL, "z", 5);
    add(dataset, "a", "x", 2);
    add(dataset, "c", "x", 4);
    return dataset;
}

START_TEST(rows_keep_their_order_and_ids_are_numbered_as_they_come)
{
    struct dataset *dataset = five_rows();
    struct id a = named("a"), z = named("z");

    ck_assert_uint_eq(dataset->count, 5);
    ck_assert_uint_eq(id_map_count(dataset->users), 2);
    ck_assert_uint_eq(id_map_count(dataset->items), 3);
    ck_assert_uint_eq(id_map_find(dataset->users, &a), 1);
    ck_assert_uint_eq(id_map_find(dataset->items, &z), 2);
    ck_assert_uint_eq(dataset->rows[2].user, INDEX_UNKNOWN);
    ck_assert_uint_eq(dataset->rows[4].user, 0);
    ck_assert_double_eq(dataset->rows[4].value, 4);
    struct scale scale = dataset_scale(dataset);
    ck_assert_double_eq(scale.low, 1);
    ck_assert_double_eq(scale.high, 5);
    dataset_free(dataset);
}
END_TEST

START_TEST(many_rows_are_all_kept)
{
    struct dataset *dataset = NULL;
    enum { ROWS = 5000 };

    ck_assert_ok(dataset_new(&dataset, &err), err);
    for (int i = 0; i < ROWS; i++) {
        struct id user = id_from_number(i % 700), item = id_from_number(i % 9);
        ck_assert_ok(dataset_add(dataset, &user, &item, i, i * 10, &err), err);
    }
    ck_assert_uint_eq(dataset->count, ROWS);
    for (int i = 0; i < ROWS; i++) {
        ck_assert_uint_eq(dataset->rows[i].user, (uint32_t)i % 700);
        ck_assert_double_eq(dataset->rows[i].value, i);
        ck_assert_int_eq(dataset->times_ms[i], i * 10);
    }
    dataset_free(dataset);
}
END_TEST

START_TEST(a_training_set_numbers_ids_as_its_rows_come)
{
    static const size_t rows[] = {3, 2, 0};
    struct dataset *dataset = five_rows();
    struct trainset *set = NULL;

    ck_assert_ok(
        trainset_build(dataset, rows, 3, (struct scale){1, 5}, &set, &err),
        err);
    ck_assert_uint_eq(set->ratings->users, 2);
    ck_assert_uint_eq(set->ratings->items, 2);
    ck_assert_uint_eq(set->users.inner[1], 0); /* a came first */
    ck_assert_uint_eq(set->users.inner[0], 1);
    ck_assert_uint_eq(set->users.outer[0], 1);
    ck_assert_uint_eq(set->items.inner[0], 0);
    ck_assert_uint_eq(set->items.inner[1], INDEX_UNKNOWN); /* y: not here */
    ck_assert_uint_eq(set->items.inner[2], 1);
    ck_assert_uint_eq(set->ratings->nobody_count, 1);
    ck_assert_double_eq_tol(set->ratings->mean, 10. / 3, 1e-15);
    trainset_free(set);
    dataset_free(dataset);
}
END_TEST

START_TEST(a_training_set_names_its_ids_in_its_own_order)
{
    static const size_t rows[] = {3, 2, 0};
    struct dataset *dataset = five_rows();
    struct trainset *set = NULL;
    struct id_map *users = NULL, *items = NULL;
    struct id a = named("a"), x = named("x"), z = named("z");

    ck_assert_ok(
        trainset_build(dataset, rows, 3, (struct scale){1, 5}, &set, &err),
        err);
    ck_assert_ok(trainset_ids(set, dataset, &users, &items, &err), err);
    ck_assert_uint_eq(id_map_count(users), 2);
    ck_assert_uint_eq(id_map_find(users, &a), 0);
    ck_assert_uint_eq(id_map_find(items, &x), 0);
    ck_assert_uint_eq(id_map_find(items, &z), 1);
    id_map_free(users);
    id_map_free(items);
    trainset_free(set);
    dataset_free(dataset);
}
END_TEST

START_TEST(all_rows_give_the_orders_of_the_reference)
{
    static const char *const sets[] = {"click", "star"};
    struct oracle *oracle = oracle_open(sets[_i]);
    struct dataset *dataset = oracle_dataset(sets[_i]);
    struct trainset *set = NULL;

    ck_assert_ok(trainset_build(dataset, NULL, dataset->count,
                                dataset_scale(dataset), &set, &err),
                 err);
    ck_assert_uint_eq(set->ratings->users, oracle->ratings->users);
    for (uint32_t u = 0; u < set->ratings->users; u++) {
        struct id id = id_map_id(dataset->users, set->users.outer[u]);
        ck_assert_uint_eq(id_map_find(oracle->users, &id), u);
    }
    ck_assert_double_eq(set->ratings->mean, oracle->ratings->mean);
    trainset_free(set);
    oracle_close(oracle);
    dataset_free(dataset);
}
END_TEST

START_TEST(what_cannot_be_learned_from_is_refused)
{
    struct dataset *dataset = five_rows();
    struct trainset *set = NULL;

    ck_assert_refused(
        trainset_build(dataset, NULL, 0, (struct scale){1, 5}, &set, &err), err,
        ERROR_FORMAT, "");
    ck_assert_refused(
        trainset_build(dataset, NULL, 5, (struct scale){1, 4}, &set, &err), err,
        ERROR_FORMAT, "scale");
    add(dataset, "a", "x", NAN);
    ck_assert_refused(
        trainset_build(dataset, NULL, 6, (struct scale){1, 5}, &set, &err), err,
        ERROR_FORMAT, "");
    ck_assert_ptr_null(set);
    dataset_free(dataset);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset");
    TCase *tests = tcase_create("rows");

    tcase_add_test(tests,
                   rows_keep_their_order_and_ids_are_numbered_as_they_come);
    tcase_add_test(tests, many_rows_are_all_kept);
    tcase_add_test(tests, a_training_set_numbers_ids_as_its_rows_come);
    tcase_add_test(tests, a_training_set_names_its_ids_in_its_own_order);
    tcase_add_loop_test(tests, all_rows_give_the_orders_of_the_reference, 0, 2);
    tcase_add_test(tests, what_cannot_be_learned_from_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
