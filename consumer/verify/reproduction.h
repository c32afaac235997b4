/*
 * reproduction.h - predictions made again from what they name, and compared
 * bit for bit.
 *
 * Takes prediction records, fetches the impressions that they name (in ranges)
 * and the models that they name (by version and hash), scores with the
 * scorer's own code, and compares the records. Works in blocks: memory is
 * that of a block and of the models held. Whatever is not verified goes to
 * on_finding. One thread.
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

/* What came of one prediction: only ever add to the end. */
enum outcome {
    OUTCOME_VERIFIED,
    OUTCOME_DIFFERS,          /* scored again it is another: see fields */
    OUTCOME_INPUT_UNREADABLE, /* a prediction of what is no impression */
    OUTCOME_MODEL_DIFFERENT,  /* its version is published with another hash */
    OUTCOME_INPUT_EXPIRED,
    OUTCOME_INPUT_MISSING,
    OUTCOME_MODEL_GONE,
    OUTCOME_MODEL_DAMAGED,
    OUTCOME_UNREADABLE, /* is no prediction */
    OUTCOME_COUNT
};
#define OUTCOME_WORDS                                                          \
    "verified|differs|input_unreadable|model_different|input_expired|"         \
    "input_missing|model_gone|model_damaged|unreadable"

const char *outcome_name(enum outcome outcome);
/* Verified ones are neither; the others one of the two. */
bool outcome_is_mismatch(enum outcome outcome);
/* Something is there, but it is not what was written. */
bool outcome_is_damage(enum outcome outcome);

/* The parts of a prediction, as bits of finding.fields. */
enum prediction_field {
    PREDICTION_ID,
    PREDICTION_TS,
    PREDICTION_USER,
    PREDICTION_AD,
    PREDICTION_P,
    PREDICTION_MODEL,
    PREDICTION_BASIS,
    PREDICTION_SRC,
    PREDICTION_FIELDS
};
#define PREDICTION_FIELD_WORDS "id|ts|user|ad|p|model|basis|src"

/* Borrowed for the call. */
struct finding {
    enum outcome outcome;
    int32_t partition; /* of the prediction */
    int64_t offset;
    unsigned fields;  /* that differ: 1 << prediction_field */
    const char *text; /* why, where more is known; else NULL */
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
    void (*on_finding)(void *context, const struct finding *finding);
    void *context;
};

struct reproduction_counts {
    uint64_t outcomes[OUTCOME_COUNT];
    uint64_t fields[PREDICTION_FIELDS]; /* that differ, among DIFFERS */
    struct snapshot_cache_counts models;
};

int reproduction_open(const struct reproduction_config *config,
                      struct reproduction **out, struct error *err) MUST_CHECK;

/* Takes a record of the prediction topic; works when a block is full. */
int reproduction_take(struct reproduction *reproduction,
                      const struct message *prediction,
                      struct error *err) MUST_CHECK;

/* Works on what was taken. */
int reproduction_finish(struct reproduction *reproduction,
                        struct error *err) MUST_CHECK;

struct reproduction_counts
reproduction_counts(const struct reproduction *reproduction);

/* NULL is fine. */
void reproduction_close(struct reproduction *reproduction);

/* The fields in which they differ; numbers bit by bit. */
unsigned prediction_differences(const struct prediction_event *a,
                                const struct prediction_event *b);

#endif
