/*
 * reproduction.h - predictions made again from what they name, and compared
 * bit for bit.
 *
 * Takes prediction records, fetches the impressions that they name (in ranges)
 * and the models that they name (by version and hash), scores with the
 * scorer's own code, and compares the records. Works in blocks: memory is
 * that of a block and of the models held. The caller pulls a finding for each
 * prediction that is not verified:
 *
 *   reproduction_take(r, &message, err)  for every record
 *       while (reproduction_next(r, &finding)) ...
 *   reproduction_finish(r, err)          and the same again
 *
 * One thread.
 */
#ifndef CONSUMER_REPRODUCTION_H
#define CONSUMER_REPRODUCTION_H

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/event/event_codec.h"

#include "consumer/models/snapshot_cache.h"
#include "consumer/read/message.h"

#include <stddef.h>
#include <stdint.h>

struct reproduction;

/* The fate of one prediction. New ones are added at the end. */
enum reproduction_outcome {
    REPRODUCTION_VERIFIED,
    REPRODUCTION_DIFFERS,          /* scored again it is another: see fields */
    REPRODUCTION_INPUT_UNREADABLE, /* it names a record that is not an
                                      impression */
    REPRODUCTION_MODEL_DIFFERENT,  /* its version is published with another hash
                                    */
    REPRODUCTION_INPUT_EXPIRED,
    REPRODUCTION_INPUT_MISSING,
    REPRODUCTION_MODEL_GONE,
    REPRODUCTION_MODEL_DAMAGED,
    REPRODUCTION_UNREADABLE, /* the record is not a prediction */
    REPRODUCTION_OUTCOMES
};
#define REPRODUCTION_OUTCOME_WORDS                                             \
    "verified|differs|input_unreadable|model_different|input_expired|"         \
    "input_missing|model_gone|model_damaged|unreadable"

const char *reproduction_outcome_name(enum reproduction_outcome outcome);
/* Every outcome but VERIFIED is a mismatch, or else could not be verified. */
bool reproduction_is_mismatch(enum reproduction_outcome outcome);
/* A record or a model is there, but its bytes are not those that were
 * written. */
bool reproduction_is_damage(enum reproduction_outcome outcome);

/* The parts of a prediction, as bits of finding.fields. */
enum reproduction_field {
    REPRODUCTION_ID,
    REPRODUCTION_TS,
    REPRODUCTION_USER,
    REPRODUCTION_AD,
    REPRODUCTION_P,
    REPRODUCTION_MODEL,
    REPRODUCTION_BASIS,
    REPRODUCTION_SRC,
    REPRODUCTION_SUPPORT, /* only where the record has it */
    REPRODUCTION_FIELDS
};
#define REPRODUCTION_FIELD_WORDS "id|ts|user|ad|p|model|basis|src|support"

/* Borrowed until the next call of reproduction_take() or _finish(). */
struct reproduction_finding {
    enum reproduction_outcome outcome;
    int32_t partition; /* of the prediction */
    int64_t offset;
    unsigned fields;  /* that differ: 1 << reproduction_field */
    const char *text; /* the reason, where one is known; else NULL */
    const struct prediction_event *was; /* NULL where it is unreadable */
    const struct prediction_event *is;  /* NULL where it was not scored */
};

struct reproduction_config {
    struct kafka_settings kafka;
    const char *impressions; /* topic; borrowed */
    struct event_fields fields;
    double prior; /* p while there was no model */
    struct snapshot_cache_config models;
    size_t block_max; /* predictions worked on together */
    unsigned timeout_ms;
};

struct reproduction_counts {
    uint64_t outcomes[REPRODUCTION_OUTCOMES];
    uint64_t fields[REPRODUCTION_FIELDS]; /* that differ, among DIFFERS */
    struct snapshot_cache_counts models;
};

/* ERROR_UNAVAILABLE: there is no topic of impressions; ERROR_MEMORY; else a
 * code of the Kafka client. */
int reproduction_open(const struct reproduction_config *config,
                      struct reproduction **out, struct error *err) MUST_CHECK;

/* Takes a record of the prediction topic, and verifies the block when it is
 * full. After a failure, of this or the next function, the reproduction can
 * only be closed. */
int reproduction_take(struct reproduction *reproduction,
                      const struct message *prediction,
                      struct error *err) MUST_CHECK;

/* Verifies the predictions that were taken and not verified yet. */
int reproduction_finish(struct reproduction *reproduction,
                        struct error *err) MUST_CHECK;

/* The next finding of the block that was verified last, in the order of the
 * models; false when there is none. */
bool reproduction_next(struct reproduction *reproduction,
                       struct reproduction_finding *out);

struct reproduction_counts
reproduction_counts(const struct reproduction *reproduction);

/* NULL is fine. */
void reproduction_close(struct reproduction *reproduction);

/* The fields in which two predictions differ; numbers are compared bit by bit.
 */
unsigned reproduction_differences(const struct prediction_event *a,
                                  const struct prediction_event *b);

#endif
