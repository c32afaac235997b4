/*
 * scorer_world.h - what a scorer lives in: mock brokers, a feed of impressions
 * about users and ads that tiny_model.h knows in part, a board of models, and
 * what came out in the end.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_SCORER_WORLD_H
#define SUPPORT_SCORER_WORLD_H

#include "support/mock_cluster.h"
#include "support/tiny_model.h"
#include "support/topic_copy.h"

#include "common/base/metrics.h"
#include "common/event/event.h"

#include "consumer/models/model_board.h"
#include "consumer/score/scorer.h"
#include "consumer/score/scorer_metrics.h"

#include "producer/publisher.h"

#include <stddef.h>
#include <stdint.h>

/* The mock makes topics of that many partitions when they are asked for; to
 * ask it for one beforehand takes it a second. */
enum { SCORER_WORLD_PARTITIONS = 4, SCORER_WORLD_WAIT_MS = 30000 };

struct scorer_world {
    struct event_fields fields;
    struct mock_cluster *cluster;
    struct model_board *board;
    struct metrics *metrics;
    struct publisher *feed;                      /* to the topic "in" */
    struct topic_copy predictions, dead_letters; /* "out" and "dead", when
                                                    a scorer is finished */
};

void scorer_world_open(struct scorer_world *world);
void scorer_world_close(struct scorer_world *world);

/* Serves from now on. The board owns the snapshot. */
void scorer_world_post(struct scorer_world *world, struct snapshot *snapshot,
                       uint64_t epoch);

/* Sends the record with the key "key". It is not delivered before
 * scorer_world_send(), or a flush of the feed. */
void scorer_world_send_bytes(struct scorer_world *world,
                             const struct outgoing *record);

/* Impressions with the ids first..first+count-1, delivered. */
void scorer_world_send(struct scorer_world *world, int64_t first,
                       int64_t count);

struct scorer_config scorer_world_settings(const struct scorer_world *world);

struct scorer *scorer_world_start(struct scorer_world *world,
                                  const struct scorer_config *config);

/* Until so many records are dealt with, or the scorer has stopped. */
void scorer_world_await(struct scorer *scorer, uint64_t count);

/* Stops it and reads what came out. */
struct scorer_counts scorer_world_finish(struct scorer_world *world,
                                         struct scorer *scorer);

/* All three. */
struct scorer_counts scorer_world_score(struct scorer_world *world,
                                        const struct scorer_config *config,
                                        uint64_t count);

struct prediction_event scorer_world_decode(const struct copied_record *record);

/* The predictions have each of the ids first..first+count-1 exactly once. */
void scorer_world_check_ids(const struct scorer_world *world, int64_t first,
                            size_t count);

/* It is the model's own, bit for bit. */
void scorer_world_check_model(const struct snapshot *model,
                              const struct prediction_event *event);

void scorer_world_check_header(const struct copied_record *record,
                               const char *name, const char *value);

#endif
