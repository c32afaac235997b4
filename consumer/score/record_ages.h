/*
 * record_ages.h - how old the records of a unit of work are when it commits.
 *
 * The time of the commit is not known while records are counted, so that they
 * are counted by the time that their records have: to the millisecond up to 16
 * seconds before the unit was opened, to the second up to two minutes before.
 * One thread.
 */
#ifndef CONSUMER_RECORD_AGES_H
#define CONSUMER_RECORD_AGES_H

#include "common/base/error.h"
#include "common/base/metrics.h"

#include <stdint.h>

enum {
    RECORD_AGES_BEFORE_MS = 16384,
    RECORD_AGES_AFTER_MS = 65536, /* later ones count as if they came then */
    RECORD_AGES_SLOTS = RECORD_AGES_BEFORE_MS + RECORD_AGES_AFTER_MS,
    RECORD_AGES_SECONDS = 128,
};

struct record_ages {
    int64_t opened_ms;                 /* wall time */
    uint32_t fresh[RECORD_AGES_SLOTS]; /* by millisecond */
    uint32_t old[RECORD_AGES_SECONDS]; /* by second before the unit; in the
                                          last slot all that are older */
    int64_t oldest_ms;                 /* in that slot, summed up */
    int32_t first, last;               /* slots of `fresh` in use */
};

int record_ages_new(struct record_ages **out, struct error *err) MUST_CHECK;

/* A unit is opened at now_ms: what was counted before is forgotten. */
void record_ages_open(struct record_ages *ages, int64_t now_ms);

void record_ages_add_old(struct record_ages *ages, int64_t before_ms);

/* A record with this time is in the unit; -1: it has no time. */
static inline void record_ages_add(struct record_ages *ages, int64_t time_ms)
{
    int64_t slot = time_ms - ages->opened_ms + RECORD_AGES_BEFORE_MS;

    if (time_ms < 0)
        return;
    if (slot < 0) {
        record_ages_add_old(ages, ages->opened_ms - time_ms);
        return;
    }
    if (slot >= RECORD_AGES_SLOTS)
        slot = RECORD_AGES_SLOTS - 1;
    ages->fresh[slot]++;
    if (slot < ages->first)
        ages->first = (int32_t)slot;
    if (slot > ages->last)
        ages->last = (int32_t)slot;
}

/* The unit is committed at now_ms: observes the age of each record in the
 * histogram `family`. A record from the future has the age 0. */
void record_ages_report(const struct record_ages *ages, int64_t now_ms,
                        struct metrics *metrics, int family);

/* NULL is fine. */
void record_ages_free(struct record_ages *ages);

#endif
