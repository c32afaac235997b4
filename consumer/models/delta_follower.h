/*
 * delta_follower.h - keeps the model on the board at its newest delta.
 *
 * Deltas are applied to a second snapshot in the state of the model in service
 * (spare_model.h), which then takes its place, so that a batch is scored with
 * all of a delta or nothing of it. A delta that is refused is counted and
 * logged with its reason, and the model in service stays; one that cannot be
 * had yet is tried again. A pinned version serves without deltas, as it was
 * published. One thread runs it; any may count.
 */
#ifndef CONSUMER_DELTA_FOLLOWER_H
#define CONSUMER_DELTA_FOLLOWER_H

#include "common/base/error.h"
#include "common/base/metrics.h"

#include "consumer/models/model_board.h"
#include "consumer/models/snapshot_reader.h"
#include "consumer/models/snapshot_store.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct delta_follower;

/* Everything is borrowed. */
struct delta_follower_config {
    struct snapshot_reader *reader;
    struct model_board *board; /* posts go there from this thread alone */
    unsigned fetch_timeout_ms; /* longest silence between two chunks */
    const atomic_bool *stopping;
    struct snapshot_store *store; /* for the local copy; NULL: none */
    const char *name;             /* of the model */
    struct metrics *metrics;      /* may be NULL */
    int refused_family;           /* counter by SNAPSHOT_REFUSAL_WORDS */
};

struct delta_follower_counts {
    uint64_t refused[REFUSED_COUNT];
    uint64_t applied; /* deltas */
    uint64_t posted;  /* states that came into service by them */
    uint64_t failed;  /* tries that failed by the broker or the memory */
};

int delta_follower_new(const struct delta_follower_config *config,
                       struct delta_follower **out,
                       struct error *err) MUST_CHECK;

/* Applies what there is. Returns whether there is nothing more to do now. */
bool delta_follower_run(struct delta_follower *follower);

/* Gives the memory back that the next delta would need: a whole snapshot comes.
 */
void delta_follower_rest(struct delta_follower *follower);

struct delta_follower_counts
delta_follower_counts(const struct delta_follower *follower);

/* NULL is fine. */
void delta_follower_free(struct delta_follower *follower);

#endif
