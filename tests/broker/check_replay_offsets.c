/*
 * check_replay_offsets.c - a range by offsets is exactly those impressions and
 * the labels that belong to them; mistakes are told.
 */
#include "support/pipeline.h"
#include "support/run_suite.h"

#include "consumer/replay/replay_range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 60000 };

static struct error err;
static struct pipeline way;

static void make_history(void)
{
    const char *const world[] = {"--world",
                                 "--world.rows=3000",
                                 "--clock.start=2025-03-01",
                                 "--world.users=60",
                                 "--labels=all",
                                 "--label.delay_ms=5000",
                                 NULL};

    pipeline_create(&way, 3);
    free(pipeline_run(&way, "feed", world, WAIT_MS));
}

/* What was said of the range, all replayed on the same model. */
static char *replay(const char *from, const char *to)
{
    const char *const more[] = {
        from, to, "--bootstrap=0", "--json", "refit:popular", NULL};

    return pipeline_run(&way, "replay", more, WAIT_MS);
}

static long long number_of(const char *output, const char *name)
{
    char key[64];

    snprintf(key, sizeof(key), "\"%s\":", name);
    const char *at = strstr(output, key);
    ck_assert_msg(at != NULL, "no %s in %s", name, output);
    return strtoll(at + strlen(key), NULL, 10);
}

START_TEST(exactly_the_impressions_of_the_offsets_are_replayed)
{
    char *output = replay("--from=0:@100,2:@50", "--to=2:@150,0:@400");

    ck_assert_int_eq(
        number_of(output, "impressions") + number_of(output, "open"), 400);
    /* All have a label: the range of labels begins and ends right. */
    ck_assert_int_eq(number_of(output, "joined"), 400);
    free(output);

    /* A bound that is left out is that of the partition. */
    output = replay("--from=1:@10", "--to=");
    char *whole = replay("--from=1:@0", "--to=");
    ck_assert_int_eq(number_of(whole, "joined") - number_of(output, "joined"),
                     10);
    free(output);
    free(whole);
}
END_TEST

START_TEST(an_empty_range_is_said)
{
    char *output = replay("--from=0:@100", "--to=0:@100");

    ck_assert_int_eq(number_of(output, "impressions"), 0);
    free(output);
}
END_TEST

START_TEST(mistakes_in_offsets_are_told)
{
    struct replay_offsets list = {.count = 0};

    ck_assert_ok(replay_offsets_parse("", &list, &err), err);
    ck_assert_uint_eq(list.count, 0);
    ck_assert_ok(replay_offsets_parse("0:@7,12:@0", &list, &err), err);
    ck_assert_uint_eq(list.count, 2);
    ck_assert_int_eq(list.at[1].partition, 12);
    ck_assert_int_eq(list.at[0].offset, 7);
    ck_assert_refused(replay_offsets_parse("0:@7,0:@8", &list, &err), err,
                      ERROR_CONFIG, "twice");
    ck_assert_refused(replay_offsets_parse("0:@x", &list, &err), err,
                      ERROR_CONFIG, "PARTITION:@OFFSET");
    ck_assert_refused(replay_offsets_parse("0:@7;1:@8", &list, &err), err,
                      ERROR_CONFIG, "comma");
    ck_assert_refused(replay_offsets_parse("@7", &list, &err), err,
                      ERROR_CONFIG, "PARTITION:@OFFSET");
}
END_TEST

START_TEST(a_partition_that_is_not_there_is_refused)
{
    const char *const more[] = {"--from=9:@1", NULL};
    struct child_process child = {.pid = 0};

    pipeline_start(&way, "replay", more, &child);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 78);
    char *errors = child_errors(&child);
    ck_assert_ptr_nonnull(strstr(errors, "no partition 9"));
    free(errors);
    child_end(&child);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_offsets");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, make_history, NULL);
    tcase_add_test(tests, exactly_the_impressions_of_the_offsets_are_replayed);
    tcase_add_test(tests, an_empty_range_is_said);
    tcase_add_test(tests, mistakes_in_offsets_are_told);
    tcase_add_test(tests, a_partition_that_is_not_there_is_refused);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "replay by offsets");
}
