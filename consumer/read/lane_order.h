/*
 * lane_order.h - is the next record of a partition dated far ahead of those
 * behind it?
 *
 * A merge by record time waits with a record until the other partitions have
 * come to its time, and with it waits all that is behind it. So whoever may
 * date a record could hold back a partition. A partition that was silent looks
 * the same at first; what follows tells the two apart: behind a record that is
 * only dated ahead come records of the present.
 *
 * A record more than LANE_AHEAD_MS after the present is looked at. It is ahead
 * where one of the next LANE_WINDOW records is dated between the present and
 * the record, by more than LANE_AHEAD_MS before the record. One dated before
 * the present says nothing: a partition does not become older because somebody
 * dates a record 1970. Who dates a record into the silence of a partition lets
 * those before it come early; that does little, as they keep their times and do
 * not move event time (stream_time.h), while coming late would cost their
 * labels.
 *
 * An example, present 12:00: of 12:55, 12:00, 12:01 the first is ahead. Of
 * 12:55, 12:56, 12:57 none is: the partition was silent. Of 12:55 and nothing
 * that is known yet nothing can be said: the caller looks further.
 *
 * Plain functions. Any thread.
 */
#ifndef CONSUMER_LANE_ORDER_H
#define CONSUMER_LANE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LANE_AHEAD_MS = 60 * 1000,
    LANE_WINDOW = 1 << 15, /* records that are looked at, at most */
};

enum lane_place {
    LANE_OWN,   /* the record comes at its own time */
    LANE_AHEAD, /* it is dated ahead of what is behind it */
    LANE_OPEN,  /* more of what is behind it must be known */
};

typedef struct rd_kafka_message_s rd_kafka_message_t;

struct lane_record {
    rd_kafka_message_t *message;
    int64_t ms; /* the record's time; -1: none */
};

/* Not so far after the present that it would be looked at. */
bool lane_order_is_near(int64_t ms, int64_t now_ms);

/* Looks at the first of `count` records, of which there is at least one;
 * `now_ms` is the present, INT64_MIN where it is not known yet. For LANE_AHEAD
 * *low is the place of the first record that shows it: all before it are ahead,
 * too, or come before the present anyway. */
enum lane_place lane_order_look(const struct lane_record *records, size_t count,
                                int64_t now_ms, size_t *low);

#endif
