/*
 * small_snapshot.h - a real, encoded snapshot for tests that carry one around.
 */
#ifndef SUPPORT_SMALL_SNAPSHOT_H
#define SUPPORT_SMALL_SNAPSHOT_H

#include "common/base/buffer.h"

#include <stdint.h>

enum { SMALL_SNAPSHOT_IDS = 300 }; /* users 0.., and as many ads */

/* Model "popular"; `seed` varies what it learned. Appends to `out`. */
void small_snapshot(uint64_t seed, struct buffer *out);

/* The same with one number that is none, and the file's digest made good. */
void small_snapshot_not_finite(uint64_t seed, struct buffer *out);

#endif
