#include "consumer/score/scorer_metrics.h"

#include "common/base/error.h"

#include "support/run_suite.h"

#include <string.h>

START_TEST(the_words_of_failures_are_the_names_of_the_codes)
{
    char words[512] = "";

    /* No failure has no series. */
    for (int code = ERROR_NONE + 1; code <= ERROR_STOPPED; code++) {
        strcat(words, "|");
        strcat(words, error_code_name((enum error_code)code));
    }
    ck_assert_str_eq(words, UNIT_FAILURE_WORDS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scorer metrics");
    TCase *tests = tcase_create("words");

    tcase_add_test(tests, the_words_of_failures_are_the_names_of_the_codes);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
