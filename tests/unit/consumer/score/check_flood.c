/*
 * check_flood.c - a partition full of junk is slowed down, the others are not,
 * and it heals.
 */
#include "consumer/score/flood.h"

#include "consumer/letters/breaker.h"

#include "support/run_suite.h"

static struct error err;
static struct flood *flood;
static int32_t partition;
static bool is_new;

static void start(void)
{
    const struct flood_config config = {.max_share = 0.5, .rate_max = 100};

    ck_assert_ok(flood_new(&config, &flood, &err), err);
}

static void stop(void)
{
    flood_free(flood);
}

static void note(int32_t of, int bad, int good)
{
    for (int i = 0; i < bad; i++)
        ck_assert_ok(flood_note(flood, of, true, &err), err);
    for (int i = 0; i < good; i++)
        ck_assert_ok(flood_note(flood, of, false, &err), err);
}

static enum flood_change next(int64_t now_ms)
{
    return flood_next(flood, now_ms, &partition, &is_new);
}

START_TEST(some_bad_records_are_normal)
{
    note(0, BREAKER_WINDOW / 2, 100000);
    note(3, 1, 0);
    ck_assert_int_eq(next(0), FLOOD_NOTHING);
}
END_TEST

START_TEST(a_flooded_partition_is_paused_by_its_letters)
{
    note(0, 0, 100);
    note(2, BREAKER_WINDOW / 2 + 1, 0);
    ck_assert_int_eq(next(1000), FLOOD_PAUSE);
    ck_assert_int_eq(partition, 2);
    ck_assert(is_new);
    ck_assert_uint_eq(flood_bad_count(flood, 2), BREAKER_WINDOW / 2 + 1);
    ck_assert_int_eq(next(1000), FLOOD_NOTHING);
    /* 5,001 letters at 100 in a second. */
    ck_assert_int_eq(next(51009), FLOOD_NOTHING);
    ck_assert_int_eq(next(51010), FLOOD_RESUME);
    ck_assert(!is_new);
    ck_assert_int_eq(next(51010), FLOOD_NOTHING);
    /* The next ones are paid for as well. */
    note(2, 300, 0);
    ck_assert_int_eq(next(60000), FLOOD_PAUSE);
    ck_assert(!is_new);
    ck_assert_int_eq(next(62999), FLOOD_NOTHING);
    ck_assert_int_eq(next(63000), FLOOD_RESUME);
}
END_TEST

START_TEST(it_heals_when_good_records_prevail)
{
    note(1, BREAKER_WINDOW, 0);
    ck_assert_int_eq(next(0), FLOOD_PAUSE);
    ck_assert_int_eq(next(100000), FLOOD_RESUME);
    note(1, 0, BREAKER_WINDOW / 2 - 1);
    ck_assert_int_eq(next(100001), FLOOD_NOTHING);
    note(1, 0, 1);
    ck_assert_int_eq(next(100002), FLOOD_RESUME);
    ck_assert(is_new);
    ck_assert_int_eq(next(100003), FLOOD_NOTHING);
}
END_TEST

START_TEST(a_new_assignment_has_no_pauses)
{
    note(1, BREAKER_WINDOW, 0);
    ck_assert_int_eq(next(0), FLOOD_PAUSE);
    flood_forget_pauses(flood);
    ck_assert_int_eq(next(1000000), FLOOD_NOTHING);
    note(1, 10, 0);
    ck_assert_int_eq(next(1000001), FLOOD_PAUSE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flood");
    TCase *tests = tcase_create("floods");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, some_bad_records_are_normal);
    tcase_add_test(tests, a_flooded_partition_is_paused_by_its_letters);
    tcase_add_test(tests, it_heals_when_good_records_prevail);
    tcase_add_test(tests, a_new_assignment_has_no_pauses);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
