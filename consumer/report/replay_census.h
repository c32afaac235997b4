/*
 * replay_census.h - which rows of a replay count, and how many rows each value
 * of a field has.
 *
 * A row counts when its label is settled (its attribution window is over) and
 * every contender answered it, so that all figures are about the same rows.
 */
#ifndef CONSUMER_REPLAY_CENSUS_H
#define CONSUMER_REPLAY_CENSUS_H

#include "common/base/error.h"

#include "consumer/report/replay_log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay_census {
    int64_t settled_before_ms; /* event time: labels of later rows may come */
    size_t rows, open, gone;   /* counted; without a settled label; without an
                                  answer of every contender */
    int64_t first_ms, last_ms; /* event times of the rows counted */
    uint64_t *values[REPLAY_SLICES_MAX]; /* (names of the field) rows */
};

/* One pass over the log. The caller frees *out. ERROR_IO or ERROR_MEMORY; *out
 * is then untouched. */
int replay_census_take(const struct replay_log *log, int64_t settled_before_ms,
                       struct replay_census *out, struct error *err) MUST_CHECK;

bool replay_census_counts(const struct replay_census *census,
                          const struct replay_log *log,
                          const struct replay_row *row);

void replay_census_free(struct replay_census *census);

#endif
