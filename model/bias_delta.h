/*
 * bias_delta.h - the body of a delta of a model whose biases went on:
 * docs/snapshot-format.md.
 *
 * It has the users and ads that came since the state before, and the biases
 * that changed. Ids are numbered on where that state ended, so that they have
 * the same numbers everywhere.
 */
#ifndef MODEL_BIAS_DELTA_H
#define MODEL_BIAS_DELTA_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include "model/snapshot.h"

#include <stdint.h>

struct bytes_reader;

/* What changed on one side. */
struct bias_changes {
    uint32_t known;       /* ids of the state before; those behind are new */
    uint32_t count;       /* biases that changed */
    const uint64_t *bits; /* which ones, by index */
};

/* Appends the body: what the snapshot has now. Its model has biases. */
void bias_delta_save(const struct snapshot *snapshot,
                     const struct bias_changes *users,
                     const struct bias_changes *ads, struct buffer *to);

/* Takes a body over, all of it or nothing: nobody else uses the snapshot, whose
 * model has bias_ops. Trusts nothing. ERROR_FORMAT: it makes no sense;
 * ERROR_LIMIT: too many ids; ERROR_MEMORY. */
int bias_delta_apply(struct snapshot *snapshot, struct bytes_reader *from,
                     struct error *err) MUST_CHECK;

#endif
