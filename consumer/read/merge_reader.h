/*
 * merge_reader.h - several topics as one stream, in the order of record time.
 *
 * Reads all their partitions, committed records only, without a group and
 * without disturbing one. The next record is the one with the lowest
 * timestamp among the first unread ones of all partitions; of equal ones the
 * earlier topic in the list, then the lower partition. Within a partition the
 * order is that of offsets. A record that is dated far ahead of those behind it
 * in its partition comes with these, not at its own time (lane_order.h), so
 * that it does not hold them back. A partition whose next record is not here
 * yet holds the others back; one that is read to its end does not, once a
 * record has been there for linger_ms. So what was there at the opening always
 * comes in the same order, and what is live comes in order as far as partitions
 * are not further apart than that.
 *
 * A topic that is listed twice is read once, and each of its records comes for
 * each place in the list, one right behind the other.
 *
 * A reading without an end looks for added partitions every few seconds, where
 * its config says so.
 *
 * Memory is bounded by buffer_bytes, as much again for what is read ahead
 * behind records that are dated ahead, and one fetch of each partition,
 * whatever the partitions hold; records that are gone are an error, never
 * skipped. One thread.
 */
#ifndef CONSUMER_MERGE_READER_H
#define CONSUMER_MERGE_READER_H

#include "common/base/error.h"
#include "common/base/offset_range.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct merge_reader;

enum { MERGE_TOPICS_MAX = 8 };

/* Where to begin, as a record time: */
#define MERGE_FROM_BEGINNING INT64_MIN

struct merge_reader_config {
    struct kafka_settings kafka;
    const char *topics[MERGE_TOPICS_MAX]; /* borrowed; NULL ends */

    /* Reads exactly these, from first to next, and then ends; a next of -1
     * has no end. NULL: all partitions, from from_ms on. */
    const struct offset_range *ranges;
    size_t range_count;
    int64_t from_ms;
    /* Without `ranges`: partitions that are named here begin at the `next` of
     * their range, or at their oldest record where that is gone; where there is
     * no such offset yet, the topic was made anew and is read from its
     * beginning. The others begin as without it. */
    const struct offset_range *behind;
    size_t behind_count;
    bool ends;     /* at the ends that the partitions have now, */
    int64_t to_ms; /* and before the first record of that time or later; 0: no
                      such bound. Only where it ends */

    bool grows; /* partitions that are added to the topics later are read, too,
                   from their beginning; not where it ends */

    unsigned linger_ms;  /* a live record waits for those of other partitions
                            that are at their end; 0: not at all */
    size_t buffer_bytes; /* fetched ahead, of all partitions together */
    unsigned timeout_ms; /* for the questions at the start */
};

enum merge_result {
    MERGE_RECORD,
    MERGE_NOTHING, /* none within the time given */
    MERGE_END,     /* of a reading that ends */
};

/* Borrowed until the next call. */
struct merge_record {
    size_t topic; /* place in the list of topics */
    struct message message;
    int64_t ahead_ms; /* by how much it is dated ahead of the place where it
                         comes; 0: it comes at its time */
};

int merge_reader_open(const struct merge_reader_config *config,
                      struct merge_reader **out, struct error *err) MUST_CHECK;

int merge_reader_next(struct merge_reader *reader, unsigned wait_ms,
                      enum merge_result *result, struct merge_record *record,
                      struct error *err) MUST_CHECK;

/* All that was there when the reader was opened has been read. */
bool merge_reader_caught_up(const struct merge_reader *reader);

/* What was read of each partition: first to next, `count` ranges in the order
 * of topics and partitions. Borrowed until the next call. */
const struct offset_range *merge_reader_ranges(struct merge_reader *reader,
                                               size_t *count);

/* Partitions that were opened where the broker's oldest record is, although
 * older ones have been there: retention took them. */
size_t merge_reader_expired(const struct merge_reader *reader);

/* Records that are there and not yet read, as far as we know. */
uint64_t merge_reader_lag(const struct merge_reader *reader);

/* NULL is fine. */
void merge_reader_close(struct merge_reader *reader);

#endif
