/*
 * positions.h - where a member of a group stands in each partition of its
 * topic, and where it goes on when the group has no usable offset there.
 *
 * Knows no Kafka and no clock: the owner asks the broker, and tells. One
 * thread.
 */
#ifndef CONSUMER_POSITIONS_H
#define CONSUMER_POSITIONS_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OFFSET_UNKNOWN = -1 };

/* Where to go on in a partition without a usable offset. */
enum subscriber_start { START_EARLIEST, START_LATEST, START_FAIL };
#define SUBSCRIBER_START_WORDS "earliest|latest"
#define SUBSCRIBER_LOST_WORDS "earliest|latest|fail"

struct position {
    bool is_assigned;
    bool is_at_end;
    bool is_lost;      /* the broker does not have `next` */
    bool is_paused;    /* for librdkafka, also while it is not assigned */
    int64_t next;      /* offset to be handed out */
    int64_t committed; /* as `next`, at the last commit */
    int64_t chosen;    /* where we decided to go on, until it is committed, */
    int64_t instead;   /* in place of this committed offset */
    int64_t known;     /* the last offset of the group that this member knows;
                          it stays when the partition goes */
};

/* Zeroed is empty. */
struct positions {
    struct position *list; /* (count), by partition */
    int32_t count;
};

/* An offset that was lost, and the one where reading goes on. */
/* The records that the broker has of a partition. */
struct partition_bounds {
    int64_t low;  /* the oldest record's offset */
    int64_t high; /* the offset behind the newest record */
};

struct offset_gap {
    int32_t partition;
    int64_t from, to;
    struct partition_bounds there;
    uint64_t skipped; /* records that were or are there and are not read; of
                         a topic that was made anew, those of the new one */
};

/* Room for partitions below `count`. */
int positions_reserve(struct positions *positions, int32_t count,
                      struct error *err) MUST_CHECK;

/* Nothing is assigned any more. A choice that is not committed yet stays when
 * the same partitions are asked for again (`keep`), and is forgotten else. */
enum positions_choices { POSITIONS_KEEP_CHOICES, POSITIONS_FORGET_CHOICES };
void positions_clear(struct positions *positions,
                     enum positions_choices choices);

/* The partition is ours from `committed` on, which the group has; or from the
 * choice that was made in its place and is not committed yet. */
void positions_assign(struct positions *positions, int32_t partition,
                      int64_t committed);

/* Is there a choice for a partition without a committed offset? */
bool positions_has_choice(const struct positions *positions, int32_t partition);

/* Reading begins at `offset`, once that is committed. For partitions of other
 * members, too: see subscriber.c. */
void positions_choose_start(struct positions *positions, int32_t partition,
                            int64_t offset);

/* Choices for partitions that are not ours are forgotten: they were committed
 * with ours, and their members may be further on. */
void positions_forget_others(struct positions *positions);

/* What becomes of a partition that is lost. */
enum position_fate {
    POSITION_FOUND,   /* the offset is there after all */
    POSITION_MOVED,   /* `gap` says from where to where */
    POSITION_REFUSED, /* START_FAIL: `gap` says which offset, and it is lost as
                         before */
};
enum position_fate positions_move(struct positions *positions,
                                  int32_t partition,
                                  struct partition_bounds there,
                                  enum subscriber_start policy,
                                  struct offset_gap *gap);

/* The group is somewhere else on purpose. */
void positions_forget_known(struct positions *positions);

/* Has this member known an offset of the group in any partition? */
bool positions_know_group(const struct positions *positions);

/* The group had an offset here, and the broker has forgotten it, as Kafka does
 * when a topic is deleted. The policy chooses one of the two bounds; never
 * POSITION_FOUND. */
enum position_fate positions_move_forgotten(struct positions *positions,
                                            int32_t partition,
                                            struct partition_bounds there,
                                            enum subscriber_start policy,
                                            struct offset_gap *gap);

/* A record came. False: it is not the next one of ours and is dropped. */
bool positions_take(struct positions *positions, int32_t partition,
                    int64_t offset);

/* The broker has nothing behind `next`, or does not have `next` itself. Without
 * effect where the partition is not ours. */
void positions_note_end(struct positions *positions, int32_t partition);
void positions_note_lost(struct positions *positions, int32_t partition);

/* Are all partitions that are ours read to their end? Is one of them lost? */
bool positions_are_at_end(const struct positions *positions);
bool positions_have_lost(const struct positions *positions);

/* There is a choice that has to be committed before a record is handed out. */
bool positions_have_choices(const struct positions *positions);

/* Does a commit have to name the partition? */
bool positions_is_due(const struct position *position);

/* All that was due is committed. */
void positions_mark_committed(struct positions *positions);

/* The commit of this partition failed after it was marked: it is due again. */
void positions_unmark_committed(struct positions *positions, int32_t partition);

void positions_free(struct positions *positions);

#endif
