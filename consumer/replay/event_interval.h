/*
 * event_interval.h - what happens at whole multiples of an interval of event
 * time, so that its schedule does not depend on where a range begins.
 */
#ifndef CONSUMER_EVENT_INTERVAL_H
#define CONSUMER_EVENT_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

struct event_interval {
    int64_t every_ms;
    int64_t due_ms; /* the next multiple; INT64_MIN: no time was seen */
};

struct event_interval event_interval_of(int64_t every_ms);

/* Event time has come that far: has a multiple been passed since the time that
 * was told before? With an interval of 0 there is always one. */
bool event_interval_is_over(struct event_interval *interval, int64_t ts_ms);

#endif
