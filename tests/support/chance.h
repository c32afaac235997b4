/*
 * chance.h - moments and choices at random, which the environment's PCTR_SEED
 * repeats.
 */
#ifndef SUPPORT_CHANCE_H
#define SUPPORT_CHANCE_H

#include <stdint.h>

/* A state for random_next() and for the next function: PCTR_SEED, or else the
 * time. It is printed, and leaves the environment, as PCTR_SEED is a setting of
 * feed, too. */
uint64_t chance_seed(void);

/* From 0 to most - 1. */
int64_t chance_below(uint64_t *state, int64_t most);

void chance_pause(uint64_t *state, int64_t most_ms);

#endif
