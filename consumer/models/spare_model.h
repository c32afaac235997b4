/*
 * spare_model.h - a second snapshot in the state of the model in service, to
 * which the next deltas are applied.
 *
 * What serves is never written to. When a newer state takes its place, the one
 * before it is kept: once nobody scores with it any more, the deltas that it
 * missed bring it to the state of the newest. So two snapshots take turns, and
 * a delta costs what it changes. All weights are copied where that cannot be:
 * for the first delta of a snapshot, while somebody still holds the one before,
 * and after very large deltas. One thread.
 */
#ifndef CONSUMER_SPARE_MODEL_H
#define CONSUMER_SPARE_MODEL_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include "consumer/models/model_board.h"

#include "model/snapshot.h"

#include <stdint.h>

/* Zeroed but for the board, it has nothing at hand. */
struct spare_model {
    struct model_board *board;
    struct snapshot *snapshot;         /* at hand; NULL: none */
    const struct served_model *before; /* held; NULL: none */
    struct buffer missed; /* what `before` misses: u64 size, bytes, ... */
    uint64_t copies;      /* how often all weights were copied */
};

/* Has a snapshot at hand in the state of the one in service. ERROR_FORMAT (its
 * model takes no deltas) and ERROR_MEMORY: there is none at hand. */
int spare_model_prepare(struct spare_model *spare,
                        const struct served_model *served,
                        struct error *err) MUST_CHECK;

/* A delta was applied to the snapshot at hand. */
void spare_model_applied(struct spare_model *spare, const struct buffer *delta);

/* Gives the snapshot at hand to the caller, who posts it. */
struct snapshot *spare_model_take(struct spare_model *spare);

/* It was posted, and took the place of `served`, which the caller holds and
 * which is put back here, now or later. */
void spare_model_replaced(struct spare_model *spare,
                          const struct served_model *served);

/* Gives all memory back; there is nothing at hand. */
void spare_model_forget(struct spare_model *spare);

#endif
