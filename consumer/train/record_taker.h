/*
 * record_taker.h - what becomes of a record that the trainer reads.
 *
 * An impression or a label goes to the join, and an impression to the live
 * evaluation as well; what is neither is counted, and a label becomes a dead
 * letter. One thread.
 */
#ifndef CONSUMER_RECORD_TAKER_H
#define CONSUMER_RECORD_TAKER_H

#include "common/base/error.h"
#include "common/base/metrics.h"

#include "consumer/learn/intake.h"
#include "consumer/read/merge_reader.h"
#include "consumer/train/bad_records.h"
#include "consumer/train/live_evaluation.h"

#include <stdbool.h>
#include <stdint.h>

/* Everything is borrowed but the count. */
struct record_taker {
    struct intake *intake;
    enum join_mode mode; /* of the intake */
    struct bad_records *bad;
    struct live_evaluation *live; /* NULL: it is switched off */
    struct metrics *metrics;      /* may be NULL */
    uint64_t bad_count;
};

/* *is_event says whether the join got something, so that there may be
 * outcomes. Fails as intake_take(), bad_records_take() and
 * live_evaluation_impression(). */
int record_taker_take(struct record_taker *taker,
                      const struct merge_record *record, bool *is_event,
                      struct error *err) MUST_CHECK;

#endif
