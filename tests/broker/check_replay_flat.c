/*
 * check_replay_flat.c - a range ten times larger takes no more memory, and
 * no figure depends on what was sorted where.
 */
#include "support/allowance.h"
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIZES = 2,
    OPTION_SIZE = 128,
    WAIT_MS = 120000,
    CHANCE_KIB = 16 * 1024, /* how full queues happen to be */
};

static const char *const rows[SIZES] = {"200000", "2000000"};
static char topics[SIZES][2][OPTION_SIZE]; /* options: impressions, labels */
static long peak_kib;                      /* of the last run */

static const char *brokers(void)
{
    return getenv("PCTR_KAFKA");
}

static void make_topic(const char *role, size_t size, size_t option)
{
    char wanted[64], name[FIXTURE_NAME_SIZE];

    snprintf(wanted, sizeof(wanted), "%s%zu", role, size);
    kafka_fixture_name(wanted, name);
    kafka_fixture_create(name, 2, "-1");
    snprintf(topics[size][option], OPTION_SIZE, "--topic.%s=%s", role, name);
}

static char *run(const char *const arguments[])
{
    struct child_process child;

    child_start_pctr(&child, arguments);
    int status = child_wait(&child, WAIT_MS);
    char *errors = child_errors(&child);
    ck_assert_msg(status == 0, "%s: %d\n%s", arguments[0], status, errors);
    char *output = child_output(&child);
    peak_kib = child.peak_kib;
    free(errors);
    child_end(&child);
    return output;
}

static void feed(void)
{
    for (size_t i = 0; i < SIZES; i++) {
        char count[OPTION_SIZE];
        make_topic("impressions", i, 0);
        make_topic("labels", i, 1);
        snprintf(count, sizeof(count), "--world.rows=%s", rows[i]);
        free(run((const char *[]){"feed", "-b", brokers(), topics[i][0],
                                  topics[i][1], "--world", count,
                                  "--clock.step_ms=1000", "--rate=0", NULL}));
    }
}

static char *replay(size_t size, const char *sort_bytes)
{
    return run((const char *[]){
        "replay", "-b", brokers(), topics[size][0], topics[size][1], sort_bytes,
        "--json", "--slice=ad", "--slice.max_values=5",
        "--fetch.max_bytes=4194304", "--training.max_rows=10000",
        "--bootstrap=20", "--refit.every_ms=7200000", "popular=refit:popular",
        "baseline=refit:baseline", NULL});
}

START_TEST(ten_times_the_range_takes_the_same_memory)
{
    free(replay(0, "--sort.max_bytes=1048576"));
    long small = peak_kib;
    free(replay(1, "--sort.max_bytes=1048576"));
    long large = peak_kib;
    printf("replay of %s: %ld KiB, of %s: %ld KiB\n", rows[0], small, rows[1],
           large);
    /* All that is bounded is full in the small range too; records, rows and
     * figures of the large one would take 1 GiB. */
    ck_assert_msg(large < small + allowance_kib(CHANCE_KIB),
                  "%s impressions take %ld KiB, %s take %ld KiB", rows[0],
                  small, rows[1], large);
}
END_TEST

START_TEST(figures_do_not_depend_on_where_rows_were_sorted)
{
    char *disk = replay(0, "--sort.max_bytes=1048576");
    char *memory = replay(0, "--sort.max_bytes=67108864");

    ck_assert_ptr_nonnull(strstr(disk, "\"kind\":\"total\""));
    ck_assert_str_eq(disk, memory);
    free(disk);
    free(memory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_flat");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 280);
    tcase_add_unchecked_fixture(tests, feed, NULL);
    tcase_add_test(tests, ten_times_the_range_takes_the_same_memory);
    tcase_add_test(tests, figures_do_not_depend_on_where_rows_were_sorted);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "replay in bounded memory");
}
