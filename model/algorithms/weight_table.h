/*
 * weight_table.h - the weights of hashed values: of each a number m, and the
 * count q of the information behind it. Both are 0 until they are set.
 *
 * There are 2^bits slots, which hold m and q as two floats or as two doubles.
 * Two spare slots lie behind them for values that have no weight: an absent one
 * and one that is not known. They are never set, so both read as 0.
 *
 * The inline functions are for loops over rows. They take the precision of the
 * table as an argument: where the argument is a constant, the compiler makes a
 * loop for each precision. Any number of threads may read while none writes.
 *
 * A table that is told to track knows which slots were set since it was last
 * told to forget: a bit for each slot.
 */
#ifndef MODEL_WEIGHT_TABLE_H
#define MODEL_WEIGHT_TABLE_H

#include "common/base/attributes.h"
#include "common/base/buffer.h"
#include "common/base/bytes_reader.h"
#include "common/base/error.h"

#include "model/params.h"
#include "model/rows/field_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum weight_spare { WEIGHT_ABSENT, WEIGHT_UNSEEN, WEIGHT_SPARES };

struct weight {
    double m, q;
};

/* Zeroed is empty, and may be freed. */
struct weight_table {
    enum fields_precision precision;
    uint32_t bits, slots; /* 2^bits, the spares not counted */
    float *of_single;     /* (slots + WEIGHT_SPARES, 2), and NULL where the */
    double *of_double;    /* precision is double: then this has the numbers */
    uint64_t *changed;    /* (slots / 64, rounded up) bits; NULL: not tracked */
};

/* All weights are 0. ERROR_MEMORY alone. */
int weight_table_new(uint32_t bits, enum fields_precision precision,
                     struct weight_table *out, struct error *err) MUST_CHECK;
void weight_table_free(struct weight_table *table);

/* A table of its own with the same weights, which does not track. ERROR_MEMORY
 * alone. */
int weight_table_copy(const struct weight_table *table,
                      struct weight_table *out, struct error *err) MUST_CHECK;

/* From here on the table tracks what is set. ERROR_MEMORY alone; it then does
 * not. */
int weight_table_track(struct weight_table *table,
                       struct error *err) MUST_CHECK;
uint32_t weight_table_changes(const struct weight_table *table);
void weight_table_forget(struct weight_table *table);

/* Memory in bytes. */
size_t weight_table_bytes(const struct weight_table *table);

/* The slot of a value, or a spare one. Asks for its memory at the same time: it
 * is best needed some rows later. */
static inline uint32_t weight_table_slot(const struct weight_table *table,
                                         uint64_t key)
{
    const bool is_single = table->precision == PRECISION_SINGLE;
    const char *weights = is_single ? (const char *)table->of_single
                                    : (const char *)table->of_double;
    const size_t width = 2 * (is_single ? sizeof(float) : sizeof(double));
    uint32_t slot = (uint32_t)(key >> (64 - table->bits));

    if (key <= FIELD_UNSEEN)
        slot = table->slots +
               (key == FIELD_ABSENT ? WEIGHT_ABSENT : WEIGHT_UNSEEN);
    PREFETCH(weights + slot * width);
    return slot;
}

static inline struct weight weight_table_at(const struct weight_table *table,
                                            uint32_t slot,
                                            enum fields_precision precision)
{
    if (precision == PRECISION_SINGLE) {
        const float *at = table->of_single + 2 * (size_t)slot;
        return (struct weight){(double)at[0], (double)at[1]};
    }
    const double *at = table->of_double + 2 * (size_t)slot;
    return (struct weight){at[0], at[1]};
}

/* Not for a spare slot. */
static inline void weight_table_set(struct weight_table *table, uint32_t slot,
                                    enum fields_precision precision,
                                    struct weight weight)
{
    if (table->changed)
        table->changed[slot / 64] |= UINT64_C(1) << slot % 64;
    if (precision == PRECISION_SINGLE) {
        float *at = table->of_single + 2 * (size_t)slot;
        at[0] = (float)weight.m;
        at[1] = (float)weight.q;
        return;
    }
    double *at = table->of_double + 2 * (size_t)slot;
    at[0] = weight.m;
    at[1] = weight.q;
}

/* u32 n, then n times u32 slot, m, q for the slots that are not 0. Slots rise;
 * m and q are f32, or f64 where the precision is double. */
void weight_table_save(const struct weight_table *table, struct buffer *to);

/* Reads this into a new table. Trusts nothing: the reader fails where slots do
 * not rise or are too large, where a number is not finite, and where q is below
 * 0. */
void weight_table_load(struct weight_table *table, struct bytes_reader *from);

/* As weight_table_save(), of the slots that were set since they were last
 * forgotten, whatever their weights are; the table tracks. */
void weight_table_save_changes(const struct weight_table *table,
                               struct buffer *to);

/* Reads this into a table that has weights already: all of it or, where the
 * reader fails, nothing. Trusts nothing, as weight_table_load(); nothing may
 * lie behind it. */
void weight_table_apply(struct weight_table *table, struct bytes_reader *from);

#endif
