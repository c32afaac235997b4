/*
 * check_evaluation_faults.c - whatever becomes of the evaluation, the trainer
 * learns and publishes models.
 */
#include "support/metrics_page.h"
#include "support/pipeline.h"
#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 60000, ROWS = 4000, OPTION_SIZE = 128 };

static struct error err;
static struct pipeline pipe;
static struct child_process trainer;

/* A history with predictions, all by no model. */
static void make_history(void)
{
    const char *const feeding[] = {"--world", "--world.rows=4000", NULL};
    const char *const scoring[] = {"--exit.at_end", "--http.port=0", NULL};

    pipeline_create(&pipe, 2);
    free(pipeline_run(&pipe, "feed", feeding, WAIT_MS));
    free(pipeline_run(&pipe, "score", scoring, WAIT_MS));
}

static void stop(void)
{
    child_end(&trainer);
}

/* Returns what it said. */
static char *train_once(const char *option)
{
    const char *const more[] = {"--exit.at_end",
                                "--http.port=0",
                                "--model.algorithm=baseline",
                                "--evaluation.window_ms=600000",
                                option,
                                NULL};

    pipeline_start(&pipe, "train", more, &trainer);
    ck_assert_int_eq(child_wait(&trainer, WAIT_MS), 0);
    char *errors = child_errors(&trainer);
    child_end(&trainer);
    ck_assert_msg(strstr(errors, "\"model published\"") != NULL, "%s", errors);
    return errors;
}

static void assert_said(char *errors, const char *what, const char *about)
{
    ck_assert_msg(strstr(errors, what) && strstr(errors, about), "%s", errors);
    free(errors);
}

static size_t published(void)
{
    struct fixture_records records =
        kafka_fixture_read(pipe.names[PIPE_EVALUATIONS]);
    size_t count = records.count;

    fixture_records_free(&records);
    return count;
}

START_TEST(without_its_topics_it_says_so)
{
    assert_said(train_once("--topic.predictions=not-there-p"),
                "models in service are not evaluated", "not-there-p");
    assert_said(train_once("--topic.evaluations=not-there-e"),
                "evaluations are not published", "not-there-e");
    ck_assert_uint_eq(published(), 0);
}
END_TEST

START_TEST(it_can_be_left_out)
{
    char *errors = train_once("--evaluate=false");

    ck_assert_ptr_null(strstr(errors, "evaluat"));
    free(errors);
    ck_assert_uint_eq(published(), 0);
}
END_TEST

/* Once is enough for what is over; the second time finds it there. */
START_TEST(a_single_run_judges_what_is_over)
{
    free(train_once("--evaluate=true"));
    size_t count = published();
    ck_assert_uint_ge(count, 4);
    free(train_once("--evaluate=true"));
    ck_assert_uint_eq(published(), count);
}
END_TEST

/* More rows than the room: the oldest windows are judged early, and said to
 * be. */
START_TEST(too_little_room_is_said)
{
    assert_said(train_once("--evaluation.max_rows=500"),
                "windows closed before they were over",
                "evaluation.max_rows=500");
}
END_TEST

/* The broker refuses every record, at once and again. */
START_TEST(a_topic_that_refuses_records_does_not_stop_it)
{
    struct kafka_settings kafka = kafka_fixture_settings();
    char name[FIXTURE_NAME_SIZE], topic[OPTION_SIZE], port_option[32];
    unsigned port = metrics_page_free_port();
    const char *const more[] = {topic,
                                port_option,
                                "--model.algorithm=baseline",
                                "--retrain.every_ms=1000",
                                "--evaluation.window_ms=600000",
                                NULL};
    bool created = false;

    kafka_fixture_name("refusing", name);
    const struct kafka_topic_plan plan = {
        .name = name,
        .partitions = 1,
        .replicas = 1,
        .configs = {{"max.message.bytes", "100"}}};
    ck_assert_ok(kafka_topic_create(&kafka, &plan, WAIT_MS, &created, &err),
                 err);
    snprintf(topic, sizeof(topic), "--topic.evaluations=%s", name);
    snprintf(port_option, sizeof(port_option), "--http.port=%u", port);
    pipeline_start(&pipe, "train", more, &trainer);
    metrics_page_await(port, "pctr_evaluations_total{result=\"failed\"}", 2,
                       WAIT_MS);
    metrics_page_await(port, "pctr_snapshots_published_total", 1, WAIT_MS);
    ck_assert_double_eq(
        metrics_page_value(port,
                           "pctr_evaluations_total{result=\"published\"}"),
        0);
    ck_assert_double_gt(metrics_page_value(port, "pctr_evaluation_window_rows"),
                        0);
    pipeline_stop(&trainer, WAIT_MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation faults");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_history, stop);
    tcase_add_test(tests, without_its_topics_it_says_so);
    tcase_add_test(tests, it_can_be_left_out);
    tcase_add_test(tests, a_single_run_judges_what_is_over);
    tcase_add_test(tests, too_little_room_is_said);
    tcase_add_test(tests, a_topic_that_refuses_records_does_not_stop_it);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "an evaluation stops no trainer");
}
