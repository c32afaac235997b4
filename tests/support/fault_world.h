/*
 * fault_world.h - a stream of impressions, scorers and a broker of the test's
 * own, for faults that are provoked meanwhile, and the account of each.
 *
 * What is printed is for deploy/faults.sh, which makes docs/faults.md of it:
 *
 *     fault NUMBER|NAME|DONE|TIMES
 *     NAME: impressions=... lost=... dup=... torn=... gap_ms=...
 *
 * There is one world. Nothing here fails quietly: what goes wrong ends the
 * test.
 */
#ifndef SUPPORT_FAULT_WORLD_H
#define SUPPORT_FAULT_WORLD_H

#include "support/child_process.h"
#include "support/pipeline.h"

#include <stdint.h>

enum {
    FAULT_WORLD_PARTITIONS = 4,
    FAULT_WORLD_SCORERS = 4,
    FAULT_WORLD_SESSION_MS = 3000, /* of scorers, in their group */
    FAULT_WORLD_WAIT_MS = 120000,  /* the patience of all that waits */
};

struct fault_world {
    struct pipeline pipe;
    struct child_process feed, trainer, scorers[FAULT_WORLD_SCORERS];
    uint64_t random_state;
    unsigned port; /* of a proxy that scorers started from now on go through;
                      0: none */
};

extern struct fault_world world;

/* A fault by its number in the catalogue; provoke() returns how often. */
struct fault {
    int number;
    const char *name, *done;
    int (*provoke)(void);
};

/* Creates the topics, starts scorer 0 and the feed, and waits for predictions.
 * The environment's PCTR_SEED repeats the random moments. */
void fault_world_open(void);
void fault_world_close(void);

/* `more`, which NULL ends, are further options; NULL: none. */
void fault_world_start_scorer(int which, int slot, const char *const more[]);

/* Scorer `which` in the slot of that number. */
void fault_world_start_plain(int which);
void fault_world_kill_scorer(int which);

/* Until some hundred predictions more are there. */
void fault_world_await_more(void);
void fault_world_pause_at_random(int64_t most_ms);

/* Provokes the fault; then nothing may be lost, doubled or torn. */
void fault_world_try(const struct fault *fault);

#endif
