#include "support/own_broker.h"

#include "support/child_process.h"
#include "support/kafka_fixture.h"

#include "common/base/clock.h"

#include <librdkafka/rdkafka.h>

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 180000, WORDS_MAX = 16, NOT_RUNNING = 3, ASK_MS = 5000 };

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

void own_broker_start_detour(const char *stem, int brokers)
{
    char number[16];
    const char *const words[] = {"--detour", "--brokers", number, NULL};

    snprintf(number, sizeof(number), "%d", brokers);
    start(stem, words);
}

/* Each node has four ports, and the first one's is the first address. */
unsigned own_broker_detour(int broker)
{
    const char *address = getenv("PCTR_KAFKA");
    const char *colon = address ? strchr(address, ':') : NULL;

    ck_assert_ptr_nonnull(colon);
    return (unsigned)strtoul(colon + 1, NULL, 10) +
           4u * (unsigned)(broker - 1) + 2;
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

static bool all_in_step(const struct rd_kafka_metadata *metadata)
{
    for (int t = 0; t < metadata->topic_cnt; t++)
        for (int p = 0; p < metadata->topics[t].partition_cnt; p++) {
            const struct rd_kafka_metadata_partition *partition =
                &metadata->topics[t].partitions[p];
            if (partition->leader < 0 ||
                partition->isr_cnt < partition->replica_cnt)
                return false;
        }
    return true;
}

static bool is_in_step(rd_kafka_t *client)
{
    const struct rd_kafka_metadata *metadata = NULL;

    if (rd_kafka_metadata(client, 1, NULL, &metadata, ASK_MS) != 0)
        return false;
    const bool is = all_in_step(metadata);
    rd_kafka_metadata_destroy(metadata);
    return is;
}

void own_broker_await_in_step(unsigned timeout_ms)
{
    const int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    rd_kafka_t *client = kafka_fixture_consumer("in-step", "read_committed");

    while (!is_in_step(client)) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                      "after %u ms copies are not in step", timeout_ms);
        clock_sleep_ms(200);
    }
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
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
