/*
 * stale_group.h - does the broker tell offsets of the group from the past?
 *
 * A coordinator reads the offsets of its groups from a log when it takes them
 * over, and must not answer before it has read all of them. Kafka 4.3.1 may:
 * where a partition's leader changes twice in a short time, as when a lone
 * broker is killed and comes back, the end of the first reading is taken for
 * the end of the second, and what it has read so far is what it answers.
 * Whoever believes that scores again what was scored.
 *
 * A member knows offsets that it has committed itself. The log is read in its
 * order: where these are there, all that came before them is. One thread.
 */
#ifndef CONSUMER_STALE_GROUP_H
#define CONSUMER_STALE_GROUP_H

#include "common/base/error.h"

#include "consumer/read/group_start.h"
#include "consumer/read/positions.h"

#include <stdbool.h>

struct stale_group {
    bool is_stale;
    struct offset_gap gap; /* of one partition: from what this member has
                              committed, back to what the group is said to have
                              (OFFSET_UNKNOWN: nothing) */
};

/* Fills in the group's offsets of the `offered` partitions, and judges them and
 * those of all other partitions in which `positions` knows one. Where there is
 * no answer about others, nothing is said against the group. A partition that
 * does not reach to what is known was made anew, and does not count. Codes are
 * those of kafka_error_code(): ERROR_UNAVAILABLE and ERROR_TEMPORARY mean that
 * it cannot be told yet. */
int stale_group_ask(const struct group_member *member,
                    const struct positions *positions,
                    rd_kafka_topic_partition_list_t *offered,
                    struct stale_group *out, struct error *err) MUST_CHECK;

#endif
