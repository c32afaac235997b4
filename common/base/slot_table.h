/*
 * slot_table.h - slots of a pool, found by the hash of what they hold.
 *
 * Open addressing with linear steps; a place holds a slot + 1, and 0 is empty.
 * The user keeps it at most half full, compares keys and remembers hashes:
 *
 *   for (uint32_t at = slot_table_first(&table, hash); table.places[at];
 *        at = slot_table_next(&table, at))
 *       if (is_mine(table.places[at] - 1)) ...
 */
#ifndef COMMON_SLOT_TABLE_H
#define COMMON_SLOT_TABLE_H

#include <stdint.h>

struct slot_table {
    uint32_t *places; /* (mask + 1), a power of two; the user's */
    uint32_t mask;
};

static inline uint32_t slot_table_first(const struct slot_table *table,
                                        uint32_t hash)
{
    return hash & table->mask;
}

static inline uint32_t slot_table_next(const struct slot_table *table,
                                       uint32_t at)
{
    return (at + 1) & table->mask;
}

static inline void slot_table_put(struct slot_table *table, uint32_t hash,
                                  uint32_t slot)
{
    uint32_t at = slot_table_first(table, hash);

    while (table->places[at])
        at = slot_table_next(table, at);
    table->places[at] = slot + 1;
}

/* Empties the place of a slot that is in the table, and closes the gap: what
 * sits further from its home than the gap moves into it (Knuth, The Art of
 * Computer Programming 3, 6.4, algorithm R). `hash_of` must still know the
 * slot. */
static inline void slot_table_take(struct slot_table *table, uint32_t slot,
                                   uint32_t (*hash_of)(const void *context,
                                                       uint32_t slot),
                                   const void *context)
{
    uint32_t hole = slot_table_first(table, hash_of(context, slot));

    while (table->places[hole] != slot + 1)
        hole = slot_table_next(table, hole);
    for (uint32_t at = slot_table_next(table, hole); table->places[at];
         at = slot_table_next(table, at)) {
        uint32_t home =
            slot_table_first(table, hash_of(context, table->places[at] - 1));
        if (((at - home) & table->mask) >= ((at - hole) & table->mask)) {
            table->places[hole] = table->places[at];
            hole = at;
        }
    }
    table->places[hole] = 0;
}

#endif
