#include "common/base/trouble.h"

#include "support/run_suite.h"

START_TEST(the_first_failure_is_told_and_then_one_a_minute)
{
    struct trouble trouble = {.attempts = 0};
    int told = 0;

    for (int64_t ms = 0; ms < 300000; ms += 1000)
        told += trouble_again(&trouble, ms);
    ck_assert_int_eq(told, 5);
    ck_assert_uint_eq(trouble.attempts, 300);
    ck_assert_int_eq(trouble.since_ms, 0);
}
END_TEST

START_TEST(after_a_success_the_next_failure_is_told_at_once)
{
    struct trouble trouble = {.attempts = 0};

    ck_assert(trouble_again(&trouble, 5000));
    ck_assert(!trouble_again(&trouble, 6000));
    trouble_end(&trouble);
    ck_assert(trouble_again(&trouble, 7000));
    ck_assert_int_eq(trouble.since_ms, 7000);
}
END_TEST

START_TEST(a_quiet_minute_ends_the_trouble)
{
    struct trouble trouble = {.attempts = 0};

    ck_assert(trouble_again(&trouble, 5000));
    ck_assert(trouble_again(&trouble, 65000));
    ck_assert_uint_eq(trouble.attempts, 1);
    ck_assert_int_eq(trouble.since_ms, 65000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trouble");
    TCase *tests = tcase_create("telling");

    tcase_add_test(tests, the_first_failure_is_told_and_then_one_a_minute);
    tcase_add_test(tests, after_a_success_the_next_failure_is_told_at_once);
    tcase_add_test(tests, a_quiet_minute_ends_the_trouble);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
