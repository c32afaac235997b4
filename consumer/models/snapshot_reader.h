/*
 * snapshot_reader.h - published snapshots, off Kafka and verified.
 *
 * Follows the manifest topic of one model name and fetches chunks on demand.
 * Nothing it returns is unverified: manifest limits, chunk checksums, sizes,
 * SHA-256. One thread.
 */
#ifndef CONSUMER_SNAPSHOT_READER_H
#define CONSUMER_SNAPSHOT_READER_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/event/manifest.h"
#include "common/kafka/kafka_client.h"

#include "consumer/models/delta_list.h"
#include "consumer/models/snapshot_refusal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snapshot_reader;

struct snapshot_reader_config {
    struct kafka_settings kafka;
    char name[64];               /* of the model */
    char models[250];            /* manifest topic */
    char chunks[250];            /* chunk topic */
    struct trusted_keys trusted; /* none: unsigned models will do */
};

int snapshot_reader_open(const struct snapshot_reader_config *config,
                         struct snapshot_reader **out,
                         struct error *err) MUST_CHECK;

/* Reads what is new on the manifest topic for at most wait_ms. *refused
 * (REFUSED_COUNT entries, may be NULL) is added to. */
int snapshot_reader_poll(struct snapshot_reader *reader, unsigned wait_ms,
                         uint64_t refused[REFUSED_COUNT],
                         struct error *err) MUST_CHECK;

/* Until everything that was on the topic at the time of the call is read.
 * ERROR_UNAVAILABLE: not within timeout_ms. ERROR_AUTH: neither, and it may not
 * be read. */
int snapshot_reader_catch_up(struct snapshot_reader *reader,
                             unsigned timeout_ms,
                             uint64_t refused[REFUSED_COUNT],
                             struct error *err) MUST_CHECK;

/* Its two halves, for who cannot wait so long at a time: the second one may be
 * called until it succeeds, and then everything is read that was on the topic
 * when the first one was called. */
int snapshot_reader_begin_look(struct snapshot_reader *reader,
                               struct error *err) MUST_CHECK;
int snapshot_reader_end_look(struct snapshot_reader *reader,
                             unsigned timeout_ms,
                             uint64_t refused[REFUSED_COUNT],
                             struct error *err) MUST_CHECK;

/* All acceptable manifests seen, oldest first: borrowed until the next poll. */
const struct manifest *
snapshot_reader_manifests(const struct snapshot_reader *reader, size_t *count);

/* The one to serve: the pinned one, else the newest; NULL when none. */
const struct manifest *
snapshot_reader_wanted(const struct snapshot_reader *reader);
uint64_t snapshot_reader_pinned(const struct snapshot_reader *reader);
/* When that was said; 0: not known. The next pin must be younger. */
int64_t snapshot_reader_pin_ms(const struct snapshot_reader *reader);
const struct manifest *
snapshot_reader_find(const struct snapshot_reader *reader, uint64_t epoch);

/* The highest epoch seen, also where it was retired: the next is one more. */
uint64_t snapshot_reader_highest(const struct snapshot_reader *reader);

/* Was this epoch taken out of service? */
bool snapshot_reader_is_retired(const struct snapshot_reader *reader,
                                uint64_t epoch);

/* Why the newest manifest or pin was refused; NULL where it was not. */
const char *
snapshot_reader_newest_refusal(const struct snapshot_reader *reader);

/* Why the last refused manifest was refused. */
const char *snapshot_reader_refusal(const struct snapshot_reader *reader);

/* The snapshot's bytes (encoded, unpacked, digest checked). timeout_ms is the
 * longest silence between two chunks. ERROR_FORMAT and ERROR_LIMIT mean that it
 * is refused for *why; ERROR_INPUT, that a chunk is not on the topic yet (it
 * may be on its way: the chunks and the manifest are on two partitions); any
 * other error, that it may work another time. */
int snapshot_reader_fetch(struct snapshot_reader *reader,
                          const struct manifest *manifest, unsigned timeout_ms,
                          struct buffer *out, enum snapshot_refusal *why,
                          struct error *err) MUST_CHECK;

/* The deltas of all snapshots; borrowed until the next poll, as each of them. A
 * reader that cannot use one may set its is_refused. */
const struct delta_list *
snapshot_reader_deltas(const struct snapshot_reader *reader);

/* The bytes of a delta. Fails as snapshot_reader_fetch(). */
int snapshot_reader_fetch_delta(struct snapshot_reader *reader,
                                const struct delta *delta, unsigned timeout_ms,
                                struct buffer *out, enum snapshot_refusal *why,
                                struct error *err) MUST_CHECK;

/* Makes a catch-up or a fetch that is under way, and all later ones, give up
 * within a tenth of a second. Any thread. */
void snapshot_reader_cancel(struct snapshot_reader *reader);

void snapshot_reader_close(struct snapshot_reader *reader);

#endif
