/*
 * check_retrain_policy.c - when it is time to learn again.
 */
#include "support/run_suite.h"

#include "consumer/learn/retrain_policy.h"

enum { EVERY_MS = 1000, FRESH = 50, LEAST = 20 };

static struct retrain_policy trained_at(int64_t now_ms, uint64_t answered)
{
    struct retrain_policy policy = {
        .every_ms = EVERY_MS, .rows = FRESH, .rows_min = LEAST};

    retrain_policy_start(&policy, now_ms, answered);
    return policy;
}

START_TEST(the_first_model_waits_for_enough_rows_alone)
{
    const struct retrain_policy policy = {.rows_min = LEAST};

    ck_assert(!retrain_policy_is_due(&policy, 0, LEAST - 1));
    ck_assert(retrain_policy_is_due(&policy, 0, LEAST));
}
END_TEST

START_TEST(enough_fresh_rows_are_a_reason_at_any_age)
{
    const struct retrain_policy policy = trained_at(100, LEAST);

    ck_assert(!retrain_policy_is_due(&policy, 100, LEAST + FRESH - 1));
    ck_assert(retrain_policy_is_due(&policy, 100, LEAST + FRESH));
}
END_TEST

START_TEST(age_is_a_reason_where_anything_is_fresh)
{
    const struct retrain_policy policy = trained_at(100, LEAST);

    ck_assert(!retrain_policy_is_due(&policy, 100 + EVERY_MS - 1, LEAST + 1));
    ck_assert(retrain_policy_is_due(&policy, 100 + EVERY_MS, LEAST + 1));
    ck_assert(!retrain_policy_is_due(&policy, 100 + 10 * EVERY_MS, LEAST));
}
END_TEST

START_TEST(zero_is_no_reason)
{
    struct retrain_policy policy = trained_at(0, LEAST);

    policy.rows = 0;
    ck_assert(!retrain_policy_is_due(&policy, EVERY_MS - 1, LEAST + 1000000));
    policy.rows = FRESH;
    policy.every_ms = 0;
    ck_assert(!retrain_policy_is_due(&policy, INT64_MAX, LEAST + FRESH - 1));
}
END_TEST

START_TEST(a_request_counts_once_and_not_below_the_least_rows)
{
    struct retrain_policy policy = trained_at(0, LEAST);

    retrain_policy_request(&policy);
    ck_assert(!retrain_policy_is_due(&policy, 1, LEAST - 1));
    ck_assert(retrain_policy_is_due(&policy, 1, LEAST)); /* nothing fresh */
    retrain_policy_start(&policy, 1, LEAST);
    ck_assert(!retrain_policy_is_due(&policy, 2, LEAST));
}
END_TEST

START_TEST(postponed_is_asked_again_a_little_later)
{
    struct retrain_policy policy = trained_at(0, LEAST);

    retrain_policy_request(&policy);
    retrain_policy_postpone(&policy, 1000);
    ck_assert(!retrain_policy_is_due(&policy, 1000, LEAST + FRESH));
    ck_assert(!retrain_policy_is_due(&policy, 1199, LEAST + FRESH));
    ck_assert(retrain_policy_is_due(&policy, 1200, LEAST + FRESH));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("retrain policy");
    TCase *tests = tcase_create("due");

    tcase_add_test(tests, the_first_model_waits_for_enough_rows_alone);
    tcase_add_test(tests, enough_fresh_rows_are_a_reason_at_any_age);
    tcase_add_test(tests, age_is_a_reason_where_anything_is_fresh);
    tcase_add_test(tests, zero_is_no_reason);
    tcase_add_test(tests, a_request_counts_once_and_not_below_the_least_rows);
    tcase_add_test(tests, postponed_is_asked_again_a_little_later);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
