#include "consumer/learn/join_entries.h"

#include "common/base/array.h"
#include "common/base/heap.h"

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
    const struct slot_table *table = &entries->table;

    if (!table->places)
        return JOIN_NO_ENTRY;

    uint32_t hash = (uint32_t)id_keyed_hash(id, &entries->key);
    for (uint32_t at = slot_table_first(table, hash); table->places[at];
         at = slot_table_next(table, at)) {
        uint32_t slot = table->places[at] - 1;
        const struct join_entry *entry = &entries->pool[slot];
        if (entry->hash == hash && has_id(entries, entry, id))
            return slot;
    }
    return JOIN_NO_ENTRY;
}

static uint32_t hash_of(const void *context, uint32_t slot)
{
    const struct join_entries *entries = context;

    return entries->pool[slot].hash;
}

/* --- Room ------------------------------------------------------------- */

static int out_of_memory(struct error *err)
{
    return error_no_memory(err, "the join: lower join.pending_max");
}

/* All or nothing: new blocks, then one switch. */
static int grow(struct join_entries *entries, struct error *err)
{
    uint32_t room = entries->room ? entries->room * 2 : ROOM_FIRST;
    uint32_t slots = room * 2;

    if (room >= UINT32_MAX / 4)
        return out_of_memory(err);

    struct slot_table table = {.places = calloc(slots, sizeof(*table.places)),
                               .mask = slots - 1};
    struct join_entry *pool = malloc(room * sizeof(*pool));
    const size_t row = entries->width * sizeof(uint64_t);
    uint64_t *values = row ? malloc(room * row) : NULL;
    if (!table.places || !pool || (row && !values)) {
        free(table.places);
        free(pool);
        free(values);
        return out_of_memory(err);
    }
    if (!entries->table.places)
        entries->key = id_key_random();
    if (entries->used)
        memcpy(pool, entries->pool, entries->used * sizeof(*pool));
    if (entries->used && row)
        memcpy(values, entries->values, entries->used * row);
    /* Every entry is in use: the table grows only then. */
    for (uint32_t slot = 0; slot < entries->used; slot++)
        slot_table_put(&table, pool[slot].hash, slot);
    free(entries->table.places);
    free(entries->pool);
    free(entries->values);
    entries->table = table;
    entries->pool = pool;
    entries->values = values;
    entries->room = room;
    return 0;
}

int join_entries_reserve(struct join_entries *entries, enum join_queue queue,
                         struct error *err)
{
    struct join_heap *heap = &entries->queues[queue];
    struct join_wait *list =
        array_with_room(heap->list, heap->count, &heap->room, sizeof(*list));

    if (!list)
        return out_of_memory(err);
    heap->list = list;
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
    const struct slot_table *table = &entries->table;
    for (uint32_t at = 0; table->places && at <= table->mask; at++) {
        if (!table->places[at])
            continue;
        struct join_entry *entry = &entries->pool[table->places[at] - 1];
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
    if (entries->width)
        memset(join_entries_values(entries, at), 0,
               entries->width * sizeof(uint64_t));
    entry->hash = (uint32_t)id_keyed_hash(id, &entries->key);
    entry->id.number = id->number;
    if (id->text) {
        assert(id->size > 0 && id->size <= ID_TEXT_MAX);
        entry->id.text_at = entries->texts_used;
        entry->text_size = (uint16_t)id->size;
        memcpy(entries->texts + entries->texts_used, id->text, id->size);
        entries->texts_used += id->size;
    }
    slot_table_put(&entries->table, entry->hash, at);
    entries->count++;
    *slot = at;
    return 0;
}

void join_entries_remove(struct join_entries *entries, uint32_t slot)
{
    struct join_entry *entry = &entries->pool[slot];

    slot_table_take(&entries->table, slot, hash_of, entries);
    entries->texts_dead += entry->text_size;
    entry->link = entries->spare;
    entries->spare = slot + 1;
    entries->count--;
}

/* --- Deadlines -------------------------------------------------------- */

static bool is_earlier(const void *context, const void *a, const void *b)
{
    const struct join_wait *wait = a, *other = b;

    (void)context;
    if (wait->deadline_ms != other->deadline_ms)
        return wait->deadline_ms < other->deadline_ms;
    return (int32_t)(wait->order - other->order) < 0;
}

/* An entry knows where it waits, so that it can leave from there. */
static void note_place(void *context, const void *item, size_t at)
{
    struct join_entries *entries = context;
    const struct join_wait *wait = item;

    entries->pool[wait->slot].link = (uint32_t)at;
}

static struct heap heap_of(struct join_entries *entries, enum join_queue queue)
{
    return (struct heap){.items = entries->queues[queue].list,
                         .item_size = sizeof(struct join_wait),
                         .comes_before = is_earlier,
                         .is_at = note_place,
                         .context = entries};
}

void join_entries_wait(struct join_entries *entries, enum join_queue queue,
                       uint32_t slot, int64_t deadline_ms)
{
    const struct heap heap = heap_of(entries, queue);
    struct join_heap *waiting = &entries->queues[queue];
    struct join_wait wait = {deadline_ms, entries->order++, slot};

    assert(waiting->count < waiting->room);
    heap_rise(&heap, waiting->count++, &wait);
}

void join_entries_unwait(struct join_entries *entries, enum join_queue queue,
                         uint32_t slot)
{
    const struct heap heap = heap_of(entries, queue);
    struct join_heap *waiting = &entries->queues[queue];
    uint32_t at = entries->pool[slot].link;
    struct join_wait last = waiting->list[--waiting->count];

    assert(at <= waiting->count);
    if (at < waiting->count)
        heap_close(&heap, waiting->count, at, &last);
}

/* --- The whole -------------------------------------------------------- */

size_t join_entries_bytes(const struct join_entries *entries)
{
    size_t per_entry = sizeof(*entries->pool) +
                       2 * sizeof(*entries->table.places) +
                       entries->width * sizeof(*entries->values);
    size_t bytes = entries->room * per_entry + entries->texts_room;

    for (int queue = 0; queue < JOIN_QUEUES; queue++)
        bytes += entries->queues[queue].room * sizeof(struct join_wait);
    return bytes;
}

void join_entries_free(struct join_entries *entries)
{
    free(entries->pool);
    free(entries->values);
    free(entries->table.places);
    free(entries->texts);
    for (int queue = 0; queue < JOIN_QUEUES; queue++)
        free(entries->queues[queue].list);
    memset(entries, 0, sizeof(*entries));
}
