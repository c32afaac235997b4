#include "consumer/models/snapshot_cache.h"

#include "consumer/models/snapshot_store.h"
#include "consumer/read/extent.h"

#include "model/snapshot_delta.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_FACTOR = 2 }; /* decoded, with its tables of ids, to encoded */

struct entry {
    struct model_state state;
    enum cache_result result;
    struct served_model *model; /* NULL: let go, or not to be had */
    size_t bytes;               /* of the model */
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
    const struct model *its = model->snapshot->model;

    return its->ops->fields ? its->ops->fields->bytes(its)
                            : (size_t)model->manifest.size * MEMORY_FACTOR;
}

static void let_go(struct snapshot_cache *cache, struct entry *entry)
{
    if (!entry->model)
        return;
    cache->bytes -= entry->bytes;
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

/* Takes over the manifest and the snapshot. */
static int hold(struct snapshot_cache *cache, struct entry *entry,
                struct manifest *manifest, struct snapshot *snapshot,
                struct error *err)
{
    struct served_model *model = calloc(1, sizeof(*model));

    if (!model) {
        manifest_free(manifest);
        snapshot_free(snapshot);
        return error_no_memory(err, "the snapshot cache");
    }
    model->manifest = *manifest;
    model->snapshot = snapshot;
    entry->model = model;
    entry->result = CACHE_FOUND;
    entry->bytes = bytes_of(model);
    cache->bytes += entry->bytes;
    cache->loads++;
    return 0;
}

/* Takes over the manifest. Bytes whose digest is right are a snapshot, unless
 * this program is too old for them. */
static int keep(struct snapshot_cache *cache, struct entry *entry,
                struct manifest *manifest, const struct buffer *bytes,
                struct error *err)
{
    struct snapshot *snapshot = NULL;
    struct error why;

    if (snapshot_decode(bytes->bytes, bytes->size, &snapshot, &why) == 0)
        return hold(cache, entry, manifest, snapshot, err);
    manifest_free(manifest);
    if (why.code == ERROR_FORMAT || why.code == ERROR_LIMIT)
        return give_up(entry, CACHE_DAMAGED, &why);
    *err = why; /* the memory's fault, not the snapshot's */
    return -1;
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
                            entry->state.version, &manifest, &bytes, &why) < 0)
        return 0;
    if (is_hash_of(entry->state.hash, &manifest.sha256) &&
        manifest_check_signature(&manifest, &cache->config.reader.trusted,
                                 &why) == 0)
        status = keep(cache, entry, &manifest, &bytes, err);
    else
        manifest_free(&manifest);
    buffer_free(&bytes);
    return status;
}

static int load_snapshot(struct snapshot_cache *cache, struct entry *entry,
                         struct error *err)
{
    const struct manifest *published =
        snapshot_reader_find(cache->reader, entry->state.version);

    entry->result = CACHE_GONE;
    if (!published)
        error_set(&entry->why, ERROR_UNAVAILABLE,
                  "no manifest of this version is on '%s'",
                  cache->config.reader.models);
    else if (!is_hash_of(entry->state.hash, &published->sha256)) {
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

/* --- Deltas ----------------------------------------------------------- */

/* The deltas 1..last that lead to a state, and the state in memory that the
 * first `done` of them have led to. */
struct way {
    const struct delta *deltas[SNAPSHOT_DELTAS_MAX];
    uint32_t last, done;
    const struct served_model *from;
};

static void tell_missing(const struct snapshot_cache *cache,
                         struct entry *entry, uint32_t number)
{
    const bool is_there =
        delta_list_find(snapshot_reader_deltas(cache->reader),
                        entry->state.version, number, NULL, 0) != NULL;

    entry->result = is_there ? CACHE_DIFFERENT : CACHE_GONE;
    error_set(&entry->why, ERROR_UNAVAILABLE,
              "delta %u of this version is not on '%s'%s", number,
              cache->config.reader.models, is_there ? " with this hash" : "");
}

/* The manifests of the way; where one is missing, the entry says so. */
static bool find_way(const struct snapshot_cache *cache, struct entry *entry,
                     struct way *way)
{
    const struct delta_list *list = snapshot_reader_deltas(cache->reader);
    const struct model_state *state = &entry->state;
    const uint8_t *hash = state->delta_hash;
    size_t hash_size = MODEL_HASH_SIZE;

    way->last = state->delta;
    entry->result = CACHE_GONE;
    if (state->delta > SNAPSHOT_DELTAS_MAX) {
        error_set(&entry->why, ERROR_FORMAT, "there is no delta %u",
                  state->delta);
        return false;
    }
    for (uint32_t number = state->delta; number > 0; number--) {
        const struct delta *delta =
            delta_list_find(list, state->version, number, hash, hash_size);
        if (!delta) {
            tell_missing(cache, entry, number);
            return false;
        }
        way->deltas[number - 1] = delta;
        hash = delta->before.bytes;
        hash_size = DIGEST_SIZE;
    }
    return true;
}

static bool is_on(const struct way *way, const struct snapshot *snapshot)
{
    const uint32_t delta = snapshot->delta;

    return delta > 0 && delta < way->last &&
           digest_equals(&way->deltas[delta - 1]->sha256,
                         &snapshot->delta_sha256);
}

/* The state nearest to the end of the way; else the snapshot, which is
 * loaded. */
static int find_begin(struct snapshot_cache *cache, struct entry *entry,
                      struct way *way, struct error *err)
{
    struct model_state base = {.version = entry->state.version};
    struct cached_model found;

    way->from = NULL;
    way->done = 0;
    for (size_t i = 0; i < cache->count; i++) {
        const struct served_model *model = cache->entries[i]->model;
        if (model && model->manifest.epoch == base.version &&
            is_on(way, model->snapshot) && model->snapshot->delta > way->done) {
            way->from = model;
            way->done = model->snapshot->delta;
        }
    }
    if (way->from)
        return 0;
    memcpy(base.hash, entry->state.hash, MODEL_HASH_SIZE);
    if (snapshot_cache_get(cache, &base, &found, err) < 0)
        return -1;
    way->from = found.model;
    entry->result = found.result;
    if (!found.model)
        error_set(&entry->why, ERROR_UNAVAILABLE, "%s", found.why);
    return 0;
}

static int apply(struct snapshot_cache *cache, const struct delta *delta,
                 struct snapshot *to, struct error *err)
{
    struct buffer bytes = {0};
    enum snapshot_refusal why;
    int status = -1;

    if (delta->first_chunk_offset < cache->chunks_low)
        error_set(err, ERROR_INPUT,
                  "the chunks of delta %u are no longer on "
                  "'%s'",
                  delta->number, cache->config.reader.chunks);
    else
        status = snapshot_reader_fetch_delta(
            cache->reader, delta, cache->config.timeout_ms, &bytes, &why, err);
    if (status == 0)
        status = snapshot_delta_apply(to, delta->epoch, bytes.bytes, bytes.size,
                                      err);
    buffer_free(&bytes);
    return status;
}

/* Goes the rest of the way. */
static int go(struct snapshot_cache *cache, struct entry *entry,
              const struct way *way, struct error *err)
{
    struct snapshot *snapshot = NULL;
    struct manifest manifest;
    int status = snapshot_copy(way->from->snapshot, &snapshot, err);

    for (uint32_t i = way->done; status == 0 && i < way->last; i++)
        status = apply(cache, way->deltas[i], snapshot, err);
    if (status == 0)
        status = manifest_copy(&way->from->manifest, &manifest, err);
    if (status == 0)
        return hold(cache, entry, &manifest, snapshot, err);
    snapshot_free(snapshot);
    if (err->code == ERROR_FORMAT || err->code == ERROR_LIMIT)
        return give_up(entry, CACHE_DAMAGED, err);
    return err->code == ERROR_INPUT ? give_up(entry, CACHE_GONE, err) : -1;
}

static int load(struct snapshot_cache *cache, struct entry *entry,
                struct error *err)
{
    struct way way;

    if (entry->state.delta == 0)
        return load_snapshot(cache, entry, err);
    if (!find_way(cache, entry, &way))
        return 0;
    if (find_begin(cache, entry, &way, err) < 0)
        return -1;
    return way.from ? go(cache, entry, &way, err) : 0;
}

/* --- Asking ----------------------------------------------------------- */

static struct entry *find(const struct snapshot_cache *cache,
                          const struct model_state *state)
{
    for (size_t i = cache->count; i-- > 0;)
        if (model_state_order(&cache->entries[i]->state, state) == 0)
            return cache->entries[i];
    return NULL;
}

static int add(struct snapshot_cache *cache, const struct model_state *state,
               struct entry **out, struct error *err)
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
    entry->state = *state;
    entries[cache->count++] = entry;
    *out = entry;
    return 0;
}

/* The next call tries again. */
static void forget(struct snapshot_cache *cache, struct entry *entry)
{
    for (size_t i = 0; i < cache->count; i++)
        if (cache->entries[i] == entry)
            cache->entries[i] = cache->entries[--cache->count];
    free(entry);
}

/* Models are published while the cache is in use. */
static bool is_known(const struct snapshot_cache *cache,
                     const struct model_state *state)
{
    if (state->delta == 0)
        return state->version <= snapshot_reader_highest(cache->reader);
    return delta_list_find(snapshot_reader_deltas(cache->reader),
                           state->version, state->delta, state->delta_hash,
                           MODEL_HASH_SIZE) != NULL;
}

int snapshot_cache_get(struct snapshot_cache *cache,
                       const struct model_state *state,
                       struct cached_model *out, struct error *err)
{
    struct entry *entry = find(cache, state);
    bool is_new = !entry;

    if (is_new && !is_known(cache, state) &&
        snapshot_reader_catch_up(cache->reader, cache->config.timeout_ms, NULL,
                                 err) < 0)
        return error_wrap(err, "model %" PRIu64, state->version);
    if (is_new && add(cache, state, &entry, err) < 0)
        return -1;
    if ((is_new || (entry->result == CACHE_FOUND && !entry->model)) &&
        load(cache, entry, err) < 0) {
        if (is_new)
            forget(cache, entry);
        return error_wrap(err, "model %" PRIu64, state->version);
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
