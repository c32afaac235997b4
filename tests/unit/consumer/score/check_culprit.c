/*
 * check_culprit.c - the one bad record is found, and trouble that is not about
 * a record accuses none; with the breaker, which counts bad records.
 */
#include "support/run_suite.h"

#include "consumer/letters/breaker.h"
#include "consumer/score/culprit.h"

#include <string.h>

static const struct error too_large = {ERROR_LIMIT, "too large"};
static const struct error no_broker = {ERROR_UNAVAILABLE, "no broker"};
static const struct error strange = {ERROR_FAILED, "error 120"};
static const struct record_position here = {3, 77};

static struct culprit culprit;
static struct breaker breaker;

static void begin(void)
{
    culprit = (struct culprit){.alone = 0};
    memset(&breaker, 0, sizeof(breaker));
}

START_TEST(a_refused_unit_is_sent_again_one_by_one)
{
    ck_assert_int_eq(culprit_suspect(&culprit, 3, here, &too_large),
                     CULPRIT_ONE_BY_ONE);
    ck_assert(!culprit_is(&culprit, here));
    ck_assert(!culprit_clear(&culprit));
    ck_assert(!culprit_clear(&culprit));
    ck_assert(culprit_clear(&culprit));
    ck_assert(!culprit_clear(&culprit));
}
END_TEST

START_TEST(what_is_refused_alone_is_the_culprit)
{
    ck_assert_int_eq(culprit_suspect(&culprit, 1, here, &too_large),
                     CULPRIT_AS_BEFORE);
    ck_assert(culprit_is(&culprit, here));
    ck_assert(!culprit_is(&culprit, (struct record_position){3, 78}));
    ck_assert(!culprit_is(&culprit, (struct record_position){2, 77}));
    ck_assert_str_eq(culprit.why.text, "too large");
    culprit_clear(&culprit);
    ck_assert(!culprit_is(&culprit, here));
}
END_TEST

START_TEST(a_dead_letter_that_is_refused_too_is_hopeless)
{
    culprit_suspect(&culprit, 1, here, &too_large);
    ck_assert_int_eq(culprit_suspect(&culprit, 1, here, &too_large),
                     CULPRIT_HOPELESS);
}
END_TEST

START_TEST(a_broker_that_is_away_accuses_nobody)
{
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(culprit_suspect(&culprit, 1, here, &no_broker),
                         CULPRIT_AS_BEFORE);
    ck_assert(!culprit_is(&culprit, here));
}
END_TEST

START_TEST(a_nameless_failure_accuses_only_when_it_keeps_coming)
{
    ck_assert_int_eq(culprit_suspect(&culprit, 5, here, &strange),
                     CULPRIT_AS_BEFORE);
    ck_assert_int_eq(culprit_suspect(&culprit, 5, here, &strange),
                     CULPRIT_AS_BEFORE);
    ck_assert_int_eq(culprit_suspect(&culprit, 5, here, &strange),
                     CULPRIT_ONE_BY_ONE);
}
END_TEST

START_TEST(the_breaker_opens_above_its_share_of_a_whole_window)
{
    for (int i = 0; i < BREAKER_WINDOW / 2; i++)
        breaker_note(&breaker, true);
    ck_assert(!breaker_is_open(&breaker, 0.5));
    breaker_note(&breaker, true);
    ck_assert(breaker_is_open(&breaker, 0.5));
}
END_TEST

START_TEST(the_breaker_forgets_what_left_the_window)
{
    for (int i = 0; i < BREAKER_WINDOW; i++)
        breaker_note(&breaker, true);
    ck_assert(!breaker_is_open(&breaker, 1));
    for (int i = 0; i < BREAKER_WINDOW; i++)
        breaker_note(&breaker, false);
    ck_assert(!breaker_is_open(&breaker, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("culprit");
    TCase *tests = tcase_create("bad records");

    tcase_add_checked_fixture(tests, begin, NULL);
    tcase_add_test(tests, a_refused_unit_is_sent_again_one_by_one);
    tcase_add_test(tests, what_is_refused_alone_is_the_culprit);
    tcase_add_test(tests, a_dead_letter_that_is_refused_too_is_hopeless);
    tcase_add_test(tests, a_broker_that_is_away_accuses_nobody);
    tcase_add_test(tests, a_nameless_failure_accuses_only_when_it_keeps_coming);
    tcase_add_test(tests, the_breaker_opens_above_its_share_of_a_whole_window);
    tcase_add_test(tests, the_breaker_forgets_what_left_the_window);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
