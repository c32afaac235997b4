/*
 * check_replay_predictions.c - what contenders answer goes to a topic of its
 * own, one prediction each, beside the impression.
 */
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/run_suite.h"

#include "common/event/event_codec.h"
#include "common/event/event_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 500, WAIT_MS = 60000, USAGE_STATUS = 78 };

static struct pipeline way;
static char answers[FIXTURE_NAME_SIZE], option[128];

static void make_history(void)
{
    const char *const world[] = {"--world", "--world.rows=500",
                                 "--clock.start=2025-03-01",
                                 "--world.truth_field=truth", NULL};

    pipeline_create(&way, 3);
    free(pipeline_run(&way, "feed", world, WAIT_MS));
    kafka_fixture_name("answers", answers);
    kafka_fixture_create(answers, 3, "-1");
    snprintf(option, sizeof(option), "--predictions.topic=%s", answers);
}

static void assert_refused(const char *const more[], const char *why)
{
    struct child_process child = {.pid = 0};

    pipeline_start(&way, "replay", more, &child);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), USAGE_STATUS);
    char *errors = child_errors(&child);
    ck_assert_msg(strstr(errors, why) != NULL, "%s", errors);
    free(errors);
    child_end(&child);
}

static struct cursor_value field_of(const struct fixture_record *record,
                                    const char *name)
{
    struct event_plan plan = {.count = 0};
    struct event_found found;
    struct error err;

    ck_assert_ok(event_plan_add(&plan, name, &err), err);
    ck_assert_int_eq(
        event_find_in_msgpack(&plan, record->value, record->value_size, &found),
        EVENT_OK);
    ck_assert_uint_eq(found.seen, 1);
    return found.values[0];
}

/* Whose answer it is: 0 truth, 1 prior. */
static size_t contender_of(const struct fixture_record *record)
{
    const struct cursor_value name = field_of(record, "contender");

    ck_assert_uint_eq(name.size, 5);
    bool is_truth = memcmp(name.bytes, "truth", 5) == 0;
    ck_assert(is_truth || memcmp(name.bytes, "prior", 5) == 0);
    return is_truth ? 0 : 1;
}

static double truth_of(const struct fixture_record *impression)
{
    return field_of(impression, "truth").real;
}

static void assert_answers(const struct fixture_record *impression,
                           const struct fixture_records *predictions)
{
    size_t found[2] = {0};

    for (size_t i = 0; i < predictions->count; i++) {
        const struct fixture_record *record = &predictions->at[i];
        struct prediction_event event;
        ck_assert_int_eq(
            one_prediction(record->value, record->value_size, &event, NULL),
            EVENT_OK);
        if (event.src_partition != impression->partition ||
            event.src_offset != impression->offset)
            continue;
        size_t contender = contender_of(record);
        ck_assert_int_eq(record->partition, impression->partition);
        ck_assert_uint_eq(record->key_size, impression->key_size);
        ck_assert_mem_eq(record->key, impression->key, record->key_size);
        ck_assert_double_eq(event.p,
                            contender == 0 ? truth_of(impression) : 0.05);
        found[contender]++;
    }
    ck_assert_uint_eq(found[0], 1);
    ck_assert_uint_eq(found[1], 1);
}

START_TEST(every_answer_is_a_prediction_beside_its_impression)
{
    const char *const more[] = {option, "--bootstrap=0", "truth=field:truth",
                                "prior=live", NULL};

    free(pipeline_run(&way, "replay", more, WAIT_MS));
    struct fixture_records impressions =
        kafka_fixture_read(way.names[PIPE_IMPRESSIONS]);
    struct fixture_records predictions = kafka_fixture_read(answers);
    ck_assert_uint_eq(impressions.count, ROWS);
    ck_assert_uint_eq(predictions.count, 2 * ROWS);
    for (size_t i = 0; i < impressions.count; i++)
        assert_answers(&impressions.at[i], &predictions);
    fixture_records_free(&impressions);
    fixture_records_free(&predictions);
}
END_TEST

START_TEST(the_scorers_own_topic_wants_force)
{
    char live[128];
    snprintf(live, sizeof(live), "--predictions.topic=%s",
             way.names[PIPE_PREDICTIONS]);
    const char *const more[] = {live, "field:truth", NULL};
    const char *const forced[] = {live, "--predictions.force", "field:truth",
                                  NULL};

    assert_refused(more, "predictions.force");
    free(pipeline_run(&way, "replay", forced, WAIT_MS));
    kafka_fixture_await(way.names[PIPE_PREDICTIONS], ROWS, WAIT_MS);
}
END_TEST

START_TEST(inputs_are_refused)
{
    char labels[128];
    snprintf(labels, sizeof(labels), "--predictions.topic=%s",
             way.names[PIPE_LABELS]);
    const char *const more[] = {labels, "--predictions.force", "field:truth",
                                NULL};

    assert_refused(more, "holds something else");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_predictions");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_history, NULL);
    tcase_add_test(tests, every_answer_is_a_prediction_beside_its_impression);
    tcase_add_test(tests, the_scorers_own_topic_wants_force);
    tcase_add_test(tests, inputs_are_refused);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "predictions of a replay");
}
