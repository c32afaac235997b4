/*
 * check_live_evaluation.c - what the trainer says of the models in service is
 * what a replay says afterwards, bit for bit, and it says it once.
 */
#include "support/metrics_page.h"
#include "support/pipeline.h"
#include "support/published_evaluations.h"
#include "support/run_suite.h"
#include "support/slow_evaluation.h"

#include "common/base/clock.h"
#include "common/event/evaluation_event.h"
#include "common/event/event_codec.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAIT_MS = 60000,
    PARTITIONS = 4,
    ROWS = 16000, /* one a second of event time */
    WINDOW_MS = 1800000,
    VERSIONS_MIN = 3,
    LATE = 40,
};

static const struct slow_reach reach = {600000, 1200000}; /* the defaults */
static struct pipeline pipe;
static struct child_process scorer, trainer;
static unsigned port;

static void stop(void)
{
    child_end(&scorer);
    child_end(&trainer);
}

/* --- The live run ----------------------------------------------------- */

static void start_trainer(const char *window)
{
    char port_option[32];
    const char *more[] = {port_option,
                          window,
                          "--model.algorithm=baseline",
                          "--retrain.every_ms=0",
                          "--retrain.rows=2000",
                          NULL};

    port = metrics_page_free_port();
    snprintf(port_option, sizeof(port_option), "--http.port=%u", port);
    pipeline_start(&pipe, "train", more, &trainer);
    child_await_error(&trainer, "\"training\"", WAIT_MS);
}

static void await_read(const char *topic, enum pipeline_name name)
{
    struct fixture_records records = kafka_fixture_read(pipe.names[name]);
    char series[80];

    snprintf(series, sizeof(series),
             "pctr_records_consumed_total{topic=\"%s\"}", topic);
    metrics_page_await(port, series, (double)records.count, WAIT_MS);
    fixture_records_free(&records);
}

static void await_caught_up(void)
{
    child_await_error(&trainer, "\"caught up\"", WAIT_MS);
    await_read("impressions", PIPE_IMPRESSIONS);
    await_read("labels", PIPE_LABELS);
    await_read("predictions", PIPE_PREDICTIONS);
}

static void run_live(void)
{
    const char *const scoring[] = {"--workers=2", "--http.port=0", NULL};
    const char *const feeding[] = {"--world", "--world.rows=16000",
                                   "--rate=1600", NULL};

    pipeline_create(&pipe, PARTITIONS);
    pipeline_start(&pipe, "score", scoring, &scorer);
    child_await_error(&scorer, "\"scoring\"", WAIT_MS);
    start_trainer("--evaluation.window_ms=1800000");
    free(pipeline_run(&pipe, "feed", feeding, WAIT_MS));
    pipeline_await_scored(&pipe, WAIT_MS);
    await_caught_up();
}

/* --- Against the replay ----------------------------------------------- */

static void assert_bits(const json_t *line, const char *name, double figure)
{
    const json_t *value = json_object_get(line, name);

    ck_assert_ptr_nonnull(value);
    if (isnan(figure)) {
        ck_assert(json_is_null(value));
        return;
    }
    double replayed = json_real_value(value);
    ck_assert_msg(memcmp(&replayed, &figure, sizeof(figure)) == 0,
                  "%s: %.17g live, %.17g in the replay", name, figure,
                  replayed);
}

static void assert_replayed(const json_t *line,
                            const struct evaluation_event *event)
{
    ck_assert_int_eq(json_integer_value(json_object_get(line, "impressions")),
                     (long long)event->rows);
    assert_bits(line, "click_rate", event->click_rate);
    assert_bits(line, "rmse", event->rmse);
    assert_bits(line, "mae", event->mae);
    assert_bits(line, "logloss", event->logloss);
    assert_bits(line, "normalised_entropy", event->normalised_entropy);
    assert_bits(line, "auc", event->auc);
    assert_bits(line, "calibration", event->calibration);
    assert_bits(line, "ece", event->ece);
}

/* The line of the window; NULL where there is none. */
static json_t *find_window(const char *output, int64_t start_ms)
{
    for (const char *at = output; *at; at = strchr(at, '\n') + 1) {
        json_t *line = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
        const char *kind = json_string_value(json_object_get(line, "kind"));
        ck_assert_ptr_nonnull(kind);
        if (strcmp(kind, "window") == 0 &&
            json_integer_value(json_object_get(line, "start")) == start_ms)
            return line;
        json_decref(line);
    }
    return NULL;
}

/* Returns how many windows there were. */
static size_t compare_with_replay(const struct published *published)
{
    const char *const more[] = {"--json", "--report.window_ms=1800000",
                                "--bootstrap=0", "live", NULL};
    char *output = pipeline_run(&pipe, "replay", more, WAIT_MS);
    size_t windows = 0;

    ck_assert_ptr_nonnull(strstr(output, "\"live_published\":0"));
    for (size_t i = 0; i < published->count; i++) {
        const struct evaluation_event *event = &published->events[i];
        if (event->has_version)
            continue;
        json_t *line = find_window(output, event->start_ms);
        ck_assert_ptr_nonnull(line);
        assert_replayed(line, event);
        json_decref(line);
        windows++;
    }
    free(output);
    return windows;
}

/* --- Against the definitions ------------------------------------------ */

/* Returns how many windows there should be. */
static size_t compare_with_definitions(const struct published *published)
{
    struct slow_evaluation *slow = slow_evaluation_read(&pipe, reach, ROWS);
    uint64_t highest = 0;

    for (size_t i = 0; i < published->count; i++) {
        const struct evaluation_event *event = &published->events[i];
        ck_assert_int_eq(event->window_ms, WINDOW_MS);
        ck_assert_uint_eq(event->left_out, 0);
        ck_assert(!event->is_early);
        slow_evaluation_assert(slow, event);
        if (event->has_version && event->version > highest)
            highest = event->version;
    }
    ck_assert_uint_ge(highest, VERSIONS_MIN);
    size_t due = slow_evaluation_windows(slow, WINDOW_MS);
    slow_evaluation_free(slow);
    return due;
}

static int64_t end_of(const struct published *published)
{
    int64_t end_ms = 0;

    for (size_t i = 0; i < published->count; i++)
        if (published->events[i].start_ms + WINDOW_MS > end_ms)
            end_ms = published->events[i].start_ms + WINDOW_MS;
    return end_ms;
}

/* The first record as a line of JSON. */
static void compare_with_cat(const struct evaluation_event *event)
{
    const char *const more[] = {"evaluations", "--count=1", NULL};
    char *output = pipeline_run(&pipe, "cat", more, WAIT_MS);
    json_t *line = json_loads(output, JSON_DISABLE_EOF_CHECK, NULL);
    const json_t *value = json_object_get(line, "value");

    ck_assert_str_eq(json_string_value(json_object_get(value, "name")),
                     event->name);
    ck_assert_int_eq(json_integer_value(json_object_get(value, "start")),
                     event->start_ms);
    ck_assert(json_is_null(json_object_get(value, "version")));
    assert_bits(value, "rmse", event->rmse);
    assert_bits(value, "auc", event->auc);
    json_decref(line);
    free(output);
}

START_TEST(live_figures_are_those_of_a_replay)
{
    run_live();
    metrics_page_await(port, "pctr_evaluation_windows_total{result=\"over\"}",
                       6, WAIT_MS);
    pipeline_stop(&trainer, WAIT_MS);
    struct published published = read_published(&pipe);
    assert_unique(&published);
    size_t windows = compare_with_replay(&published);
    ck_assert_uint_eq(windows, compare_with_definitions(&published));
    compare_with_cat(&published.events[0]);
    printf("live evaluation: windows=%zu records=%zu\n", windows,
           published.count);
    free(published.events);
}
END_TEST

/* Reads all again, in windows of another length. */
START_TEST(what_was_published_stays_as_it_was)
{
    run_live();
    metrics_page_await(port, "pctr_evaluation_windows_total{result=\"over\"}",
                       6, WAIT_MS);
    child_signal(&trainer, SIGKILL);
    child_end(&trainer);
    struct published before = read_published(&pipe);
    start_trainer("--evaluation.window_ms=600000");
    await_caught_up();
    ck_assert_double_ge(
        metrics_page_value(port,
                           "pctr_evaluation_window_start_timestamp_seconds"),
        (double)(end_of(&before) - WINDOW_MS) / 1e3);
    pipeline_stop(&trainer, WAIT_MS);
    struct published after = read_published(&pipe);
    ck_assert_uint_ge(after.count, before.count);
    assert_unique(&after);
    ck_assert_mem_eq(after.events, before.events,
                     before.count * sizeof(*before.events));
    for (size_t i = before.count; i < after.count; i++)
        ck_assert_int_ge(after.events[i].start_ms, end_of(&before));
    free(before.events);
    free(after.events);
}
END_TEST

/* Of the first window's time, when that is over. */
static void send_late(int64_t ts_ms, int count)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct buffer bytes = {0};

    for (int i = 0; i < count; i++) {
        struct impression event = {.id = id_from_number(1000000 + i),
                                   .user = id_from_number(1),
                                   .ad = id_from_number(2),
                                   .ts_ms = ts_ms};
        buffer_clear(&bytes);
        event_encode_impression(&fields, &event, NULL, 0, &bytes);
        kafka_fixture_send(pipe.names[PIPE_IMPRESSIONS],
                           &(struct outgoing){.partition = i % PARTITIONS,
                                              .value = bytes.bytes,
                                              .value_size = bytes.size,
                                              .timestamp_ms = clock_wall_ms()});
    }
    buffer_free(&bytes);
}

START_TEST(what_comes_late_counts_nowhere)
{
    run_live();
    struct published before = read_published(&pipe);
    ck_assert_uint_gt(before.count, 0);
    send_late(before.events[0].start_ms, LATE);
    metrics_page_await(port, "pctr_evaluation_rows_total{result=\"late\"}",
                       LATE, WAIT_MS);
    pipeline_await_scored(&pipe, WAIT_MS);
    pipeline_stop(&trainer, WAIT_MS);
    struct published after = read_published(&pipe);
    assert_unique(&after);
    ck_assert_uint_ge(compare_with_replay(&after), 7);
    free(before.events);
    free(after.events);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live evaluation");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 180);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(tests, live_figures_are_those_of_a_replay);
    tcase_add_test(tests, what_was_published_stays_as_it_was);
    tcase_add_test(tests, what_comes_late_counts_nowhere);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "live figures are those of a replay");
}
