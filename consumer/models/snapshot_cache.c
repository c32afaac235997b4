#include "consumer/models/snapshot_cache.h"

#include "consumer/models/snapshot_store.h"
#include "consumer/read/extent.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_FACTOR = 2 }; /* decoded, with its tables of ids, to encoded */

struct entry {
    uint64_t version;
    uint8_t hash[MODEL_HASH_SIZE];
    enum cache_result result;
    struct served_model *model; /* NULL: let go, or not to be had */
    uint64_t used;              /* when, in calls */
    struct error why;
};

struct snapshot_cache {
    struct snapshot_cache_config config;
    struct snapshot_reader *reader;
    int64_t chunks_low; /* chunks before it are gone */
    struct entry **entries;
    size_t count;
    size_t bytes;
    uint64_t calls, loads;
};

/* --- Opening ---------------------------------------------------------- */

static int ask_chunks_low(struct snapshot_cache *cache, struct error *err)
{
    struct topic_extent extent;
    struct extent_query query = {.topic = cache->config.reader.chunks,
                                 .partition = 0,
                                 .timeout_ms = cache->config.timeout_ms};

    if (topic_extent_find(&cache->config.reader.kafka, &query, &extent, err) <
        0)
        return -1;
    cache->chunks_low = extent.ends[0].low;
    topic_extent_free(&extent);
    return 0;
}

int snapshot_cache_open(const struct snapshot_cache_config *config,
                        struct snapshot_cache **out, struct error *err)
{
    struct snapshot_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return error_no_memory(err, "the snapshot cache");
    cache->config = *config;
    if (snapshot_reader_open(&config->reader, &cache->reader, err) < 0 ||
        snapshot_reader_catch_up(cache->reader, config->timeout_ms, NULL, err) <
            0 ||
        ask_chunks_low(cache, err) < 0) {
        snapshot_cache_close(cache);
        return -1;
    }
    *out = cache;
    return 0;
}

/* --- Memory ----------------------------------------------------------- */

static size_t bytes_of(const struct served_model *model)
{
    return (size_t)model->manifest.size * MEMORY_FACTOR;
}

static void let_go(struct snapshot_cache *cache, struct entry *entry)
{
    if (!entry->model)
        return;
    cache->bytes -= bytes_of(entry->model);
    snapshot_free(entry->model->snapshot);
    manifest_free(&entry->model->manifest);
    free(entry->model);
    entry->model = NULL;
}

static struct entry *oldest_but(const struct snapshot_cache *cache,
                                const struct entry *kept)
{
    struct entry *oldest = NULL;

    for (size_t i = 0; i < cache->count; i++) {
        struct entry *entry = cache->entries[i];
        if (entry->model && entry != kept &&
            (!oldest || entry->used < oldest->used))
            oldest = entry;
    }
    return oldest;
}

static void make_room(struct snapshot_cache *cache, const struct entry *kept)
{
    struct entry *oldest;

    while (cache->bytes > cache->config.bytes_max &&
           (oldest = oldest_but(cache, kept)))
        let_go(cache, oldest);
}

void snapshot_cache_close(struct snapshot_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->count; i++) {
        let_go(cache, cache->entries[i]);
        free(cache->entries[i]);
    }
    free(cache->entries);
    snapshot_reader_close(cache->reader);
    free(cache);
}

/* --- Loading ---------------------------------------------------------- */

static bool is_hash_of(const uint8_t hash[MODEL_HASH_SIZE],
                       const struct digest *digest)
{
    return memcmp(hash, digest->bytes, MODEL_HASH_SIZE) == 0;
}

static int give_up(struct entry *entry, enum cache_result result,
                   const struct error *why)
{
    entry->result = result;
    entry->why = *why;
    return 0;
}

/* Takes over the manifest. Bytes whose digest is right are a snapshot, unless
 * this program is too old for them. */
static int keep(struct snapshot_cache *cache, struct entry *entry,
                struct manifest *manifest, const struct buffer *bytes,
                struct error *err)
{
    struct error why;
    struct served_model *model = calloc(1, sizeof(*model));

    if (!model) {
        manifest_free(manifest);
        return error_no_memory(err, "the snapshot cache");
    }
    if (snapshot_decode(bytes->bytes, bytes->size, &model->snapshot, &why) <
        0) {
        manifest_free(manifest);
        free(model);
        if (why.code == ERROR_FORMAT || why.code == ERROR_LIMIT)
            return give_up(entry, CACHE_DAMAGED, &why);
        *err = why; /* the memory's fault, not the snapshot's */
        return -1;
    }
    model->manifest = *manifest;
    entry->model = model;
    entry->result = CACHE_FOUND;
    cache->bytes += bytes_of(model);
    cache->loads++;
    return 0;
}

/* Off Kafka. A refusal is an answer. */
static int load_published(struct snapshot_cache *cache, struct entry *entry,
                          const struct manifest *published, struct error *err)
{
    struct buffer bytes = {0};
    struct manifest manifest;
    enum snapshot_refusal why;
    int status = snapshot_reader_fetch(
        cache->reader, published, cache->config.timeout_ms, &bytes, &why, err);

    if (status < 0 && (err->code == ERROR_FORMAT || err->code == ERROR_LIMIT))
        status = give_up(entry, CACHE_DAMAGED, err);
    else if (status < 0 && err->code == ERROR_INPUT)
        status = give_up(entry, CACHE_GONE, err);
    else if (status == 0 &&
             (status = manifest_copy(published, &manifest, err)) == 0)
        status = keep(cache, entry, &manifest, &bytes, err);
    buffer_free(&bytes);
    return status;
}

static int load_local(struct snapshot_cache *cache, struct entry *entry,
                      struct error *err)
{
    struct buffer bytes = {0};
    struct manifest manifest;
    struct error why;
    int status = 0;

    if (!cache->config.state_dir[0] ||
        snapshot_store_peek(cache->config.state_dir, cache->config.reader.name,
                            entry->version, &manifest, &bytes, &why) < 0)
        return 0;
    if (is_hash_of(entry->hash, &manifest.sha256) &&
        manifest_check_signature(&manifest, &cache->config.reader.trusted,
                                 &why) == 0)
        status = keep(cache, entry, &manifest, &bytes, err);
    else
        manifest_free(&manifest);
    buffer_free(&bytes);
    return status;
}

static int load(struct snapshot_cache *cache, struct entry *entry,
                struct error *err)
{
    const struct manifest *published =
        snapshot_reader_find(cache->reader, entry->version);

    entry->result = CACHE_GONE;
    if (!published)
        error_set(&entry->why, ERROR_UNAVAILABLE,
                  "no manifest of this version is on '%s'",
                  cache->config.reader.models);
    else if (!is_hash_of(entry->hash, &published->sha256)) {
        entry->result = CACHE_DIFFERENT;
        error_set(&entry->why, ERROR_FORMAT,
                  "what is published under this version has another hash");
    } else if (published->first_chunk_offset < cache->chunks_low)
        error_set(&entry->why, ERROR_UNAVAILABLE,
                  "its chunks are no longer on '%s'",
                  cache->config.reader.chunks);
    else if (load_published(cache, entry, published, err) < 0)
        return -1;
    return entry->model ? 0 : load_local(cache, entry, err);
}

/* --- Asking ----------------------------------------------------------- */

static struct entry *find(const struct snapshot_cache *cache, uint64_t version,
                          const uint8_t hash[MODEL_HASH_SIZE])
{
    for (size_t i = 0; i < cache->count; i++)
        if (cache->entries[i]->version == version &&
            memcmp(cache->entries[i]->hash, hash, MODEL_HASH_SIZE) == 0)
            return cache->entries[i];
    return NULL;
}

static int add(struct snapshot_cache *cache, uint64_t version,
               const uint8_t hash[MODEL_HASH_SIZE], struct entry **out,
               struct error *err)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    struct entry **entries =
        realloc(cache->entries, (cache->count + 1) * sizeof(struct entry *));

    if (entries)
        cache->entries = entries;
    if (!entry || !entries) {
        free(entry);
        return error_no_memory(err, "the snapshot cache");
    }
    entry->version = version;
    memcpy(entry->hash, hash, MODEL_HASH_SIZE);
    entries[cache->count++] = entry;
    *out = entry;
    return 0;
}

static void forget_last(struct snapshot_cache *cache)
{
    free(cache->entries[--cache->count]);
}

int snapshot_cache_get(struct snapshot_cache *cache, uint64_t version,
                       const uint8_t hash[MODEL_HASH_SIZE],
                       struct cached_model *out, struct error *err)
{
    struct entry *entry = find(cache, version, hash);
    bool is_new = !entry;

    if (is_new && add(cache, version, hash, &entry, err) < 0)
        return -1;
    if ((is_new || (entry->result == CACHE_FOUND && !entry->model)) &&
        load(cache, entry, err) < 0) {
        if (is_new)
            forget_last(cache); /* the next call tries again */
        return error_wrap(err, "model %" PRIu64, version);
    }
    entry->used = ++cache->calls;
    make_room(cache, entry);
    *out = (struct cached_model){.result = entry->result,
                                 .is_first = is_new,
                                 .model = entry->model,
                                 .why = entry->why.text};
    return 0;
}

struct snapshot_reader *snapshot_cache_reader(struct snapshot_cache *cache)
{
    return cache->reader;
}

struct snapshot_cache_counts
snapshot_cache_counts(const struct snapshot_cache *cache)
{
    struct snapshot_cache_counts counts = {.loads = cache->loads};

    for (size_t i = 0; i < cache->count; i++)
        counts.models += cache->entries[i]->result == CACHE_FOUND;
    return counts;
}
