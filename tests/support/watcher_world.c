#include "support/watcher_world.h"
#include "support/publish_snapshot.h"

#include "support/run_suite.h"
#include "support/small_snapshot.h"

static struct error err;

void watcher_world_open(struct watcher_world *world)
{
    world->cluster = mock_cluster_new();
    mock_cluster_add_topic(world->cluster, "models", 1);
    mock_cluster_add_topic(world->cluster, "chunks", 1);
    const struct snapshot_publisher_config to = {
        .kafka = mock_cluster_settings(world->cluster),
        .name = "click",
        .models = "models",
        .chunks = "chunks",
        .chunk_bytes = WATCHER_WORLD_CHUNK_BYTES,
    };
    world->config = (struct model_watcher_config){
        .reader = {.kafka = mock_cluster_settings(world->cluster),
                   .name = "click",
                   .models = "models",
                   .chunks = "chunks"},
    };
    ck_assert_ok(snapshot_publisher_open(&to, &world->publisher, &err), err);
    ck_assert_ok(model_board_new(&world->board, &err), err);
}

void watcher_world_close(struct watcher_world *world)
{
    model_watcher_stop(world->watcher);
    world->watcher = NULL;
    model_board_free(world->board);
    snapshot_publisher_close(world->publisher);
    mock_cluster_free(world->cluster);
}

void watcher_world_watch(struct watcher_world *world)
{
    ck_assert_ok(model_watcher_start(&world->config, world->board,
                                     &world->watcher, &err),
                 err);
    ck_assert_ok(
        model_watcher_catch_up(world->watcher, WATCHER_WORLD_WAIT_MS, &err),
        err);
}

struct manifest watcher_world_manifest(uint64_t epoch)
{
    return (struct manifest){.format = MANIFEST_FORMAT,
                             .name = "click",
                             .epoch = epoch,
                             .algorithm = "popular",
                             .users = SMALL_SNAPSHOT_IDS,
                             .ads = SMALL_SNAPSHOT_IDS};
}

struct manifest watcher_world_publish(struct watcher_world *world,
                                      uint64_t epoch)
{
    struct buffer bytes = {0};
    struct manifest manifest = watcher_world_manifest(epoch);

    small_snapshot(epoch, &bytes);
    ck_assert_ok(publish_snapshot(world->publisher, &bytes, &manifest, &err),
                 err);
    buffer_free(&bytes);
    return manifest;
}

void watcher_world_check_serves(const struct watcher_world *world,
                                uint64_t epoch)
{
    ck_assert_ok(
        model_watcher_catch_up(world->watcher, WATCHER_WORLD_WAIT_MS, &err),
        err);
    ck_assert_uint_eq(model_board_epoch(world->board), epoch);
}

void watcher_world_check_refused(const struct watcher_world *world,
                                 enum snapshot_refusal why)
{
    struct model_watcher_counts counts;

    model_watcher_count(world->watcher, &counts);
    for (int i = 0; i < REFUSED_COUNT; i++)
        ck_assert_msg(counts.refused[i] == (i == (int)why), "refusal %d: %u", i,
                      (unsigned)counts.refused[i]);
}
