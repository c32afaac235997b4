/*
 * backoff.h - a pause that doubles with each failure, up to a bound.
 *
 * The owner says when something failed and when it worked again, and waits
 * for the pause itself. One thread.
 */
#ifndef COMMON_BACKOFF_H
#define COMMON_BACKOFF_H

#include <stdint.h>

/* The owner sets the first two; a pause of 0 means that nothing failed since
 * the last success. */
struct backoff {
    int64_t first_ms, most_ms;
    int64_t pause_ms;
};

/* After a failure: how long to wait before the next try. */
int64_t backoff_next(struct backoff *backoff);

/* After a success. */
void backoff_reset(struct backoff *backoff);

#endif
