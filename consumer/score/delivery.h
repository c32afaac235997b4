/*
 * delivery.h - how results and read positions get to Kafka together.
 *
 * Exactly once: results and positions are one transaction. At least once:
 * positions are committed after the results were delivered. Either way work
 * comes in units: begin, send, commit; a unit that fails is done again from
 * the committed positions. One thread.
 */
#ifndef CONSUMER_DELIVERY_H
#define CONSUMER_DELIVERY_H

#include "common/base/error.h"

#include "consumer/read/subscriber.h"
#include "consumer/score/crash_plan.h"

#include "producer/publisher.h"

#include <stdbool.h>
#include <stdint.h>

enum delivery_mode { DELIVERY_EXACTLY_ONCE, DELIVERY_AT_LEAST_ONCE };
#define DELIVERY_WORDS "exactly-once|at-least-once"

struct delivery;

struct delivery_config {
    enum delivery_mode mode;
    struct publisher_config publisher; /* its transactional_id fits the mode */
    struct crash_plan plan;
};

int delivery_open(const struct delivery_config *config, struct delivery **out,
                  struct error *err) MUST_CHECK;

enum publisher_verdict delivery_begin(struct delivery *delivery,
                                      struct error *err);

/* ERROR_LIMIT and ERROR_FORMAT are about this message alone: the unit goes
 * on. Any other failure asks for what delivery_verdict() says. */
int delivery_send(struct delivery *delivery, const struct outgoing *message,
                  struct error *err) MUST_CHECK;
/* As above for each, in order; returns how many were sent, and when not all,
 * `err` is about the next one. */
size_t delivery_send_many(struct delivery *delivery,
                          const struct outgoing *messages, size_t count,
                          struct error *err);
enum publisher_verdict delivery_verdict(const struct error *err);

/* Whether a commit returns before the positions are stored. A transaction is
 * always waited for. */
enum delivery_wait { DELIVERY_IN_BACKGROUND, DELIVERY_WAIT };

/* Commits the unit with the positions of everything that the subscriber handed
 * out. After any verdict but PUBLISHER_OK the unit is still open: do what the
 * verdict says. `err` then has the reason. */
enum publisher_verdict delivery_commit(struct delivery *delivery,
                                       struct subscriber *from,
                                       enum delivery_wait wait,
                                       struct error *err);

enum publisher_verdict delivery_abort(struct delivery *delivery,
                                      struct error *err);

/* A new producer with the same name; what the old one left open is aborted. */
int delivery_rebuild(struct delivery *delivery, struct error *err) MUST_CHECK;

/* At least once: sends what lingers, and waits a moment for it. Returns
 * whether everything is delivered; a transaction is in no hurry. */
bool delivery_hurry(struct delivery *delivery);
void delivery_serve(struct delivery *delivery);

/* As publisher_place(). */
int32_t delivery_place(const struct delivery *delivery, size_t topic,
                       int32_t partition);

/* NULL is fine. */
void delivery_close(struct delivery *delivery);

#endif
