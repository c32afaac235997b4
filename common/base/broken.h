/*
 * broken.h - builds of the scorer that are broken on purpose.
 *
 * A judge that never finds fault proves nothing. A build with PCTR_TEST_HOOKS
 * and -DPCTR_BROKEN=N makes the mistake N, and the tests' verifier has to find
 * it (deploy/faults.sh). Any other build makes none.
 */
#ifndef COMMON_BROKEN_H
#define COMMON_BROKEN_H

#include <stdbool.h>

#if !defined(PCTR_TEST_HOOKS) || !defined(PCTR_BROKEN)
#undef PCTR_BROKEN
#define PCTR_BROKEN 0
#endif

enum broken {
    BROKEN_NOTHING,
    BROKEN_COMMIT_FIRST,  /* positions are committed before the outputs */
    BROKEN_COMMIT_APART,  /* positions are committed after the outputs, but
                             outside their transaction */
    BROKEN_ABORT_COMMITS, /* a transaction that is to be undone is committed */
    BROKEN_NO_GENERATION, /* a member that the group has forgotten commits */
};

static inline bool is_broken(enum broken mistake)
{
    return (enum broken)PCTR_BROKEN == mistake;
}

#endif
