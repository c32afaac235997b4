/*
 * check_trace_headers.c - only a well-formed trace parent is passed on.
 */
#include "support/run_suite.h"

#include "consumer/score/trace_headers.h"

#include <string.h>

static const char good[] =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

static bool is_valid(const char *text)
{
    return trace_parent_is_valid(text, strlen(text));
}

START_TEST(the_example_of_the_standard_is_valid)
{
    ck_assert(is_valid(good));
}
END_TEST

START_TEST(any_other_length_is_not)
{
    for (size_t size = 0; size < strlen(good); size++)
        ck_assert(!trace_parent_is_valid(good, size));
    ck_assert(
        !is_valid("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-"));
}
END_TEST

START_TEST(any_wrong_character_is_not)
{
    for (size_t i = 0; i < strlen(good); i++) {
        char bad[sizeof(good)];
        memcpy(bad, good, sizeof(good));
        bad[i] = 'G';
        ck_assert_msg(!is_valid(bad), "accepted: %s", bad);
    }
}
END_TEST

START_TEST(ids_of_zeros_are_not)
{
    ck_assert(
        !is_valid("00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
    ck_assert(
        !is_valid("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace_headers");
    TCase *tests = tcase_create("traceparent");

    tcase_add_test(tests, the_example_of_the_standard_is_valid);
    tcase_add_test(tests, any_other_length_is_not);
    tcase_add_test(tests, any_wrong_character_is_not);
    tcase_add_test(tests, ids_of_zeros_are_not);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
