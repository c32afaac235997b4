/*
 * merge_lane.h - one partition of a merge: its queue, and the records taken
 * off it that nobody has read yet. One thread.
 */
#ifndef CONSUMER_MERGE_LANE_H
#define CONSUMER_MERGE_LANE_H

#include "common/base/error.h"

#include "consumer/read/lane_order.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_topic_s rd_kafka_topic_t;
typedef struct rd_kafka_queue_s rd_kafka_queue_t;

enum { LANE_BATCH = 64, LANE_NO_END = -1 };

struct merge_lane {
    const char *name; /* of the topic: borrowed */
    size_t topic;
    int32_t partition;
    int64_t first; /* offsets: where it begins, */
    int64_t next;  /* behind the last one read, */
    int64_t end;   /* not to be read any more; LANE_NO_END */
    int64_t low;   /* the oldest record when it was opened */
    int64_t known; /* the partition's end when it was opened */

    int64_t aged; /* records before it have been there for long enough */
    int64_t seen; /* the partition's end when it was last looked at */

    bool at_end;     /* the client said so after the last record */
    bool done;       /* `end` is reached */
    bool reached;    /* `known` was reached at some time */
    bool is_expired; /* begins where retention stopped to delete */

    rd_kafka_topic_t *handle; /* borrowed */
    rd_kafka_queue_t *queue;  /* NULL: not started */
    struct lane_record *held; /* (room) */
    size_t room, at, count;   /* held[at] to held[count - 1] are unread */
    size_t bytes;             /* of their values */
    size_t bytes_max;         /* no further look ahead beyond that */

    bool is_ready;       /* held[at] is there, and as of when it comes: */
    int64_t head_ms;     /* its own time, or the present where it is ahead */
    int64_t highest_ms;  /* of the times taken so far */
    int64_t fall_offset; /* of the last record taken that was far below */
    int64_t ahead_until; /* offset: those before it are ahead */
};

/* Begins to fetch from `first` on. A byte is written to wake_fd when there is
 * something to take. */
int merge_lane_start(struct merge_lane *lane, rd_kafka_t *client, int wake_fd,
                     struct error *err) MUST_CHECK;

/* Makes the lane ready where what is there suffices for that; `now_ms` is the
 * time that the merge has come to, INT64_MIN before its first record. */
int merge_lane_take(struct merge_lane *lane, int64_t now_ms,
                    struct error *err) MUST_CHECK;

static inline bool merge_lane_has_head(const struct merge_lane *lane)
{
    return lane->at < lane->count;
}

/* Not ready, and more must come: the others have to wait. */
static inline bool merge_lane_holds_back(const struct merge_lane *lane)
{
    return !lane->is_ready && !lane->at_end && !lane->done;
}

/* The first unread record of a lane that is ready: now it is read. The caller
 * destroys it. *ahead_ms is by how much it is ahead of its place; 0: not. */
rd_kafka_message_t *merge_lane_shift(struct merge_lane *lane,
                                     int64_t *ahead_ms);

/* Frees what it holds. */
void merge_lane_stop(struct merge_lane *lane);

#endif
