/*
 * group_start.h - where a group begins in the partitions that a member gets.
 *
 * Where the group has an offset, that is the start. Else the start is chosen
 * here, as a number: the member's owner has to commit it before the first
 * record.
 *
 * A group that begins at the newest records (START_LATEST) begins there in all
 * partitions: the member that has partition 0 chooses for every partition of
 * the topic, and the others wait until that is committed. So a partition
 * without an offset of a group that has begun is one that was added later, and
 * is read from its beginning.
 *
 * A group without any offset that this member has known with one is not new:
 * the broker has forgotten where it was, as Kafka does when a topic is deleted.
 * There the policy for lost offsets decides. One thread.
 */
#ifndef CONSUMER_GROUP_START_H
#define CONSUMER_GROUP_START_H

#include "common/base/error.h"

#include "consumer/read/positions.h"

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_topic_s rd_kafka_topic_t;
typedef struct rd_kafka_topic_partition_list_s rd_kafka_topic_partition_list_t;

/* Who asks the broker, and about what. All borrowed. */
struct group_member {
    rd_kafka_t *client;
    rd_kafka_topic_t *handle; /* of `topic` */
    const char *topic, *group;
    enum subscriber_start without_offset; /* not START_FAIL */
    enum subscriber_start lost_offset;
    unsigned timeout_ms; /* of each question */
    unsigned stale_ms;   /* that a group which is behind its own commits is not
                            believed (stale_group.h) */
};

struct group_found {
    bool is_new;             /* the group has no offset in any partition, and
                                partition 0 is offered */
    struct offset_gap *gaps; /* of forgotten offsets; the caller's, with room
                                for all offered partitions */
    size_t gap_count;
    bool is_refused; /* the last gap may not be (START_FAIL); nothing else was
                        decided */
};

/* Assigns the offered partitions in `positions`, with a choice where the group
 * has no offset; `offered` has what offsets_of_group() has filled in.
 * ERROR_UNAVAILABLE and ERROR_TEMPORARY mean that the answer is not there yet:
 * ask again; the positions then have to be asked for anew. */
int group_start_find(const struct group_member *member,
                     const rd_kafka_topic_partition_list_t *offered,
                     struct positions *positions, struct group_found *found,
                     struct error *err) MUST_CHECK;

#endif
