/*
 * join_outcomes.h - what a join has ready, taken until there is nothing left.
 */
#ifndef SUPPORT_JOIN_OUTCOMES_H
#define SUPPORT_JOIN_OUTCOMES_H

#include "consumer/learn/join.h"

#include <stddef.h>

/* labels (count), by sequence: the last outcome of each stays there. The
 * join's books must balance. */
void join_outcomes_take(struct join *join, float labels[], size_t count);

#endif
