/*
 * check_online_questions.c - --check-config --online asks a real broker what a
 * command needs: each deficiency, made on purpose, has its line and its exit
 * status, and nothing is written by asking.
 */
#include "support/pipeline.h"
#include "support/run_suite.h"
#include "support/topic_change.h"

#include "common/event/manifest.h"
#include "common/kafka/kafka_question.h"

#include "producer/publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    RUN_MS = 60000,
    ROWS = 2000,
    FORMAT = 65,
    UNAVAILABLE = 69,
    CONFIG = 78
};

static struct error err;
static struct pipeline line;

static void set_up(void)
{
    pipeline_create(&line, 2);
}

/* The status of the check; *out, which the caller frees, is what it printed. */
static int check(const char *command, const char *const more[], char **out)
{
    const char *words[12] = {"--check-config", "--online"};
    struct child_process child;
    size_t n = 2;

    for (; *more; more++)
        words[n++] = *more;
    pipeline_start(&line, command, words, &child);
    int status = child_wait(&child, RUN_MS);
    *out = child_output(&child);
    child_end(&child);
    return status;
}

static void assert_check(const char *command, const char *const more[],
                         int wanted, const char *words)
{
    char *out;
    int status = check(command, more, &out);

    ck_assert_msg(status == wanted, "%s: %d, not %d:\n%s", command, status,
                  wanted, out);
    ck_assert_msg(strstr(out, words) != NULL, "no '%s' in:\n%s", words, out);
    ck_assert_msg(wanted != 0 || strstr(out, "problem") == NULL, "%s", out);
    free(out);
}

static const char *const nothing[] = {NULL};

START_TEST(a_broker_that_has_all_is_fine)
{
    assert_check("score", nothing, 0, "2 partitions, 1 copies");
    assert_check("score", nothing, 0, "unasked  topic.predictions");
    assert_check("score", nothing, 0, "ok       transactions");
    assert_check("score", nothing, 0, "is not published yet");
    assert_check("train", nothing, 0, "ok       topic.labels");
    assert_check("replay", nothing, 0, "ok       topic.impressions");
    for (int t = 0; t < PIPE_TOPICS; t++)
        ck_assert_int_eq(topic_ends_sum(line.names[t]), 0);
    ck_assert_int_eq(kafka_fixture_committed(line.names[PIPE_GROUP],
                                             line.names[PIPE_IMPRESSIONS], 0),
                     -1001);
}
END_TEST

START_TEST(a_topic_may_be_missing_only_where_it_is_optional)
{
    topic_change_remove(line.names[PIPE_PREDICTIONS]);
    topic_change_remove(line.names[PIPE_EVALUATIONS]);
    assert_check("train", nothing, 0, "goes without it: no topic");
    assert_check("score", nothing, UNAVAILABLE, "problem  topic.predictions");
}
END_TEST

/* A topic with one setting; `option` leads a command to it. */
static void create_with(const char *name, const char *value,
                        const char *setting, char option[160])
{
    char topic[FIXTURE_NAME_SIZE];
    struct kafka_settings kafka = kafka_fixture_settings();
    bool created = false;

    kafka_fixture_name("online", topic);
    struct kafka_topic_plan plan = {.name = topic,
                                    .partitions = 1,
                                    .replicas = 1,
                                    .configs = {{name, value}}};
    ck_assert_ok(kafka_topic_create(&kafka, &plan, RUN_MS, &created, &err),
                 err);
    snprintf(option, 160, "--topic.%s=%s", setting, topic);
}

START_TEST(a_topic_that_accepts_nothing_is_a_problem)
{
    char option[160];
    const char *const more[] = {option, NULL};

    create_with("min.insync.replicas", "2", "predictions", option);
    assert_check("score", more, CONFIG, "min.insync.replicas=2 of 1 copies");
    /* Only read, it is none. */
    assert_check("replay", more, 0, "ok       topic.predictions");
}
END_TEST

START_TEST(sizes_that_do_not_suit_are_a_problem)
{
    char little[160], large[160];
    const char *const written[] = {little, NULL};
    const char *const read[] = {large, NULL};

    create_with("max.message.bytes", "5000", "dead_letters", little);
    assert_check("score", written, CONFIG, "max.message.bytes=5000, and");
    create_with("max.message.bytes", "40000000", "impressions", large);
    assert_check("score", read, CONFIG, "receive.message.max.bytes=33554432");
}
END_TEST

START_TEST(transactions_longer_than_the_broker_allows_are_refused)
{
    struct kafka_settings kafka = kafka_fixture_settings();

    ck_assert_ok(kafka_ask_transactions(&kafka, line.names[PIPE_GROUP], 900000,
                                        RUN_MS, &err),
                 err);
    ck_assert_int_eq(kafka_ask_transactions(&kafka, line.names[PIPE_GROUP],
                                            900001, RUN_MS, &err),
                     -1);
    ck_assert_int_eq(err.code, ERROR_CONFIG);
}
END_TEST

START_TEST(the_model_is_looked_at)
{
    const char *const world[] = {"--world", "--world.rows=2000", NULL};
    const char *const once[] = {"--exit.at_end", "--http.port=0",
                                "--model.algorithm=baseline", NULL};
    const char *const waits[] = {"--no_model.policy=wait", NULL};
    char path[64] = "/tmp/check_online-XXXXXX", key[96], trusted[160];
    const char *const keygen[] = {"keygen", key, NULL};
    const char *const trusts[] = {trusted, NULL};

    assert_check("score", waits, UNAVAILABLE, "is not published yet");
    free(pipeline_run(&line, "feed", world, RUN_MS));
    free(pipeline_run(&line, "train", once, RUN_MS));
    assert_check("score", waits, 0, "version 1, baseline: loaded, not signed");

    ck_assert_ptr_nonnull(mkdtemp(path));
    snprintf(key, sizeof(key), "%s/key", path);
    snprintf(trusted, sizeof(trusted), "--trusted.keys=%s.pub", key);
    free(pipeline_run(&line, "snapshot", keygen, RUN_MS));
    assert_check("score", trusts, FORMAT,
                 "the newest manifest or pin is refused");
}
END_TEST

/* A manifest of a version 2 that says of itself that it is that large. */
static void publish_huge(uint64_t size)
{
    struct fixture_records published =
        kafka_fixture_read(line.names[PIPE_MODELS]);
    struct manifest manifest;
    struct buffer bytes = {0};
    char key[FIXTURE_NAME_SIZE + 8];
    struct publisher *publisher = NULL;
    struct publisher_config config = {.kafka = kafka_fixture_settings(),
                                      .topics = {line.names[PIPE_MODELS]}};

    ck_assert_uint_eq(published.count, 1);
    ck_assert_ok(manifest_decode(published.at[0].value,
                                 published.at[0].value_size, &manifest, &err),
                 err);
    manifest.epoch = 2;
    manifest.size = size;
    manifest_encode(&manifest, &bytes);
    snprintf(key, sizeof(key), "%s@2", line.names[PIPE_MODEL]);
    struct outgoing record = {.key = key,
                              .key_size = strlen(key),
                              .value = bytes.bytes,
                              .value_size = bytes.size,
                              .timestamp_ms = manifest.created_ms};
    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    ck_assert_ok(publisher_send(publisher, &record, &err), err);
    ck_assert_ok(publisher_flush(publisher, RUN_MS, &err), err);
    publisher_close(publisher);
    buffer_free(&bytes);
    manifest_free(&manifest);
    fixture_records_free(&published);
}

START_TEST(a_model_that_does_not_fit_the_memory_is_a_problem)
{
    const char *const world[] = {"--world", "--world.rows=2000", NULL};
    const char *const once[] = {"--exit.at_end", "--http.port=0",
                                "--model.algorithm=baseline", NULL};
    /* The child inherits it: enough for clients and their threads. */
    struct rlimit space = {UINT64_C(4) << 30, UINT64_C(4) << 30};

    free(pipeline_run(&line, "feed", world, RUN_MS));
    free(pipeline_run(&line, "train", once, RUN_MS));
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &space), 0);
    assert_check("score", nothing, 0, "version 1, baseline: loaded");
    publish_huge(MANIFEST_SNAPSHOT_MAX);
    assert_check("score", nothing, CONFIG,
                 "version 2 has 1073741824 bytes, serving it may take");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("online questions");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 280);
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, a_broker_that_has_all_is_fine);
    tcase_add_test(tests, a_topic_may_be_missing_only_where_it_is_optional);
    tcase_add_test(tests, a_topic_that_accepts_nothing_is_a_problem);
    tcase_add_test(tests, sizes_that_do_not_suit_are_a_problem);
    tcase_add_test(tests,
                   transactions_longer_than_the_broker_allows_are_refused);
    tcase_add_test(tests, the_model_is_looked_at);
    /* A sanitizer reserves terabytes of addresses: within a limit of them no
     * program of it starts. */
    if (!SANITIZED)
        tcase_add_test(tests,
                       a_model_that_does_not_fit_the_memory_is_a_problem);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "what a broker lacks is found beforehand");
}
