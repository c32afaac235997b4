/*
 * watcher_world.h - a model watcher on mock brokers, and a publisher of small
 * snapshots for it.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_WATCHER_WORLD_H
#define SUPPORT_WATCHER_WORLD_H

#include "support/mock_cluster.h"

#include "common/event/manifest.h"

#include "consumer/models/model_board.h"
#include "consumer/models/model_watcher.h"

#include "producer/snapshot_publisher.h"

#include <stdint.h>

enum { WATCHER_WORLD_WAIT_MS = 10000, WATCHER_WORLD_CHUNK_BYTES = 1000 };

struct watcher_world {
    struct mock_cluster *cluster; /* with the topics models and chunks */
    struct snapshot_publisher *publisher;
    struct model_board *board;
    struct model_watcher *watcher;
    struct model_watcher_config config; /* for it; may be changed */
};

void watcher_world_open(struct watcher_world *world);
void watcher_world_close(struct watcher_world *world);

/* Starts the watcher and waits until it has caught up. */
void watcher_world_watch(struct watcher_world *world);

/* Of a small snapshot that is not published. */
struct manifest watcher_world_manifest(uint64_t epoch);

/* Publishes the small snapshot of that seed; returns its manifest. */
struct manifest watcher_world_publish(struct watcher_world *world,
                                      uint64_t epoch);

/* Caught up, that epoch serves. */
void watcher_world_check_serves(const struct watcher_world *world,
                                uint64_t epoch);

/* One was refused, for that reason; REFUSED_COUNT: none was. */
void watcher_world_check_refused(const struct watcher_world *world,
                                 enum snapshot_refusal why);

#endif
