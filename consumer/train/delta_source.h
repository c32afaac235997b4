/*
 * delta_source.h - whose deltas a line of deltas publishes: those of a model
 * that learns online, or of one whose biases go on between two fits.
 */
#ifndef CONSUMER_DELTA_SOURCE_H
#define CONSUMER_DELTA_SOURCE_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/offset_range.h"

#include "consumer/learn/intake.h"

#include "model/snapshot_delta.h"

#include <stddef.h>
#include <stdint.h>

/* How far the trainer has read: `ranges` (count) as merge_reader_ranges(). */
struct trainer_reading {
    const struct intake *intake;
    const struct offset_range *ranges;
    size_t count;
};

/* What changed, with the records learned from. */
struct learned_delta {
    struct buffer bytes;         /* owned, */
    struct offset_range *ranges; /* (count) and these too */
    size_t count;
    uint64_t changes;
};

void learned_delta_free(struct learned_delta *delta);

struct delta_source {
    void *learner; /* borrowed by what follows */

    /* How many numbers changed since the newest model that was published, or
     * the delta behind it. */
    uint64_t (*changes)(const void *learner);

    /* Makes the delta; `head` gets the rows. The changes are then forgotten.
     * ERROR_LIMIT and ERROR_MEMORY. */
    int (*make)(void *learner, const struct trainer_reading *reading,
                struct snapshot_delta *head, struct learned_delta *out,
                struct error *err);

    /* A snapshot has to come before the next delta. */
    void (*request)(void *learner);
};

#endif
