/*
 * poison.h - records that are no impressions, of every kind.
 */
#ifndef SUPPORT_POISON_H
#define SUPPORT_POISON_H

#include "common/base/buffer.h"

#include <stddef.h>
#include <stdint.h>

enum { POISON_LARGE_EVERY = 50, POISON_LARGE_BYTES = 890000 };

/* Number `number` of them: all kinds take turns, and one in
 * POISON_LARGE_EVERY is large. Fills `out`, or leaves it empty for a
 * tombstone. Returns the reason its dead letter must give. */
const char *poison_make(uint64_t number, uint64_t *random_state,
                        struct buffer *out);

#endif
