/*
 * join.h - labels meet impressions by id, in event time.
 *
 * Impressions and labels go in, in any order. Out comes the label of each
 * impression. The label that counts is the highest of those whose time lies
 * between the impression's time - window and + window + late (its reach), in
 * whatever order they arrive while the join remembers either.
 *
 * The states of an impression, and how it leaves them:
 *
 *   open      its window has not ended. A label, or the end of its window,
 *             answers it. Where there is no room for it, it becomes unknown.
 *   answered  positive or negative. A label in reach may still change that,
 *             until stream time has passed the reach; then it is forgotten.
 *   unknown   its label cannot be known: it came when stream time had passed
 *             its reach, or it was given up for want of room. It belongs in
 *             no training set. Final.
 *
 * What becomes of a label:
 *
 *   first of its impression, in its window      joined
 *   first, after it or after it was closed      late
 *   as high as the one before                   duplicate: ignored
 *   lower ("unclick")                           contradicted: ignored
 *   higher                                      corrected
 *   of no impression, or out of its reach, or
 *   when stream time has passed that reach      orphan
 *   before its impression                       waits for it, for a window
 *
 * Invariant: impressions = open + positive + negative + unknown.
 *
 * An example, with window 10 and late 20 minutes: an impression of 12:00 is
 * open until stream time passes 12:10, then negative. A click of 12:08 that
 * arrives at 12:25 makes it positive (late). From 12:30 on it is forgotten, and
 * a click for it is an orphan. An impression of 12:00 that arrives when stream
 * time is 12:31 is unknown.
 *
 * Knows no clock and no Kafka: the same calls give the same outcomes. Holds at
 * most pending_max entries. At that limit it forgets answered impressions
 * first, then gives up the one whose window ends first; labels that wait get a
 * quarter of the room at most, and never the place of an open impression. One
 * thread.
 */
#ifndef CONSUMER_JOIN_H
#define CONSUMER_JOIN_H

#include "common/base/error.h"
#include "common/base/id.h"

#include "consumer/learn/click_delays.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct join;

struct join_config {
    int64_t window_ms; /* attribution */
    int64_t late_ms;   /* after it, in which a label still counts */
    uint32_t pending_max;
    uint32_t values; /* that are kept of an impression, 8 bytes each */
};

/* What an impression became at its arrival. */
struct join_place {
    uint64_t sequence; /* new impressions are numbered from 0 on */
    bool is_new;       /* false: it is remembered already */
    bool is_unknown;   /* no label can reach it any more */
    uint64_t *values;  /* (values) of an impression that is new and not unknown,
                          for the caller to fill in before the next call; else,
                          and where none are kept, NULL */
};

/* The label of one impression; a later outcome replaces an earlier one. NaN:
 * unknown. */
struct join_outcome {
    uint64_t sequence;
    float label;
    float before;           /* the label of the outcome that this one replaces;
                               NaN: it is the first */
    const uint64_t *values; /* (values) of an impression with a label; borrowed
                               until the next call. NULL: none are kept */
};

/* What became of everything that went in. Only open, waiting, positive and
 * negative ever go down. */
struct join_books {
    uint64_t impressions; /* = open + positive + negative + unknown */
    uint64_t open, positive, negative, unknown;
    uint64_t given_up; /* of the unknown ones: for want of room */
    uint64_t repeated; /* impressions that were there already; not above */

    uint64_t labels; /* = joined + late + duplicate + contradicted + corrected
                        + orphan + waiting + labels_given_up */
    uint64_t joined, late, duplicate, contradicted, corrected, orphan;
    uint64_t waiting, labels_given_up;

    uint64_t forgotten; /* answered impressions, early, for want of room: a
                           late label to them is an orphan */
};

/* Of the clicks that met their impressions: the first label above 0 of each. */
const struct click_delays *join_delays(const struct join *join);

bool join_books_balance(const struct join_books *books);

int join_new(const struct join_config *config, struct join **out,
             struct error *err) MUST_CHECK;
void join_free(struct join *join);

/* After ERROR_MEMORY the books balance and the impression is not in them; the
 * join may have given up another entry for its sake. */
int join_impression(struct join *join, const struct id *id, int64_t ts_ms,
                    struct join_place *out, struct error *err) MUST_CHECK;

/* click is in [0, 1]; above 0 is a positive. After ERROR_MEMORY as
 * above. */
int join_label(struct join *join, const struct id *id, int64_t ts_ms,
               double click, struct error *err) MUST_CHECK;

/* Windows that ended before this time are closed now. Never goes back: an
 * earlier time is ignored. */
void join_advance(struct join *join, int64_t stream_ms);

/* The next outcome; false when there is none. The caller pulls outcomes until
 * then after each of the three calls above. */
bool join_next(struct join *join, struct join_outcome *out);

struct join_books join_books(const struct join *join);
size_t join_bytes(const struct join *join); /* memory in use */

#endif
