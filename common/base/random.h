/*
 * random.h - a small seeded generator: splitmix64 (Steele, Lea, Flood 2014).
 *
 * The state is one number that the caller owns; the same seed gives the same
 * draws everywhere. Not for secrets. Numbers that must equal numpy's come from
 * model/maths/numpy_random.h.
 */
#ifndef COMMON_RANDOM_H
#define COMMON_RANDOM_H

#include <stdint.h>

/* The generator's last step, which carries any one bit of x into every bit. It
 * is inline, since ids are hashed with it. */
static inline uint64_t random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t random_next(uint64_t *state);

/* A number of 53 bits in [0, 1). */
double random_uniform(uint64_t *state);

/* Standard normal (Box and Muller 1958). */
double random_normal(uint64_t *state);

/* Exponential with mean 1. */
double random_exponential(uint64_t *state);

#endif
