/*
 * whole_run.h - the whole way, running: real clicks or else the synthetic
 * world are fed, two scorers share the partitions, a trainer learns meanwhile
 * and publishes again and again.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_WHOLE_RUN_H
#define SUPPORT_WHOLE_RUN_H

#include "support/pipeline.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    WHOLE_RUN_SCORERS = 2,
    WHOLE_RUN_TRAINER = WHOLE_RUN_SCORERS, /* as a part; the others are slots */
    WHOLE_RUN_PARTS
};

/* The lists end with NULL. A NULL in the place of one: `--extras=none`, and a
 * model of factors that is fit again with every 3,000 rows. */
struct whole_run_options {
    const char *const *feed, *const *trainer;
    const char *state_dirs[WHOLE_RUN_SCORERS]; /* NULL: none */
    const char *brokers; /* of scorers and trainer; NULL: the fixture's */
};

struct whole_run {
    struct pipeline pipe;
    char file[512];        /* of clicks; empty: the world */
    uint64_t rows;         /* of the world, set before the start; 0: 40,000 */
    const char *anonymous; /* users that are nobody */
    struct whole_run_options options;
    bool may_orphan; /* labels may be given up before their impression comes:
                        brokers are away for longer than they wait */
    unsigned trainer_port;
    struct child_process feed, trainer, scorers[WHOLE_RUN_SCORERS];
};

/* What is set before: `rows` and `options`. The environment's PCTR_DATA has the
 * file. Starts the scorers and the feed, and once the first impressions are
 * scored without a model, the trainer. */
void whole_run_start(struct whole_run *run, int32_t partitions, unsigned rate);

/* After their end, whatever it was. */
void whole_run_start_scorer(struct whole_run *run, int slot);
void whole_run_start_trainer(struct whole_run *run);
void whole_run_start_part(struct whole_run *run, int part);

struct child_process *whole_run_part(struct whole_run *run, int part);
const char *whole_run_name(int part);

/* SIGKILL, and it is gone. */
void whole_run_kill(struct whole_run *run, int part);

/* Ends the feed before it has given all that it has. */
void whole_run_stop_feed(struct whole_run *run);

void whole_run_await_feed(struct whole_run *run, unsigned timeout_ms);

/* After the feed: waits until everything is scored and read, stops all, and
 * checks the trainer's account of the join against the topics. */
void whole_run_finish(struct whole_run *run, unsigned timeout_ms);

/* Whatever still runs, and its files. */
void whole_run_end(struct whole_run *run);

#endif
