/*
 * check_error.c - errors are values with one printable line.
 */
#include "support/run_suite.h"

#include "common/base/error.h"

#include <string.h>

static struct error err;

START_TEST(a_set_error_has_its_code_and_text)
{
    ck_assert_int_eq(error_set(&err, ERROR_CONFIG, "%s: %d", "k", 3), -1);
    ck_assert_int_eq(err.code, ERROR_CONFIG);
    ck_assert_str_eq(err.text, "k: 3");
}
END_TEST

START_TEST(wrapping_puts_the_context_in_front_and_keeps_the_code)
{
    error_set(&err, ERROR_IO, "no space");
    ck_assert_int_eq(error_wrap(&err, "file %d", 7), -1);
    ck_assert_str_eq(err.text, "file 7: no space");
    ck_assert_int_eq(err.code, ERROR_IO);
}
END_TEST

START_TEST(a_text_is_one_line_without_double_quotes)
{
    error_set(&err, ERROR_IO, "a \"b\"\nc\t%c", 127);
    ck_assert_str_eq(err.text, "a 'b' c  ");
}
END_TEST

START_TEST(a_long_text_is_cut_and_terminated)
{
    char many[2000];
    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';

    error_set(&err, ERROR_IO, "%s", many);
    ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
    error_wrap(&err, "%s", many);
    ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
}
END_TEST

START_TEST(nobody_has_to_listen)
{
    ck_assert_int_eq(error_set(NULL, ERROR_IO, "x"), -1);
    ck_assert_int_eq(error_wrap(NULL, "x"), -1);
}
END_TEST

START_TEST(running_out_of_memory_has_one_word_one_code_and_a_restart)
{
    ck_assert_int_eq(error_no_memory(&err, "%d rows", 7), -1);
    ck_assert_str_eq(err.text, "out of memory for 7 rows");
    ck_assert_int_eq(err.code, ERROR_MEMORY);
    ck_assert_int_eq(error_exit_status(err.code), 75);
    ck_assert_int_eq(error_no_memory(NULL, "x"), -1);
}
END_TEST

START_TEST(each_code_has_a_name_and_a_status)
{
    for (int code = ERROR_NONE; code <= ERROR_STOPPED; code++) {
        ck_assert_ptr_nonnull(error_code_name((enum error_code)code));
        int status = error_exit_status((enum error_code)code);
        ck_assert_int_eq(status == 0,
                         code == ERROR_NONE || code == ERROR_STOPPED);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *tests = tcase_create("values");

    tcase_add_test(tests, a_set_error_has_its_code_and_text);
    tcase_add_test(tests,
                   wrapping_puts_the_context_in_front_and_keeps_the_code);
    tcase_add_test(tests, a_text_is_one_line_without_double_quotes);
    tcase_add_test(tests, a_long_text_is_cut_and_terminated);
    tcase_add_test(tests, nobody_has_to_listen);
    tcase_add_test(tests,
                   running_out_of_memory_has_one_word_one_code_and_a_restart);
    tcase_add_test(tests, each_code_has_a_name_and_a_status);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
