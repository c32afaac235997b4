/*
 * snapshot_cache.h - published models by version and hash, to score with
 * again.
 *
 * Fetched from Kafka, else from a scorer's local copy (read without its lock);
 * the least recently used go when they are more than bytes_max together, but
 * one is always held. That a model cannot be had is remembered too. One
 * thread.
 */
#ifndef CONSUMER_SNAPSHOT_CACHE_H
#define CONSUMER_SNAPSHOT_CACHE_H

#include "common/base/error.h"
#include "common/event/event.h"

#include "consumer/models/model_board.h"
#include "consumer/models/snapshot_reader.h"

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

/* *model is borrowed until the next call; *text says why there is none, and is
 * borrowed until the cache is closed. Fails only where another try may do. */
int snapshot_cache_get(struct snapshot_cache *cache, uint64_t version,
                       const uint8_t hash[MODEL_HASH_SIZE],
                       enum cache_result *result,
                       const struct served_model **model, const char **text,
                       struct error *err) MUST_CHECK;

/* How often a model was fetched, and how many different ones. */
struct snapshot_cache_counts {
    uint64_t loads, models;
};
struct snapshot_cache_counts
snapshot_cache_counts(const struct snapshot_cache *cache);

/* NULL is fine. */
void snapshot_cache_close(struct snapshot_cache *cache);

#endif
