/*
 * clock.h - the two clocks, and times as people write them.
 *
 * Time-outs and durations use the monotonic clock; event times and log lines
 * use the wall clock, in milliseconds since 1970 UTC, as Kafka does.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "common/base/error.h"

#include <stdint.h>

enum { CLOCK_TEXT_SIZE = 32 }; /* room for clock_format() */

int64_t clock_monotonic_ns(void);
int64_t clock_monotonic_ms(void);
int64_t clock_wall_ms(void);

void clock_sleep_ms(int64_t wait_ms);

/* "2026-11-24T12:20:35.000Z"; returns out. */
const char *clock_format(int64_t wall_ms, char out[CLOCK_TEXT_SIZE]);

/* Reads "2026-11-24", "2026-11-24T12:20Z", "2026-11-24T12:20:35.250Z" (UTC
 * only), or a whole number of milliseconds since 1970. */
int clock_parse(const char *text, int64_t *wall_ms,
                struct error *err) MUST_CHECK;

#endif
