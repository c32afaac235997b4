/*
 * tally.h - the books of one unit of work: counted when it commits,
 * forgotten when it does not.
 *
 * A plain value; zeroed is a closed unit without a place for the ages of its
 * records. One thread.
 */
#ifndef CONSUMER_TALLY_H
#define CONSUMER_TALLY_H

#include "common/base/basis.h"
#include "common/base/metrics.h"

#include "consumer/score/record_ages.h"
#include "consumer/score/scorer_metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally {
    bool open;
    int64_t opened_ms; /* monotonic */
    size_t records;
    int64_t oldest_ms; /* event time; INT64_MAX while there is none */
    uint64_t by_basis[BASIS_COUNT];
    uint64_t by_fault[DEAD_LETTER_REFUSED + 1];
    uint64_t passed_over; /* records of other kinds, by filter.impressions */
    struct record_ages *ages; /* borrowed, of all units; may be NULL */
};

void tally_open(struct tally *tally);
void tally_clear(struct tally *tally);

/* event_ms: the event's own time; record_ms: that of its record, or -1. */
static inline void tally_prediction(struct tally *tally, enum basis basis,
                                    int64_t event_ms, int64_t record_ms)
{
    tally->by_basis[basis]++;
    if (event_ms < tally->oldest_ms)
        tally->oldest_ms = event_ms;
    if (tally->ages)
        record_ages_add(tally->ages, record_ms);
}

/* reason: an enum event_fault, or DEAD_LETTER_REFUSED. */
static inline void tally_dead_letter(struct tally *tally, int reason)
{
    tally->by_fault[reason]++;
}

uint64_t tally_predictions(const struct tally *tally);
uint64_t tally_dead_letters(const struct tally *tally);

/* Adds a committed unit to the metrics (may be NULL). */
void tally_report(const struct tally *tally, struct metrics *metrics);

#endif
