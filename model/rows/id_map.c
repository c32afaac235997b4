#include "model/rows/id_map.h"

#include "common/base/bytes_reader.h"
#include "model/rows/ratings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOTS_MIN = 64,
    LOOKUP_GROUP = 32,        /* look-ups under way at once */
    NUMBER_SIZE = UINT16_MAX, /* marks an integer in the file */
};

/* The id of an index. */
struct entry {
    int64_t value; /* the integer, or where the text starts in the arena */
    uint32_t size; /* of the text; NOT_TEXT for an integer */
};
#define NOT_TEXT UINT32_MAX

/* A slot holds enough to decide nearly every look-up without the entry. */
struct slot {
    int64_t value;  /* as the entry's */
    uint32_t index; /* INDEX_UNKNOWN: free */
    uint32_t tag;   /* of the hash; the lowest bit says text */
};

struct id_map {
    struct id_key key;  /* of the hash */
    struct slot *slots; /* (mask + 1), a power of two */
    size_t mask;
    struct entry *entries; /* (count) */
    uint32_t count, room;
    struct buffer arena; /* the texts, one behind the other */
};

static int no_memory(struct error *err)
{
    return error_no_memory(err, "the id map");
}

static struct slot *slots_new(size_t count)
{
    struct slot *slots = malloc(count * sizeof(*slots));

    if (slots)
        memset(slots, 0xff, count * sizeof(*slots)); /* all free */
    return slots;
}

int id_map_new(struct id_map **out, struct error *err)
{
    struct id_map *map = calloc(1, sizeof(*map));

    if (map)
        map->slots = slots_new(SLOTS_MIN);
    if (!map || !map->slots) {
        free(map);
        return no_memory(err);
    }
    map->key = id_key_random();
    map->mask = SLOTS_MIN - 1;
    *out = map;
    return 0;
}

void id_map_free(struct id_map *map)
{
    if (!map)
        return;
    free(map->slots);
    free(map->entries);
    buffer_free(&map->arena);
    free(map);
}

static uint32_t tag_of(uint64_t hash, bool is_text)
{
    return ((uint32_t)(hash >> 32) & ~1u) | is_text;
}

static bool same_text(const struct id_map *map, const struct slot *slot,
                      const struct id *id)
{
    assert(slot->index < map->count && map->arena.bytes);
    return map->entries[slot->index].size == id->size &&
           memcmp(map->arena.bytes + slot->value, id->text, id->size) == 0;
}

/* The slot of the id, or the free one where it belongs. */
static struct slot *probe(const struct id_map *map, const struct id *id,
                          uint64_t hash)
{
    uint32_t tag = tag_of(hash, id->text != NULL);

    for (size_t at = hash & map->mask;; at = (at + 1) & map->mask) {
        struct slot *slot = &map->slots[at];
        if (slot->index == INDEX_UNKNOWN)
            return slot;
        if (slot->tag != tag)
            continue;
        if (id->text ? same_text(map, slot, id) : slot->value == id->number)
            return slot;
    }
}

uint32_t id_map_find(const struct id_map *map, const struct id *id)
{
    return probe(map, id, id_keyed_hash(id, &map->key))->index;
}

void id_map_find_batch(const struct id_map *map, const struct id *ids, size_t n,
                       uint32_t *out)
{
    uint64_t hashes[LOOKUP_GROUP];

    for (size_t first = 0; first < n; first += LOOKUP_GROUP) {
        size_t group = n - first < LOOKUP_GROUP ? n - first : LOOKUP_GROUP;
        for (size_t i = 0; i < group; i++) {
            hashes[i] = id_keyed_hash(&ids[first + i], &map->key);
            PREFETCH(&map->slots[hashes[i] & map->mask]);
        }
        for (size_t i = 0; i < group; i++)
            out[first + i] = probe(map, &ids[first + i], hashes[i])->index;
    }
}

struct id id_map_id(const struct id_map *map, uint32_t index)
{
    const struct entry *entry = &map->entries[index];

    if (entry->size == NOT_TEXT)
        return id_from_number(entry->value);
    return (struct id){.text = (const char *)map->arena.bytes + entry->value,
                       .size = entry->size};
}

uint32_t id_map_count(const struct id_map *map)
{
    return map->count;
}

size_t id_map_bytes(const struct id_map *map)
{
    return sizeof(*map) + (map->mask + 1) * sizeof(*map->slots) +
           map->room * sizeof(*map->entries) + map->arena.room;
}

size_t id_map_longest_probe(const struct id_map *map)
{
    size_t longest = 0;

    for (uint32_t i = 0; i < map->count; i++) {
        struct id id = id_map_id(map, i);
        uint64_t hash = id_keyed_hash(&id, &map->key);
        const struct slot *slot = probe(map, &id, hash);
        size_t passed =
            ((size_t)(slot - map->slots) - (hash & map->mask)) & map->mask;
        longest = passed > longest ? passed : longest;
    }
    return longest;
}

/* --- Adding ----------------------------------------------------------- */

static int grow_slots(struct id_map *map, struct error *err)
{
    size_t count = (map->mask + 1) * 2;
    struct slot *slots = slots_new(count);

    if (!slots)
        return no_memory(err);
    free(map->slots);
    map->slots = slots;
    map->mask = count - 1;
    for (uint32_t i = 0; i < map->count; i++) {
        struct id id = id_map_id(map, i);
        uint64_t hash = id_keyed_hash(&id, &map->key);
        size_t at = hash & map->mask;
        while (slots[at].index != INDEX_UNKNOWN)
            at = (at + 1) & map->mask;
        slots[at] = (struct slot){map->entries[i].value, i,
                                  tag_of(hash, id.text != NULL)};
    }
    return 0;
}

static int grow_entries(struct id_map *map, uint32_t room, struct error *err)
{
    struct entry *entries = realloc(map->entries, room * sizeof(*entries));

    if (!entries)
        return no_memory(err);
    map->entries = entries;
    map->room = room;
    return 0;
}

static int make_room(struct id_map *map, uint32_t more, struct error *err)
{
    const size_t count = (size_t)map->count + more;
    uint32_t room = map->room ? map->room : SLOTS_MIN / 2;

    if (count > RATINGS_MAX)
        return error_set(err, ERROR_LIMIT, "ids: at most %zu can be",
                         RATINGS_MAX);
    while (room < count)
        room *= 2;
    if (room > map->room && grow_entries(map, room, err) < 0)
        return -1;
    while (count * 2 > map->mask + 1)
        if (grow_slots(map, err) < 0)
            return -1;
    return 0;
}

int id_map_reserve(struct id_map *map, const struct id_map *more,
                   struct error *err)
{
    if (make_room(map, more->count, err) < 0)
        return -1;
    if (buffer_reserve(&map->arena, more->arena.size))
        return 0;
    map->arena.failed = false;
    return no_memory(err);
}

/* Puts a new id into the free slot that probe() found. */
static int insert(struct id_map *map, struct slot *slot, const struct id *id,
                  uint64_t hash, struct error *err)
{
    struct entry entry = {id->number, NOT_TEXT};

    if (id->text) {
        entry = (struct entry){(int64_t)map->arena.size, id->size};
        buffer_append(&map->arena, id->text, id->size);
        if (buffer_failed(&map->arena))
            return no_memory(err);
    }
    *slot =
        (struct slot){entry.value, map->count, tag_of(hash, id->text != NULL)};
    map->entries[map->count++] = entry;
    return 0;
}

int id_map_add(struct id_map *map, const struct id *id, uint32_t *index,
               struct error *err)
{
    uint64_t hash = id_keyed_hash(id, &map->key);
    struct slot *slot = probe(map, id, hash);

    if (slot->index == INDEX_UNKNOWN) {
        if (make_room(map, 1, err) < 0)
            return -1;
        slot = probe(map, id, hash); /* the table may have moved */
        if (insert(map, slot, id, hash, err) < 0)
            return -1;
    }
    *index = slot->index;
    return 0;
}

/* --- Copying ---------------------------------------------------------- */

int id_map_copy(const struct id_map *map, struct id_map **out,
                struct error *err)
{
    const size_t slots = (map->mask + 1) * sizeof(*map->slots);
    const size_t entries = map->count * sizeof(*map->entries);
    struct id_map *copy = calloc(1, sizeof(*copy));

    if (!copy)
        return no_memory(err);
    copy->key = map->key;
    copy->mask = map->mask;
    copy->count = copy->room = map->count;
    copy->slots = malloc(slots);
    copy->entries = malloc(entries + 1);
    if (map->arena.size > 0)
        buffer_append(&copy->arena, map->arena.bytes, map->arena.size);
    if (!copy->slots || !copy->entries || buffer_failed(&copy->arena)) {
        id_map_free(copy);
        return no_memory(err);
    }
    memcpy(copy->slots, map->slots, slots);
    if (entries > 0)
        memcpy(copy->entries, map->entries, entries);
    *out = copy;
    return 0;
}

/* --- Saving and loading ----------------------------------------------- */

void id_map_save(const struct id_map *map, struct buffer *to)
{
    id_map_save_from(map, 0, to);
}

/* u32 count, then per id: u32 size and the text, or u32 NUMBER_SIZE and the
 * integer. */
void id_map_save_from(const struct id_map *map, uint32_t first,
                      struct buffer *to)
{
    buffer_append_u32(to, map->count - first);
    for (uint32_t i = first; i < map->count; i++) {
        const struct entry *entry = &map->entries[i];
        if (entry->size == NOT_TEXT) {
            buffer_append_u32(to, NUMBER_SIZE);
            buffer_append_u64(to, (uint64_t)entry->value);
        } else {
            buffer_append_u32(to, entry->size);
            buffer_append(to, map->arena.bytes + entry->value, entry->size);
        }
    }
}

uint64_t id_map_saved_bytes(const struct id_map *map)
{
    uint64_t bytes = sizeof(uint32_t);

    for (uint32_t i = 0; i < map->count; i++)
        bytes += sizeof(uint32_t) + (map->entries[i].size == NOT_TEXT
                                         ? sizeof(uint64_t)
                                         : map->entries[i].size);
    return bytes;
}

static int read_id(struct bytes_reader *from, struct id *id, struct error *err)
{
    uint32_t size = bytes_read_u32(from);

    if (size == NUMBER_SIZE) {
        *id = id_from_number((int64_t)bytes_read_u64(from));
    } else if (size <= ID_TEXT_MAX) {
        const uint8_t *text = bytes_read(from, size);
        if (text)
            *id = id_from_text((const char *)text, size);
    } else {
        from->failed = true;
    }
    if (bytes_reader_failed(from))
        return error_set(err, ERROR_FORMAT, "ids: cut short or too long");
    return 0;
}

int id_map_load(struct bytes_reader *from, struct id_map **out,
                struct error *err)
{
    struct id_map *map = NULL;
    uint32_t count = bytes_read_u32(from);

    if (bytes_reader_failed(from))
        return error_set(err, ERROR_FORMAT, "ids: cut short");
    if (count > RATINGS_MAX)
        return error_set(err, ERROR_LIMIT,
                         "ids: %u of them, at most %zu can be", count,
                         RATINGS_MAX);
    if (id_map_new(&map, err) < 0)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        struct id id = {0};
        uint32_t index;
        if (read_id(from, &id, err) < 0 ||
            id_map_add(map, &id, &index, err) < 0)
            goto failed;
        if (index != i) {
            error_set(err, ERROR_FORMAT, "ids: number %u is there twice", i);
            goto failed;
        }
    }
    *out = map;
    return 0;

failed:
    id_map_free(map);
    return -1;
}
