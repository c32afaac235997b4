/*
 * subscriber.h - one member of a consumer group on one topic.
 *
 * It hands out batches and keeps its own table of the next offset to read in
 * each partition: the next commit covers what was handed out, so the owner
 * deals with a whole batch, or rewinds. A rebalance never happens behind the
 * owner's back: it is an event of subscriber_poll(), and nothing is given up
 * before subscriber_release().
 *
 * Where the group has no offset, or one that the broker does not have any
 * more, the subscriber chooses a number and asks its owner to commit it
 * (SUBSCRIBER_PLACED) before it hands out the first record. One thread.
 */
#ifndef CONSUMER_SUBSCRIBER_H
#define CONSUMER_SUBSCRIBER_H

#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/message.h"
#include "consumer/read/positions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rd_kafka_topic_partition_list_s rd_kafka_topic_partition_list_t;
typedef struct rd_kafka_consumer_group_metadata_s
    rd_kafka_consumer_group_metadata_t;

struct subscriber;

struct subscriber_config {
    struct kafka_settings kafka;
    char group[128];
    char topic[250];
    uint32_t batch_max;                   /* messages */
    enum subscriber_start without_offset; /* not START_FAIL */
    enum subscriber_start lost_offset;
    bool watch_end; /* subscriber_at_end() will be asked */
};

enum subscriber_event {
    SUBSCRIBER_NOTHING,
    SUBSCRIBER_PLACED,   /* starts were chosen: commit, or rewind */
    SUBSCRIBER_ASSIGNED, /* partitions came; their messages follow */
    SUBSCRIBER_REVOKED,  /* deal with this batch, commit or abort, release */
    SUBSCRIBER_LOST,     /* another member has them already: abort, release */
};

/* Messages are borrowed until the next subscriber_poll() or
 * subscriber_close(). */
struct message_batch {
    const struct message *messages;
    size_t count;
    enum subscriber_event event; /* it happened after the messages */
    bool full;                   /* there may be more at once */
    int64_t waited_ns;           /* for the first message */

    /* With SUBSCRIBER_PLACED: offsets that were lost, and whether the group
     * had no offset in any partition (told to the member with partition 0). */
    const struct offset_gap *gaps;
    size_t gap_count;
    bool is_new_group;

    const struct error *waits; /* why partitions stand still; NULL: they do
                                  not. It is tried again at each poll */
};

/* ERROR_CONFIG, ERROR_AUTH, ERROR_UNAVAILABLE, ERROR_TEMPORARY (no thread). */
int subscriber_open(const struct subscriber_config *config,
                    struct subscriber **out, struct error *err) MUST_CHECK;

/* Waits at most wait_ms for a first message, then takes what is there. An
 * empty batch is normal. After a failure the subscriber can only be closed:
 * ERROR_UNAVAILABLE (an offset is lost and lost_offset is START_FAIL, or the
 * topic is gone), ERROR_FORMAT (a record cannot be read; the records before it
 * were handed out), ERROR_CONFIG and ERROR_AUTH (the broker refuses us). */
int subscriber_poll(struct subscriber *subscriber, unsigned wait_ms,
                    struct message_batch *out, struct error *err) MUST_CHECK;

/* Gives revoked or lost partitions up. */
void subscriber_release(struct subscriber *subscriber);

/* Goes back to the committed offsets: what was handed out since comes again.
 */
void subscriber_rewind(struct subscriber *subscriber);

/* Batches are smaller from now on; 0: batch_max again. */
void subscriber_limit_batch(struct subscriber *subscriber, size_t count);

/* Stops handing out records of a partition that is ours, and goes on with it
 * where it stopped. A rewind, a new assignment and SUBSCRIBER_PLACED end all
 * pauses. */
void subscriber_pause(struct subscriber *subscriber, int32_t partition);
void subscriber_resume(struct subscriber *subscriber, int32_t partition);

/* What a commit has to cover: NULL when nothing was handed out or chosen since
 * the last. Borrowed until the next call of any function here. */
const rd_kafka_topic_partition_list_t *
subscriber_next(struct subscriber *subscriber);

/* What fences a commit that comes too late: the member's name and generation.
 * NULL once the group has expelled this member, which is before the event that
 * says so; then nothing may be committed. Borrowed as above. */
const rd_kafka_consumer_group_metadata_t *
subscriber_group(struct subscriber *subscriber);

/* A transaction committed subscriber_next(). */
void subscriber_mark_committed(struct subscriber *subscriber);

/* Commit subscriber_next() without a transaction. The first returns when the
 * broker has it; after a failure the outcome may be unknown: rewind. The
 * second only asks; a commit that fails later is repeated by the next one. */
int subscriber_commit(struct subscriber *subscriber,
                      struct error *err) MUST_CHECK;
int subscriber_commit_later(struct subscriber *subscriber,
                            struct error *err) MUST_CHECK;

/* Has partitions (or was given none), and has read them to their end. */
bool subscriber_at_end(const struct subscriber *subscriber);

int32_t subscriber_partitions(const struct subscriber *subscriber);

/* The offset that is committed, or where reading began where none is yet; -1
 * when the partition is not ours or that is not known. */
int64_t subscriber_committed(const struct subscriber *subscriber,
                             int32_t partition);

/* Leaves the group, for at most timeout_ms, and commits nothing. NULL is fine.
 */
void subscriber_close(struct subscriber *subscriber, unsigned timeout_ms);

#endif
