/*
 * delta_chain.h - a snapshot follows its deltas, one after the other.
 *
 * A snapshot that nobody scores with is brought from state to state, and then
 * takes the place of the one in service: who scores sees all of a delta or
 * nothing. A delta whose bytes are damaged, or continue another state, is
 * refused: the snapshot stays what it was, and that delta is not tried again.
 * One thread.
 */
#ifndef CONSUMER_DELTA_CHAIN_H
#define CONSUMER_DELTA_CHAIN_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include "consumer/models/snapshot_reader.h"

#include "model/snapshot.h"

#include <stdint.h>

/* A snapshot that was published as `epoch`, and where its deltas come from. */
struct delta_chain {
    struct snapshot_reader *reader;
    uint64_t epoch;
    struct snapshot *snapshot; /* belongs to nobody else; it is changed */
    unsigned timeout_ms;       /* longest silence between two chunks */
};

enum delta_step {
    DELTA_STEP_END,     /* no delta continues the snapshot's state */
    DELTA_STEP_APPLIED, /* the snapshot has the state of `delta` */
    DELTA_STEP_REFUSED, /* `delta` is of no use, for `why` and the error */
};

struct delta_stepped {
    enum delta_step step;
    struct delta delta;
    enum snapshot_refusal why;
};

/* The delta that continues the snapshot's state; NULL: none. Borrowed until the
 * reader polls. */
struct delta *delta_chain_next(const struct snapshot_reader *reader,
                               uint64_t epoch, const struct snapshot *snapshot);

/* Takes the next delta, whose bytes come into `bytes`. Where it cannot be had
 * now, that is an error, as of snapshot_reader_fetch(): ERROR_INPUT means that
 * its chunks are not there yet. */
int delta_chain_step(const struct delta_chain *chain, struct buffer *bytes,
                     struct delta_stepped *out, struct error *err) MUST_CHECK;

/* Takes the deltas up to that number. ERROR_UNAVAILABLE: it is not there; else
 * as above. The snapshot is then somewhere on the way. */
int delta_chain_reach(const struct delta_chain *chain, uint32_t number,
                      struct error *err) MUST_CHECK;

#endif
