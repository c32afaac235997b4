/*
 * evaluation_doubt.h - impressions whose predictions may have been lost.
 *
 * While predictions cannot be read, some may be made that never come: a topic
 * that was made anew has none of those before. A partition's predictions come
 * in the order of its impressions. So what is in doubt begins behind the last
 * one that came, and ends before the next one that does.
 */
#ifndef CONSUMER_EVALUATION_DOUBT_H
#define CONSUMER_EVALUATION_DOUBT_H

#include "consumer/evaluate/evaluation_rows.h"

#include <stdbool.h>
#include <stdint.h>

/* By partition; zeroed is none. Of several doubts all that lies between is in
 * doubt too. */
struct evaluation_doubt {
    bool is_open[EVALUATION_PARTITIONS_MAX]; /* no end is known yet: */
    bool is_grave;                           /* that is in doubt too */
    int64_t from[EVALUATION_PARTITIONS_MAX], to[EVALUATION_PARTITIONS_MAX];
};

/* `scored` are the offsets after the last one predicted. Grave: they are known
 * not to be read, and not only not read yet. */
void evaluation_doubt_raise(struct evaluation_doubt *doubt,
                            const int64_t *scored, bool is_grave);

/* A prediction of that offset came. */
static inline void evaluation_doubt_settle(struct evaluation_doubt *doubt,
                                           int32_t partition, int64_t offset)
{
    if (!doubt->is_open[partition])
        return;
    doubt->is_open[partition] = false;
    if (offset > doubt->to[partition])
        doubt->to[partition] = offset;
}

bool evaluation_doubt_covers(const struct evaluation_doubt *doubt,
                             uint64_t source);

#endif
