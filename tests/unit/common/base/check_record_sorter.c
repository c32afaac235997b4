/*
 * check_record_sorter.c - the same order in memory and over files.
 */
#include "support/run_suite.h"

#include "common/base/random.h"
#include "common/base/record_sorter.h"

#include <stdlib.h>
#include <string.h>

enum { RECORDS = 3000 };

static struct error err;

/* The memory that each run of the loop gives: all fits, nothing does. */
static const size_t memories[] = {1 << 24, 20000, 1};

struct record {
    int64_t key;
    uint32_t number;
    char more[64];
};

START_TEST(records_come_by_key_then_as_they_were_added)
{
    struct record_sorter *sorter = NULL;
    uint64_t state = 7;
    const uint8_t *bytes;
    size_t size, count = memories[_i] == 1 ? 300 : RECORDS;

    ck_assert_ok(record_sorter_new("", memories[_i], &sorter, &err), err);
    for (uint32_t i = 0; i < count; i++) {
        struct record record = {.number = i};
        record.key = (int64_t)(random_uniform(&state) * 200) - 100;
        memset(record.more, (int)(i % 251), sizeof(record.more));
        ck_assert_ok(record_sorter_add(sorter, record.key, &record,
                                       sizeof(record) - i % 60, &err),
                     err);
    }
    ck_assert_ok(record_sorter_sort(sorter, &err), err);
    ck_assert((record_sorter_runs(sorter) > 0) == (_i > 0));
    struct record last = {.key = INT64_MIN};
    for (size_t i = 0; i < count; i++) {
        struct record record = {0};
        ck_assert_ok(record_sorter_next(sorter, &bytes, &size, &err), err);
        ck_assert_ptr_nonnull(bytes);
        memcpy(&record, bytes, size);
        ck_assert_uint_eq(size, sizeof(record) - record.number % 60);
        ck_assert(record.key > last.key ||
                  (record.key == last.key && record.number > last.number));
        ck_assert_int_eq((uint8_t)record.more[0], record.number % 251);
        last = record;
    }
    ck_assert_ok(record_sorter_next(sorter, &bytes, &size, &err), err);
    ck_assert_ptr_null(bytes);
    record_sorter_free(sorter);
}
END_TEST

START_TEST(without_records_there_is_nothing)
{
    struct record_sorter *sorter = NULL;
    const uint8_t *bytes;
    size_t size;

    ck_assert_ok(record_sorter_new(NULL, 1000, &sorter, &err), err);
    ck_assert_ok(record_sorter_sort(sorter, &err), err);
    ck_assert_ok(record_sorter_next(sorter, &bytes, &size, &err), err);
    ck_assert_ptr_null(bytes);
    record_sorter_free(sorter);
    record_sorter_free(NULL);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
    struct record_sorter *sorter = NULL;

    ck_assert_ok(record_sorter_new("/no/such", 1, &sorter, &err), err);
    ck_assert_ok(record_sorter_add(sorter, 1, "a", 1, &err), err);
    ck_assert_refused(record_sorter_add(sorter, 2, "b", 1, &err), err, ERROR_IO,
                      "sort in '/no/such'");
    record_sorter_free(sorter);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_sorter");
    TCase *tests = tcase_create("order");

    tcase_add_loop_test(tests, records_come_by_key_then_as_they_were_added, 0,
                        sizeof(memories) / sizeof(memories[0]));
    tcase_add_test(tests, without_records_there_is_nothing);
    tcase_add_test(tests, a_folder_that_is_not_there_is_named);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
