/*
 * demo_observer.h - reads what the parts of the demo write, as an outsider
 * would: predictions, labels, dead letters. One thread.
 */
#ifndef CLI_DEMO_OBSERVER_H
#define CLI_DEMO_OBSERVER_H

#include "cli/demo/demo_view.h"
#include "cli/demo/first_clicks.h"

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/kafka/kafka_client.h"

#include "consumer/learn/join.h"

#include <stdint.h>

struct demo_observer;

struct demo_observer_config {
    struct kafka_settings kafka;
    struct event_fields fields;
    const char *predictions, *labels, *dead_letters; /* topics; borrowed */
    struct join_config join;
};

struct demo_observer_counts {
    uint64_t predictions; /* of different impressions */
    uint64_t repeated;    /* of impressions that had one: at least once */
    uint64_t labels, dead_letters;
};

int demo_observer_open(const struct demo_observer_config *config,
                       struct demo_observer **out,
                       struct error *err) MUST_CHECK;

/* Reads what is there, for about wait_ms. */
int demo_observer_serve(struct demo_observer *observer, unsigned wait_ms,
                        struct error *err) MUST_CHECK;

/* No more labels are expected. */
void demo_observer_close_windows(struct demo_observer *observer);

/* Fills in all but seconds, impressions and serving. The versions are borrowed
 * until the next call. */
int demo_observer_moment(struct demo_observer *observer,
                         struct demo_moment *moment,
                         struct error *err) MUST_CHECK;

struct demo_observer_counts
demo_observer_counts(const struct demo_observer *observer);

/* How soon predictions knew new users. */
struct first_clicks_summary
demo_observer_first_clicks(const struct demo_observer *observer);

void demo_observer_close(struct demo_observer *observer);

#endif
