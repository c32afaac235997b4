#include "consumer/evaluate/evaluation_rows.h"

#include "common/base/random.h"

#include <math.h>
#include <stdlib.h>

enum { ROOM_MIN = 1024 };

static uint64_t key_of(const struct evaluation_row *row, int by)
{
    return by == EVALUATION_BY_SOURCE ? row->source : row->sequence;
}

/* Neighbours in offset are no neighbours in the table: two partitions of
 * neighbours would meet. */
static uint32_t hash(uint64_t key)
{
    return (uint32_t)random_mix(key);
}

static uint32_t hash_by_source(const void *context, uint32_t slot)
{
    const struct evaluation_rows *rows = context;

    return hash(rows->pool[slot].source);
}

static uint32_t hash_by_sequence(const void *context, uint32_t slot)
{
    const struct evaluation_rows *rows = context;

    return hash(rows->pool[slot].sequence);
}

static void insert(struct evaluation_rows *rows, int by, uint32_t slot)
{
    slot_table_put(&rows->tables[by], hash(key_of(&rows->pool[slot], by)),
                   slot);
}

uint32_t evaluation_rows_find(const struct evaluation_rows *rows, int by,
                              uint64_t key)
{
    const struct slot_table *table = &rows->tables[by];

    if (!rows->room)
        return EVALUATION_NO_ROW;
    for (uint32_t at = slot_table_first(table, hash(key)); table->places[at];
         at = slot_table_next(table, at))
        if (key_of(&rows->pool[table->places[at] - 1], by) == key)
            return table->places[at] - 1;
    return EVALUATION_NO_ROW;
}

/* Only when every slot is in use. */
static int grow(struct evaluation_rows *rows, struct error *err)
{
    uint32_t room = rows->room ? 2 * rows->room : ROOM_MIN;
    uint32_t *tables[EVALUATION_KEYS];
    struct evaluation_row *pool =
        room > rows->room ? realloc(rows->pool, room * sizeof(*pool)) : NULL;

    if (pool)
        rows->pool = pool;
    for (int by = 0; by < EVALUATION_KEYS; by++)
        tables[by] = pool ? calloc(2 * (size_t)room, sizeof(**tables)) : NULL;
    if (!pool || !tables[0] || !tables[1]) {
        free(tables[0]);
        free(tables[1]);
        return error_no_memory(err, "judging %u rows", room);
    }
    rows->room = room;
    for (int by = 0; by < EVALUATION_KEYS; by++) {
        free(rows->tables[by].places);
        rows->tables[by] =
            (struct slot_table){.places = tables[by], .mask = 2 * room - 1};
    }
    for (uint32_t slot = 0; slot < rows->used; slot++) {
        insert(rows, EVALUATION_BY_SOURCE, slot);
        if (rows->pool[slot].sequence != EVALUATION_NO_SEQUENCE)
            insert(rows, EVALUATION_BY_SEQUENCE, slot);
    }
    return 0;
}

static uint32_t take_slot(struct evaluation_rows *rows)
{
    if (!rows->spare)
        return rows->used++;
    uint32_t slot = rows->spare - 1;
    rows->spare = rows->pool[slot].next;
    return slot;
}

int evaluation_rows_add(struct evaluation_rows *rows, uint64_t source,
                        uint32_t *slot, struct error *err)
{
    if (rows->count == rows->room && grow(rows, err) < 0)
        return -1;
    *slot = take_slot(rows);
    rows->pool[*slot] =
        (struct evaluation_row){.source = source,
                                .sequence = EVALUATION_NO_SEQUENCE,
                                .p = NAN,
                                .label = NAN};
    rows->count++;
    insert(rows, EVALUATION_BY_SOURCE, *slot);
    return 0;
}

void evaluation_rows_number(struct evaluation_rows *rows, uint32_t slot,
                            uint64_t sequence)
{
    rows->pool[slot].sequence = sequence;
    insert(rows, EVALUATION_BY_SEQUENCE, slot);
}

void evaluation_rows_remove(struct evaluation_rows *rows, uint32_t slot)
{
    slot_table_take(&rows->tables[EVALUATION_BY_SOURCE], slot, hash_by_source,
                    rows);
    if (rows->pool[slot].sequence != EVALUATION_NO_SEQUENCE)
        slot_table_take(&rows->tables[EVALUATION_BY_SEQUENCE], slot,
                        hash_by_sequence, rows);
    rows->pool[slot].source = EVALUATION_NO_SOURCE;
    rows->pool[slot].next = rows->spare;
    rows->spare = slot + 1;
    rows->count--;
}

size_t evaluation_rows_bytes(const struct evaluation_rows *rows)
{
    return rows->room * (sizeof(*rows->pool) +
                         2 * EVALUATION_KEYS * sizeof(*rows->tables->places));
}

void evaluation_rows_free(struct evaluation_rows *rows)
{
    free(rows->pool);
    for (int by = 0; by < EVALUATION_KEYS; by++)
        free(rows->tables[by].places);
    *rows = (struct evaluation_rows){.room = 0};
}
