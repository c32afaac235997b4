/*
 * assignment.h - the partitions that a member of a group has: how they come,
 * where reading begins in them, and how they go.
 *
 * librdkafka's rebalance callback only notes what the group asks for. The
 * member takes the next step between two batches, and nothing is given up
 * before it says so.
 *
 *   STANDS --callback: offer--> OFFERED --place: starts are known--> PLACED
 *   PLACED --choices are committed, begin--> STANDS, with partitions
 *   STANDS --callback: revoke--> REVOKED or LOST --release--> STANDS, with none
 *   STANDS --rewind--> OFFERED (the same partitions)
 *   STANDS --place: an offset is lost--> PLACED (the same partitions)
 *
 * Every start is a number, also after an offset was lost (group_start.h,
 * positions.h). It is committed before the first record is handed out, so that
 * no abort, crash or rebalance makes a member choose again, later and further
 * on. One thread.
 */
#ifndef CONSUMER_ASSIGNMENT_H
#define CONSUMER_ASSIGNMENT_H

#include "common/base/error.h"

#include "consumer/read/group_start.h"
#include "consumer/read/positions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assignment;

enum assignment_state {
    ASSIGNMENT_STANDS,  /* nothing is asked of the member */
    ASSIGNMENT_OFFERED, /* partitions are to be read; their start is not known
                         */
    ASSIGNMENT_PLACED, /* it is known; reading may begin when it is committed */
    ASSIGNMENT_REVOKED, /* partitions have to be given up */
    ASSIGNMENT_LOST,    /* another member has them already */
};

/* What `member` points to is borrowed until assignment_free(). ERROR_MEMORY. */
int assignment_new(const struct group_member *member, struct assignment **out,
                   struct error *err) MUST_CHECK;

/* From librdkafka's rebalance callback: the group gives these partitions to
 * this member, or takes all back. */
void assignment_offer(struct assignment *assignment,
                      const rd_kafka_topic_partition_list_t *partitions);
void assignment_revoke(struct assignment *assignment);

enum assignment_state assignment_state(const struct assignment *assignment);

/* Finds a start for partitions that are offered, and another one for those
 * whose offset is lost. Where the broker cannot say it yet, *waits says why,
 * and the next call asks again. It never will after a failure:
 * ERROR_UNAVAILABLE (an offset is lost and the policy is START_FAIL),
 * ERROR_CONFIG, ERROR_AUTH, ERROR_MEMORY. */
int assignment_place(struct assignment *assignment, struct error *waits,
                     struct error *err) MUST_CHECK;

/* Starts that were chosen and have to be committed before reading begins. */
struct assignment_choices {
    const struct offset_gap *gaps; /* of offsets that were lost; borrowed until
                                      the next assignment_place() */
    size_t gap_count;
    bool is_new_group; /* told to the member that has partition 0 */
};

/* ASSIGNMENT_PLACED: are there choices? Gaps and a new group are told once,
 * however often the commit fails. */
bool assignment_take_choices(struct assignment *assignment,
                             struct assignment_choices *out);

/* ASSIGNMENT_PLACED without choices: librdkafka begins to read. *came: they are
 * new ones, not those from before a rewind. */
int assignment_begin(struct assignment *assignment, bool *came,
                     struct error *err) MUST_CHECK;

/* ASSIGNMENT_REVOKED or ASSIGNMENT_LOST: the partitions are given up. */
void assignment_release(struct assignment *assignment);

/* Reading begins again at the committed offsets. */
void assignment_rewind(struct assignment *assignment);

/* As subscriber_pause() and subscriber_resume(). */
void assignment_pause(struct assignment *assignment, int32_t partition);
void assignment_resume(struct assignment *assignment, int32_t partition);

/* Partitions were assigned, and all of them are read to their end. */
bool assignment_is_at_end(const struct assignment *assignment);

/* The partitions that are ours, without offsets. The caller destroys it. */
rd_kafka_topic_partition_list_t *
assignment_list(const struct assignment *assignment);

/* Where the member stands in each partition. The member's owner takes records
 * and marks commits in it. Borrowed until assignment_free(). */
struct positions *assignment_positions(struct assignment *assignment);

/* Throws away what was fetched ahead. Before the client ends; no callback comes
 * any more. NULL is fine. */
void assignment_free(struct assignment *assignment);

#endif
