/*
 * check_metrics.c - what is counted is what is rendered.
 */
#include "support/run_suite.h"

#include "common/base/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS, FAULTS, LAG, DELAY, MODEL, BUSY, WAIT };

static const struct metric_family families[] = {
    {"x_events_total", METRIC_COUNTER, NULL, NULL, 0, "All events."},
    {"x_faults_total", METRIC_COUNTER, "reason", "|bad||worse", 0, "Faults."},
    {"x_lag", METRIC_GAUGE, "partition", NULL, 4, "Lag."},
    {"x_delay_seconds", METRIC_HISTOGRAM, NULL, NULL, 0, "Delay."},
    {"x_model_info", METRIC_GAUGE, NULL, NULL, 0, "Model."},
    {"x_busy_seconds_total", METRIC_TIME, "worker", NULL, 2, "Time."},
    {"x_wait_seconds", METRIC_DELAYS, NULL, NULL, 0, "Wait."},
    {NULL, METRIC_COUNTER, NULL, NULL, 0, NULL},
};

static struct error err;
static struct metrics *metrics;
static char *page;

static void start(void)
{
    ck_assert_ok(metrics_new(families, &metrics, &err), err);
}

static void stop(void)
{
    metrics_free(metrics);
    free(page);
    page = NULL;
}

static bool is_on_page(const char *line)
{
    size_t size;

    free(page);
    FILE *out = open_memstream(&page, &size);
    metrics_render(metrics, out);
    fclose(out);
    return strstr(page, line) != NULL;
}

static void assert_shown(const char *line)
{
    ck_assert_msg(is_on_page(line), "no %s in:\n%s", line, page);
}

static void assert_not_shown(const char *line)
{
    ck_assert_msg(!is_on_page(line), "%s in:\n%s", line, page);
}

START_TEST(counters_show_from_zero_on)
{
    assert_shown("# HELP x_events_total All events.\n"
                 "# TYPE x_events_total counter\nx_events_total 0\n");
    metrics_add(metrics, EVENTS, 0, 3);
    metrics_add(metrics, EVENTS, 0, 4);
    metrics_add(metrics, FAULTS, 3, 1);
    assert_shown("\nx_events_total 7\n");
    assert_shown("\nx_faults_total{reason=\"bad\"} 0\n");
    assert_shown("\nx_faults_total{reason=\"worse\"} 1\n");
    ck_assert(metrics_value(metrics, EVENTS, 0) == 7);
}
END_TEST

START_TEST(an_empty_word_has_no_series)
{
    metrics_add(metrics, FAULTS, 0, 1);
    metrics_add(metrics, FAULTS, 2, 1);
    assert_shown("# TYPE x_faults_total counter\n"
                 "x_faults_total{reason=\"bad\"} 0\n"
                 "x_faults_total{reason=\"worse\"} 0\n#");
}
END_TEST

START_TEST(a_large_counter_keeps_its_digits)
{
    metrics_add(metrics, EVENTS, 0, 123456789012345);
    assert_shown("\nx_events_total 123456789012345\n");
}
END_TEST

START_TEST(gauges_show_once_they_are_set)
{
    assert_not_shown("x_lag{");
    metrics_set(metrics, LAG, 2, 1.5);
    metrics_set(metrics, LAG, 3, -0.25);
    assert_shown(
        "\nx_lag{partition=\"2\"} 1.5\nx_lag{partition=\"3\"} -0.25\n");
    assert_not_shown("partition=\"1\"");
    ck_assert(metrics_value(metrics, LAG, 2) == 1.5);
}
END_TEST

START_TEST(series_out_of_range_and_no_metrics_are_ignored)
{
    metrics_add(metrics, FAULTS, 4, 1);
    metrics_add(metrics, FAULTS, -1, 1);
    metrics_set(metrics, LAG, 4, 1);
    metrics_add(NULL, EVENTS, 0, 1);
    metrics_set(NULL, LAG, 0, 1);
    metrics_observe(NULL, DELAY, 1);
    metrics_set_info(NULL, MODEL, (struct metric_label[]){{NULL, NULL}});
    metrics_free(NULL);
    ck_assert(metrics_value(metrics, LAG, 4) == 0);
    ck_assert(metrics_value(NULL, EVENTS, 0) == 0);
    assert_not_shown("x_lag{");
}
END_TEST

START_TEST(buckets_are_cumulative_and_inclusive)
{
    metrics_observe(metrics, DELAY, 0.00001);
    metrics_observe(metrics, DELAY, 0.002);
    metrics_observe(metrics, DELAY, 1000);
    assert_shown("x_delay_seconds_bucket{le=\"1e-05\"} 1\n");
    assert_shown("x_delay_seconds_bucket{le=\"0.001\"} 1\n");
    assert_shown("x_delay_seconds_bucket{le=\"0.0025\"} 2\n");
    assert_shown("x_delay_seconds_bucket{le=\"100\"} 2\n"
                 "x_delay_seconds_bucket{le=\"+Inf\"} 3\n"
                 "x_delay_seconds_sum 1000.00201\nx_delay_seconds_count 3\n");
}
END_TEST

START_TEST(many_observations_are_one_many_times)
{
    metrics_observe_many(metrics, DELAY, 0.002, 1000);
    metrics_observe_many(metrics, DELAY, 3e7, 5000000000); /* a year, often */
    assert_shown("x_delay_seconds_bucket{le=\"0.0025\"} 1000\n");
    assert_shown("x_delay_seconds_sum 1.5e+17\n"
                 "x_delay_seconds_count 5000001000\n");
    ck_assert(metrics_value(metrics, DELAY, 0) == 5000001000);
}
END_TEST

START_TEST(time_is_counted_in_nanoseconds_and_shown_in_seconds)
{
    assert_not_shown("x_busy_seconds_total{");
    metrics_add(metrics, BUSY, 1, 1500000000);
    metrics_add(metrics, BUSY, 1, 1);
    assert_shown("# TYPE x_busy_seconds_total counter\n"
                 "x_busy_seconds_total{worker=\"1\"} 1.500000001\n");
    ck_assert(metrics_value(metrics, BUSY, 1) == 1.500000001);
}
END_TEST

START_TEST(a_value_kept_elsewhere_has_a_head_too)
{
    size_t size;
    FILE *out = open_memstream(&page, &size);

    metrics_render_value(&families[EVENTS], 2.5, out);
    fclose(out);
    ck_assert_str_eq(page, "# HELP x_events_total All events.\n"
                           "# TYPE x_events_total counter\n"
                           "x_events_total 2.5\n");
}
END_TEST

START_TEST(an_info_has_its_labels)
{
    struct metric_label labels[] = {
        {"name", "click"}, {"version", "3"}, {NULL, NULL}};

    metrics_set_info(metrics, MODEL, labels);
    assert_shown("\nx_model_info{name=\"click\",version=\"3\"} 1\n");
    labels[1].value = "4";
    metrics_set_info(metrics, MODEL, labels);
    assert_not_shown("version=\"3\"");
}
END_TEST

/* A label that could end its own quotes would take the whole page with it. */
START_TEST(labels_are_escaped_in_full)
{
    char huge[METRIC_INFO_MAX];
    const struct metric_label labels[] = {
        {"algorithm", "svd\\"}, {"name", "a\"b\nc"}, {"trainer", "caf\xe9"},
        {"huge", huge},         {"last", "1"},       {NULL, NULL}};

    memset(huge, '"', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    metrics_set_info(metrics, MODEL, labels);
    assert_shown("\nx_model_info{algorithm=\"svd\\\\\",name=\"a\\\"b\\nc\","
                 "trainer=\"caf\xef\xbf\xbd\",last=\"1\"} 1\n");
}
END_TEST

static void *count_many(void *context)
{
    for (int i = 0; i < 10000; i++) {
        metrics_add(context, EVENTS, 0, 1);
        metrics_observe(context, DELAY, 0.5);
    }
    return NULL;
}

START_TEST(nothing_is_lost_between_threads)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_many, metrics),
                         0);
    assert_shown("x_events_total");
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_shown("\nx_events_total 40000\n");
    assert_shown("x_delay_seconds_count 40000\n");
}
END_TEST

START_TEST(the_table_is_a_page)
{
    size_t size;
    FILE *out = open_memstream(&page, &size);

    metrics_describe(families, out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(
        page, "| `x_faults_total` | counter | reason: bad, worse | Faults. |"));
}
END_TEST

START_TEST(delays_are_set_as_a_whole)
{
    uint64_t counts[METRIC_DELAY_BOUNDS + 1] = {3};

    counts[METRIC_DELAY_BOUNDS - 1] = 2;
    counts[METRIC_DELAY_BOUNDS] = 1;
    metrics_set_delays(metrics, WAIT, counts, 2.5);
    counts[0] = 4;
    metrics_set_delays(metrics, WAIT, counts, 250000.5);
    assert_shown("# TYPE x_wait_seconds histogram\n");
    assert_shown("x_wait_seconds_bucket{le=\"1\"} 4\n");
    assert_shown("x_wait_seconds_bucket{le=\"43200\"} 4\n");
    assert_shown("x_wait_seconds_bucket{le=\"86400\"} 6\n"
                 "x_wait_seconds_bucket{le=\"+Inf\"} 7\n"
                 "x_wait_seconds_sum 250000.5\n"
                 "x_wait_seconds_count 7\n");
    ck_assert_double_eq(metrics_value(metrics, WAIT, 0), 7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("page");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, delays_are_set_as_a_whole);
    tcase_add_test(tests, counters_show_from_zero_on);
    tcase_add_test(tests, an_empty_word_has_no_series);
    tcase_add_test(tests, a_large_counter_keeps_its_digits);
    tcase_add_test(tests, gauges_show_once_they_are_set);
    tcase_add_test(tests, series_out_of_range_and_no_metrics_are_ignored);
    tcase_add_test(tests, buckets_are_cumulative_and_inclusive);
    tcase_add_test(tests, many_observations_are_one_many_times);
    tcase_add_test(tests, time_is_counted_in_nanoseconds_and_shown_in_seconds);
    tcase_add_test(tests, a_value_kept_elsewhere_has_a_head_too);
    tcase_add_test(tests, an_info_has_its_labels);
    tcase_add_test(tests, labels_are_escaped_in_full);
    tcase_add_test(tests, nothing_is_lost_between_threads);
    tcase_add_test(tests, the_table_is_a_page);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
