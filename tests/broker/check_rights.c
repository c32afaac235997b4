/*
 * check_rights.c - TLS, SASL and ACLs on a real broker: the lines of
 * docs/rights.md are enough for each command, and none of them is too many.
 */
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/own_broker.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/file.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef RIGHTS_PAGE /* from the top of the source */
#define RIGHTS_PAGE "docs/rights.md"
#endif

enum {
    RIGHTS_MAX = 64,
    WORDS_MAX = 16,
    PAGE_MAX = 1 << 20,
    RUN_MS = 60000,
    REFUSED_MS = 40000,
    SPREAD_MS = 300, /* the broker has a right some time after it said so */
    NO_RIGHT = 77,
};

/* librdkafka 2.0.2 has no word for this kind of resource: Kafka's own tool
 * gives and takes these rights. */
#define TRANSACTIONAL_ID RD_KAFKA_RESOURCE_UNKNOWN

struct right {
    char command[32]; /* "score" */
    rd_kafka_ResourceType_t kind;
    rd_kafka_ResourcePatternType_t pattern;
    rd_kafka_AclOperation_t operation;
    char name[64]; /* of the resource */
};

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

static struct right rights[RIGHTS_MAX];
static size_t right_count;
static char settings[2][512]; /* files: of the user pctr, of the operator */
static rd_kafka_t *admin;
static struct error err;

/* --- The page --------------------------------------------------------- */

static const char *value_of(const char *line, const char *option, char out[64])
{
    const char *at = strstr(line, option);

    if (!at || sscanf(at + strlen(option), " %63s", out) != 1)
        return NULL;
    return out;
}

static void read_right(const char *command, const char *line)
{
    static const struct {
        const char *option;
        rd_kafka_ResourceType_t kind;
    } kinds[] = {{"--topic", RD_KAFKA_RESOURCE_TOPIC},
                 {"--group", RD_KAFKA_RESOURCE_GROUP},
                 {"--transactional-id", TRANSACTIONAL_ID}};
    static const struct {
        const char *word;
        rd_kafka_AclOperation_t operation;
    } operations[] = {{"Read", RD_KAFKA_ACL_OPERATION_READ},
                      {"Write", RD_KAFKA_ACL_OPERATION_WRITE},
                      {"Create", RD_KAFKA_ACL_OPERATION_CREATE},
                      {"Describe", RD_KAFKA_ACL_OPERATION_DESCRIBE}};
    struct right *right = &rights[right_count];
    char word[64];

    ck_assert_uint_lt(right_count++, RIGHTS_MAX);
    snprintf(right->command, sizeof(right->command), "%s", command);
    right->kind = RD_KAFKA_RESOURCE_BROKER; /* the cluster */
    snprintf(right->name, sizeof(right->name), "kafka-cluster");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (value_of(line, kinds[i].option, right->name))
            right->kind = kinds[i].kind;
    right->pattern = strstr(line, "prefixed")
                         ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED
                         : RD_KAFKA_RESOURCE_PATTERN_LITERAL;
    ck_assert_msg(value_of(line, "--operation", word) != NULL, "%s", line);
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (strcmp(word, operations[i].word) == 0)
            right->operation = operations[i].operation;
    ck_assert_msg(right->operation != RD_KAFKA_ACL_OPERATION_UNKNOWN, "%s",
                  line);
}

static void read_page(void)
{
    uint8_t *page = NULL;
    size_t size = 0;
    char command[32] = "", *rest = NULL;

    ck_assert_ok(file_read(RIGHTS_PAGE, PAGE_MAX, &page, &size, &err), err);
    char *text = strndup((const char *)page, size);
    for (char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "    # pctr ", 11) == 0)
            snprintf(command, sizeof(command), "%s", line + 11);
        else if (strncmp(line, "    kafka-acls ", 15) == 0)
            read_right(command, line);
    }
    free(text);
    free(page);
    ck_assert_uint_gt(right_count, 20);
}

/* --- Giving and taking ------------------------------------------------ */

static void await_answer(rd_kafka_queue_t *queue, const char *task)
{
    rd_kafka_event_t *answer = rd_kafka_queue_poll(queue, RUN_MS);

    ck_assert_msg(answer && !rd_kafka_event_error(answer), "%s: %s", task,
                  answer ? rd_kafka_event_error_string(answer) : "no answer");
    rd_kafka_event_destroy(answer);
}

static void by_tool(const char *action, const struct right *right)
{
    const char *const words[] = {action,
                                 "--force",
                                 "--allow-principal",
                                 "User:pctr",
                                 "--operation",
                                 rd_kafka_AclOperation_name(right->operation),
                                 "--transactional-id",
                                 right->name,
                                 "--resource-pattern-type",
                                 "prefixed",
                                 NULL};

    own_broker_acls(words);
}

static void give(const struct right *right)
{
    char why[256];

    if (right->kind == TRANSACTIONAL_ID) {
        by_tool("--add", right);
        return;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin);
    rd_kafka_AclBinding_t *binding = rd_kafka_AclBinding_new(
        right->kind, right->name, right->pattern, "User:pctr", "*",
        right->operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why, sizeof(why));

    ck_assert_msg(binding != NULL, "%s", why);
    rd_kafka_CreateAcls(admin, &binding, 1, NULL, queue);
    await_answer(queue, "give a right");
    rd_kafka_AclBinding_destroy(binding);
    rd_kafka_queue_destroy(queue);
}

/* `right` NULL: all rights of the user. */
static void take(const struct right *right)
{
    char why[256];

    if (right && right->kind == TRANSACTIONAL_ID) {
        by_tool("--remove", right);
        return;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin);
    rd_kafka_AclBinding_t *filter =
        right ? rd_kafka_AclBindingFilter_new(
                    right->kind, right->name, right->pattern, "User:pctr", "*",
                    right->operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why,
                    sizeof(why))
              : rd_kafka_AclBindingFilter_new(
                    RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY,
                    "User:pctr", NULL, RD_KAFKA_ACL_OPERATION_ANY,
                    RD_KAFKA_ACL_PERMISSION_TYPE_ANY, why, sizeof(why));

    ck_assert_msg(filter != NULL, "%s", why);
    rd_kafka_DeleteAcls(admin, &filter, 1, NULL, queue);
    await_answer(queue, "take a right");
    rd_kafka_AclBinding_destroy(filter);
    rd_kafka_queue_destroy(queue);
}

static void give_all(const char *command)
{
    take(NULL);
    for (size_t i = 0; i < right_count; i++)
        if (strcmp(rights[i].command, command) == 0)
            give(&rights[i]);
    clock_sleep_ms(SPREAD_MS);
}

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

    read_page();
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

/* In the process of each test: a client's threads do not survive a fork. */
static void connect_admin(void)
{
    struct kafka_settings plain = kafka_fixture_settings();

    ck_assert_ok(kafka_client_new(&plain, KAFKA_ADMIN, NULL, &admin, &err),
                 err);
}

static void close_admin(void)
{
    rd_kafka_destroy(admin);
}

START_TEST(the_rights_on_the_page_are_enough)
{
    char *errors;

    give_all(commands[_i].name);
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
            missing->kind == RD_KAFKA_RESOURCE_BROKER)
            continue;
        give_all(missing->command);
        take(missing);
        clock_sleep_ms(SPREAD_MS);
        int64_t start_ms = clock_monotonic_ms();
        int status = run(0, commands[_i].words, REFUSED_MS, &errors);
        printf("%s without %s on %s: %d after %d ms\n", missing->command,
               rd_kafka_AclOperation_name(missing->operation), missing->name,
               status, (int)(clock_monotonic_ms() - start_ms));
        fflush(stdout);
        ck_assert_msg(status == NO_RIGHT, "%s without %s on %s: %d: %s",
                      missing->command,
                      rd_kafka_AclOperation_name(missing->operation),
                      missing->name, status, errors);
        ck_assert_msg(strstr(errors, "uthorization failed") != NULL, "%s",
                      errors);
        free(errors);
    }
}
END_TEST

/* How a login fails is told apart. */
static const struct {
    const char *file, *words;
} logins[] = {
    {"expired-tls.conf", "certificate"},
    {"foreign-tls.conf", "certificate"},
};

START_TEST(a_login_that_fails_ends_with_its_reason)
{
    const char *const words[] = {"cat", "--topic=pctr.impressions", NULL};
    char *errors;

    snprintf(strrchr(settings[0], '/') + 1, 64, "%s", logins[_i].file);
    int status = run(0, words, RUN_MS, &errors);
    printf("%s: %d: %s\n", logins[_i].file, status, errors);
    ck_assert_int_eq(status, NO_RIGHT);
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
    tcase_add_checked_fixture(tests, connect_admin, close_admin);
    tcase_add_loop_test(tests, the_rights_on_the_page_are_enough, 0, COMMANDS);
    tcase_add_loop_test(
        tests, without_one_of_them_a_command_says_which_and_ends, 0, COMMANDS);
    tcase_add_loop_test(tests, a_login_that_fails_ends_with_its_reason, 0,
                        sizeof(logins) / sizeof(logins[0]));
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "TLS, SASL and the ACLs of every command, each needed");
}
