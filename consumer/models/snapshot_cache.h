/*
 * snapshot_cache.h - published models by version, delta and hashes, to score
 * with again.
 *
 * The state of a delta is made from the nearest state before it that is in
 * memory, at first the snapshot, with the deltas in between.
 * A model is fetched from Kafka, else read from a scorer's local copy (without
 * its lock). The least recently used models go when all together are larger
 * than bytes_max, but one is always held. The cache remembers too that a model
 * cannot be had. One thread.
 */
#ifndef CONSUMER_SNAPSHOT_CACHE_H
#define CONSUMER_SNAPSHOT_CACHE_H

#include "common/base/error.h"
#include "common/event/event.h"

#include "consumer/models/model_board.h"
#include "consumer/models/snapshot_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snapshot_cache;

struct snapshot_cache_config {
    struct snapshot_reader_config reader;
    char state_dir[512]; /* empty: none */
    size_t bytes_max;
    unsigned timeout_ms;
};

enum cache_result {
    CACHE_FOUND,
    CACHE_GONE,      /* neither published any more nor in the local copy */
    CACHE_DIFFERENT, /* what is published under this version has another hash */
    CACHE_DAMAGED,   /* published, but its bytes are not what they were */
};

int snapshot_cache_open(const struct snapshot_cache_config *config,
                        struct snapshot_cache **out,
                        struct error *err) MUST_CHECK;

struct cached_model {
    enum cache_result result;
    bool is_first; /* the cache was not asked for this model before */
    const struct served_model *model; /* CACHE_FOUND: borrowed until the next
                                         call; else NULL */
    const char *why; /* there is none; borrowed until the cache is closed */
};

/* Fails only for reasons that pass (ERROR_UNAVAILABLE, _TEMPORARY, _AUTH,
 * _MEMORY, ...): the same call may succeed later. */
int snapshot_cache_get(struct snapshot_cache *cache,
                       const struct model_state *state,
                       struct cached_model *out, struct error *err) MUST_CHECK;

/* Borrowed: all manifests that were there when the cache was opened. The cache
 * reads on when it is asked for a model that is not among them. */
struct snapshot_reader *snapshot_cache_reader(struct snapshot_cache *cache);

struct snapshot_cache_counts {
    uint64_t loads;  /* how often a model was fetched */
    uint64_t models; /* how many different ones */
};
struct snapshot_cache_counts
snapshot_cache_counts(const struct snapshot_cache *cache);

/* NULL is fine. */
void snapshot_cache_close(struct snapshot_cache *cache);

#endif
