/*
 * online_contender.h - a contender that learns each outcome of the join at
 * once, as the trainer's model of fields does.
 *
 *     online_contender_new(&config, &online, err)
 *     for each record:
 *         online_contender_advance(online, event time, err)
 *         answer with online_contender_model(online)
 *         online_contender_take(online, &outcome, err) for each outcome
 *
 * It learns with the code of the trainer (online.h), so that the same outcomes
 * in the same order give the same bits. Its answers come from a copy, which is
 * brought to the state of the learner at whole multiples of `publish_ms` of
 * event time: that is what scorers know which follow the trainer's deltas.
 * Where publish_ms is 0 they come from the learner itself. One thread.
 */
#ifndef CONSUMER_ONLINE_CONTENDER_H
#define CONSUMER_ONLINE_CONTENDER_H

#include "common/base/error.h"

#include "consumer/learn/fit_job.h"
#include "consumer/learn/join.h"
#include "consumer/models/model_board.h"

#include "model/rows/field_list.h"

#include <stdint.h>

struct online_contender;

struct online_contender_config {
    struct fit_config fit; /* calibrate is not looked at */
    int64_t publish_ms;    /* event time; 0: each outcome is known at once */
};

/* Fails as online_new(). */
int online_contender_new(const struct online_contender_config *config,
                         struct online_contender **out,
                         struct error *err) MUST_CHECK;

/* NULL is fine. */
void online_contender_free(struct online_contender *self);

/* The fields that it learns. Borrowed until it is freed. */
const struct field_list *
online_contender_fields(const struct online_contender *self);

/* Outcomes have the values of this list, which has all of its own. Until then
 * they have its own. */
void online_contender_read(struct online_contender *self,
                           const struct field_list *given);

/* Learns an outcome. ERROR_MEMORY: it can only be freed. */
int online_contender_take(struct online_contender *self,
                          const struct join_outcome *outcome,
                          struct error *err) MUST_CHECK;

/* Event time has come that far: what was learned is published where that is
 * due. ERROR_MEMORY: what was published before is still there. */
int online_contender_advance(struct online_contender *self, int64_t ts_ms,
                             struct error *err) MUST_CHECK;

/* The model that answers, as version 1; NULL before the first one. Borrowed
 * until the next call of another function. */
const struct served_model *
online_contender_model(struct online_contender *self);

#endif
