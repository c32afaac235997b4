/*
 * crash_plan.h - where a test wants the scorer to die or to abort.
 *
 * Broker tests kill a scorer at every step of a transaction and count its
 * answers. Only a build with PCTR_TEST_HOOKS has these hooks and the test.*
 * settings; in any other build the functions do nothing. A plain value; zeroed
 * it does nothing. One thread.
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
    uint32_t passes;        /* of that point before the SIGKILL */
    uint32_t random_aborts; /* one transaction in this many is aborted; 0: none
                             */
    uint64_t random;        /* state of the generator; any seed */
};

#ifdef PCTR_TEST_HOOKS
/* Ends the process with SIGKILL where the plan says so. */
void crash_plan_pass(struct crash_plan *plan, enum crash_point point);

/* Is the transaction at hand one to abort? */
bool crash_plan_aborts(struct crash_plan *plan);
#else
static inline void crash_plan_pass(struct crash_plan *plan,
                                   enum crash_point point)
{
    (void)plan;
    (void)point;
}

static inline bool crash_plan_aborts(struct crash_plan *plan)
{
    (void)plan;
    return false;
}
#endif

#endif
