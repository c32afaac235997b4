#include "model/algorithms/row_cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { ROWS_MIN = 4 };
#define NO_ROW UINT32_MAX

struct slot {
    uint32_t x; /* NO_ROW: empty */
    uint32_t holders;
    bool ready;
    uint32_t newer, older; /* in the order of use; NO_ROW at the ends */
    double *row;           /* (size) */
};

struct scratch {
    struct scratch *next;
    max_align_t zeroed[];
};

struct row_cache {
    struct row_source source;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t changed;
    uint32_t *slot_of; /* (size) or NO_ROW */
    struct slot *slots;
    uint32_t used, slots_max; /* slots with memory, and their bound */
    uint32_t newest, oldest;
    struct scratch *idle;
};

/* --- The order of use ------------------------------------------------- */

static void unlink_slot(struct row_cache *cache, uint32_t at)
{
    struct slot *slot = &cache->slots[at];

    if (slot->newer == NO_ROW)
        cache->newest = slot->older;
    else
        cache->slots[slot->newer].older = slot->older;
    if (slot->older == NO_ROW)
        cache->oldest = slot->newer;
    else
        cache->slots[slot->older].newer = slot->newer;
}

static void link_newest(struct row_cache *cache, uint32_t at)
{
    struct slot *slot = &cache->slots[at];

    slot->newer = NO_ROW;
    slot->older = cache->newest;
    if (cache->newest == NO_ROW)
        cache->oldest = at;
    else
        cache->slots[cache->newest].newer = at;
    cache->newest = at;
}

static void touch(struct row_cache *cache, uint32_t at)
{
    if (cache->newest == at)
        return;
    unlink_slot(cache, at);
    link_newest(cache, at);
}

/* --- Slots ------------------------------------------------------------ */

static uint32_t add_slot(struct row_cache *cache)
{
    if (cache->used == cache->slots_max)
        return NO_ROW;
    double *row = calloc((size_t)cache->source.size + 1, sizeof(*row));
    if (!row)
        return NO_ROW;
    uint32_t at = cache->used++;
    cache->slots[at] = (struct slot){.x = NO_ROW, .row = row};
    link_newest(cache, at);
    return at;
}

/* Returns the longest unused slot that no thread holds; NO_ROW without one. */
static uint32_t give_up(struct row_cache *cache)
{
    for (uint32_t at = cache->oldest; at != NO_ROW;
         at = cache->slots[at].newer) {
        struct slot *slot = &cache->slots[at];
        if (slot->holders > 0)
            continue;
        if (slot->x != NO_ROW)
            cache->slot_of[slot->x] = NO_ROW;
        slot->x = NO_ROW;
        return at;
    }
    return NO_ROW;
}

static uint32_t free_slot(struct row_cache *cache)
{
    uint32_t at = cache->used > 0 && cache->slots[cache->oldest].x == NO_ROW
                      ? cache->oldest
                      : add_slot(cache);

    return at != NO_ROW ? at : give_up(cache);
}

static struct scratch *new_scratch(const struct row_cache *cache)
{
    return calloc(1, sizeof(struct scratch) + cache->source.scratch_bytes);
}

static struct scratch *take_scratch(struct row_cache *cache)
{
    struct scratch *scratch = cache->idle;

    if (!scratch)
        return new_scratch(cache);
    cache->idle = scratch->next;
    return scratch;
}

static void put_scratch(struct row_cache *cache, struct scratch *scratch)
{
    scratch->next = cache->idle;
    cache->idle = scratch;
}

/* --- Holding ---------------------------------------------------------- */

/* Called with the lock held. Returns false where no slot or no scratch is free:
 * the caller waits and tries again. */
static bool fill(struct row_cache *cache, uint32_t x)
{
    struct scratch *scratch = take_scratch(cache);
    if (!scratch)
        return false;
    uint32_t at = free_slot(cache);
    if (at == NO_ROW) {
        put_scratch(cache, scratch);
        return false;
    }
    struct slot *slot = &cache->slots[at];
    slot->x = x;
    slot->ready = false;
    slot->holders = 1;
    cache->slot_of[x] = at;
    touch(cache, at);
    pthread_mutex_unlock(&cache->lock);

    cache->source.compute(cache->source.owner, x, scratch->zeroed, slot->row);

    pthread_mutex_lock(&cache->lock);
    slot->ready = true;
    slot->holders--;
    put_scratch(cache, scratch);
    pthread_cond_broadcast(&cache->changed);
    return true;
}

const double *row_cache_hold(struct row_cache *cache, uint32_t x)
{
    const double *row = NULL;

    pthread_mutex_lock(&cache->lock);
    while (!row) {
        uint32_t at = cache->slot_of[x];
        if (at != NO_ROW && cache->slots[at].ready) {
            cache->slots[at].holders++;
            touch(cache, at);
            row = cache->slots[at].row;
        } else if (at != NO_ROW || !fill(cache, x)) {
            pthread_cond_wait(&cache->changed, &cache->lock);
        }
    }
    pthread_mutex_unlock(&cache->lock);
    return row;
}

void row_cache_put(struct row_cache *cache, uint32_t x)
{
    pthread_mutex_lock(&cache->lock);
    cache->slots[cache->slot_of[x]].holders--;
    pthread_cond_broadcast(&cache->changed);
    pthread_mutex_unlock(&cache->lock);
}

/* --- Life ------------------------------------------------------------- */

static uint32_t rows_within(uint32_t size, uint64_t bytes)
{
    uint64_t rows = bytes / (((uint64_t)size + 1) * sizeof(double));

    if (rows < ROWS_MIN)
        rows = ROWS_MIN;
    return rows < size ? (uint32_t)rows : size;
}

int row_cache_new(const struct row_source *source, uint64_t bytes,
                  struct row_cache **out, struct error *err)
{
    const uint32_t size = source->size;
    struct row_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return error_no_memory(err, "the row cache");
    cache->source = *source;
    cache->slots_max = rows_within(size, bytes);
    cache->newest = cache->oldest = NO_ROW;
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->changed, NULL);
    cache->slot_of = malloc(((size_t)size + 1) * sizeof(*cache->slot_of));
    cache->slots = calloc((size_t)cache->slots_max + 1, sizeof(struct slot));
    cache->idle = new_scratch(cache);
    if (!cache->slot_of || !cache->slots || !cache->idle ||
        (size > 0 && add_slot(cache) == NO_ROW)) {
        row_cache_free(cache);
        return error_no_memory(err, "rows of %u", size);
    }
    for (uint32_t x = 0; x < size; x++)
        cache->slot_of[x] = NO_ROW;
    *out = cache;
    return 0;
}

void row_cache_free(struct row_cache *cache)
{
    if (!cache)
        return;
    for (uint32_t at = 0; cache->slots && at < cache->used; at++)
        free(cache->slots[at].row);
    while (cache->idle) {
        struct scratch *scratch = cache->idle;
        cache->idle = scratch->next;
        free(scratch);
    }
    pthread_cond_destroy(&cache->changed);
    pthread_mutex_destroy(&cache->lock);
    free(cache->slot_of);
    free(cache->slots);
    free(cache);
}
