#include "support/own_broker.h"

#include "support/child_process.h"
#include "support/kafka_fixture.h"

#include "common/base/clock.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 180000, WORDS_MAX = 16, NOT_RUNNING = 3 };

static char instance[FIXTURE_NAME_SIZE];

/* `deploy/kafka ACTION --instance ... WORD...` until its end, which may be a
 * bad one; returns its status. */
static int try(const char *action, const char *const words[],
               struct child_process *child)
{
    const char *arguments[WORDS_MAX + 5] = {KAFKA_SCRIPT, action, "--instance",
                                            instance};

    for (size_t i = 0; words[i]; i++) {
        ck_assert_uint_lt(i, WORDS_MAX);
        arguments[4 + i] = words[i];
    }
    child_start(child, arguments, NULL);
    return child_wait(child, WAIT_MS);
}

/* The same, and its end must be good; returns its output, which the caller
 * frees. */
static char *run(const char *action, const char *const words[])
{
    struct child_process child = {.pid = 0};
    int status = try(action, words, &child);
    char *errors = child_errors(&child);

    ck_assert_msg(status == 0, "deploy/kafka %s: %d: %s", action, status,
                  errors);
    free(errors);
    char *output = child_output(&child);
    output[strcspn(output, "\n")] = '\0';
    child_end(&child);
    return output;
}

static void start(const char *stem, const char *const words[])
{
    kafka_fixture_name(stem, instance);
    char *address = run("start", words);
    ck_assert_int_eq(setenv("PCTR_KAFKA", address, 1), 0);
    free(address);
}

void own_broker_start(const char *stem, int brokers)
{
    char number[16];
    const char *const words[] = {"--brokers", number, NULL};

    snprintf(number, sizeof(number), "%d", brokers);
    start(stem, words);
}

void own_broker_start_secure(const char *stem, char *secrets, size_t size)
{
    const char *const words[] = {"--secure", NULL}, *const none[] = {NULL};

    start(stem, words);
    char *folder = run("secrets", none);
    snprintf(secrets, size, "%s", folder);
    free(folder);
}

void own_broker_start_detour(const char *stem, unsigned *listens,
                             unsigned *says)
{
    const char *const words[] = {"--detour", NULL};

    start(stem, words);
    const char *address = getenv("PCTR_KAFKA");
    const char *colon = address ? strrchr(address, ':') : NULL;
    ck_assert_ptr_nonnull(colon);
    *listens = (unsigned)strtoul(colon + 1, NULL, 10) + 2;
    *says = *listens + 1;
}

void own_broker_folder(char *out, size_t size)
{
    const char *const none[] = {NULL};
    char *folder = run("folder", none);

    snprintf(out, size, "%s", folder);
    free(folder);
}

void own_broker_do(const char *action, int broker)
{
    char number[16];
    const char *const words[] = {broker ? "--broker" : NULL, number, NULL};

    snprintf(number, sizeof(number), "%d", broker);
    free(run(action, words));
}

void own_broker_await_end(unsigned timeout_ms)
{
    const int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    const char *const none[] = {NULL};
    struct child_process child = {.pid = 0};

    while (try("status", none, &child) != NOT_RUNNING) {
        child_end(&child);
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(200);
    }
    child_end(&child);
}

void own_broker_end(void)
{
    const char *const none[] = {NULL};

    free(run("wipe", none));
}

void own_broker_acls(const char *const words[])
{
    free(run("acls", words));
}

void own_broker_renew(const char *name, int seconds)
{
    char number[16];
    const char *const words[] = {name, number, NULL};

    snprintf(number, sizeof(number), "%d", seconds);
    free(run("renew", words));
}

void own_broker_elect_preferred(void)
{
    struct kafka_settings kafka = kafka_fixture_settings();
    const char *const words[] = {"org.apache.kafka.tools.LeaderElectionCommand",
                                 "--bootstrap-server",
                                 kafka.brokers,
                                 "--election-type",
                                 "preferred",
                                 "--all-topic-partitions",
                                 NULL};

    free(run("tool", words));
}
