/*
 * descriptors.h - file descriptors: how many this process may have open, and
 * one word for when none is left.
 *
 * Each Kafka client has a pipe and a socket for each broker, so that scorers
 * with many workers need more than the usual soft limit of 1,024. Any thread.
 */
#ifndef COMMON_DESCRIPTORS_H
#define COMMON_DESCRIPTORS_H

#include "common/base/attributes.h"
#include "common/base/error.h"

#include <stdint.h>

/* How many may be open now. */
uint64_t descriptors_limit(void);

/* Raises the soft limit to the hard one, which needs no right, and says both
 * at level debug. Before threads are started. */
void descriptors_raise(void);

/* ERROR_CONFIG, with both numbers, where `needed` are more than may be open;
 * `advice` is what else can be done, such as "lower workers". */
int descriptors_check(uint64_t needed, const char *advice,
                      struct error *err) MUST_CHECK;

/* Records "WHAT: reason" for an errno of the system and returns -1. Where no
 * descriptor is left the error is ERROR_TEMPORARY, whatever `code` is, with the
 * limit and what to do. `format` makes WHAT, such as "read '/a/file'". */
int error_system(struct error *err, enum error_code code, int why,
                 const char *format, ...) PRINTF_LIKE(4, 5);

#ifdef __clang_analyzer__
#define error_system(...) error_refused(error_system(__VA_ARGS__))
#endif

#endif
