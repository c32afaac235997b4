/*
 * resume_points.h - from where a join can be rebuilt as it is now, without
 * reading all that it has read.
 *
 * A join forgets an impression once stream time has passed its reach. So the
 * records that make up what it remembers now are those since the last moment at
 * which everything read so far was dated margin_ms or more before the present
 * stream time. Points are such moments: the offsets that the reading had come
 * to, and the clock of the intake (intake_save_clock()). Whoever begins at a
 * point, with its clock, and reads up to the present offsets in the same order,
 * has the same join, and the same stream time to the last bit.
 *
 * This does not hold for impressions that come twice with different times, one
 * before and one behind the point, nor while the join has no room for all
 * (join.pending_max). One thread.
 */
#ifndef CONSUMER_RESUME_POINTS_H
#define CONSUMER_RESUME_POINTS_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/offset_range.h"

#include "consumer/learn/intake.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct resume_points;

struct resume_point {
    struct offset_range *ranges; /* (count) `next` is where to begin */
    size_t count;
    struct buffer clock;
    int64_t newest_ms; /* of all records before */
};

/* margin_ms is at least the reach of the join: window + late. ERROR_MEMORY. */
int resume_points_new(int64_t margin_ms, struct resume_points **out,
                      struct error *err) MUST_CHECK;

/* NULL is fine. */
void resume_points_free(struct resume_points *points);

/* It is time for the next point, or for the first one. */
bool resume_points_is_due(const struct resume_points *points,
                          const struct intake *intake);

/* The present is a point: the intake has taken the records before the `next` of
 * each of the `count` ranges, and its outcomes are pulled. ERROR_MEMORY changes
 * nothing. */
int resume_points_add(struct resume_points *points, const struct intake *intake,
                      const struct offset_range *ranges, size_t count,
                      struct error *err) MUST_CHECK;

/* The latest point from which the join can be rebuilt as it is now; NULL: none.
 * Borrowed until the next call. */
const struct resume_point *
resume_points_find(const struct resume_points *points,
                   const struct intake *intake);

#endif
