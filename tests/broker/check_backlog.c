/*
 * check_backlog.c - a scorer that has to catch up does so in bounded memory.
 */
#include "support/allowance.h"
#include "support/pipeline.h"
#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>

/* In librdkafka's queues the whole backlog would be ten times the bound. */
enum { WAIT_MS = 120000, PEAK_MAX_KIB = 160 * 1024 };

START_TEST(a_long_backlog_takes_bounded_memory)
{
    struct pipeline way;
    struct child_process scorer = {0};
    const char *const world[] = {"--world", "--world.rows=1500000",
                                 "--labels=clicks", "--topic.labels=", NULL};
    const char *const more[] = {"--exit.at_end", "--http.port=0",
                                "--state.dir=", NULL};

    pipeline_create(&way, 4);
    free(pipeline_run(&way, "feed", world, WAIT_MS));
    pipeline_start(&way, "score", more, &scorer);
    ck_assert_int_eq(child_wait(&scorer, WAIT_MS), 0);
    printf("1500000 impressions behind: %ld KiB\n", scorer.peak_kib);
    ck_assert_int_lt(scorer.peak_kib, allowance_kib(PEAK_MAX_KIB));
    child_end(&scorer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("backlog");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 280);
    tcase_add_test(tests, a_long_backlog_takes_bounded_memory);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "memory of a backlog");
}
