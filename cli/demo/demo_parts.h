/*
 * demo_parts.h - the parts of the demo: what starts, and what stops in the
 * end. Private to the command.
 */
#ifndef CLI_DEMO_PARTS_H
#define CLI_DEMO_PARTS_H

#include "cli/demo/demo_observer.h"
#include "cli/demo/embedded_broker.h"

#include "consumer/models/model_watcher.h"
#include "consumer/score/scorer.h"
#include "consumer/train/trainer.h"

#include "producer/feed/feed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct demo_settings {
    struct table_source_config table;
    struct world_config world;
    double rate;
    uint64_t seed;
    char anonymous[256], algorithm[32], params[512];
    uint64_t retrain_rows;
    uint32_t publish_every_ms;
};

struct demo {
    const struct demo_settings *settings;
    struct kafka_settings kafka;
    struct embedded_broker *broker;
    struct event_source *source;
    struct feed *feed;
    struct model_board *board;
    struct model_watcher *watcher;
    struct scorer *scorer;
    struct trainer *trainer;
    struct demo_observer *observer;

    pthread_t feeding;
    bool feeding_started;
    atomic_bool fed; /* the feed is through */
    int feed_status;
    struct error feed_error;
};

/* Everything, in the order in which it depends on each other. Stop and free it
 * also after a failure. */
int demo_start(struct demo *demo, struct error *err) MUST_CHECK;

/* All parts stop, whatever failed; the first failure is told. `status` is what
 * became of the demo so far; returns what became of it. */
int demo_stop(struct demo *demo, struct trainer_counts *learned, int status,
              struct error *err) MUST_CHECK;
void demo_free(struct demo *demo);

#endif
