/*
 * join.h - labels meet impressions by id, in event time.
 *
 * Goes in: impressions and labels, in any order. Comes out: what each
 * impression's label is. An impression whose window closes without a label is
 * a negative. The label that counts is the highest of those whose time lies
 * between the impression's time - window and + window + late, in whatever
 * order the two arrive while either is remembered:
 *
 *   first label, in time         joined
 *   first label, after its window, or after the window had been closed
 *                                late: the impression's label changes
 *   as high as the one before    duplicate: ignored
 *   lower ("unclick")            contradicted: ignored
 *   higher                       corrected: the impression's label changes
 *   no such impression, or out of reach of it, or the stream has passed that
 *   reach                        orphan: what is out of reach is final
 *   before its impression        waits for it, for a window
 *
 * Knows no clock and no Kafka: the same calls give the same outcomes. Holds
 * at most pending_max entries and gives up the oldest first. One thread.
 */
#ifndef CONSUMER_JOIN_H
#define CONSUMER_JOIN_H

#include "common/base/error.h"
#include "common/base/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct join;

struct join_config {
    int64_t window_ms; /* attribution */
    int64_t late_ms;   /* after it, in which a label still counts */
    uint32_t pending_max;
};

/* The label of one impression; a later outcome replaces an earlier one. NaN:
 * given up for want of room, the impression belongs in no training set. */
struct join_outcome {
    uint64_t sequence;
    float label;
};

/* What became of everything that went in. Only open, waiting, positive and
 * negative ever go down. */
struct join_books {
    uint64_t impressions; /* = open + positive + negative + given_up */
    uint64_t open, positive, negative, given_up;
    uint64_t repeated; /* impressions that were there already; not above */

    uint64_t labels; /* = joined + late + duplicate + contradicted + corrected
                        + orphan + waiting + labels_given_up */
    uint64_t joined, late, duplicate, contradicted, corrected, orphan;
    uint64_t waiting, labels_given_up;

    uint64_t forgotten; /* answered impressions, early, for want of room: a
                           late label to them is an orphan */
};

bool join_books_balance(const struct join_books *books);

int join_new(const struct join_config *config, struct join **out,
             struct error *err) MUST_CHECK;
void join_free(struct join *join);

/* New impressions are numbered from 0 on; *is_new is false for one that is
 * remembered already. */
int join_impression(struct join *join, const struct id *id, int64_t ts_ms,
                    uint64_t *sequence, bool *is_new,
                    struct error *err) MUST_CHECK;

/* click is in [0, 1]; above 0 is a positive. */
int join_label(struct join *join, const struct id *id, int64_t ts_ms,
               double click, struct error *err) MUST_CHECK;

/* Windows that ended before this time are closed now. Never goes back: an
 * earlier time is ignored. */
void join_advance(struct join *join, int64_t stream_ms);

/* The next outcome; false when there is none. To be called until then after
 * each of the three calls above. */
bool join_next(struct join *join, struct join_outcome *out);

struct join_books join_books(const struct join *join);
size_t join_bytes(const struct join *join); /* memory in use */

#endif
