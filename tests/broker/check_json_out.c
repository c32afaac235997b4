/*
 * check_json_out.c - a pipeline whose topics are JSON from one end to the
 * other: what it writes is read again by the trainer, by verify, replay and
 * the live evaluation, and no score loses a bit; also where `feed` writes the
 * fields into objects, an array, and the record's key and time.
 */
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/published_evaluations.h"
#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTITIONS = 2, ROWS = 12000, WAIT_MS = 90000 };

static struct pipeline pipe_;

static void check_all_json(enum pipeline_name topic, size_t least)
{
    struct fixture_records records = kafka_fixture_read(pipe_.names[topic]);

    ck_assert_uint_ge(records.count, least);
    for (size_t i = 0; i < records.count; i++)
        ck_assert_msg(records.at[i].value_size > 0 &&
                          records.at[i].value[0] == '{',
                      "record %zu of %s is not JSON", i, pipe_.names[topic]);
    fixture_records_free(&records);
}

static void train(const char *first, const char *second)
{
    const char *const more[] = {"--exit.at_end",
                                "--http.port=0",
                                "--model.algorithm=baseline",
                                "--join.window_ms=1000",
                                "--join.late_ms=0",
                                first,
                                second,
                                NULL};

    free(pipeline_run(&pipe_, "train", more, WAIT_MS));
}

static void check_verified(void)
{
    const char *const more[] = {"--json", NULL};
    char *text = pipeline_run(&pipe_, "verify", more, WAIT_MS);
    char wanted[64];

    snprintf(wanted, sizeof(wanted), "\"verified\":%d", ROWS);
    ck_assert_msg(strstr(text, wanted) != NULL, "%s", text);
    free(text);
}

static void check_replayed(void)
{
    const char *const more[] = {"--json",
                                "--join.window_ms=1000",
                                "--join.late_ms=0",
                                "--bootstrap=0",
                                "live",
                                NULL};
    char *text = pipeline_run(&pipe_, "replay", more, WAIT_MS);

    ck_assert_msg(strstr(text, "\"live\"") != NULL, "%s", text);
    free(text);
}

/* The second run finds the windows of the first, which are JSON, too. */
static void check_evaluated(void)
{
    train("--evaluation.window_ms=600000", "--format.evaluations=json");
    struct published first = read_published(&pipe_);
    ck_assert_uint_gt(first.count, 0);
    ck_assert_uint_gt(first.events[0].rows, 0);
    check_all_json(PIPE_EVALUATIONS, 1);
    train("--evaluation.window_ms=600000", "--format.evaluations=msgpack");
    struct published second = read_published(&pipe_);
    ck_assert_uint_eq(first.count, second.count);
    assert_unique(&second);
    free(first.events);
    free(second.events);
}

/* Settings of all commands, from their environment. */
static const struct {
    const char *name, *value;
} nested[] = {
    {"PCTR_FIELD_ID", "event.id"},
    {"PCTR_FIELD_TS", "@timestamp"},
    {"PCTR_FIELD_USER", "@key"},
    {"PCTR_FIELD_AD", "context.ads[1].id"},
    {"PCTR_FIELD_CLICK", "event.outcome"},
    {"PCTR_FIELD_CLICK_VALUES", "clicked:1,seen:0"},
    {"PCTR_FILTER_IMPRESSIONS", "event.kind==view"},
};

static void nest_fields(void)
{
    for (size_t i = 0; i < sizeof(nested) / sizeof(nested[0]); i++)
        ck_assert_int_eq(setenv(nested[i].name, nested[i].value, 1), 0);
}

START_TEST(a_pipeline_of_json_loses_no_bit)
{
    char rows[32];
    const char *const feeding[] = {"--world", rows, "--format.impressions=json",
                                   "--format.labels=json", NULL};
    const char *const scoring[] = {"--exit.at_end", "--http.port=0",
                                   "--format.predictions=json", NULL};

    if (_i == 1)
        nest_fields();
    snprintf(rows, sizeof(rows), "--world.rows=%d", ROWS);
    pipeline_create(&pipe_, PARTITIONS);
    free(pipeline_run(&pipe_, "feed", feeding, WAIT_MS));
    check_all_json(PIPE_IMPRESSIONS, ROWS);
    check_all_json(PIPE_LABELS, 100);
    train("--evaluate=false", NULL);
    free(pipeline_run(&pipe_, "score", scoring, WAIT_MS));
    check_all_json(PIPE_PREDICTIONS, ROWS);
    check_verified();
    check_replayed();
    check_evaluated();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json_out");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 280);
    tcase_add_loop_test(tests, a_pipeline_of_json_loses_no_bit, 0, 2);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "a pipeline whose topics are JSON");
}
