/*
 * contenders.h - the contenders of a replay: opened together, fitted together
 * at whole multiples of an interval, and told of the same outcomes.
 *
 * One thread, besides those of the fits.
 */
#ifndef CONSUMER_CONTENDERS_H
#define CONSUMER_CONTENDERS_H

#include "consumer/learn/intake.h"
#include "consumer/replay/contender.h"
#include "consumer/replay/event_interval.h"
#include "consumer/replay/replay.h"

#include <stddef.h>
#include <stdint.h>

struct contenders {
    const struct replay_config *config; /* borrowed */
    struct contender all[CONTENDERS_MAX];
    size_t count; /* of those that are open */
    struct event_interval refits;
    uint64_t fits;
    double fit_seconds;
};

/* As contender_open() for each of config->contenders; those that are open stay
 * so after a failure, for contenders_close(). */
int contenders_open(struct contenders *self, const struct replay_config *config,
                    struct live_models *live, struct event_reader *rows,
                    struct error *err) MUST_CHECK;

/* Adds what they learn from to the list, which the join then keeps of each row
 * and which must outlive them: it is found in one walk over a record.
 * ERROR_LIMIT, ERROR_CONFIG. */
int contenders_add_values(struct contenders *self, struct field_list *list,
                          struct error *err) MUST_CHECK;

/* What happens when event time comes that far, before the event is answered:
 * fits that are due, of the rows of the intake's log, and publications. Fails
 * as contender_advance() and contender_take_fit(); ERROR_LIMIT: a model would
 * not fit its limits. */
int contenders_advance(struct contenders *self, struct intake *intake,
                       int64_t ts_ms, struct error *err) MUST_CHECK;

/* As contender_learn() for each. */
int contenders_learn(struct contenders *self, const struct training_log *log,
                     const struct join_outcome *outcome,
                     struct error *err) MUST_CHECK;

/* Answers of a field that the impression lacks. */
uint64_t contenders_fieldless(const struct contenders *self);

/* Zeroed is fine. */
void contenders_close(struct contenders *self);

#endif
