/*
 * work_unit.h - the unit of work of a worker: the records that one commit
 * covers, and how the worker goes on after a unit failed.
 *
 *   closed --begin--> open --is due--> committed, closed
 *                     open --the broker refuses it--> aborted, rewound
 *                     open --outcome unknown, or fenced once--> a new producer,
 *                            rewound
 *                     open --fenced again--> the worker ends: a twin has its
 *                            slot
 *
 * "Rewound" means that the next round begins at the committed positions and
 * scores the unit again. A unit that the broker refuses because of a record in
 * it is scored again record by record; the record that is refused alone becomes
 * a dead letter (culprit.h).
 *
 * A function that returns 0 after a failure has rewound: the unit is closed.
 * One that returns -1 says why the worker cannot go on, with the code that
 * decides the exit status. One thread.
 */
#ifndef CONSUMER_WORK_UNIT_H
#define CONSUMER_WORK_UNIT_H

#include "common/base/error.h"

#include "consumer/models/model_board.h"
#include "consumer/read/subscriber.h"
#include "consumer/score/delivery.h"
#include "consumer/score/flood.h"
#include "consumer/score/scorer.h"
#include "consumer/score/worker_pulse.h"

#include <stdbool.h>
#include <stdint.h>

struct work_unit;

/* All borrowed; they must outlive the unit. */
struct work_unit_parts {
    const struct scorer_config *config;
    struct metrics *metrics; /* may be NULL */
    struct worker_pulse *pulse;
    struct flood *flood; /* told which records are bad, and of rewinds */
    unsigned worker;
};

/* Opens the producer. Fails as publisher_open() does, with ERROR_CONFIG where
 * the settings of the events make no sense, and with ERROR_MEMORY. */
int work_unit_open(const struct work_unit_parts *parts, struct work_unit **out,
                   struct error *err) MUST_CHECK;

/* Whose records the units cover. Before the first unit; borrowed. */
void work_unit_read_from(struct work_unit *unit, struct subscriber *subscriber);

/* Begins a unit where none is open. */
int work_unit_begin(struct work_unit *unit, struct error *err) MUST_CHECK;

bool work_unit_is_open(const struct work_unit *unit);

/* Scores a batch with the model (NULL: the prior) and sends the answers; the
 * unit is open. */
int work_unit_score(struct work_unit *unit, const struct served_model *model,
                    const struct message_batch *batch,
                    struct error *err) MUST_CHECK;

/* How long a poll may wait for records, at most wait_ms. */
int64_t work_unit_wait_ms(const struct work_unit *unit, int64_t wait_ms);

/* Answers must not linger while no other records come: after each poll. */
void work_unit_serve(struct work_unit *unit, const struct message_batch *batch);

bool work_unit_is_due(const struct work_unit *unit);

/* 1: it is committed; 0: no unit was open, or it failed and is rewound. */
int work_unit_commit(struct work_unit *unit, enum delivery_wait wait,
                     struct error *err) MUST_CHECK;

/* Another member has the partitions already: an open unit is aborted. */
int work_unit_abandon(struct work_unit *unit, struct error *err) MUST_CHECK;

/* What is open is left to the broker, which aborts it. NULL is fine. */
void work_unit_close(struct work_unit *unit);

#endif
