/*
 * snapshot_publisher.h - a snapshot onto Kafka: chunks, then the manifest, in
 * one transaction.
 *
 * Readers that read committed records never see half a snapshot. On the
 * embedded broker, which has no transactions, the order alone has to do. One
 * thread; the transactional id "<name>-trainer" fences a second publisher.
 */
#ifndef PRODUCER_SNAPSHOT_PUBLISHER_H
#define PRODUCER_SNAPSHOT_PUBLISHER_H

#include "common/base/error.h"
#include "common/event/manifest.h"
#include "common/kafka/kafka_client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snapshot_publisher;

struct snapshot_publisher_config {
    struct kafka_settings kafka;
    char name[64];        /* of the model */
    char models[250];     /* manifest topic */
    char chunks[250];     /* chunk topic */
    uint32_t chunk_bytes; /* <= 900000 */
    bool single_records;  /* only pins and announcements, which are one record
                             each and whole by themselves: no transaction, and
                             a running trainer is not fenced */
};

int snapshot_publisher_open(const struct snapshot_publisher_config *config,
                            struct snapshot_publisher **out,
                            struct error *err) MUST_CHECK;

/* Packs (zstd) and publishes the bytes of one encoded snapshot. The caller
 * fills what it knows of the manifest (epoch included); id, sizes, digest,
 * chunk counts and offsets are filled here. Returns after the commit. */
int snapshot_publisher_publish(struct snapshot_publisher *publisher,
                               const uint8_t *bytes, size_t size,
                               struct manifest *manifest,
                               struct error *err) MUST_CHECK;

/* Publishes a manifest alone: a rollback to chunks that are still there. */
int snapshot_publisher_announce(struct snapshot_publisher *publisher,
                                const struct manifest *manifest,
                                struct error *err) MUST_CHECK;

/* Scorers serve this epoch from now on, or the newest again (0). */
int snapshot_publisher_pin(struct snapshot_publisher *publisher, uint64_t epoch,
                           struct error *err) MUST_CHECK;

void snapshot_publisher_close(struct snapshot_publisher *publisher);

#endif
