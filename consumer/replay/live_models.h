/*
 * live_models.h - the models that were live, and any published one.
 *
 * For an impression it finds the model that scored it: the version that its
 * prediction names, and without a prediction the newest model that was
 * published before the impression's record. Versions change where they change
 * along the predictions. A snapshot is fetched and verified when it is first
 * needed. One thread.
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
    const struct event_schemas *schemas; /* of predictions; borrowed. NULL:
                                            there is no registry */
    unsigned timeout_ms;
};

struct live_models_counts {
    uint64_t recorded; /* impressions whose model a prediction named */
    uint64_t
        published; /* impressions whose model the time of publication named */
    uint64_t gone; /* impressions whose snapshot is not available any more */
    size_t swaps;  /* changes of version along the predictions */
};

/* Reads all manifests. Fails as snapshot_reader_open() and _catch_up(). */
int live_models_open(const struct live_models_config *config,
                     struct live_models **out, struct error *err) MUST_CHECK;

/* Reads the topic of predictions to its end, from that record time on.
 * ERROR_STOPPED: the program is asked to stop. A prediction whose schema is not
 * to be had is a failure, ERROR_CONFIG where no registry is set and
 * ERROR_UNAVAILABLE or ERROR_AUTH where it does not tell: which models were
 * live would not be known. */
int live_models_read_predictions(struct live_models *live, const char *topic,
                                 int64_t from_ms, size_t buffer_bytes,
                                 struct error *err) MUST_CHECK;

/* The model of the impression whose record is `message`. *model is NULL where
 * no model was published yet, and, with *is_gone, where its snapshot is not
 * available any more. Borrowed until the next call. ERROR_FORMAT: predictions
 * and manifest name different snapshots; other failures pass, and the same call
 * may succeed later. */
int live_models_at(struct live_models *live, const struct message *message,
                   const struct served_model **model, bool *is_gone,
                   struct error *err) MUST_CHECK;

/* Fetches a published version; the caller frees the snapshot.
 * ERROR_UNAVAILABLE: it is not published, or not any more. */
int live_models_fetch(struct live_models *live, uint64_t epoch,
                      struct snapshot **out, struct error *err) MUST_CHECK;

/* Fetches the version that a scorer which starts now serves: the pinned one or,
 * without a pin, the newest that is whole. ERROR_UNAVAILABLE: there is none. */
int live_models_fetch_served(struct live_models *live, uint64_t *epoch,
                             struct snapshot **out,
                             struct error *err) MUST_CHECK;

/* Fetches the newest published version. ERROR_UNAVAILABLE: there is none. */
int live_models_fetch_newest(struct live_models *live, uint64_t *epoch,
                             struct snapshot **out,
                             struct error *err) MUST_CHECK;

struct live_models_counts live_models_counts(const struct live_models *live);

/* NULL is fine. */
void live_models_close(struct live_models *live);

#endif
