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

/* The machine may be busy: the fastest counts. */
START_TEST(a_new_snapshot_is_active_within_a_second)
{
    int64_t fastest_ms = INT64_MAX;

    watcher_world_watch(&world);
    for (uint64_t epoch = 1; epoch <= 3; epoch++) {
        watcher_world_publish(&world, epoch);
        const int64_t start_ms = clock_monotonic_ms();
        while (model_board_epoch(world.board) != epoch)
            clock_sleep_ms(1);
        const int64_t took_ms = clock_monotonic_ms() - start_ms;
        fastest_ms = took_ms < fastest_ms ? took_ms : fastest_ms;
    }
    ck_assert_int_lt(fastest_ms, 1000);
}
END_TEST

START_TEST(the_newest_serves_and_a_pin_leads_back_and_forth)
{
    watcher_world_publish(&world, 1);
    watcher_world_publish(&world, 2);
    watcher_world_watch(&world);
    watcher_world_check_serves(&world, 2);
    ck_assert_ok(snapshot_publisher_pin(world.publisher, 1, 0, &err), err);
    watcher_world_check_serves(&world, 1);
    watcher_world_publish(&world, 3);
    watcher_world_check_serves(&world, 1);
    ck_assert_ok(snapshot_publisher_pin(world.publisher, 0, 0, &err), err);
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
    mock_cluster_go_down(world.cluster);
    int64_t start_ms = clock_monotonic_ms();
    ck_assert_refused(model_watcher_catch_up(world.watcher, 300, &err), err,
                      ERROR_UNAVAILABLE, "300 ms");
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, 2000);
}
END_TEST

/* An answer takes longer than the watcher gives a look at a time. */
START_TEST(a_far_broker_is_looked_at_to_the_end)
{
    watcher_world_watch(&world);
    watcher_world_publish(&world, 1);
    mock_cluster_set_rtt(world.cluster, 1200);
    ck_assert_ok(
        model_watcher_catch_up(world.watcher, WATCHER_WORLD_WAIT_MS, &err),
        err);
    ck_assert_uint_eq(model_board_epoch(world.board), 1);

    /* A ticket stays good while its look goes on. */
    const uint64_t ticket = model_watcher_ask(world.watcher);
    int tries = 1;
    while (model_watcher_await(world.watcher, ticket, 100, &err) < 0)
        ck_assert_int_lt(++tries, WATCHER_WORLD_WAIT_MS / 100);
    ck_assert_int_gt(tries, 3);
    mock_cluster_set_rtt(world.cluster, 0);
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

/* --- Signed models ---------------------------------------------------- */

/* The world's publisher signs with this key from now on. */
static void sign_with(const char *path)
{
    struct snapshot_publisher_config to = {
        .kafka = mock_cluster_settings(world.cluster),
        .name = "click",
        .models = "models",
        .chunks = "chunks",
        .chunk_bytes = WATCHER_WORLD_CHUNK_BYTES,
    };

    snapshot_publisher_close(world.publisher);
    ck_assert_ok(signing_key_make(path, &err), err);
    ck_assert_ok(signing_key_read(path, &to.signing, &err), err);
    ck_assert_ok(snapshot_publisher_open(&to, &world.publisher, &err), err);
}

START_TEST(only_models_that_a_trusted_key_signed_serve)
{
    char folder[] = "/tmp/pctr-check-XXXXXX", command[64];
    char own[64], other[64], own_public[80], other_public[80];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof(command), "rm -r %s", folder);
    snprintf(own, sizeof(own), "%s/own", folder);
    snprintf(other, sizeof(other), "%s/other", folder);
    snprintf(own_public, sizeof(own_public), "%s.pub", own);
    snprintf(other_public, sizeof(other_public), "%s.pub", other);
    snprintf(world.config.state_dir, sizeof(world.config.state_dir), "%s/state",
             folder);

    watcher_world_publish(&world, 1); /* unsigned */
    sign_with(other);
    watcher_world_publish(&world, 2);
    sign_with(own);
    ck_assert_ok(
        trusted_keys_read(own_public, &world.config.reader.trusted, &err), err);
    watcher_world_watch(&world);
    struct model_watcher_counts counts;
    model_watcher_count(world.watcher, &counts);
    ck_assert_uint_eq(model_board_epoch(world.board), 0);
    ck_assert_uint_eq(counts.refused[REFUSED_SIGNATURE], 2);
    watcher_world_publish(&world, 3);
    watcher_world_check_serves(&world, 3);

    /* The local copy of it is none for a scorer that trusts another key. */
    model_watcher_stop(world.watcher);
    world.watcher = NULL;
    model_board_free(world.board);
    ck_assert_ok(
        trusted_keys_read(other_public, &world.config.reader.trusted, &err),
        err);
    mock_cluster_add_topic(world.cluster, "models2", 1);
    strcpy(world.config.reader.models, "models2");
    ck_assert_ok(model_board_new(&world.board, &err), err);
    ck_assert_ok(
        model_watcher_start(&world.config, world.board, &world.watcher, &err),
        err);
    ck_assert_uint_eq(model_board_epoch(world.board), 0);
    model_watcher_count(world.watcher, &counts);
    ck_assert_uint_eq(counts.refused[REFUSED_SIGNATURE], 1);
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
    tcase_add_test(tests, a_far_broker_is_looked_at_to_the_end);
    tcase_add_test(tests, a_local_copy_serves_without_the_history);
    tcase_add_test(tests, only_models_that_a_trusted_key_signed_serve);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
