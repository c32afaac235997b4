/*
 * model_board.h - the model in service, for many scoring threads and one that
 * replaces it.
 *
 * A served model is counted: a thread that takes it may use it until it puts it
 * back, whatever is posted meanwhile. The board serves the newest post,
 * whatever its epoch is: the poster decides which model is wanted, since a pin
 * or a retired version leads back to an older one. Any thread.
 */
#ifndef CONSUMER_MODEL_BOARD_H
#define CONSUMER_MODEL_BOARD_H

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/event/manifest.h"

#include "model/snapshot.h"

#include <stdint.h>

struct model_board;

/* Immutable while a thread holds it. */
struct served_model {
    struct snapshot *snapshot;
    struct manifest manifest;
    int64_t active_since_ms;
};

/* What predictions of it say; all 0 of NULL. */
struct model_state served_model_state(const struct served_model *model);

int model_board_new(struct model_board **out, struct error *err) MUST_CHECK;

/* Takes ownership of the snapshot and of what the manifest owns, also on
 * failure. Fails only with ERROR_MEMORY; the model in service then stays. */
int model_board_post(struct model_board *board, struct snapshot *snapshot,
                     struct manifest *manifest, struct error *err) MUST_CHECK;

/* NULL while there is no model yet. Whatever is taken must be put back; NULL
 * may be. */
const struct served_model *model_board_take(struct model_board *board);
void model_board_put(struct model_board *board,
                     const struct served_model *model);

/* Takes the snapshot out of a model that the caller took, if another one is in
 * service and nobody else holds it: the caller owns the snapshot, and the rest
 * is put back. NULL: it is in use, and the caller still holds it. */
struct snapshot *model_board_reclaim(struct model_board *board,
                                     const struct served_model *model);

/* Epoch of the newest post, 0 before the first. */
uint64_t model_board_epoch(const struct model_board *board);

/* How often a model was posted: one atomic load, so that a worker can ask
 * before every batch. */
uint64_t model_board_posts(const struct model_board *board);

/* Every model must have been put back. */
void model_board_free(struct model_board *board);

#endif
