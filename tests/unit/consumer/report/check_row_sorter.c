/*
 * check_row_sorter.c - rows sorted in memory and on disk against a plain
 * stable sort.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "consumer/report/row_sorter.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { ROWS = 3000, ROW_BYTES = 88 };

static struct error err;
static struct sorted_row rows[ROWS];

/* Ties of prediction and of both; a few beyond what is a probability. */
static void fill(void)
{
    uint64_t state = 9;

    for (size_t i = 0; i < ROWS; i++)
        rows[i] = (struct sorted_row){
            .p = i % 3 ? floor(random_uniform(&state) * 50) / 40 - 0.1
                       : random_uniform(&state),
            .label = i % 7 ? (float)(random_uniform(&state) < 0.3) : 0.25F,
            .unit = i,
            .groups = {(uint32_t)i * 3}};
    rows[10].p = -0.0;
    rows[11].p = 0.0;
    rows[12].p = -0.0;
}

static int by_order(const void *a, const void *b)
{
    const struct sorted_row *x = a, *y = b;

    if (x->p < y->p || x->p > y->p)
        return x->p < y->p ? -1 : 1;
    if (x->label < y->label || x->label > y->label)
        return x->label < y->label ? -1 : 1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

static struct row_sorter *new_sorter(size_t memory_rows)
{
    struct row_sorter *sorter = NULL;

    ck_assert_ok(row_sorter_new("", memory_rows * ROW_BYTES, &sorter, &err),
                 err);
    return sorter;
}

static void assert_sorts(struct row_sorter *sorter, size_t n)
{
    static struct sorted_row expected[ROWS];
    const struct sorted_row *row = NULL;

    row_sorter_clear(sorter);
    for (size_t i = 0; i < n; i++) {
        expected[i] = rows[i];
        ck_assert_ok(row_sorter_add(sorter, &rows[i], &err), err);
    }
    qsort(expected, n, sizeof(*expected), by_order);
    ck_assert_ok(row_sorter_sort(sorter, &err), err);
    for (size_t i = 0; i < n; i++) {
        ck_assert_ok(row_sorter_next(sorter, &row, &err), err);
        ck_assert_ptr_nonnull(row);
        ck_assert_uint_eq(row->unit, expected[i].unit);
        ck_assert_uint_eq(row->groups[0], expected[i].groups[0]);
    }
    for (int again = 0; again < 2; again++) {
        ck_assert_ok(row_sorter_next(sorter, &row, &err), err);
        ck_assert_ptr_null(row);
    }
}

START_TEST(all_in_memory)
{
    struct row_sorter *sorter = new_sorter(ROWS);

    assert_sorts(sorter, ROWS);
    ck_assert_uint_eq(row_sorter_runs(sorter), 0);
    row_sorter_free(sorter);
}
END_TEST

START_TEST(in_runs_on_disk)
{
    static const size_t memory[] = {2999, 1000, 999, 301, 64};
    struct row_sorter *sorter = new_sorter(memory[_i]);

    assert_sorts(sorter, ROWS);
    ck_assert_uint_eq(row_sorter_runs(sorter),
                      (ROWS + memory[_i] - 1) / memory[_i]);
    assert_sorts(sorter, ROWS - 1); /* the file is used again */
    assert_sorts(sorter, memory[_i] < ROWS ? memory[_i] : ROWS);
    ck_assert_uint_eq(row_sorter_runs(sorter), 0);
    row_sorter_free(sorter);
}
END_TEST

START_TEST(no_row_and_one_row)
{
    struct row_sorter *sorter = new_sorter(2);

    assert_sorts(sorter, 0);
    assert_sorts(sorter, 1);
    assert_sorts(sorter, 2);
    assert_sorts(sorter, 3);
    assert_sorts(sorter, 4);
    row_sorter_free(sorter);
}
END_TEST

START_TEST(rows_that_are_all_equal_stay_as_they_came)
{
    struct row_sorter *sorter = new_sorter(100);

    for (size_t i = 0; i < ROWS; i++) {
        rows[i].p = 0.5;
        rows[i].label = 1;
    }
    assert_sorts(sorter, ROWS);
    row_sorter_free(sorter);
}
END_TEST

START_TEST(a_full_disk_is_said)
{
    struct row_sorter *sorter = new_sorter(100);
    struct rlimit limit = {100000, 100000};
    int status = 0;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (size_t i = 0; i < 100000 && status == 0; i++)
        status = row_sorter_add(sorter, &rows[i % ROWS], &err);
    ck_assert_refused(status, err, ERROR_IO, "spool.dir");
    row_sorter_free(sorter);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("row_sorter");
    TCase *tests = tcase_create("rows");

    tcase_add_checked_fixture(tests, fill, NULL);
    tcase_add_test(tests, all_in_memory);
    tcase_add_loop_test(tests, in_runs_on_disk, 0, 5);
    tcase_add_test(tests, no_row_and_one_row);
    tcase_add_test(tests, rows_that_are_all_equal_stay_as_they_came);
    tcase_add_test(tests, a_full_disk_is_said);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
