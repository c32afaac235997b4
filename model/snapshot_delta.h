/*
 * snapshot_delta.h - what changed since a published snapshot, as bytes:
 * docs/snapshot-format.md.
 *
 * Deltas of a snapshot are numbered from 1, and each names the SHA-256 of the
 * state that it continues: that of the snapshot for the first, and that of the
 * delta before for each other one. So a snapshot and the deltas 1..n give one
 * state, bit for bit, and nothing else fits between them.
 */
#ifndef MODEL_SNAPSHOT_DELTA_H
#define MODEL_SNAPSHOT_DELTA_H

#include "common/base/buffer.h"
#include "common/base/digest.h"
#include "common/base/error.h"

#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SNAPSHOT_DELTA_VERSION = 1,
    SNAPSHOT_DELTAS_MAX = 1024, /* of one snapshot */
};

struct snapshot_delta {
    uint64_t epoch;       /* of the snapshot */
    struct digest base;   /* of the snapshot */
    uint32_t number;      /* from 1 */
    struct digest before; /* of the state that it continues */
    uint64_t rows;        /* learned from, up to here */
};

/* Appends the bytes of a delta with what the model keeps in mind as changed;
 * the model has change_ops. ERROR_LIMIT (too large) and ERROR_MEMORY. */
int snapshot_delta_encode(const struct snapshot_delta *head,
                          const struct model *model, struct buffer *to,
                          struct error *err) MUST_CHECK;

/* The same for a model whose biases went on (bias_delta.h): the head alone, and
 * whether the bytes from `start` on, where the head began, may be published. */
void snapshot_delta_begin(const struct snapshot_delta *head, struct buffer *to);
int snapshot_delta_end(const struct buffer *bytes, size_t start,
                       struct error *err) MUST_CHECK;

/* Whether a snapshot with such a model can have deltas. */
bool snapshot_delta_is_for(const struct model *model);

/* Reads the head alone. ERROR_FORMAT, also for a newer format. */
int snapshot_delta_head(const uint8_t *bytes, size_t size,
                        struct snapshot_delta *out,
                        struct error *err) MUST_CHECK;

/* A snapshot of its own in the same state, for snapshot_delta_apply(); the
 * caller frees it. ERROR_FORMAT (its model takes no deltas) and ERROR_MEMORY.
 */
int snapshot_copy(const struct snapshot *snapshot, struct snapshot **out,
                  struct error *err) MUST_CHECK;

/* Brings a snapshot that was published as `epoch`, and that nobody else uses,
 * to the state of the delta. Trusts nothing. ERROR_FORMAT: the bytes make no
 * sense, or continue another state. ERROR_LIMIT (too many ids) and
 * ERROR_MEMORY. The snapshot is then as it was. */
int snapshot_delta_apply(struct snapshot *snapshot, uint64_t epoch,
                         const uint8_t *bytes, size_t size,
                         struct error *err) MUST_CHECK;

/* SHA-256 of the state: that of the newest delta, else that of the snapshot. */
const struct digest *snapshot_state(const struct snapshot *snapshot);

#endif
