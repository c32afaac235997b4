/*
 * snapshot_diff.h - what changed from one snapshot to another: parameters,
 * what was learned from, measurements, sizes, and the ads and users whose
 * predictions moved most.
 *
 * An ad moves by the prediction for it and a user nobody knows, a user by
 * that for an ad nobody knows.
 */
#ifndef CLI_SNAPSHOT_DIFF_H
#define CLI_SNAPSHOT_DIFF_H

#include "common/base/error.h"

#include "consumer/models/snapshot_reader.h"

enum { SNAPSHOT_DIFF_MOVERS = 10 };

enum diff_output { DIFF_AS_TEXT, DIFF_AS_JSON };

/* Prints to standard output. `a` and `b` are epochs, which need the reader
 * (caught up), or files. */
int snapshot_diff(struct snapshot_reader *reader, unsigned timeout_ms,
                  const char *a, const char *b, enum diff_output output,
                  struct error *err) MUST_CHECK;

#endif
