/*
 * model_outlet.h - a model goes out to the scorers, however long that takes.
 *
 * An attempt to publish may fail: the broker is away, or others got in between.
 * The outlet knows when the next attempt is due, and which failures no waiting
 * ends. The owner keeps the model until it is sent. One thread.
 */
#ifndef CONSUMER_MODEL_OUTLET_H
#define CONSUMER_MODEL_OUTLET_H

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/event/manifest.h"

#include "consumer/train/bad_records.h"
#include "consumer/train/model_publication.h"

#include "model/measure/evaluation.h"

#include "producer/snapshot_publisher.h"

#include <stdbool.h>
#include <stdint.h>

struct model_outlet;

struct model_outlet_counts {
    uint64_t published;        /* models */
    uint64_t failed;           /* attempts to publish */
    uint64_t epoch;            /* of the last model published here */
    struct evaluation holdout; /* of that model */
};

/* How long an owner is patient. */
enum outlet_patience {
    OUTLET_OUTLIVES_AN_OUTAGE,
    OUTLET_TRIES_TWICE, /* the second publisher also finds out whether the
                           first one's transaction was committed */
};

/* Fences whoever published under this model name before: see
 * publication_open(). `metrics` (of trainer_metric_families; may be NULL) must
 * outlive the outlet. */
int model_outlet_open(const struct snapshot_publisher_config *config,
                      enum outlet_patience patience, struct metrics *metrics,
                      struct model_outlet **out, struct error *err) MUST_CHECK;

/* The newest manifest on the topic; NULL when there is none. Borrowed until
 * the next call. */
const struct manifest *model_outlet_newest(const struct model_outlet *outlet);

/* Does what publication_fetch_newest() does. */
int model_outlet_fetch_newest(struct model_outlet *outlet, struct buffer *out,
                              struct error *err) MUST_CHECK;

/* No attempt is made before this. */
bool model_outlet_is_due(const struct model_outlet *outlet, int64_t now_ms);

/* One attempt: sends the letters that are under way, then the model. It can
 * take minutes where a broker is away. *is_sent says whether the model is
 * published; where it is not, the next attempt is due later. -1 where no
 * further attempt is worth it: with the codes of publication_publish(), and of
 * bad_records_flush(). */
int model_outlet_send(struct model_outlet *outlet, struct bad_records *letters,
                      const struct publication_fit *model, bool *is_sent,
                      struct error *err) MUST_CHECK;

/* Does what publication_published() does. */
const struct manifest *
model_outlet_published(const struct model_outlet *outlet);

/* One attempt to publish a delta of that model. *is_sent is false where it
 * failed, and another attempt at publishing may do: of a snapshot. -1 as
 * above. */
int model_outlet_send_delta(struct model_outlet *outlet,
                            const struct publication_delta *delta,
                            struct manifest *sent, bool *is_sent,
                            struct error *err) MUST_CHECK;

struct model_outlet_counts
model_outlet_counts(const struct model_outlet *outlet);

/* NULL is fine. */
void model_outlet_close(struct model_outlet *outlet);

#endif
