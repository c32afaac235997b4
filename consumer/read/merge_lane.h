/*
 * merge_lane.h - one partition of a merge: its queue, and the records taken
 * off it that nobody has read yet. One thread.
 */
#ifndef CONSUMER_MERGE_LANE_H
#define CONSUMER_MERGE_LANE_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_topic_s rd_kafka_topic_t;
typedef struct rd_kafka_queue_s rd_kafka_queue_t;
typedef struct rd_kafka_message_s rd_kafka_message_t;

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
    rd_kafka_message_t *held[LANE_BATCH];
    size_t at, count; /* held[at] to held[count - 1] are unread */
    int64_t head_ms;  /* timestamp of held[at] */
};

/* Begins to fetch from `first` on. A byte is written to wake_fd when there is
 * something to take. */
int merge_lane_start(struct merge_lane *lane, rd_kafka_t *client, int wake_fd,
                     struct error *err) MUST_CHECK;

/* Takes what is there, when nothing is held. */
int merge_lane_take(struct merge_lane *lane, struct error *err) MUST_CHECK;

static inline bool merge_lane_has_head(const struct merge_lane *lane)
{
    return lane->at < lane->count;
}

/* Nothing held, and more must come: the others have to wait. */
static inline bool merge_lane_holds_back(const struct merge_lane *lane)
{
    return !merge_lane_has_head(lane) && !lane->at_end && !lane->done;
}

/* The first unread record: now it is read. The caller destroys it. */
rd_kafka_message_t *merge_lane_shift(struct merge_lane *lane);

void merge_lane_stop(struct merge_lane *lane);

#endif
