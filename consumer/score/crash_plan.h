/*
 * crash_plan.h - where a test wants the scorer to die or to abort.
 *
 * Zeroed does nothing. Broker tests kill a scorer at every step of a
 * transaction with it and count what comes out. One thread.
 */
#ifndef CONSUMER_CRASH_PLAN_H
#define CONSUMER_CRASH_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum crash_point {
    CRASH_NEVER,
    CRASH_AFTER_BEGIN,
    CRASH_AFTER_PRODUCE,
    CRASH_AFTER_SEND_OFFSETS,
    CRASH_BEFORE_COMMIT,
    CRASH_AFTER_COMMIT,
};
#define CRASH_POINT_WORDS                                                      \
    "never|after_begin|after_produce|after_send_offsets|before_commit|"        \
    "after_commit"

struct crash_plan {
    enum crash_point point;
    uint32_t passes;        /* let so many pass, then SIGKILL */
    uint32_t random_aborts; /* abort about one transaction in so many; 0: none
                             */
    uint64_t random;        /* state of the generator; any seed */
};

void crash_plan_pass(struct crash_plan *plan, enum crash_point point);

bool crash_plan_aborts(struct crash_plan *plan);

#endif
