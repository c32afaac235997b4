/*
 * check_replay_labels.c - labels that carry their pair are replayed alone, and
 * say the same as they do joined to their impressions.
 */
#include "support/pipeline.h"
#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3000, WAIT_MS = 60000 };

static struct pipeline way;

/* One impression more ends the window of all others. */
static void make_history(void)
{
    const char *const world[] = {"--world",
                                 "--world.rows=3000",
                                 "--clock.start=2025-03-01",
                                 "--clock.step_ms=1000",
                                 "--world.users=60",
                                 "--world.truth_field=truth",
                                 "--labels=all",
                                 "--label.pairs",
                                 "--label.delay_ms=0",
                                 NULL};
    const char *const last[] = {"--world", "--world.rows=1",
                                "--clock.start=2025-03-03",
                                "--topic.labels=", NULL};
    const char *const model[] = {"--exit.at_end", "--join=labels",
                                 "--http.port=0", "--model.algorithm=baseline",
                                 NULL};

    pipeline_create(&way, 3);
    free(pipeline_run(&way, "feed", world, WAIT_MS));
    free(pipeline_run(&way, "feed", last, WAIT_MS));
    free(pipeline_run(&way, "train", model, WAIT_MS));
}

static char *replay(const char *join, const char *more, const char *contender)
{
    const char *const arguments[] = {join,     more,      "--bootstrap=0",
                                     "--json", contender, NULL};

    return pipeline_run(&way, "replay", arguments, WAIT_MS);
}

/* The line of a kind; the caller frees. */
static char *line_of(const char *output, const char *kind)
{
    char key[64];

    snprintf(key, sizeof(key), "\"kind\":\"%s\"", kind);
    const char *at = strstr(output, key);
    ck_assert_msg(at != NULL, "no %s in %s", kind, output);
    while (at > output && at[-1] != '\n')
        at--;
    return strndup(at, strcspn(at, "\n"));
}

static void assert_same_total(const char *contender)
{
    char *joined = replay("--join=impressions", "--slice=ad", contender);
    char *alone = replay("--join=labels", "--slice=ad", contender);
    char *first = line_of(joined, "total"), *second = line_of(alone, "total");

    ck_assert_str_eq(first, second);
    free(first);
    free(second);
    free(joined);
    free(alone);
}

START_TEST(labels_alone_say_what_they_say_joined)
{
    assert_same_total("epoch:1");
}
END_TEST

START_TEST(every_label_is_answered_before_it_is_learned_from)
{
    char *once =
        replay("--join=labels", "--refit.every_ms=600000", "refit:baseline");
    char *twice =
        replay("--join=labels", "--refit.every_ms=600000", "refit:baseline");

    ck_assert_ptr_nonnull(strstr(once, "\"impressions\":3000,"));
    ck_assert_ptr_nonnull(strstr(once, "\"fits\":4,"));
    ck_assert_ptr_nonnull(strstr(once, "\"open\":0,"));
    ck_assert_str_eq(once, twice);
    free(once);
    free(twice);
}
END_TEST

START_TEST(offsets_are_those_of_the_labels)
{
    char *output = replay("--join=labels", "--from=0:@100,2:@50", "epoch:1");
    char *part = replay("--join=labels", "--to=1:@40", "epoch:1");

    ck_assert_ptr_null(strstr(output, "\"impressions\":3000,"));
    ck_assert_ptr_nonnull(strstr(part, "\"impressions\":40,"));
    free(output);
    free(part);
}
END_TEST

static void assert_refused(const char *more, const char *contender,
                           const char *why)
{
    const char *const arguments[] = {"--join=labels", more, contender, NULL};
    struct child_process child = {0};

    pipeline_start(&way, "replay", arguments, &child);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 78);
    char *errors = child_errors(&child);
    ck_assert_msg(strstr(errors, why) != NULL, "no '%s' in %s", why, errors);
    free(errors);
    child_end(&child);
}

START_TEST(what_needs_impressions_is_refused)
{
    assert_refused("--json", "live", "which model was live");
    assert_refused("--predictions.topic=out", "epoch:1", "predictions=FILE");
}
END_TEST

START_TEST(labels_without_a_pair_are_counted)
{
    struct pipeline other = way;
    const char *const world[] = {"--world", "--world.rows=50", "--labels=all",
                                 NULL};
    const char *const arguments[] = {"--join=labels", "--json", "refit:popular",
                                     NULL};

    pipeline_create(&other, 1);
    free(pipeline_run(&other, "feed", world, WAIT_MS));
    char *output = pipeline_run(&other, "replay", arguments, WAIT_MS);
    ck_assert_ptr_nonnull(strstr(output, "\"impressions\":0,"));
    ck_assert_ptr_nonnull(strstr(output, "\"bad_labels\":50,"));
    free(output);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_labels");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, make_history, NULL);
    tcase_add_test(tests, labels_alone_say_what_they_say_joined);
    tcase_add_test(tests, every_label_is_answered_before_it_is_learned_from);
    tcase_add_test(tests, offsets_are_those_of_the_labels);
    tcase_add_test(tests, what_needs_impressions_is_refused);
    tcase_add_test(tests, labels_without_a_pair_are_counted);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "replay of labels alone");
}
