/*
 * breaker.h - stops a program that would drain a topic into the dead letters.
 *
 * A bad record now and then is normal; a producer that changed its schema is
 * not. The breaker watches the last BREAKER_WINDOW records. A plain value:
 * zeroed is empty. One thread.
 */
#ifndef CONSUMER_BREAKER_H
#define CONSUMER_BREAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BREAKER_WINDOW = 10000 };

struct breaker {
    uint8_t bad[BREAKER_WINDOW]; /* ring: 1 for a bad record */
    size_t at;
    size_t bad_count;
};

void breaker_note(struct breaker *breaker, bool bad);

/* More than max_share of a whole window is bad? Records that were never seen
 * count as good, so a short topic cannot trip it early. */
bool breaker_is_open(const struct breaker *breaker, double max_share);

#endif
