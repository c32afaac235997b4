/*
 * check_model_watcher.c - what is published comes to serve, byte for byte.
 */
#include "support/run_suite.h"
#include "support/small_snapshot.h"
#include "support/watcher_world.h"

#include "common/base/clock.h"

#include "consumer/models/model_watcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct error err;
static struct watcher_world world;

static void start(void)
{
    watcher_world_open(&world);
}

static void stop(void)
{
    watcher_world_close(&world);
}

/* --- The good way ----------------------------------------------------- */

START_TEST(what_is_published_is_read_byte_for_byte)
{
    struct snapshot_reader *reader = NULL;
    struct buffer sent = {0}, got = {0};
    enum snapshot_refusal why;

    watcher_world_publish(&world, 1);
    small_snapshot(1, &sent);
    ck_assert_ok(snapshot_reader_open(&world.config.reader, &reader, &err),
                 err);
    ck_assert_ok(
        snapshot_reader_catch_up(reader, WATCHER_WORLD_WAIT_MS, NULL, &err),
        err);
    const struct manifest *wanted = snapshot_reader_wanted(reader);
    ck_assert_ptr_nonnull(wanted);
    ck_assert_uint_ge(wanted->chunk_count, 3);
    for (int again = 0; again < 2; again++) {
        buffer_clear(&got);
        ck_assert_ok(snapshot_reader_fetch(reader, wanted,
                                           WATCHER_WORLD_WAIT_MS, &got, &why,
                                           &err),
                     err);
        ck_assert_uint_eq(sent.size, got.size);
        ck_assert_mem_eq(sent.bytes, got.bytes, got.size);
    }
    buffer_free(&sent);
    buffer_free(&got);
    snapshot_reader_close(reader);
}
END_TEST

START_TEST(an_empty_topic_is_caught_up_with)
{
    watcher_world_watch(&world);
    ck_assert_uint_eq(model_board_epoch(world.board), 0);
}
END_TEST

START_TEST(a_new_snapshot_is_active_within_a_second)
{
    watcher_world_watch(&world);
    for (uint64_t epoch = 1; epoch <= 3; epoch++) {
        watcher_world_publish(&world, epoch);
        int64_t start_ms = clock_monotonic_ms();
        while (model_board_epoch(world.board) != epoch) {
            ck_assert_int_lt(clock_monotonic_ms() - start_ms, 1000);
            clock_sleep_ms(1);
        }
    }
}
END_TEST

START_TEST(the_newest_serves_and_a_pin_leads_back_and_forth)
{
    watcher_world_publish(&world, 1);
    watcher_world_publish(&world, 2);
    watcher_world_watch(&world);
    watcher_world_check_serves(&world, 2);
    ck_assert_ok(snapshot_publisher_pin(world.publisher, 1, &err), err);
    watcher_world_check_serves(&world, 1);
    watcher_world_publish(&world, 3);
    watcher_world_check_serves(&world, 1);
    ck_assert_ok(snapshot_publisher_pin(world.publisher, 0, &err), err);
    watcher_world_check_serves(&world, 3);
}
END_TEST

START_TEST(an_old_manifest_with_a_new_epoch_is_a_rollback)
{
    struct manifest old = watcher_world_publish(&world, 1);

    watcher_world_publish(&world, 2);
    watcher_world_watch(&world);
    old.epoch = 3;
    ck_assert_ok(snapshot_publisher_announce(world.publisher, &old, &err), err);
    watcher_world_check_serves(&world, 3);
    const struct served_model *served = model_board_take(world.board);
    ck_assert_mem_eq(served->manifest.sha256.bytes, old.sha256.bytes,
                     DIGEST_SIZE);
    ck_assert_mem_eq(served->snapshot->sha256.bytes, old.sha256.bytes,
                     DIGEST_SIZE);
    model_board_put(world.board, served);
}
END_TEST

START_TEST(catching_up_gives_up_in_time)
{
    watcher_world_watch(&world);
    mock_cluster_set_up(world.cluster, false);
    int64_t start_ms = clock_monotonic_ms();
    ck_assert_refused(model_watcher_catch_up(world.watcher, 300, &err), err,
                      ERROR_UNAVAILABLE, "300 ms");
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, 2000);
}
END_TEST

/* --- The local copy --------------------------------------------------- */

START_TEST(a_local_copy_serves_without_the_history)
{
    char folder[] = "/tmp/pctr-check-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(folder));
    strcpy(world.config.state_dir, folder);
    watcher_world_publish(&world, 4);
    watcher_world_watch(&world);
    watcher_world_check_serves(&world, 4);
    model_watcher_stop(world.watcher);
    world.watcher = NULL;
    model_board_free(world.board);

    /* Other topics: as after a retention that took everything. */
    mock_cluster_add_topic(world.cluster, "models2", 1);
    strcpy(world.config.reader.models, "models2");
    ck_assert_ok(model_board_new(&world.board, &err), err);
    ck_assert_ok(
        model_watcher_start(&world.config, world.board, &world.watcher, &err),
        err);
    ck_assert_uint_eq(model_board_epoch(world.board), 4);

    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model_watcher");
    TCase *tests = tcase_create("mock brokers");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, what_is_published_is_read_byte_for_byte);
    tcase_add_test(tests, an_empty_topic_is_caught_up_with);
    tcase_add_test(tests, a_new_snapshot_is_active_within_a_second);
    tcase_add_test(tests, the_newest_serves_and_a_pin_leads_back_and_forth);
    tcase_add_test(tests, an_old_manifest_with_a_new_epoch_is_a_rollback);
    tcase_add_test(tests, catching_up_gives_up_in_time);
    tcase_add_test(tests, a_local_copy_serves_without_the_history);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
