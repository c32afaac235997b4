/*
 * check_topics.c - `pctr topics` makes what is missing, leaves what is there,
 * and says how to change what is wrong.
 */
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 30000, OPTION_SIZE = 128, ROLES = 7 };

static const char *const roles[ROLES] = {
    "impressions", "labels", "predictions", "dead_letters",
    "models",      "chunks", "evaluations"};

static struct error err;
static char names[ROLES][FIXTURE_NAME_SIZE], options[ROLES][OPTION_SIZE];
static char *out, *errors;

/* Every test has names of its own. */
static void make_names(void)
{
    for (size_t i = 0; i < ROLES; i++) {
        char *name = names[i];
        kafka_fixture_name(roles[i], name);
        snprintf(options[i], OPTION_SIZE, "--topic.%s=%.*s", roles[i],
                 FIXTURE_NAME_SIZE, name);
    }
}

static void free_texts(void)
{
    free(out);
    free(errors);
    out = errors = NULL;
}

/* `pctr topics` over our names; its words are in `out` and `errors`. */
static int run_topics(const char *option, const char *another)
{
    struct child_process child = {.pid = 0};
    struct kafka_settings settings = kafka_fixture_settings();
    const char *arguments[] = {"topics",   "-b",       settings.brokers,
                               options[0], options[1], options[2],
                               options[3], options[4], options[5],
                               options[6], option,     another,
                               NULL};

    free_texts();
    child_start_pctr(&child, arguments);
    int status = child_wait(&child, WAIT_MS);
    out = child_output(&child);
    errors = child_errors(&child);
    child_end(&child);
    return status;
}

static struct kafka_topic describe(const char *name)
{
    struct kafka_settings settings = kafka_fixture_settings();
    struct kafka_topic topic;

    ck_assert_ok(kafka_topic_describe(&settings, name, WAIT_MS, &topic, &err),
                 err);
    return topic;
}

static void create_with(const char *name, const char *config, const char *value)
{
    struct kafka_settings settings = kafka_fixture_settings();
    struct kafka_topic_plan plan = {.name = name,
                                    .partitions = 1,
                                    .replicas = 1,
                                    .configs = {{config, value}}};
    bool created = false;

    ck_assert_ok(kafka_topic_create(&settings, &plan, WAIT_MS, &created, &err),
                 err);
    ck_assert(created);
}

START_TEST(all_are_created_as_they_must_be)
{
    ck_assert_int_eq(run_topics("--partitions=3", "--history"), 0);
    for (size_t i = 0; i < 4; i++) {
        struct kafka_topic topic = describe(names[i]);
        ck_assert_int_eq(topic.partitions, 3);
        ck_assert_int_eq(topic.retention_ms, -1);
        ck_assert(!topic.compacted);
    }
    struct kafka_topic models = describe(names[4]);
    ck_assert_int_eq(models.partitions, 1);
    ck_assert(models.compacted);
    struct kafka_topic chunks = describe(names[5]);
    ck_assert_int_eq(chunks.partitions, 1);
    ck_assert_int_eq(chunks.retention_ms, -1);
    struct kafka_topic evaluations = describe(names[6]);
    ck_assert_int_eq(evaluations.partitions, 1);
    ck_assert(evaluations.compacted);
    ck_assert_ptr_nonnull(strstr(out, "created"));
    ck_assert_str_eq(errors, "");
}
END_TEST

START_TEST(a_second_time_changes_nothing)
{
    ck_assert_int_eq(run_topics("--partitions=2", NULL), 0);
    ck_assert_int_eq(run_topics("--partitions=5", NULL), 0);
    ck_assert_int_eq(describe(names[0]).partitions, 2);
    ck_assert_ptr_null(strstr(out, "created"));
}
END_TEST

START_TEST(a_look_creates_nothing)
{
    ck_assert_int_eq(run_topics("--check", NULL), 69);
    ck_assert_ptr_nonnull(strstr(out, "missing"));
    ck_assert_ptr_nonnull(strstr(errors, "7 topics, first"));
    ck_assert_int_eq(run_topics("--check", NULL), 69);
}
END_TEST

START_TEST(history_needs_topics_that_keep_it)
{
    ck_assert_int_eq(run_topics("--partitions=1", NULL), 0);
    ck_assert_int_eq(run_topics("--history", "--check"), 78);
    ck_assert_ptr_nonnull(strstr(errors, "retention.ms=-1"));
    ck_assert_ptr_nonnull(strstr(errors, names[0]));
}
END_TEST

START_TEST(models_must_be_compacted)
{
    create_with(names[4], "cleanup.policy", "delete");
    ck_assert_int_eq(run_topics(NULL, NULL), 78);
    ck_assert_ptr_nonnull(strstr(errors, "cleanup.policy=compact"));
    ck_assert_ptr_nonnull(strstr(out, "refused"));
}
END_TEST

START_TEST(evaluations_must_be_compacted)
{
    create_with(names[6], "cleanup.policy", "delete");
    ck_assert_int_eq(run_topics(NULL, NULL), 78);
    ck_assert_ptr_nonnull(strstr(errors, names[6]));
    ck_assert_ptr_nonnull(strstr(errors, "cleanup.policy=compact"));
}
END_TEST

START_TEST(models_have_one_partition)
{
    kafka_fixture_create(names[5], 2, "-1");
    ck_assert_int_eq(run_topics(NULL, NULL), 78);
    ck_assert_ptr_nonnull(strstr(errors, "has 2 partitions and must have 1"));
}
END_TEST

START_TEST(chunks_must_fit)
{
    create_with(names[5], "max.message.bytes", "100000");
    ck_assert_int_eq(run_topics(NULL, NULL), 78);
    ck_assert_ptr_nonnull(strstr(errors, "max.message.bytes=1048588"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("topics");
    TCase *tests = tcase_create("command");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, make_names, free_texts);
    tcase_add_test(tests, all_are_created_as_they_must_be);
    tcase_add_test(tests, a_second_time_changes_nothing);
    tcase_add_test(tests, a_look_creates_nothing);
    tcase_add_test(tests, history_needs_topics_that_keep_it);
    tcase_add_test(tests, models_must_be_compacted);
    tcase_add_test(tests, evaluations_must_be_compacted);
    tcase_add_test(tests, models_have_one_partition);
    tcase_add_test(tests, chunks_must_fit);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "topics are made and checked");
}
