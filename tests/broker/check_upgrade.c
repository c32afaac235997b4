/*
 * check_upgrade.c - an older program and this one share a group, topics,
 * folders of state and a trainer's name, and are replaced by each other while
 * impressions come in, both ways, by a stop or a kill: the account is exact,
 * and each prediction of either is made again bit for bit.
 *
 * The environment's PCTR_OLDER names the older program; without it the test is
 * skipped. deploy/faults.sh upgrade builds one.
 */
#include "support/own_broker.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"
#include "support/whole_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PARTITIONS = 4, RATE = 300, WAIT_MS = 120000, PROGRESS = 500 };

static struct whole_run run;
static struct proceedings proceedings;
static char folders[WHOLE_RUN_SCORERS][sizeof("/tmp/pctr-state-XXXXXX")];

enum age { OLDER, NEWER };

/* Who is replaced next, and how the one before ends. */
static const struct step {
    int part;
    enum age age;
    bool is_killed;
} steps[] = {
    {0, NEWER, false},
    {1, NEWER, true},
    {0, OLDER, false},
    {0, NEWER, true},
    {WHOLE_RUN_TRAINER, NEWER, false},
    /* It may meet models that are too new for it. */
    {1, OLDER, false},
    {WHOLE_RUN_TRAINER, OLDER, true},
    {1, NEWER, true},
    {0, OLDER, true},
    {WHOLE_RUN_TRAINER, NEWER, true},
    {0, NEWER, false},
};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static const char *older; /* the program; "": there is none */

/* What children are from now on. */
static void choose(enum age age)
{
    if (age == NEWER)
        unsetenv("PCTR_PROGRAM");
    else
        ck_assert_int_eq(setenv("PCTR_PROGRAM", older, 1), 0);
}

static void replace(const struct step *step)
{
    struct child_process *part = whole_run_part(&run, step->part);

    printf("%s: %s by the %s program\n", whole_run_name(step->part),
           step->is_killed ? "killed, and replaced" : "replaced",
           step->age == NEWER ? "newer" : "older");
    fflush(stdout);
    if (step->is_killed)
        whole_run_kill(&run, step->part);
    else
        pipeline_stop(part, WAIT_MS);
    choose(step->age);
    whole_run_start_part(&run, step->part);
    if (step->part == WHOLE_RUN_TRAINER)
        child_await_error(part, "msg=\"model published\"", WAIT_MS);
    topic_ends_await_more(run.pipe.names[PIPE_PREDICTIONS], PROGRESS, WAIT_MS);
}

static void check_verified(size_t predictions)
{
    const char *const more[] = {"--json", NULL};
    char *account = pipeline_run(&run.pipe, "verify", more, WAIT_MS);
    char wanted[64];

    snprintf(wanted, sizeof(wanted), "\"verified\":%zu,", predictions);
    ck_assert_msg(strstr(account, wanted) != NULL, "%s", account);
    printf("verify: %s", account);
    free(account);
}

static void start_broker(void)
{
    own_broker_start("upgrade", 1);
}

static void start(void)
{
    ck_assert_int_eq(setenv("PCTR_DATA", "", 1), 0); /* it would run dry */
    for (int slot = 0; slot < WHOLE_RUN_SCORERS; slot++) {
        strcpy(folders[slot], "/tmp/pctr-state-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folders[slot]));
        run.options.state_dirs[slot] = folders[slot];
    }
    run.rows = 200000; /* more than is fed meanwhile */
    choose(OLDER);
    whole_run_start(&run, PARTITIONS, RATE);
    child_await_error(&run.trainer, "msg=\"model published\"", WAIT_MS);
}

static void stop(void)
{
    char command[64];

    proceedings_free(&proceedings);
    whole_run_end(&run);
    for (int slot = 0; slot < WHOLE_RUN_SCORERS; slot++) {
        snprintf(command, sizeof(command), "rm -rf %s", folders[slot]);
        ck_assert_int_eq(system(command), 0);
    }
}

START_TEST(both_programs_share_all_and_nothing_is_lost)
{
    for (int i = 0; i < STEPS; i++)
        replace(&steps[i]);
    whole_run_stop_feed(&run);
    pipeline_await_scored(&run.pipe, WAIT_MS);
    for (int part = 0; part < WHOLE_RUN_PARTS; part++)
        pipeline_stop(whole_run_part(&run, part), WAIT_MS);
    printf("fault 38|upgrade and back|an older program and this one in one "
           "group, two scorers and a trainer replaced at work|%d\n",
           STEPS);
    struct verdict verdict =
        pipeline_judge(&run.pipe, "upgrade and back", &proceedings);
    /* An older scorer may take a partition over and not know the newer model's
     * format: it serves the one before, and docs/upgrades.md says so. */
    verdict.backwards = 0;
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(verdict.predictions, verdict.impressions);
    choose(NEWER);
    check_verified(verdict.predictions);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upgrade");
    TCase *tests = tcase_create("own broker");
    const char *named = getenv("PCTR_OLDER");

    tcase_set_timeout(tests, 900);
    tcase_add_unchecked_fixture(tests, start_broker, own_broker_end);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, both_programs_share_all_and_nothing_is_lost);
    suite_add_tcase(suite, tests);
    older = named ? named : "";
    if (access(older, X_OK) != 0) {
        printf("SKIPPED: PCTR_OLDER names no program: promises not tested: an "
               "older and a newer program may be mixed\n");
        return run_suite_not(suite);
    }
    return kafka_fixture_main(suite, "that versions may be mixed");
}
