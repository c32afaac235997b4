/*
 * trainer_world.h - what a trainer lives in: mock brokers with its topics,
 * impressions and clicks that follow a rule, and the models it published.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_TRAINER_WORLD_H
#define SUPPORT_TRAINER_WORLD_H

#include "support/mock_cluster.h"
#include "support/test_producer.h"

#include "consumer/models/snapshot_reader.h"
#include "consumer/train/trainer.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    TRAINER_WORLD_WAIT_MS = 30000,
    TRAINER_WORLD_USERS = 37,
    TRAINER_WORLD_ADS = 11,
    TRAINER_WORLD_EVENTS = 400,
};
#define TRAINER_WORLD_START_MS INT64_C(1700000000000)

/* The topics impressions and labels have 2 partitions, dead, models and
 * chunks one. */
struct trainer_world {
    struct mock_cluster *cluster;
    struct test_producer *producer;
    struct trainer_config config; /* for trainers here; may be changed */
};

void trainer_world_open(struct trainer_world *world);
void trainer_world_close(struct trainer_world *world);

/* Event number n is at a second of its own; its user and ad are n modulo
 * their numbers, from 100 and from 200 on. */
int64_t trainer_world_time(int number);
bool trainer_world_is_clicked(int number);

/* An impression without its click. */
void trainer_world_show(struct trainer_world *world, int number);

/* Impressions from..to-1 and their clicks, delivered. */
void trainer_world_send(struct trainer_world *world, int from, int to);
/* One click, not yet delivered. */
void trainer_world_click(struct trainer_world *world, int number);

/* Rows before the first one that is open when all events below `events` are
 * there: not clicked, and its window goes on. */
int trainer_world_settled(int events);

/* Rows of before the reach of labels then: theirs can not change any more. */
int trainer_world_final(int events);

/* A fit on the first `count` events, without any part of the trainer. */
void trainer_world_fit(const struct trainer_world *world, int count,
                       struct buffer *out);

/* Caught up with what is published. The caller closes it. */
struct snapshot_reader *trainer_world_models(const struct trainer_world *world);

#endif
