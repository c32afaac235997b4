/*
 * check_kafka_files.c - a file that holds something else is noticed, after it
 * has settled; nothing else is.
 */
#include "support/run_suite.h"

#include "common/base/file.h"
#include "common/kafka/kafka_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CERTIFICATE, KEY, PASSWORD, FILES };

/* The settings of one client; the others name no file. */
static struct config_property properties[] = {
    {.name = "security.protocol", .value = "SSL"},
    {.name = "ssl.certificate.location", .value = ""},
    {.name = "producer.ssl.key.location", .value = ""},
    {.name = "sasl.password", .value = "file:"},
    {.name = "sasl.username", .value = "pctr"},
    {.name = "ssl.key.password", .value = "literal"},
    {.name = "ssl.crl.location", .value = "/no/such/file"},
};
static const struct kafka_settings settings = {
    .properties = properties,
    .property_count = sizeof(properties) / sizeof(properties[0])};

static struct error err;
static char paths[FILES][64];
static struct kafka_files *files;
static int64_t now_ms;

static void put(int which, const char *text)
{
    ck_assert_ok(file_replace_private(paths[which], text, strlen(text), &err),
                 err);
}

static void start(void)
{
    for (int i = 0; i < FILES; i++) {
        strcpy(paths[i], "/tmp/pctr-files-XXXXXX");
        int fd = mkstemp(paths[i]);
        ck_assert_int_ge(fd, 0);
        close(fd);
        put(i, "old");
        strcat(properties[1 + i].value, paths[i]);
    }
    now_ms = 1000000;
    ck_assert_ok(kafka_files_note(&settings, &files, &err), err);
}

static void stop(void)
{
    kafka_files_free(files);
    for (int i = 0; i < FILES; i++)
        unlink(paths[i]);
}

/* A look this long after the last. */
static int look_after(int64_t ms)
{
    now_ms += ms;
    return kafka_files_look(files, now_ms, &err);
}

/* Long enough for every change to have settled. */
static void assert_all_quiet(void)
{
    for (int i = 0; i < 10; i++)
        ck_assert_ok(look_after(KAFKA_FILES_SETTLE_MS), err);
}

START_TEST(a_file_with_other_bytes_is_named)
{
    assert_all_quiet();
    put(_i, "new");
    ck_assert_ok(look_after(KAFKA_FILES_LOOK_MS), err);
    ck_assert_int_eq(look_after(KAFKA_FILES_SETTLE_MS), -1);
    ck_assert_int_eq(err.code, ERROR_TEMPORARY);
    ck_assert_ptr_nonnull(strstr(err.text, paths[_i]));
    ck_assert_ptr_nonnull(strstr(err.text, "start again"));
}
END_TEST

START_TEST(the_second_of_a_pair_is_waited_for)
{
    put(CERTIFICATE, "new");
    ck_assert_ok(look_after(KAFKA_FILES_LOOK_MS), err);
    ck_assert_ok(look_after(KAFKA_FILES_LOOK_MS), err);
    put(KEY, "new");
    ck_assert_ok(look_after(KAFKA_FILES_LOOK_MS), err);
    ck_assert_ok(look_after(KAFKA_FILES_LOOK_MS), err);
    ck_assert_ok(look_after(KAFKA_FILES_LOOK_MS), err);
    ck_assert_int_eq(look_after(KAFKA_FILES_LOOK_MS), -1);
}
END_TEST

START_TEST(the_same_bytes_are_no_news)
{
    put(CERTIFICATE, "old");
    put(KEY, "old");
    assert_all_quiet();
}
END_TEST

START_TEST(new_bytes_that_are_written_again_and_again_have_settled)
{
    int status = 0;

    for (int i = 0; i < 5 && status == 0; i++) {
        put(KEY, "new");
        status = look_after(KAFKA_FILES_LOOK_MS);
    }
    ck_assert_int_eq(status, -1);
}
END_TEST

START_TEST(a_file_that_is_away_for_a_while_is_no_news)
{
    unlink(paths[CERTIFICATE]);
    assert_all_quiet();
    put(CERTIFICATE, "old");
    assert_all_quiet();
    unlink(paths[CERTIFICATE]);
    assert_all_quiet();
    put(CERTIFICATE, "new");
    ck_assert_ok(look_after(KAFKA_FILES_LOOK_MS), err);
    ck_assert_int_eq(look_after(KAFKA_FILES_SETTLE_MS), -1);
}
END_TEST

START_TEST(a_change_that_was_taken_back_is_none)
{
    put(KEY, "new");
    ck_assert_ok(look_after(KAFKA_FILES_LOOK_MS), err);
    put(KEY, "old");
    assert_all_quiet();
}
END_TEST

START_TEST(a_look_is_taken_now_and_then)
{
    ck_assert_ok(look_after(0), err);
    put(KEY, "new");
    for (int i = 0; i < 10; i++)
        ck_assert_ok(look_after(KAFKA_FILES_LOOK_MS / 20), err);
    now_ms += KAFKA_FILES_SETTLE_MS;
    ck_assert_ok(look_after(0), err); /* the first look that sees it */
    ck_assert_int_eq(look_after(KAFKA_FILES_SETTLE_MS), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kafka files");
    TCase *tests = tcase_create("files");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, a_file_with_other_bytes_is_named, 0, FILES);
    tcase_add_test(tests, the_second_of_a_pair_is_waited_for);
    tcase_add_test(tests, the_same_bytes_are_no_news);
    tcase_add_test(tests,
                   new_bytes_that_are_written_again_and_again_have_settled);
    tcase_add_test(tests, a_file_that_is_away_for_a_while_is_no_news);
    tcase_add_test(tests, a_change_that_was_taken_back_is_none);
    tcase_add_test(tests, a_look_is_taken_now_and_then);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
