/*
 * flood.h - partitions on which most records are no impressions.
 *
 * A bad record now and then is normal; a producer that changed its schema, or
 * that writes junk, is not. A breaker for each partition watches its last
 * BREAKER_WINDOW records. While more than the allowed share of them is bad, the
 * partition is paused after each batch for so long that its dead letters do not
 * exceed a rate; the other partitions go on. When good records prevail again,
 * so does the partition. One thread.
 */
#ifndef CONSUMER_FLOOD_H
#define CONSUMER_FLOOD_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flood;

struct flood_config {
    double max_share;  /* of bad records among the last BREAKER_WINDOW */
    uint32_t rate_max; /* dead letters of a flooded partition in a second */
};

int flood_new(const struct flood_config *config, struct flood **out,
              struct error *err) MUST_CHECK;

/* One record of the partition was dealt with. ERROR_MEMORY where there is none
 * for the first bad record of a partition. */
int flood_note(struct flood *flood, int32_t partition, bool is_bad,
               struct error *err) MUST_CHECK;

enum flood_change {
    FLOOD_NOTHING,
    FLOOD_PAUSE,  /* stop reading this partition for now */
    FLOOD_RESUME, /* go on reading it */
};

/* What is to be done about a partition at this monotonic time; call it until it
 * says FLOOD_NOTHING. *is_new: the partition became flooded, or is no longer.
 */
enum flood_change flood_next(struct flood *flood, int64_t now_ms,
                             int32_t *partition, bool *is_new);

/* Bad records among the last BREAKER_WINDOW of the partition. */
size_t flood_bad_count(const struct flood *flood, int32_t partition);

/* The partitions are read anew, and none of them is paused any more. */
void flood_forget_pauses(struct flood *flood);

/* NULL is fine. */
void flood_free(struct flood *flood);

#endif
