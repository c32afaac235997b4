/*
 * check_descriptors.c - the limit of open files, and what is said when it is
 * reached.
 */
#include "support/run_suite.h"

#include "common/base/descriptors.h"
#include "common/base/file.h"
#include "common/base/table_input.h"

#include <errno.h>
#include <stdint.h>
#include <sys/resource.h>

static struct error err;

static void allow(rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {soft, hard};

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(the_soft_limit_becomes_the_hard_one)
{
    allow(50, 100);
    ck_assert_uint_eq(descriptors_limit(), 50);
    descriptors_raise();
    ck_assert_uint_eq(descriptors_limit(), 100);
    descriptors_raise(); /* nothing left to raise */
    ck_assert_uint_eq(descriptors_limit(), 100);
}
END_TEST

START_TEST(needing_more_is_refused_with_both_numbers_and_advice)
{
    allow(100, 100);
    ck_assert_ok(descriptors_check(100, "lower workers", &err), err);
    ck_assert_refused(descriptors_check(101, "lower workers", &err), err,
                      ERROR_CONFIG, "up to 101 file descriptors are needed");
    ck_assert_refused(descriptors_check(101, "lower workers", &err), err,
                      ERROR_CONFIG, "may have 100");
    ck_assert_refused(descriptors_check(101, "lower workers", &err), err,
                      ERROR_CONFIG, "or lower workers");
}
END_TEST

START_TEST(an_error_of_the_system_keeps_its_code_and_reason)
{
    ck_assert_refused(error_system(&err, ERROR_IO, ENOSPC, "write '%s'", "a"),
                      err, ERROR_IO, "write 'a': No space left on device");
}
END_TEST

START_TEST(no_descriptor_left_is_temporary_and_says_the_limit)
{
    ck_assert_int_eq(error_system(&err, ERROR_INPUT, EMFILE, "read '%s'", "a"),
                     -1);
    ck_assert_int_eq(err.code, ERROR_TEMPORARY);
    ck_assert_int_eq(error_exit_status(err.code), 75);
    allow(60, 60);
    ck_assert_refused(error_system(&err, ERROR_IO, ENFILE, "write"), err,
                      ERROR_TEMPORARY, "no file descriptor is left of 60");
}
END_TEST

START_TEST(files_that_cannot_be_opened_for_it_say_so)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct table_input *input = NULL;

    allow(0, 100);
    ck_assert_refused(file_read("/etc/passwd", 1 << 20, &bytes, &size, &err),
                      err, ERROR_TEMPORARY, "read '/etc/passwd': no file");
    ck_assert_refused(file_replace("/tmp/pctr-none", "a", 1, &err), err,
                      ERROR_TEMPORARY, "write '/tmp/pctr-none': no file");
    ck_assert_refused(table_input_open("/etc/passwd", &input, &err), err,
                      ERROR_TEMPORARY, "read '/etc/passwd': no file");
    allow(100, 100); /* sanitizers open files at the end */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("descriptors");
    TCase *tests = tcase_create("limit");

    tcase_add_test(tests, the_soft_limit_becomes_the_hard_one);
    tcase_add_test(tests, needing_more_is_refused_with_both_numbers_and_advice);
    tcase_add_test(tests, an_error_of_the_system_keeps_its_code_and_reason);
    tcase_add_test(tests, no_descriptor_left_is_temporary_and_says_the_limit);
    tcase_add_test(tests, files_that_cannot_be_opened_for_it_say_so);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
