/*
 * clock_skew.h - wall clocks of children that are wrong, and that jump.
 *
 * Children that are started between clock_skew_begin() and clock_skew_rest()
 * have a clock that is wrong by what clock_skew_set() says, at once and for as
 * long as they run. Those that are started at other times have that of the
 * machine. Not for programs with sanitizers. Nothing here fails quietly: what
 * goes wrong ends the test.
 */
#ifndef SUPPORT_CLOCK_SKEW_H
#define SUPPORT_CLOCK_SKEW_H

#include <stdint.h>

struct clock_skew {
    char path[64];
    int64_t *ms; /* what the children look at; NULL: not open */
};

void clock_skew_open(struct clock_skew *skew, int64_t ms);
void clock_skew_begin(const struct clock_skew *skew);
void clock_skew_rest(void);
void clock_skew_set(struct clock_skew *skew, int64_t ms);

/* Safe twice, and where it was never opened. */
void clock_skew_close(struct clock_skew *skew);

#endif
