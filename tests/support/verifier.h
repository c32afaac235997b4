/*
 * verifier.h - was every impression dealt with once, in order, whole, and by
 * models that never go back?
 *
 * Knows nothing but what went in and what a read_committed consumer gets out.
 * It counts and never stops at the first fault. One thread.
 */
#ifndef SUPPORT_VERIFIER_H
#define SUPPORT_VERIFIER_H

#include "support/kafka_fixture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evidence {
    const struct fixture_records *impressions, *predictions, *dead_letters;
    const int64_t *committed; /* by partition of the impressions */
    int32_t partitions;
};

struct verdict {
    uint64_t impressions, predictions, dead_letters;
    uint64_t lost;      /* impressions that nothing came of */
    uint64_t doubled;   /* outputs after the first of one impression */
    uint64_t repeated;  /* predictions of an id that was there already */
    uint64_t strange;   /* outputs that are not what their source says: id,
                           user, ad, time; a dead letter's bytes, key, headers */
    uint64_t torn;      /* partitions whose committed offset is not the one
                           after the last output's source */
    uint64_t disorder;  /* not behind the prediction before, or on another
                           partition than the impression */
    uint64_t backwards; /* model older than that of the prediction before */
    uint64_t versions;  /* different models, "none yet" not counted */
    int64_t gap_ms;     /* longest time without a prediction on a partition */
};

struct verdict verifier_judge(const struct evidence *evidence);

bool verdict_is_clean(const struct verdict *verdict);

/* One line: "RUN: impressions=... lost=0 dup=0 ...", which deploy/faults.sh
 * reads. */
void verdict_print(const char *run, const struct verdict *verdict);

#endif
