/*
 * check_clock.c - times as people write them.
 */
#include "support/run_suite.h"

#include "common/base/clock.h"

#include <string.h>

static struct error err;

static const struct {
    const char *text;
    int64_t ms;
} times[] = {
    {"1970-01-01", 0},
    {"1970-01-01T00:00Z", 0},
    {"1970-01-01T00:00:00.001Z", 1},
    {"1969-12-31T23:59:59.999Z", -1},
    {"2000-02-29", 951782400000},
    {"2024-02-29T23:59:59Z", 1709251199000},
    {"2026-11-24T12:20:35.250Z", 1795522835250},
    {"2026-11-24T12:20:35.2Z", 1795522835200},
    {"2026-12-31T23:59Z", 1798761540000},
    {"9999-12-31T23:59:59.999Z", 253402300799999},
    {"0", 0},
    {"1795522835250", 1795522835250},
    {"-5", -5},
};

START_TEST(a_time_is_read)
{
    int64_t ms = 77;

    ck_assert_ok(clock_parse(times[_i].text, &ms, &err), err);
    ck_assert_int_eq(ms, times[_i].ms);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t ms;

    ck_assert_ok(clock_parse(clock_format(times[_i].ms, text), &ms, &err), err);
    ck_assert_int_eq(ms, times[_i].ms);
    ck_assert_uint_eq(strlen(text), strlen("2026-11-24T12:20:35.250Z"));
}
END_TEST

static const char *const mistakes[] = {
    "",
    "soon",
    "2026-11",
    "2026-11-24T12Z",
    "2026-11-24T12:20",
    "2026-11-24T12:20:35",
    "2026-11-24 12:20Z",
    "2026-11-24T12:20:35.1234Z",
    "2026-11-24T12:20:35+01:00",
    "2026-11-24T12:20ZZ",
    "2026-13-01",
    "2026-00-01",
    "2026-01-00",
    "2026-01-32",
    "2026-02-29",
    "2026-04-31",
    "2026-11-24T24:00Z",
    "2026-11-24T12:60Z",
    "2026-11-24T12:20:61Z",
    "99999999999999999999",
    "12s",
};

START_TEST(what_is_no_time_is_refused)
{
    int64_t ms = 77;

    ck_assert_refused(clock_parse(mistakes[_i], &ms, &err), err, ERROR_CONFIG,
                      "is not a time");
    ck_assert_int_eq(ms, 77);
}
END_TEST

START_TEST(the_clocks_run)
{
    int64_t ns = clock_monotonic_ns(), ms = clock_monotonic_ms();
    int64_t wall = clock_wall_ms();

    clock_sleep_ms(20);
    clock_sleep_ms(0);
    clock_sleep_ms(-5);
    ck_assert_int_ge(clock_monotonic_ns() - ns, 20000000);
    ck_assert_int_ge(clock_monotonic_ms() - ms, 19);
    ck_assert_int_gt(wall, 1700000000000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tests = tcase_create("times");
    const int count = sizeof(times) / sizeof(times[0]);

    tcase_add_loop_test(tests, a_time_is_read, 0, count);
    tcase_add_loop_test(tests, what_is_written_is_read_again, 0, count);
    tcase_add_loop_test(tests, what_is_no_time_is_refused, 0,
                        sizeof(mistakes) / sizeof(mistakes[0]));
    tcase_add_test(tests, the_clocks_run);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
