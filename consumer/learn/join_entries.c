#include "consumer/learn/join_entries.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64 };

/* --- Ids -------------------------------------------------------------- */

static bool has_id(const struct join_entries *entries,
                   const struct join_entry *entry, const struct id *id)
{
    if (!id->text)
        return entry->text_size == 0 && entry->id.number == id->number;
    return entry->text_size == id->size &&
           memcmp(entries->texts + entry->id.text_at, id->text, id->size) == 0;
}

uint32_t join_entries_find(const struct join_entries *entries,
                           const struct id *id)
{
    if (!entries->table)
        return JOIN_NO_ENTRY;

    uint32_t hash = (uint32_t)id_keyed_hash(id, &entries->key);
    for (uint32_t at = hash & entries->mask; entries->table[at];
         at = (at + 1) & entries->mask) {
        uint32_t slot = entries->table[at] - 1;
        const struct join_entry *entry = &entries->pool[slot];
        if (entry->hash == hash && has_id(entries, entry, id))
            return slot;
    }
    return JOIN_NO_ENTRY;
}

static void put(uint32_t *table, uint32_t mask, uint32_t hash, uint32_t slot)
{
    uint32_t at = hash & mask;

    while (table[at])
        at = (at + 1) & mask;
    table[at] = slot + 1;
}

/* Closes the gap at `hole`: an entry that sits further from its home than the
 * gap moves into it (Knuth, The Art of Computer Programming 3, 6.4, algorithm
 * R). */
static void unput(struct join_entries *entries, uint32_t hole)
{
    uint32_t mask = entries->mask;
    uint32_t at = hole;

    for (;;) {
        entries->table[hole] = 0;
        for (;;) {
            at = (at + 1) & mask;
            if (!entries->table[at])
                return;
            uint32_t home = entries->pool[entries->table[at] - 1].hash & mask;
            if (((at - home) & mask) >= ((at - hole) & mask))
                break;
        }
        entries->table[hole] = entries->table[at];
        hole = at;
    }
}

/* --- Room ------------------------------------------------------------- */

static int out_of_memory(struct error *err)
{
    return error_no_memory(err, "the join: lower join.pending_max");
}

/* All or nothing: two new blocks, then one switch. */
static int grow(struct join_entries *entries, struct error *err)
{
    uint32_t room = entries->room ? entries->room * 2 : ROOM_FIRST;
    uint32_t slots = room * 2;

    if (room >= UINT32_MAX / 4)
        return out_of_memory(err);

    uint32_t *table = calloc(slots, sizeof(*table));
    struct join_entry *pool = malloc(room * sizeof(*pool));
    if (!table || !pool) {
        free(table);
        free(pool);
        return out_of_memory(err);
    }
    if (!entries->table)
        entries->key = id_key_random();
    if (entries->used)
        memcpy(pool, entries->pool, entries->used * sizeof(*pool));
    /* It grows only when every entry is in use. */
    for (uint32_t slot = 0; slot < entries->used; slot++)
        put(table, slots - 1, pool[slot].hash, slot);
    free(entries->table);
    free(entries->pool);
    entries->table = table;
    entries->pool = pool;
    entries->mask = slots - 1;
    entries->room = room;
    return 0;
}

int join_entries_reserve(struct join_entries *entries, enum join_queue queue,
                         struct error *err)
{
    struct join_heap *heap = &entries->queues[queue];
    uint32_t room = heap->room ? heap->room * 2 : ROOM_FIRST;

    if (heap->count < heap->room)
        return 0;
    struct join_wait *list = room < UINT32_MAX / 4
                                 ? realloc(heap->list, room * sizeof(*list))
                                 : NULL;
    if (!list)
        return out_of_memory(err);
    heap->list = list;
    heap->room = room;
    return 0;
}

/* Copies the living texts to a new arena that has room for `size` more. */
static int pack_texts(struct join_entries *entries, size_t size,
                      struct error *err)
{
    size_t alive = entries->texts_used - entries->texts_dead;
    size_t room = 2 * (alive + size) + 4096;
    char *texts = malloc(room);
    size_t used = 0;

    if (!texts)
        return out_of_memory(err);
    for (uint32_t at = 0; entries->table && at <= entries->mask; at++) {
        if (!entries->table[at])
            continue;
        struct join_entry *entry = &entries->pool[entries->table[at] - 1];
        if (!entry->text_size)
            continue;
        memcpy(texts + used, entries->texts + entry->id.text_at,
               entry->text_size);
        entry->id.text_at = used;
        used += entry->text_size;
    }
    assert(used == alive);
    free(entries->texts);
    entries->texts = texts;
    entries->texts_room = room;
    entries->texts_used = used;
    entries->texts_dead = 0;
    return 0;
}

int join_entries_add(struct join_entries *entries, const struct id *id,
                     uint32_t *slot, struct error *err)
{
    if (entries->count == entries->room && grow(entries, err) < 0)
        return -1;
    if (id->text && entries->texts_used + id->size > entries->texts_room &&
        pack_texts(entries, id->size, err) < 0)
        return -1;

    uint32_t at;
    if (entries->spare) {
        at = entries->spare - 1;
        /* Written when it was removed, which the analyzer cannot know. */
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign) */
        entries->spare = entries->pool[at].link;
    } else {
        at = entries->used++;
    }
    struct join_entry *entry = &entries->pool[at];
    memset(entry, 0, sizeof(*entry));
    entry->hash = (uint32_t)id_keyed_hash(id, &entries->key);
    entry->id.number = id->number;
    if (id->text) {
        assert(id->size > 0 && id->size <= ID_TEXT_MAX);
        entry->id.text_at = entries->texts_used;
        entry->text_size = (uint16_t)id->size;
        memcpy(entries->texts + entries->texts_used, id->text, id->size);
        entries->texts_used += id->size;
    }
    put(entries->table, entries->mask, entry->hash, at);
    entries->count++;
    *slot = at;
    return 0;
}

void join_entries_remove(struct join_entries *entries, uint32_t slot)
{
    struct join_entry *entry = &entries->pool[slot];
    uint32_t at = entry->hash & entries->mask;

    while (entries->table[at] != slot + 1)
        at = (at + 1) & entries->mask;
    unput(entries, at);
    entries->texts_dead += entry->text_size;
    entry->link = entries->spare;
    entries->spare = slot + 1;
    entries->count--;
}

/* --- Deadlines -------------------------------------------------------- */

static bool earlier(const struct join_wait *a, const struct join_wait *b)
{
    if (a->deadline_ms != b->deadline_ms)
        return a->deadline_ms < b->deadline_ms;
    return (int32_t)(a->order - b->order) < 0;
}

static void place(struct join_entries *entries, struct join_heap *heap,
                  uint32_t at, struct join_wait wait)
{
    heap->list[at] = wait;
    entries->pool[wait.slot].link = at;
}

static void rise(struct join_entries *entries, struct join_heap *heap,
                 uint32_t at, struct join_wait wait)
{
    while (at > 0 && earlier(&wait, &heap->list[(at - 1) / 2])) {
        place(entries, heap, at, heap->list[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(entries, heap, at, wait);
}

static void sink(struct join_entries *entries, struct join_heap *heap,
                 uint32_t at, struct join_wait wait)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < heap->count &&
            earlier(&heap->list[child + 1], &heap->list[child]))
            child++;
        if (child >= heap->count || !earlier(&heap->list[child], &wait))
            break;
        place(entries, heap, at, heap->list[child]);
        at = child;
    }
    place(entries, heap, at, wait);
}

void join_entries_wait(struct join_entries *entries, enum join_queue queue,
                       uint32_t slot, int64_t deadline_ms)
{
    struct join_heap *heap = &entries->queues[queue];
    struct join_wait wait = {deadline_ms, entries->order++, slot};

    assert(heap->count < heap->room);
    rise(entries, heap, heap->count++, wait);
}

void join_entries_unwait(struct join_entries *entries, enum join_queue queue,
                         uint32_t slot)
{
    struct join_heap *heap = &entries->queues[queue];
    uint32_t at = entries->pool[slot].link;
    struct join_wait last = heap->list[--heap->count];

    assert(at <= heap->count);
    if (at == heap->count)
        return;
    if (at > 0 && earlier(&last, &heap->list[(at - 1) / 2]))
        rise(entries, heap, at, last);
    else
        sink(entries, heap, at, last);
}

/* --- The whole -------------------------------------------------------- */

size_t join_entries_bytes(const struct join_entries *entries)
{
    size_t per_entry = sizeof(*entries->pool) + 2 * sizeof(*entries->table);
    size_t bytes = entries->room * per_entry + entries->texts_room;

    for (int queue = 0; queue < JOIN_QUEUES; queue++)
        bytes += entries->queues[queue].room * sizeof(struct join_wait);
    return bytes;
}

void join_entries_free(struct join_entries *entries)
{
    free(entries->pool);
    free(entries->table);
    free(entries->texts);
    for (int queue = 0; queue < JOIN_QUEUES; queue++)
        free(entries->queues[queue].list);
    memset(entries, 0, sizeof(*entries));
}
