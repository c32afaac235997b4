/*
 * snapshot_movers.h - the ids whose predictions differ most between two
 * snapshots.
 */
#ifndef CLI_SNAPSHOT_MOVERS_H
#define CLI_SNAPSHOT_MOVERS_H

#include "common/base/error.h"
#include "common/base/id.h"

#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mover {
    struct id id; /* borrowed from its snapshot */
    double before, after;
    bool known_before, known_after; /* the other side predicts for a stranger */
};

struct movers {
    struct mover *top; /* owned; the largest difference first */
    size_t count;
    uint64_t both, only_before, only_after; /* ids */
};

enum movers_kind { MOVERS_ADS, MOVERS_USERS };

/* At most `max`; ids that did not move are none. */
int movers_find(const struct snapshot *before, const struct snapshot *after,
                enum movers_kind kind, size_t max, struct movers *out,
                struct error *err) MUST_CHECK;
void movers_free(struct movers *movers);

#endif
