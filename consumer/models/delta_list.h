/*
 * delta_list.h - the deltas that were published of the snapshots of a model.
 *
 * A delta continues one state, which is named by its SHA-256: the snapshot's,
 * or that of the delta before. So the deltas of a snapshot make a chain, in
 * whatever order their records came. One whose predecessor is not there is kept
 * until that comes. Plain memory, no Kafka. One thread.
 */
#ifndef CONSUMER_DELTA_LIST_H
#define CONSUMER_DELTA_LIST_H

#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/event/manifest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DELTA_LIST_MAX = 32768 }; /* beyond that the oldest are forgotten */

/* What a manifest says of a delta; each has the model's name. */
struct delta {
    uint64_t epoch; /* of the snapshot */
    uint32_t number;
    int64_t created_ms;
    uint64_t rows;
    struct digest base, before; /* of the snapshot; of the state it continues */
    struct digest sha256;       /* of its bytes */
    bool is_signed;
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t snapshot_id[SNAPSHOT_ID_SIZE]; /* of its chunks */
    uint64_t size, packed_size;
    uint32_t chunk_count, chunk_size;
    int64_t first_chunk_offset;
    bool is_linked;  /* the deltas before it lead back to the snapshot */
    bool is_refused; /* its bytes are of no use */
};

/* Zeroed is empty, and may be freed. */
struct delta_list {
    struct delta *deltas; /* (count) as they came */
    size_t count, room;
};

enum delta_place {
    DELTA_CONTINUES, /* a state that is there */
    DELTA_WAITS,     /* its predecessor is not there; `why` says so */
    DELTA_REFUSED,   /* for `why`; the list is as it was */
};

/* Takes the manifest of a delta of this snapshot (its manifest, too). Fails
 * with ERROR_MEMORY alone. */
int delta_list_add(struct delta_list *list, const struct manifest *snapshot,
                   const struct manifest *delta, enum delta_place *place,
                   struct error *why, struct error *err) MUST_CHECK;

/* All that have this number; 0: all of the snapshot. */
void delta_list_remove(struct delta_list *list, uint64_t epoch,
                       uint32_t number);

/* The delta that continues the state, and is not refused; NULL: none. Number 0
 * is the snapshot. Of several the one that came last. Borrowed until the list
 * changes. */
struct delta *delta_list_next(const struct delta_list *list, uint64_t epoch,
                              uint32_t number, const struct digest *state);

/* The linked delta of that number whose SHA-256 begins with the hash (of 0
 * bytes: any); NULL: none. Borrowed as above. */
const struct delta *delta_list_find(const struct delta_list *list,
                                    uint64_t epoch, uint32_t number,
                                    const uint8_t *hash, size_t hash_size);

/* The deltas that are no longer worth their records: those of snapshots whose
 * manifest or chunks are gone (chunks before `chunks_low` are), and whole
 * chains of the oldest where more than `kept` would stay. Returns how many
 * there are, at most `room`; `out` gets them, the oldest first. `snapshots`
 * (count) are the manifests that are there. */
struct manifests_there {
    const struct manifest *snapshots;
    size_t count;
    int64_t chunks_low;
};
size_t delta_list_useless(const struct delta_list *list,
                          const struct manifests_there *there, size_t kept,
                          const struct delta **out, size_t room);

/* The highest number of a linked delta of the snapshot; 0: there is none. */
uint32_t delta_list_newest(const struct delta_list *list, uint64_t epoch);

/* Its manifest, without what only people want to know: it fetches the chunks,
 * and its signature is good. It owns nothing. */
struct manifest delta_manifest(const struct delta *delta, const char *name);

void delta_list_free(struct delta_list *list);

#endif
