/*
 * live_models.h - the models that were live, and any published one.
 *
 * Asked about an impression, it answers with the model that scored it: the
 * version that its prediction names, swapped where the predictions swap; where
 * none is recorded, the newest model published before the impression's record.
 * Snapshots are fetched when first needed and verified. One thread.
 */
#ifndef CONSUMER_LIVE_MODELS_H
#define CONSUMER_LIVE_MODELS_H

#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include "consumer/models/model_board.h"
#include "consumer/models/snapshot_reader.h"
#include "consumer/read/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_models;

struct live_models_config {
    struct snapshot_reader_config models;
    unsigned timeout_ms;
};

struct live_models_counts {
    uint64_t recorded;  /* answers that a prediction named, */
    uint64_t published; /* that the time of publication named, */
    uint64_t gone;      /* and such whose snapshot cannot be had any more */
    size_t swaps;       /* along all partitions of the predictions */
};

/* Reads all manifests. */
int live_models_open(const struct live_models_config *config,
                     struct live_models **out, struct error *err) MUST_CHECK;

/* Reads the topic of predictions, from that record time on. */
int live_models_read_predictions(struct live_models *live, const char *topic,
                                 int64_t from_ms, size_t buffer_bytes,
                                 struct error *err) MUST_CHECK;

/* The model for the impression that the message is. *model is NULL where there
 * was none yet, and where it cannot be had: *is_gone tells. Borrowed until the
 * next call. */
int live_models_at(struct live_models *live, const struct message *message,
                   const struct served_model **model, bool *is_gone,
                   struct error *err) MUST_CHECK;

/* The published version; ERROR_UNAVAILABLE where it is not (any more). The
 * caller frees the snapshot. */
int live_models_fetch(struct live_models *live, uint64_t epoch,
                      struct snapshot **out, struct error *err) MUST_CHECK;

/* What a scorer that starts now serves: the pinned version or, without a pin,
 * the newest that is whole. ERROR_UNAVAILABLE where there is none. */
int live_models_fetch_served(struct live_models *live, uint64_t *epoch,
                             struct snapshot **out,
                             struct error *err) MUST_CHECK;

/* The newest published version. */
int live_models_fetch_newest(struct live_models *live, uint64_t *epoch,
                             struct snapshot **out,
                             struct error *err) MUST_CHECK;

struct live_models_counts live_models_counts(const struct live_models *live);

/* NULL is fine. */
void live_models_close(struct live_models *live);

#endif
