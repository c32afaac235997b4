/*
 * trainer_resume.h - a trainer that starts goes on from the newest model.
 *
 * Private to the trainer.
 */
#ifndef CONSUMER_TRAINER_RESUME_H
#define CONSUMER_TRAINER_RESUME_H

#include "common/base/error.h"
#include "common/event/manifest.h"

#include "consumer/train/model_outlet.h"
#include "consumer/train/online_learner.h"
#include "consumer/train/trainer.h"

/* What goes on; nothing has been read yet. */
struct resuming {
    struct model_outlet *outlet; /* has the newest model */
    struct online_learner *online;
    struct intake *intake; /* gets the clock of then; may be another one after
                              the call */
};

/* Goes on from the newest model, or begins anew where there is none to go on
 * from: *resumed is its manifest, borrowed as model_outlet_newest(), or NULL.
 * Where it may be one another time, that is an error: those of
 * snapshot_reader_fetch(), and ERROR_MEMORY; the intake may be NULL then. */
int trainer_resume(const struct trainer_config *config, struct resuming *into,
                   const struct manifest **resumed,
                   struct error *err) MUST_CHECK;

#endif
