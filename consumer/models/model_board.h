/*
 * model_board.h - the model in service, for many scoring threads and one that
 * replaces it.
 *
 * A served model is counted: whoever takes it may use it until it puts it
 * back, whatever is posted meanwhile. The epoch on the board never goes back,
 * except by a post that says it is meant (a pin).
 */
#ifndef CONSUMER_MODEL_BOARD_H
#define CONSUMER_MODEL_BOARD_H

#include "common/base/error.h"
#include "common/event/manifest.h"

#include "model/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct model_board;

/* Immutable while anybody holds it. */
struct served_model {
    struct snapshot *snapshot;
    struct manifest manifest;
    int64_t active_since_ms;
};

int model_board_new(struct model_board **out, struct error *err) MUST_CHECK;

/* Takes ownership of the snapshot and of what the manifest owns, also on
 * failure. An epoch that is not above the newest post is an ERROR_LIMIT. */
int model_board_post(struct model_board *board, struct snapshot *snapshot,
                     struct manifest *manifest, bool may_go_back,
                     struct error *err) MUST_CHECK;

/* NULL while there is no model yet. Whatever is taken must be put back; NULL
 * may be. */
const struct served_model *model_board_take(struct model_board *board);
void model_board_put(struct model_board *board,
                     const struct served_model *model);

/* Epoch of the newest post, 0 before the first: one atomic load, so that a
 * worker can ask before every batch. */
uint64_t model_board_epoch(const struct model_board *board);

/* Every model must have been put back. */
void model_board_free(struct model_board *board);

#endif
