/*
 * culprit.h - which record does the broker refuse?
 *
 * A transaction is refused as a whole. One that fails because of what is in
 * it would fail again for ever, so its records are sent again one by one, and
 * the one that is refused alone is the culprit: it becomes a dead letter. A
 * plain value; zeroed is nobody. One thread.
 */
#ifndef CONSUMER_CULPRIT_H
#define CONSUMER_CULPRIT_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_position {
    int32_t partition;
    int64_t offset;
};

struct culprit {
    size_t alone;      /* records that are still to be sent one by one */
    unsigned failures; /* since the last commit */
    bool known;
    struct record_position position;
    struct error why;
};

enum culprit_advice {
    CULPRIT_AS_BEFORE,  /* it was not about the content: just try again */
    CULPRIT_ONE_BY_ONE, /* batches of one from now on */
    CULPRIT_HOPELESS,   /* even its dead letter is refused */
};

/* A unit of so many records, `last` the last of them, failed. */
enum culprit_advice culprit_suspect(struct culprit *culprit, size_t records,
                                    struct record_position last,
                                    const struct error *why);

/* A unit was committed. Returns whether batches may be whole again. */
bool culprit_clear(struct culprit *culprit);

static inline bool culprit_is(const struct culprit *culprit,
                              struct record_position record)
{
    return culprit->known && culprit->position.partition == record.partition &&
           culprit->position.offset == record.offset;
}

#endif
