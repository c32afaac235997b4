/*
 * evaluation_outbox.h - figures of windows on their way to their topic.
 *
 * librdkafka's transactions are calls that wait, up to minutes when a broker
 * or a topic hangs, so a thread of its own makes them: whoever judges goes on.
 * Windows go out in the order in which they came, each once (see
 * evaluation_publication.h), and after a failure again, later and later. What
 * waits is bounded; beyond that new windows are dropped, and counted. Offer,
 * ask and stop from one thread.
 */
#ifndef CONSUMER_EVALUATION_OUTBOX_H
#define CONSUMER_EVALUATION_OUTBOX_H

#include "common/base/error.h"
#include "common/event/evaluation_event.h"

#include "consumer/train/evaluation_publication.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evaluation_outbox;

struct evaluation_outbox_config {
    struct evaluation_publication_config publication;
    size_t records_max; /* that wait */
};

/* What was offered is published + known + dropped + waiting. */
struct evaluation_outbox_counts {
    uint64_t published;
    uint64_t known; /* on the topic before: of an earlier run, or of a commit
                       whose answer got lost */
    uint64_t dropped;
    uint64_t failed; /* attempts */
    size_t waiting;
};

/* Does not wait for the broker. */
int evaluation_outbox_start(const struct evaluation_outbox_config *config,
                            struct evaluation_outbox **out,
                            struct error *err) MUST_CHECK;

/* The newest window that was published before, as soon as that is known; false
 * where there is none, and where the topic could not be read within wait_ms or
 * at the first attempt. */
bool evaluation_outbox_newest(struct evaluation_outbox *outbox,
                              unsigned wait_ms, struct evaluation_event *out);

/* One window: copied whole, or dropped whole. */
int evaluation_outbox_offer(struct evaluation_outbox *outbox,
                            const struct evaluation_event *events, size_t count,
                            struct error *err) MUST_CHECK;

/* Fails with ERROR_FENCED once there is a younger trainer. */
int evaluation_outbox_check(struct evaluation_outbox *outbox,
                            struct error *err) MUST_CHECK;

struct evaluation_outbox_counts
evaluation_outbox_counts(struct evaluation_outbox *outbox);

/* Publishes what waits, but does not try again. NULL is fine. */
void evaluation_outbox_stop(struct evaluation_outbox *outbox);

#endif
