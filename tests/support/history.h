/*
 * history.h - made-up impressions and clicks of ten days ago on a pipeline's
 * topics, one impression a second on three of four partitions.
 *
 * Numbered: what is sent of a number is the same in every run. Nothing here
 * fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_HISTORY_H
#define SUPPORT_HISTORY_H

#include "support/pipeline.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    HISTORY_PARTITIONS = 4, /* of which one stays idle */
    HISTORY_BUSY = 3,
    HISTORY_USERS = 60,
    HISTORY_ADS = 10,
    HISTORY_CLICK_MS = 5000, /* after its impression */
    HISTORY_DOUBLED = 50,    /* of so many labels one is there twice */
};

struct publisher;

struct history {
    struct pipeline way;
    int64_t start_ms;
    struct publisher *publisher;
};

/* Topics without records. */
void history_open(struct history *history);
void history_close(struct history *history);

int64_t history_time(const struct history *history, int64_t number);
bool history_is_clicked(int64_t number);

/* Dated so much after its record; each is delivered only by a flush. */
void history_send_impression(struct history *history, int64_t number,
                             int64_t ahead_ms);
/* Event and record are so much after the impression. */
void history_send_label(struct history *history, int64_t number,
                        int64_t delay_ms);
void history_flush(struct history *history);

/* Impressions and their labels, a few of them doubled, delivered. */
void history_feed(struct history *history, int64_t first, int64_t count);

#endif
