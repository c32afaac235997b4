/*
 * impression_feed.h - numbered impressions on a topic, one a millisecond, by
 * turns to the partitions.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_IMPRESSION_FEED_H
#define SUPPORT_IMPRESSION_FEED_H

#include "common/event/event_codec.h"

#include <stdbool.h>
#include <stdint.h>

struct impression_feed {
    const char *topic;
    int partitions;
    int users, ads; /* by turns 0, 1, ... and "ad0", "ad1", ... */
};

enum { AD_TEXT_SIZE = 16 };

/* Of the event and of its record. */
int64_t impression_feed_time(int64_t number);

/* Its id is the number; `ad` is where the ad's text is kept. */
struct impression impression_feed_event(const struct impression_feed *feed,
                                        int64_t number, char ad[AD_TEXT_SIZE]);

/* FEED_PLAIN: there is no transaction, and no marker behind the last record. */
enum feed_end { FEED_COMMITS, FEED_ABORTS, FEED_PLAIN };

/* Sends numbers first to next - 1 in one transaction, or without. When it
 * returns, readers of committed records can pass all of them. */
void impression_feed_send(const struct impression_feed *feed, int64_t first,
                          int64_t next, enum feed_end end);

#endif
