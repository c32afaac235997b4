/*
 * feed.h - a data set or the synthetic world onto Kafka, as impressions and
 * the clicks that follow them.
 *
 * Event times advance: the data's own, or a clock of `step_ms` per row. A
 * label comes after a delay, in the order of event time between the
 * impressions. Both are keyed by user; the record's time is the event's. One
 * thread runs the feed; any thread may read its counts or ask it to stop.
 */
#ifndef PRODUCER_FEED_H
#define PRODUCER_FEED_H

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/kafka/kafka_client.h"

#include "producer/feed/event_source.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum feed_clock {
    CLOCK_STEPS, /* start + row x step */
    CLOCK_WALL,  /* the time of sending: for measuring latency */
};
#define FEED_CLOCK_WORDS "steps|wall"

enum feed_labels { LABELS_CLICKS, LABELS_ALL };
#define FEED_LABELS_WORDS "clicks|all"

struct feed_config {
    struct kafka_settings kafka;
    char impressions[250], labels[250]; /* topics; labels empty: none */
    struct event_fields fields;
    /* Of kinds whose format is Avro: the number of event_form_schema() with the
     * extras of the source. The formats are those of `fields`. */
    struct event_output impression_output, label_output;
    double rate;      /* impressions a second; 0: as fast as possible */
    int clock;        /* enum feed_clock */
    int64_t start_ms; /* of the clock; 0: so that the last row is now */
    uint64_t step_ms;
    uint64_t delay_ms; /* mean of the labels' exponential delay */
    int label_choice;  /* enum feed_labels */
    bool label_pairs;  /* labels carry user and ad */
    uint64_t seed;     /* of the delays */
    FILE *rejects;     /* "line,reason" lines; NULL: none */
};

enum { FEED_REJECTS_KEPT = 20 };

struct feed_counts {
    uint64_t rows, impressions, labels, clicks, rejected;
    /* After a failure: what no broker has acknowledged, and what was not sent.
     * Some may be there all the same. `clicks` are those of all that was sent.
     */
    uint64_t undelivered, undelivered_labels;
    uint64_t expected;         /* rows in all; 0 when unknown */
    int64_t first_ms, last_ms; /* event times */
};

struct feed;

/* Refuses, before the first record: fields that cannot be written
 * (event_form.h), Avro without the number of its schema, no broker, a missing
 * topic, a topic whose retention would delete what is about to be fed. Borrows
 * the source. */
int feed_open(const struct feed_config *config, struct event_source *source,
              struct feed **out, struct error *err) MUST_CHECK;

/* Until the source ends or stop_requested(); either way the labels of all
 * impressions that went out go out too. Returns with everything delivered, or
 * fails and feed_counts() says what is not. */
int feed_run(struct feed *feed, struct error *err) MUST_CHECK;

struct feed_counts feed_counts(const struct feed *feed);

/* The first rejected rows, for the final account. After feed_run(). */
const char *feed_reject(const struct feed *feed, uint64_t i);

void feed_close(struct feed *feed);

#endif
