/*
 * chunk_fetch.h - one snapshot off the chunk topic, put together and checked.
 *
 * Chunks come in order behind each other; those of other snapshots in between
 * are passed over. A chunk that is left out, doubled, out of order or damaged
 * refuses the snapshot; one that the topic does not have yet is waited for.
 * Sizes are believed only within the manifest's.
 */
#ifndef CONSUMER_CHUNK_FETCH_H
#define CONSUMER_CHUNK_FETCH_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/event/manifest.h"
#include "common/kafka/kafka_client.h"

#include "consumer/models/snapshot_refusal.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rd_kafka_topic_s rd_kafka_topic_t;

/* The headers of a chunk record. */
struct chunk {
    const uint8_t *snapshot_id; /* SNAPSHOT_ID_SIZE */
    uint32_t seq, count, size, crc32;
    const uint8_t *bytes;
    size_t byte_count;
};

/* Puts the next chunk behind those before it. *next is the number it must
 * have, and moves on; a chunk of another snapshot changes nothing. */
int chunk_append(const struct manifest *manifest, const struct chunk *chunk,
                 uint32_t *next, struct buffer *packed,
                 struct error *err) MUST_CHECK;

/* Unpacks one zstd frame into `out` and checks size and digest. */
int chunk_unpack(const struct manifest *manifest, const struct buffer *packed,
                 struct buffer *out, enum snapshot_refusal *why,
                 struct error *err) MUST_CHECK;

/* Where chunks come from; *cancelled may turn true at any time. */
struct chunk_source {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    const atomic_bool *cancelled;
};

/* Fetches the whole snapshot. timeout_ms is the longest silence between two
 * chunks. ERROR_FORMAT and ERROR_LIMIT mean that the snapshot is refused for
 * *why: chunks were read, and they are wrong or gone for good. ERROR_INPUT
 * means that a chunk is not on the topic yet: commits reach partitions one by
 * one, so that a manifest may be visible before its chunks. Any other error
 * means that it may work another time. */
int chunk_fetch(const struct chunk_source *from,
                const struct manifest *manifest, unsigned timeout_ms,
                struct buffer *out, enum snapshot_refusal *why,
                struct error *err) MUST_CHECK;

#endif
