/*
 * worker_model.h - the model that a worker serves: it waits for the newest one
 * before it may score, takes it from the board between two batches, and ends
 * where the broker does not let it read models any more.
 *
 * One thread.
 */
#ifndef CONSUMER_WORKER_MODEL_H
#define CONSUMER_WORKER_MODEL_H

#include "common/base/error.h"

#include "consumer/score/scorer.h"
#include "consumer/score/worker_pulse.h"

#include <stdbool.h>

struct worker_model;

/* The config, what the parts point to, and the pulse must outlive it.
 * ERROR_MEMORY. */
int worker_model_new(const struct scorer_config *config,
                     const struct scorer_parts *parts, unsigned worker,
                     struct worker_pulse *pulse, struct worker_model **out,
                     struct error *err) MUST_CHECK;

/* The worker has got partitions: what it then catches up with is what was
 * published until now. */
void worker_model_hold(struct worker_model *model);

/* Waits a moment for the model that should serve. *is_there tells whether it is
 * in service, or was refused. Fails (ERROR_AUTH) when the broker keeps refusing
 * to let us read the models. */
int worker_model_catch_up(struct worker_model *model, bool *is_there,
                          struct error *err) MUST_CHECK;

/* Waits until the newest model is known and, where the settings say so, until
 * there is one; or until a stop. ERROR_AUTH as above. */
int worker_model_await(struct worker_model *model,
                       struct error *err) MUST_CHECK;

/* A scorer that may not read models any more would serve an old one for ever:
 * fails (ERROR_AUTH) when that has lasted for a moment. Cheap; call it often.
 */
int worker_model_check_rights(struct worker_model *model,
                              struct error *err) MUST_CHECK;

/* The model in service; NULL: there is none. Valid until the next call. One
 * atomic load, unless there is a new model. */
const struct served_model *worker_model_take(struct worker_model *model);

/* NULL is fine. */
void worker_model_free(struct worker_model *model);

#endif
