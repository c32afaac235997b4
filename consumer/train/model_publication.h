/*
 * model_publication.h - a fitted model gets its version and is published.
 *
 * A version's epoch is one above the highest ever seen on the manifest topic,
 * retired ones included, and is used once. Trainer and rollback write manifests
 * through publication_announce() alone: it fences every other writer, reads the
 * highest epoch, and commits the manifest, or finds itself fenced and begins
 * again. So of two writers that met, the second sees the first one's epoch.
 *
 * Opening a publication fences whoever published chunks under the same model
 * name before: of two trainers the younger one wins. One thread.
 */
#ifndef CONSUMER_PUBLICATION_H
#define CONSUMER_PUBLICATION_H

#include "common/base/error.h"
#include "common/event/manifest.h"

#include "consumer/learn/fit_job.h"
#include "consumer/models/snapshot_reader.h"

#include "model/snapshot_delta.h"

#include "producer/snapshot_publisher.h"

#include <stddef.h>
#include <stdint.h>

struct publication;

int publication_open(const struct snapshot_publisher_config *config,
                     struct publication **out, struct error *err) MUST_CHECK;

/* The newest manifest on the topic; NULL when there is none. Borrowed until
 * the next call. */
const struct manifest *
publication_newest(const struct publication *publication);

/* A fit and what it was made from. */
struct publication_fit {
    const struct fit_config *config;
    const struct fit_result *result;
    const struct offset_range *ranges;
    size_t range_count;
    const struct offset_range *resume; /* as in the manifest, of a model that */
    size_t resume_count;               /* goes on learning; else NULL and 0 */
    const struct buffer *resume_clock; /* NULL: there is none */
};

/* The bytes of the newest snapshot. Fails as snapshot_reader_fetch(); there has
 * to be one. */
int publication_fetch_newest(struct publication *publication,
                             struct buffer *out, struct error *err) MUST_CHECK;

/* Returns after the commit. After a failure the next call begins anew; chunks
 * without a manifest may stay behind. ERROR_FENCED: there is a younger trainer.
 * ERROR_LIMIT: there is no epoch above the highest one. */
int publication_publish(struct publication *publication,
                        const struct publication_fit *fit, uint64_t *epoch,
                        struct error *err) MUST_CHECK;

/* A delta of the snapshot that was published here last. */
struct publication_delta {
    const struct buffer *bytes;
    const struct snapshot_delta *head; /* that the bytes have */
    const struct offset_range *ranges;
    size_t range_count;
};

/* What was published here last; NULL: nothing. It owns nothing. */
const struct manifest *
publication_published(const struct publication *publication);

/* Returns after the commit; *out is the manifest, and owns nothing. After a
 * failure the delta may be there all the same, so that no other one may follow:
 * publish a snapshot. Errors as above. */
int publication_delta(struct publication *publication,
                      const struct publication_delta *delta,
                      struct manifest *out, struct error *err) MUST_CHECK;

/* Takes deltas off the topic that are of no use any more: see
 * delta_list_useless(). *count is how many; the next call goes on where there
 * were too many for one. Errors as above. */
int publication_tidy(struct publication *publication, size_t *count,
                     struct error *err) MUST_CHECK;

/* Gives the manifest the next epoch and publishes it; its chunks are there.
 * `reader` has been opened for the same topics and name. ERROR_TEMPORARY:
 * others got in between each time. ERROR_LIMIT as above. */
int publication_announce(const struct snapshot_publisher_config *config,
                         struct snapshot_reader *reader,
                         struct manifest *manifest,
                         struct error *err) MUST_CHECK;

/* NULL is fine. */
void publication_close(struct publication *publication);

#endif
