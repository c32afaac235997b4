/*
 * check_spool.c - what was spooled comes back, from memory and from disk, and
 * a disk that is full is said.
 */
#include "support/run_suite.h"

#include "consumer/report/spool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct record {
    uint64_t number, square, filler;
};

static struct error err;

static struct spool *new_spool(size_t buffer_bytes)
{
    struct spool *spool = NULL;

    ck_assert_ok(
        spool_new("", sizeof(struct record), buffer_bytes, &spool, &err), err);
    return spool;
}

static void add(struct spool *spool, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct record record = {i, i * i, 0};
        ck_assert_ok(spool_add(spool, &record, &err), err);
    }
}

static void assert_reads(const struct spool *spool, uint64_t first,
                         uint64_t end, size_t room)
{
    struct record buffer[8];
    struct spool_cursor cursor;
    const void *at = NULL;

    spool_cursor_begin(&cursor, spool, (struct spool_range){first, end}, buffer,
                       room);
    for (uint64_t i = first; i < end; i++) {
        ck_assert_ok(spool_cursor_next(&cursor, &at, &err), err);
        const struct record *record = at;
        ck_assert_ptr_nonnull(record);
        ck_assert_uint_eq(record->number, i);
        ck_assert_uint_eq(record->square, i * i);
    }
    ck_assert_ok(spool_cursor_next(&cursor, &at, &err), err);
    ck_assert_ptr_null(at);
}

/* Of buffers that hold all, some, one, and less than one record. */
START_TEST(records_come_back)
{
    static const size_t sizes[] = {1 << 20, 1000, 24, 1};
    struct spool *spool = new_spool(sizes[_i]);

    for (uint64_t n = 100; n < 103; n++) {
        add(spool, n);
        ck_assert_uint_eq(spool_count(spool), n);
        for (size_t room = 1; room <= 8; room++)
            assert_reads(spool, 0, n, room);
        assert_reads(spool, 37, 73, 7);
        assert_reads(spool, 5, 5, 1);
        spool_clear(spool);
        assert_reads(spool, 0, 0, 1);
    }
    spool_free(spool);
}
END_TEST

START_TEST(a_full_disk_is_said)
{
    struct spool *spool = new_spool(1000);
    struct rlimit limit = {5000, 5000};
    struct record record = {0};
    int status = 0;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (int i = 0; i < 1000 && status == 0; i++)
        status = spool_add(spool, &record, &err);
    ck_assert_refused(status, err, ERROR_IO, "spool.dir");
    spool_free(spool);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
    struct spool *spool = NULL;
    struct record record = {0};

    ck_assert_ok(spool_new("/no/such/folder", sizeof(record), 1, &spool, &err),
                 err);
    ck_assert_ok(spool_add(spool, &record, &err), err);
    ck_assert_refused(spool_add(spool, &record, &err), err, ERROR_IO,
                      "/no/such/folder");
    spool_free(spool);
}
END_TEST

START_TEST(nothing_is_left_in_the_folder)
{
    char folder[] = "/tmp/check_spool.XXXXXX";
    struct spool *spool = NULL;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_ok(spool_new(folder, sizeof(struct record), 1, &spool, &err),
                 err);
    add(spool, 100);
    ck_assert_int_eq(rmdir(folder), 0); /* it is empty already */
    assert_reads(spool, 0, 100, 8);
    spool_free(spool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spool");
    TCase *tests = tcase_create("records");

    tcase_add_loop_test(tests, records_come_back, 0, 4);
    tcase_add_test(tests, a_full_disk_is_said);
    tcase_add_test(tests, a_folder_that_is_not_there_is_named);
    tcase_add_test(tests, nothing_is_left_in_the_folder);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
