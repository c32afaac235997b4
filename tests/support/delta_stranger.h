/*
 * delta_stranger.h - somebody who may write the topics of models, and writes
 * deltas there that do not continue the newest state, while no trainer runs.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_DELTA_STRANGER_H
#define SUPPORT_DELTA_STRANGER_H

#include "support/pipeline.h"

#include <stdint.h>

enum delta_offence {
    DELTA_DOUBLED, /* the newest one once more */
    DELTA_FOREIGN, /* of another snapshot's chain */
    DELTA_MISSING, /* continues one that nobody published */
    DELTA_CUT,     /* its last byte is not there */
    DELTA_EARLY,   /* comes before the one that it continues */
    DELTA_OFFENCES,
};

/* What a scorer's log says of it. */
const char *delta_offence_reason(enum delta_offence offence);

struct delta_stranger;

/* `params` are those of a model of fields; NULL: the biases of another model go
 * on. The newest of what is published is a delta of the newest snapshot. */
struct delta_stranger *delta_stranger_open(const struct pipeline *pipe,
                                           const char *params);
void delta_stranger_close(struct delta_stranger *stranger);

/* The state that stays in service. */
uint64_t delta_stranger_epoch(const struct delta_stranger *stranger);
uint32_t delta_stranger_number(const struct delta_stranger *stranger);

void delta_stranger_commit(struct delta_stranger *stranger,
                           enum delta_offence offence);

/* Publishes the one that DELTA_EARLY continues, so that both are applied, in
 * their right order. Returns the number of the last. */
uint32_t delta_stranger_complete(struct delta_stranger *stranger);

#endif
