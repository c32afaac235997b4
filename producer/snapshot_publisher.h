/*
 * snapshot_publisher.h - a snapshot onto Kafka: its chunks, then its manifest.
 *
 * Who writes what:
 *
 *   chunks     the trainer, in a transaction of an id of the kind "trainer"
 *              (transactional_id.h): a younger trainer fences an older one
 *   deltas     likewise; no epoch is made for them
 *   manifests  whoever makes a version (trainer, rollback), in a transaction
 *              of an id of the kind "manifests". Opening a writer of manifests
 *              fences any other, so of two that have read the same highest
 *              epoch only one commits (see model_publication.h)
 *   pins       anybody: pins and retirements are one record each, and the
 *              last pin counts
 *
 * Readers that read committed records never see half a snapshot: the manifest
 * follows when its chunks are committed. The embedded broker has no
 * transactions; there the order alone has to do. One thread.
 */
#ifndef PRODUCER_SNAPSHOT_PUBLISHER_H
#define PRODUCER_SNAPSHOT_PUBLISHER_H

#include "common/base/error.h"
#include "common/event/manifest.h"
#include "common/kafka/kafka_client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long a transaction of a publication may take. */
enum { SNAPSHOT_TRANSACTION_MS = 60000 };

struct snapshot_publisher;

enum snapshot_publisher_role {
    SNAPSHOT_CHUNKS,    /* the trainer's */
    SNAPSHOT_MANIFESTS, /* of whoever makes a version */
    SNAPSHOT_PINS,      /* without transactions */
};

struct snapshot_publisher_config {
    struct kafka_settings kafka;
    enum snapshot_publisher_role role;
    char name[64];              /* of the model */
    char models[250];           /* manifest topic */
    char chunks[250];           /* chunk topic */
    uint32_t chunk_bytes;       /* <= 900000 */
    struct signing_key signing; /* none: what is written is unsigned */
};

int snapshot_publisher_open(const struct snapshot_publisher_config *config,
                            struct snapshot_publisher **out,
                            struct error *err) MUST_CHECK;

/* Packs (zstd) and publishes the chunks of one encoded snapshot; *manifest gets
 * name, format, id, sizes, digest, counts and offsets. Returns after the
 * commit. After a failure the publisher can only be closed; ERROR_FENCED: there
 * is a younger writer of chunks. */
int snapshot_publisher_chunks(struct snapshot_publisher *publisher,
                              const uint8_t *bytes, size_t size,
                              struct manifest *manifest,
                              struct error *err) MUST_CHECK;

/* Publishes a manifest whose chunks are there. Returns after the commit. After
 * a failure as above. */
int snapshot_publisher_announce(struct snapshot_publisher *publisher,
                                const struct manifest *manifest,
                                struct error *err) MUST_CHECK;

/* Packs and publishes a delta, chunks and manifest in one transaction. The
 * manifest says what it is a delta of, and gets the rest as above. After a
 * failure as above. */
int snapshot_publisher_delta(struct snapshot_publisher *publisher,
                             const uint8_t *bytes, size_t size,
                             struct manifest *manifest,
                             struct error *err) MUST_CHECK;

/* A delta of a snapshot. */
struct delta_name {
    uint64_t epoch;
    uint32_t number;
};

/* Takes deltas that are no longer kept off the topic, in one transaction. After
 * a failure as above. */
int snapshot_publisher_retire_deltas(struct snapshot_publisher *publisher,
                                     const struct delta_name *deltas,
                                     size_t count,
                                     struct error *err) MUST_CHECK;

/* Scorers serve this epoch from now on, or the newest again (0). Where keys are
 * trusted, created_ms must not be before that of the pin in force. */
int snapshot_publisher_pin(struct snapshot_publisher *publisher, uint64_t epoch,
                           int64_t created_ms, struct error *err) MUST_CHECK;

/* Takes an epoch out of service for good. */
int snapshot_publisher_retire(struct snapshot_publisher *publisher,
                              uint64_t epoch, struct error *err) MUST_CHECK;

void snapshot_publisher_close(struct snapshot_publisher *publisher);

#endif
