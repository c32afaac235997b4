/*
 * stream_time.h - how far event time has come, whatever single records say.
 *
 * An event's time is data that a stranger wrote; a record's time was written by
 * a producer or by the broker. Neither is a clock. So stream time follows from
 * all of them together:
 *
 *   - An event counts as of its own time, and never as of a time after that of
 *     its record, nor of the place that its record has among the others. A
 * record dated more than ahead_ms after the moment at which it is read counts
 * as of that moment and ahead_ms; a record without a time counts as of the
 * newest record time before it.
 *   - Each partition has a watermark: the highest time that an event of it
 *     counted as. While the partition is silent, its watermark goes on at the
 *     pace of record time.
 *   - Stream time is the least watermark. A partition that has not raised its
 *     own for a minute of record time or for 4,096 records is idle and holds
 *     nothing back. Nor does one that is further behind stream time, or behind
 *     the middle one of all partitions, than reach_ms: its clock is wrong, and
 *     its events are late.
 *
 * An example with one partition of impressions and one of labels: both are at
 * 12:00. An impression dated 12:55, in a record dated 12:55, is read at 12:00:
 * without ahead_ms it counts as of 12:00 and stream time stays. Both clocks
 * have come to 12:10 and labels stop: the labels' watermark goes on with the
 * record times of the impressions.
 *
 * Invariant: stream time never goes back, and never passes the highest
 * watermark. Knows no clock and no Kafka. One thread.
 */
#ifndef CONSUMER_STREAM_TIME_H
#define CONSUMER_STREAM_TIME_H

#include "common/base/buffer.h"
#include "common/base/bytes_reader.h"
#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of times that are counted because something is odd about them. */
enum odd_time {
    ODD_UNTIMED, /* the record has no time, or one of long before the event */
    ODD_AHEAD,   /* the event is dated 1 to 30 minutes after its record */
    ODD_SKEWED,  /* or more: its row is taken as of the record's time */
    ODD_FUTURE,  /* the record is dated more than ahead_ms after its reading */
    ODD_SECONDS, /* the event's time looks like seconds, not milliseconds */
    ODD_LATE,    /* no label can reach an event of that time any more */
    ODD_JUMPED,  /* the record is dated ahead of those behind it */
    ODD_TIMES,
};
#define ODD_TIME_WORDS "untimed|ahead|skewed|future|seconds|late|jumped"

const char *odd_time_name(enum odd_time kind);

/* Where and when a record was written, and when it was read. */
struct stream_origin {
    size_t lane;       /* the partition, numbered across topics from 0 on */
    int64_t record_ms; /* -1: the record has no time */
    int64_t read_ms;   /* wall clock; INT64_MAX: not known */
    int64_t ahead_ms;  /* by how much record_ms is ahead of the record's place
                          among the others; 0: it is not */
};

/* What an event's time is taken for. */
struct stream_stamp {
    int64_t ts_ms;     /* of its row: the event's own, unless it is skewed */
    int64_t counts_ms; /* as far as it may move stream time */
    bool is_odd[ODD_TIMES];
};

struct stream_lane {
    int64_t watermark_ms, lag_ms; /* lag: record time less watermark */
    int64_t raised_ms;            /* record time when it was raised, */
    uint64_t raised_at;           /* and the number of the record */
    bool is_known;                /* it has a watermark and is not idle */
};

struct stream_time {
    int64_t reach_ms, ahead_ms;
    struct stream_lane *lanes;
    size_t lane_count;
    int64_t now_ms;     /* stream time; INT64_MIN before the first event */
    int64_t highest_ms; /* watermark */
    int64_t pace_ms;    /* the newest record time */
    int64_t untimed_ms; /* the highest time of an event without a record time */
    bool is_timed;      /* a record with a time has been seen */
    uint64_t records;
    size_t slowest;     /* the lane that holds stream time back */
    int64_t lag_max_ms; /* a lane that lags by more holds nothing back */
    int64_t *lags;      /* (lane_count), for a look at all lanes */
    int64_t looked_ms;  /* pace at the last look at all lanes, */
    uint64_t looked_at; /* and the number of the record */
    uint64_t counts[ODD_TIMES];
};

/* reach_ms: labels of an event come within that time of it. ahead_ms: a record
 * that is ahead of the clock by no more does no harm. */
struct stream_time stream_time_from(int64_t reach_ms, int64_t ahead_ms);
void stream_time_free(struct stream_time *time);

/* What this event's time would be taken for. Changes nothing. */
struct stream_stamp stream_time_stamp(const struct stream_time *time,
                                      int64_t event_ms,
                                      const struct stream_origin *origin);

/* Counts the stamp and moves stream time. Fails with ERROR_MEMORY alone, and
 * then has changed nothing. */
int stream_time_take(struct stream_time *time, const struct stream_stamp *stamp,
                     const struct stream_origin *origin,
                     struct error *err) MUST_CHECK;

/* All partitions are read to their ends and stay silent: none of them holds
 * the others back until it has a new event. */
void stream_time_rest(struct stream_time *time);

/* Its state as bytes, without the counts of odd times, and back: whoever loads
 * it and takes the records that followed comes to the same times. Loading
 * replaces a state that has not taken anything, and keeps what was configured;
 * it fails with ERROR_FORMAT and ERROR_MEMORY, and has then changed nothing. */
void stream_time_save(const struct stream_time *time, struct buffer *to);
int stream_time_load(struct stream_time *time, struct bytes_reader *from,
                     struct error *err) MUST_CHECK;

#endif
