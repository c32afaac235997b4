/*
 * check_record_ages.c - each record is observed once, with the age that it has
 * at the commit.
 */
#include "support/run_suite.h"

#include "consumer/score/record_ages.h"

#include <stdlib.h>
#include <string.h>

enum { AGE };
enum { OPENED_MS = 1700000 };

static const struct metric_family families[] = {
    {"x_age_seconds", METRIC_HISTOGRAM, NULL, NULL, 0, "Age."},
    {NULL, METRIC_COUNTER, NULL, NULL, 0, NULL},
};

static struct error err;
static struct metrics *metrics;
static struct record_ages *ages;

static void start(void)
{
    ck_assert_ok(metrics_new(families, &metrics, &err), err);
    ck_assert_ok(record_ages_new(&ages, &err), err);
    record_ages_open(ages, OPENED_MS);
}

static void stop(void)
{
    record_ages_free(ages);
    metrics_free(metrics);
}

/* The number behind a line of the page. */
static double shown(const char *line)
{
    char *page = NULL;
    size_t size;
    FILE *out = open_memstream(&page, &size);

    metrics_render(metrics, out);
    fclose(out);
    const char *at = strstr(page, line);
    ck_assert_ptr_nonnull(at);
    double value = strtod(at + strlen(line), NULL);
    free(page);
    return value;
}

static double within(const char *bound)
{
    char line[64];

    snprintf(line, sizeof(line), "x_age_seconds_bucket{le=\"%s\"} ", bound);
    return shown(line);
}

/* Records that came before and after the unit was opened, and how old each is
 * when it is committed 300 ms later. */
static const struct {
    int64_t time_ms;
    double age_s;
} records[] = {
    {OPENED_MS, 0.3},
    {OPENED_MS + 295, 0.005},
    {OPENED_MS + 300, 0},
    {OPENED_MS + 2000, 0}, /* a clock that is fast */
    {OPENED_MS + 500000, 0},
    {OPENED_MS - 700, 1},
    {OPENED_MS - 16384, 16.684},
    {OPENED_MS - 1500000, 1500.3},
};
enum { RECORDS = sizeof(records) / sizeof(records[0]) };

START_TEST(a_record_has_its_age_at_the_commit)
{
    record_ages_add(ages, records[_i].time_ms);
    record_ages_report(ages, OPENED_MS + 300, metrics, AGE);
    ck_assert_double_eq_tol(shown("x_age_seconds_sum "), records[_i].age_s,
                            1e-6);
    ck_assert_double_eq(metrics_value(metrics, AGE, 0), 1);
}
END_TEST

START_TEST(old_records_are_told_to_the_second)
{
    for (int64_t second = 17; second < 127; second++) {
        record_ages_add(ages, OPENED_MS - second * 1000 - 400);
        record_ages_report(ages, OPENED_MS, metrics, AGE);
        record_ages_open(ages, OPENED_MS);
    }
    ck_assert_double_eq(metrics_value(metrics, AGE, 0), 110);
    ck_assert_double_eq(within("25"), 8);
    ck_assert_double_eq(within("50"), 33);
    ck_assert_double_eq(within("100"), 83);
    ck_assert_double_eq_tol(shown("x_age_seconds_sum "), 110 * 71.9, 110);
}
END_TEST

START_TEST(all_records_of_a_unit_are_counted_and_none_of_the_one_before)
{
    for (int i = 0; i < 1000; i++)
        record_ages_add(ages, OPENED_MS + i % 7);
    record_ages_add(ages, OPENED_MS - 900000);
    record_ages_open(ages, OPENED_MS + 100); /* the first one was aborted */
    for (int i = 0; i < 300; i++)
        record_ages_add(ages, OPENED_MS + 100 - (i % 3) * 40);
    record_ages_add(ages, -1); /* has no time */
    record_ages_report(ages, OPENED_MS + 110, metrics, AGE);
    ck_assert_double_eq(within("0.01"), 100);
    ck_assert_double_eq(within("0.05"), 200);
    ck_assert_double_eq(within("0.1"), 300);
    ck_assert_double_eq(metrics_value(metrics, AGE, 0), 300);
    record_ages_add(ages, OPENED_MS - 200000);
    record_ages_report(ages, OPENED_MS + 110, metrics, AGE);
    ck_assert_double_eq_tol(shown("x_age_seconds_sum "), 30 + 200.11, 1e-6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record ages");
    TCase *tests = tcase_create("unit");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, a_record_has_its_age_at_the_commit, 0, RECORDS);
    tcase_add_test(tests, old_records_are_told_to_the_second);
    tcase_add_test(
        tests, all_records_of_a_unit_are_counted_and_none_of_the_one_before);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
