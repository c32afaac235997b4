/*
 * check_rights.c - TLS, SASL and ACLs on a real broker: the lines of
 * docs/rights.md are enough for each command, and none of them is too many.
 */
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/own_broker.h"
#include "support/rights.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 16, RUN_MS = 60000, REFUSED_MS = 40000 };

/* How each command is run; `words` are its name and options. */
static const struct {
    const char *name;
    const char *words[WORDS_MAX];
} commands[] = {
    {"topics", {"topics", "--check"}},
    {"feed", {"feed", "--world", "--world.rows=600"}},
    {"train", {"train", "--exit.at_end", "--http.port=0"}},
    {"score", {"score", "--exit.at_end", "--http.port=0"}},
    {"cat", {"cat", "--topic=pctr.impressions"}},
    {"verify", {"verify"}},
    {"replay", {"replay", "live"}},
    {"redrive", {"redrive"}},
    {"snapshot list", {"snapshot", "list"}},
    {"snapshot pin", {"snapshot", "pin", "1"}},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct right *rights;
static size_t right_count;
static char settings[2][512]; /* files: of the user pctr, of the operator */

/* --- Running ---------------------------------------------------------- */

/* `which`: of the two files of settings. Returns the exit status; *errors is
 * freed by the caller. */
static int run(int which, const char *const words[], unsigned timeout_ms,
               char **errors)
{
    const char *arguments[WORDS_MAX + 4] = {words[0]};
    struct child_process child = {.pid = 0};
    size_t n = 1;

    for (size_t i = 1; words[i]; i++)
        arguments[n++] = words[i];
    arguments[n++] = "-F";
    arguments[n++] = settings[which];
    child_start_pctr(&child, arguments);
    int status = child_wait(&child, timeout_ms);
    *errors = child_errors(&child);
    child_end(&child);
    return status;
}

static void run_as_operator(const char *const words[])
{
    char *errors;
    int status = run(1, words, RUN_MS, &errors);

    ck_assert_msg(status == 0, "%s: %d: %s", words[0], status, errors);
    free(errors);
}

/* The world that the commands find: topics, impressions, labels, a model,
 * predictions and a dead letter. */
static void start(void)
{
    const char *const topics[] = {"topics", "--partitions=2", NULL};
    const char *const feed[] = {"feed", "--world", "--world.rows=4000", NULL};
    const char *const train[] = {"train", "--exit.at_end", "--http.port=0",
                                 NULL};
    const char *const score[] = {"score", "--exit.at_end", "--http.port=0",
                                 "--group=operator", NULL};
    char secrets[400];

    rights = rights_read(&right_count);
    own_broker_start_secure("rights", secrets, sizeof(secrets));
    snprintf(settings[0], sizeof(settings[0]), "%s/pctr-plain.conf", secrets);
    snprintf(settings[1], sizeof(settings[1]), "%s/admin-plain.conf", secrets);
    run_as_operator(topics);
    run_as_operator(feed);
    kafka_fixture_send("pctr.impressions",
                       &(struct outgoing){.value = "junk", .value_size = 4});
    run_as_operator(train);
    run_as_operator(score);
}

START_TEST(the_rights_on_the_page_are_enough)
{
    char *errors;

    rights_give_all(commands[_i].name);
    int status = run(0, commands[_i].words, RUN_MS, &errors);
    ck_assert_msg(status == 0, "%s: %d: %s", commands[_i].name, status, errors);
    free(errors);
}
END_TEST

START_TEST(without_one_of_them_a_command_says_which_and_ends)
{
    for (size_t i = 0; i < right_count; i++) {
        const struct right *missing = &rights[i];
        char *errors;

        if (strcmp(missing->command, commands[_i].name) != 0 ||
            right_is_of_cluster(missing))
            continue;
        rights_give_all(missing->command);
        rights_take(missing);
        clock_sleep_ms(RIGHTS_SPREAD_MS);
        int64_t start_ms = clock_monotonic_ms();
        int status = run(0, commands[_i].words, REFUSED_MS, &errors);
        printf("%s without %s on %s: %d after %d ms\n", missing->command,
               right_operation(missing), missing->name, status,
               (int)(clock_monotonic_ms() - start_ms));
        fflush(stdout);
        ck_assert_msg(status == RIGHTS_REFUSED, "%s without %s on %s: %d: %s",
                      missing->command, right_operation(missing), missing->name,
                      status, errors);
        ck_assert_msg(strstr(errors, "uthorization failed") != NULL, "%s",
                      errors);
        free(errors);
    }
}
END_TEST

/* Such a topic is found, and then nothing comes of it. */
START_TEST(models_that_are_seen_and_not_read_end_a_scorer)
{
    const char *const words[] = {"score", "--exit.at_end", "--http.port=0",
                                 NULL};
    char *errors;

    rights_give_all("score");
    for (size_t i = 0; i < right_count; i++)
        if (strcmp(rights[i].command, "score") == 0 &&
            strcmp(rights[i].name, "pctr.models") == 0) {
            rights_give_describe(&rights[i]);
            rights_take(&rights[i]);
        }
    clock_sleep_ms(RIGHTS_SPREAD_MS);
    int status = run(0, words, REFUSED_MS, &errors);
    ck_assert_msg(status == RIGHTS_REFUSED, "%d: %s", status, errors);
    ck_assert_msg(strstr(errors, "topic 'pctr.models'") != NULL, "%s", errors);
    free(errors);
}
END_TEST

/* A right to read, to write or to use implies the right to describe: whoever
 * lacks it is told so by --check-config --online, before anything starts. */
START_TEST(the_check_finds_each_right_that_is_missing)
{
    static const char *const checks[][4] = {
        {"score", "--check-config", "--online", NULL},
        {"train", "--check-config", "--online", NULL}};
    const char *command = checks[_i][0];
    char *errors;

    rights_give_all(command);
    int status = run(0, checks[_i], RUN_MS, &errors);
    ck_assert_msg(status == 0, "%s: %d: %s", command, status, errors);
    free(errors);
    for (size_t i = 0; i < right_count; i++) {
        const struct right *missing = &rights[i];

        if (strcmp(missing->command, command) != 0 ||
            right_is_of_cluster(missing))
            continue;
        rights_give_all(command);
        rights_take(missing);
        clock_sleep_ms(RIGHTS_SPREAD_MS);
        status = run(0, checks[_i], RUN_MS, &errors);
        printf("check of %s without %s on %s: %d\n", command,
               right_operation(missing), missing->name, status);
        /* Of two rights on one topic the other one shows that it is there. */
        bool is_hidden = strcasecmp(right_operation(missing), "Write") == 0 &&
                         strcmp(missing->name, "pctr.models") == 0;
        ck_assert_msg(status == (is_hidden ? 0 : RIGHTS_REFUSED),
                      "%s without %s on %s: %d: %s", command,
                      right_operation(missing), missing->name, status, errors);
        free(errors);
    }
}
END_TEST

/* How a login fails is told apart. */
static const struct {
    const char *file, *words;
    int status;
} logins[] = {
    {"expired-tls.conf", "it refuses our certificate", RIGHTS_REFUSED},
    {"foreign-tls.conf", "it refuses our certificate", RIGHTS_REFUSED},
    {"foreign-authority.conf", "of an authority that ssl.ca.location lacks",
     RIGHTS_REFUSED},
    {"other-password.conf", "invalid username or password", RIGHTS_REFUSED},
    {"no-tls.conf", "see security.protocol", 69},
};

START_TEST(a_login_that_fails_ends_with_its_reason)
{
    const char *const words[] = {"cat", "--topic=pctr.impressions", NULL};
    char *errors;

    snprintf(strrchr(settings[0], '/') + 1, 64, "%s", logins[_i].file);
    int status = run(0, words, RUN_MS, &errors);
    printf("%s: %d: %s\n", logins[_i].file, status, errors);
    ck_assert_int_eq(status, logins[_i].status);
    ck_assert_msg(strstr(errors, logins[_i].words) != NULL, "%s", errors);
    free(errors);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rights");
    TCase *tests = tcase_create("secure broker");

    tcase_set_timeout(tests, 300);
    tcase_add_unchecked_fixture(tests, start, own_broker_end);
    tcase_add_checked_fixture(tests, rights_connect, rights_disconnect);
    tcase_add_loop_test(tests, the_rights_on_the_page_are_enough, 0, COMMANDS);
    tcase_add_loop_test(
        tests, without_one_of_them_a_command_says_which_and_ends, 0, COMMANDS);
    tcase_add_test(tests, models_that_are_seen_and_not_read_end_a_scorer);
    tcase_add_loop_test(tests, the_check_finds_each_right_that_is_missing, 0,
                        2);
    tcase_add_loop_test(tests, a_login_that_fails_ends_with_its_reason, 0,
                        sizeof(logins) / sizeof(logins[0]));
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "TLS, SASL and the ACLs of every command, each needed");
}
