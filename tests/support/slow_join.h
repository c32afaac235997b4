/*
 * slow_join.h - a second join, written from the rules in consumer/learn/join.h
 * with nothing but lists that are walked from end to end. Never full.
 */
#ifndef SUPPORT_SLOW_JOIN_H
#define SUPPORT_SLOW_JOIN_H

#include "consumer/learn/join.h"

struct slow_join;

struct slow_join *slow_new(int64_t window_ms, int64_t late_ms);
void slow_free(struct slow_join *slow);

/* Is it new? */
bool slow_impression(struct slow_join *slow, const struct id *id, int64_t ts_ms,
                     uint64_t *sequence);
void slow_label(struct slow_join *slow, const struct id *id, int64_t ts_ms,
                float click);
void slow_advance(struct slow_join *slow, int64_t stream_ms);

/* -1 while it is open, NaN when it is unknown. */
float slow_outcome(const struct slow_join *slow, uint64_t sequence);

/* Ends what is due, counts its lists and compares. */
void slow_assert_books(struct slow_join *slow, const struct join_books *books);

#endif
