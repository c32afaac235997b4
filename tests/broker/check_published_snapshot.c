/*
 * check_published_snapshot.c - published on a real broker, followed by a
 * watcher, and shown, fetched, pinned and rolled back by `pctr snapshot`.
 */
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/publish_snapshot.h"
#include "support/run_suite.h"
#include "support/small_snapshot.h"

#include "common/base/clock.h"
#include "common/base/file.h"

#include "consumer/models/model_watcher.h"
#include "producer/snapshot_publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 30000, OPTION_SIZE = 128 };

static struct error err;
static char models[FIXTURE_NAME_SIZE], chunks[FIXTURE_NAME_SIZE];
static char name[FIXTURE_NAME_SIZE]; /* of the model: a transactional id each */
static char models_option[OPTION_SIZE], chunks_option[OPTION_SIZE];
static char name_option[OPTION_SIZE];
static struct snapshot_publisher *publisher;
static char *out, *errors;

static void start(void)
{
    kafka_fixture_name("models", models);
    kafka_fixture_name("chunks", chunks);
    kafka_fixture_create(models, 1, NULL);
    kafka_fixture_create(chunks, 1, NULL);
    snprintf(models_option, OPTION_SIZE, "--topic.models=%.*s",
             FIXTURE_NAME_SIZE, models);
    snprintf(chunks_option, OPTION_SIZE, "--topic.chunks=%.*s",
             FIXTURE_NAME_SIZE, chunks);

    kafka_fixture_name("m", name);
    snprintf(name_option, OPTION_SIZE, "--model.name=%.*s", FIXTURE_NAME_SIZE,
             name);

    struct snapshot_publisher_config to = {.kafka = kafka_fixture_settings(),
                                           .chunk_bytes = 1000};
    strcpy(to.name, name);
    strcpy(to.models, models);
    strcpy(to.chunks, chunks);
    ck_assert_ok(snapshot_publisher_open(&to, &publisher, &err), err);
}

static void stop(void)
{
    snapshot_publisher_close(publisher);
    free(out);
    free(errors);
}

static void publish(uint64_t epoch)
{
    struct buffer bytes = {0};
    struct manifest manifest = {.format = MANIFEST_FORMAT,
                                .epoch = epoch,
                                .created_ms = clock_wall_ms(),
                                .algorithm = "popular",
                                .users = SMALL_SNAPSHOT_IDS,
                                .ads = SMALL_SNAPSHOT_IDS};

    small_snapshot(epoch, &bytes);
    ck_assert_ok(publish_snapshot(publisher, &bytes, &manifest, &err), err);
    buffer_free(&bytes);
}

/* `pctr snapshot ACTION ...`; its words are in `out` and `errors`. */
static int run_snapshot(const char *action, const char *argument,
                        const char *option)
{
    struct child_process child = {.pid = 0};
    struct kafka_settings settings = kafka_fixture_settings();
    const char *arguments[] = {"snapshot",
                               "-b",
                               settings.brokers,
                               models_option,
                               chunks_option,
                               name_option,
                               action,
                               argument ? argument : option,
                               argument ? option : NULL,
                               NULL};

    free(out);
    free(errors);
    child_start_pctr(&child, arguments);
    int status = child_wait(&child, WAIT_MS);
    out = child_output(&child);
    errors = child_errors(&child);
    child_end(&child);
    return status;
}

#define ck_assert_says(text, part)                                             \
    ck_assert_msg(strstr(text, part) != NULL, "not in it: %s\n%s", part, text)

START_TEST(a_snapshot_is_listed_shown_and_fetched)
{
    char path[] = "/tmp/pctr-check-XXXXXX", option[64];
    struct buffer expected = {0};
    uint8_t *bytes = NULL;
    size_t size;

    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    snprintf(option, sizeof(option), "--output=%s", path);
    publish(1);
    publish(2);
    ck_assert_int_eq(run_snapshot("list", NULL, NULL), 0);
    ck_assert_says(out, "\n*        2  ");
    ck_assert_int_eq(run_snapshot("list", "--json", NULL), 0);
    ck_assert_says(out, "\"epoch\":1,");
    ck_assert_says(out, "\"served\":true");
    ck_assert_int_eq(run_snapshot("show", "1", NULL), 0);
    ck_assert_says(out, "algorithm            popular\n");

    ck_assert_int_eq(run_snapshot("fetch", "1", option), 0);
    small_snapshot(1, &expected);
    ck_assert_ok(file_read(path, 1 << 20, &bytes, &size, &err), err);
    ck_assert_uint_eq(size, expected.size);
    ck_assert_mem_eq(bytes, expected.bytes, size);
    ck_assert_int_eq(run_snapshot("show", path, NULL), 0);
    ck_assert_says(out, "users                300\n");

    free(bytes);
    buffer_free(&expected);
    unlink(path);
}
END_TEST

START_TEST(two_are_compared)
{
    publish(1);
    publish(2);
    ck_assert_int_eq(run_snapshot("diff", "1", "2"), 0);
    ck_assert_says(out, "\nads: 300 in both, 0 only before, 0 only after;");
    ck_assert_says(out, "\nusers                ");
    ck_assert_int_eq(run_snapshot("diff", "1", "1"), 0);
    ck_assert_says(out, "moved most:\n\nusers: 300 in both");
    ck_assert_int_eq(run_snapshot("diff", "1", "7"), 69);
    ck_assert_says(errors, "no epoch 7");
    ck_assert_int_eq(run_snapshot("diff", "1", NULL), 2);
    ck_assert_int_eq(run_snapshot("diff", "/no/such/file", "/nor/this"), 66);
}
END_TEST

START_TEST(a_pin_and_a_rollback_do_not_fence_the_trainer)
{
    publish(1);
    publish(2);
    ck_assert_int_eq(run_snapshot("pin", "1", NULL), 0);
    ck_assert_int_eq(run_snapshot("list", NULL, NULL), 0);
    ck_assert_says(out, "\n*        1  ");
    ck_assert_says(out, "pinned: 1\n");
    ck_assert_int_eq(run_snapshot("unpin", NULL, NULL), 0);
    ck_assert_int_eq(run_snapshot("rollback", "1", NULL), 0);
    ck_assert_int_eq(run_snapshot("list", NULL, NULL), 0);
    ck_assert_says(out, "\n*        3  ");
    publish(4);
}
END_TEST

START_TEST(mistakes_have_their_exit_status)
{
    publish(1);
    ck_assert_int_eq(run_snapshot("show", "7", NULL), 69);
    ck_assert_says(errors, "no epoch 7");
    ck_assert_int_eq(run_snapshot("pin", "0", NULL), 2);
    ck_assert_int_eq(run_snapshot("fetch", "1", NULL), 2);
    ck_assert_says(errors, "--output FILE");
    ck_assert_int_eq(run_snapshot("push", NULL, NULL), 2);
    ck_assert_says(errors, "none of list, show");
    ck_assert_int_eq(run_snapshot("show", "/no/such/file", NULL), 66);
}
END_TEST

/* The watcher reads committed records: what one sees, it can have. */
START_TEST(a_published_snapshot_is_active_within_a_second)
{
    struct model_watcher_config config = {
        .reader = {.kafka = kafka_fixture_settings()}};
    struct model_board *board = NULL;
    struct model_watcher *watcher = NULL;

    strcpy(config.reader.name, name);
    strcpy(config.reader.models, models);
    strcpy(config.reader.chunks, chunks);
    publish(1);
    ck_assert_ok(model_board_new(&board, &err), err);
    ck_assert_ok(model_watcher_start(&config, board, &watcher, &err), err);
    ck_assert_ok(model_watcher_catch_up(watcher, WAIT_MS, &err), err);
    ck_assert_uint_eq(model_board_epoch(board), 1);
    int64_t fastest_ms = INT64_MAX;
    for (uint64_t epoch = 2; epoch <= 6; epoch++) {
        publish(epoch);
        const int64_t start_ms = clock_monotonic_ms();
        while (model_board_epoch(board) != epoch)
            clock_sleep_ms(1);
        const int64_t took_ms = clock_monotonic_ms() - start_ms;
        printf("published -> active: %d ms\n", (int)took_ms);
        fastest_ms = took_ms < fastest_ms ? took_ms : fastest_ms;
    }
    ck_assert_int_lt(fastest_ms, 1000); /* the machine may be busy */
    model_watcher_stop(watcher);
    model_board_free(board);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tests = tcase_create("real broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, a_snapshot_is_listed_shown_and_fetched);
    tcase_add_test(tests, two_are_compared);
    tcase_add_test(tests, a_pin_and_a_rollback_do_not_fence_the_trainer);
    tcase_add_test(tests, mistakes_have_their_exit_status);
    tcase_add_test(tests, a_published_snapshot_is_active_within_a_second);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "snapshots in transactions, active within a second; pins");
}
