/*
 * evaluation_source.h - predictions, whenever they can be read.
 *
 * Where they cannot (there is no topic, or no right to it, or it was made
 * anew), it is tried again, later and later: in a thread of its own, as opening
 * is questions that wait for the broker. It goes on where it stopped, or at the
 * beginning of what is there now. One thread.
 */
#ifndef CONSUMER_EVALUATION_SOURCE_H
#define CONSUMER_EVALUATION_SOURCE_H

#include "common/base/error.h"

#include "consumer/read/merge_reader.h"

#include <stdbool.h>

struct evaluation_source;

enum evaluation_source_result {
    EVALUATION_SOURCE_RECORD,
    EVALUATION_SOURCE_NOTHING, /* now */
    EVALUATION_SOURCE_END,     /* of a reading that ends */
    EVALUATION_SOURCE_AWAY,    /* it cannot be read; it will be tried again */
};

/* Waits for the first attempt; evaluation_source_trouble() says
 * what came of it. `config` is as for a merge reader, without ranges. */
int evaluation_source_open(const struct merge_reader_config *config,
                           struct evaluation_source **out,
                           struct error *err) MUST_CHECK;

/* Does not wait. The record is borrowed until the next call. */
enum evaluation_source_result
evaluation_source_next(struct evaluation_source *source,
                       struct merge_record *record);

/* What is in the way; NULL when it can be read. Borrowed until the next call
 * of evaluation_source_next(). */
const struct error *
evaluation_source_trouble(const struct evaluation_source *source);

/* Waits for an attempt under way. NULL is fine. */
void evaluation_source_close(struct evaluation_source *source);

#endif
