/*
 * record_source.h - the records of a trainer, in the order of record time.
 *
 * A trainer that goes on from a published model first reads again what its join
 * has to know (the manifest's `resume`), and then what follows what the model
 * has learned from (its `ranges`). Where the first part is gone from the
 * topics, it is passed over with a warning. A trainer that begins anew has the
 * second part alone, from its beginning. One thread.
 */
#ifndef CONSUMER_RECORD_SOURCE_H
#define CONSUMER_RECORD_SOURCE_H

#include "common/base/error.h"
#include "common/base/offset_range.h"
#include "common/event/manifest.h"

#include "consumer/read/merge_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_source;

/* `reading` says how to read all that there is, without ranges of its own;
 * what it borrows stays until the source is closed. `manifest` is that of the
 * model to go on from; NULL: none. Fails as merge_reader_open(). */
int record_source_open(const struct merge_reader_config *reading,
                       const struct manifest *manifest,
                       struct record_source **out,
                       struct error *err) MUST_CHECK;

/* The record that came last, and the next ones, are of the first part: they
 * have been learned. */
bool record_source_is_again(const struct record_source *source);

/* Reads on as merge_reader_next() does. MERGE_END comes once all is read, and
 * MERGE_NOTHING between two parts. */
int record_source_next(struct record_source *source, unsigned wait_ms,
                       enum merge_result *result, struct merge_record *record,
                       struct error *err) MUST_CHECK;

/* The answers of the part that is being read, as in merge_reader.h. */
const struct offset_range *record_source_ranges(struct record_source *source,
                                                size_t *count);
bool record_source_caught_up(const struct record_source *source);
uint64_t record_source_lag(const struct record_source *source);

/* NULL is fine. */
void record_source_close(struct record_source *source);

#endif
