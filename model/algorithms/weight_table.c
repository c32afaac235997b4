#include "model/algorithms/weight_table.h"

#include <stdlib.h>
#include <string.h>

int weight_table_new(uint32_t bits, enum fields_precision precision,
                     struct weight_table *out, struct error *err)
{
    const size_t slots = ((size_t)1 << bits) + WEIGHT_SPARES;
    struct weight_table table = {
        .precision = precision, .bits = bits, .slots = (uint32_t)1 << bits};

    if (precision == PRECISION_SINGLE)
        table.of_single = calloc(slots, 2 * sizeof(*table.of_single));
    else
        table.of_double = calloc(slots, 2 * sizeof(*table.of_double));
    if (!table.of_single && !table.of_double)
        return error_no_memory(err, "2^%u slots of fields", bits);
    *out = table;
    return 0;
}

void weight_table_free(struct weight_table *table)
{
    free(table->of_single);
    free(table->of_double);
    free(table->changed);
    *table = (struct weight_table){.bits = 0};
}

static size_t bytes_of_slots(const struct weight_table *table)
{
    const size_t slots = (size_t)table->slots + WEIGHT_SPARES;

    return slots * 2 *
           (table->precision == PRECISION_SINGLE ? sizeof(float)
                                                 : sizeof(double));
}

size_t weight_table_bytes(const struct weight_table *table)
{
    return bytes_of_slots(table) +
           (table->changed ? ((size_t)table->slots + 7) / 8 : 0);
}

int weight_table_copy(const struct weight_table *table,
                      struct weight_table *out, struct error *err)
{
    if (weight_table_new(table->bits, table->precision, out, err) < 0)
        return -1;
    if (table->precision == PRECISION_SINGLE)
        memcpy(out->of_single, table->of_single, bytes_of_slots(table));
    else
        memcpy(out->of_double, table->of_double, bytes_of_slots(table));
    return 0;
}

/* --- What changed ----------------------------------------------------- */

static size_t words_of(const struct weight_table *table)
{
    return ((size_t)table->slots + 63) / 64;
}

int weight_table_track(struct weight_table *table, struct error *err)
{
    if (table->changed)
        return 0;
    table->changed = calloc(words_of(table), sizeof(*table->changed));
    return table->changed
               ? 0
               : error_no_memory(err, "marks of 2^%u slots", table->bits);
}

uint32_t weight_table_changes(const struct weight_table *table)
{
    uint32_t count = 0;

    for (size_t w = 0; table->changed && w < words_of(table); w++)
        count += (uint32_t)__builtin_popcountll(table->changed[w]);
    return count;
}

void weight_table_forget(struct weight_table *table)
{
    if (table->changed)
        memset(table->changed, 0, words_of(table) * sizeof(*table->changed));
}

/* --- Bytes ------------------------------------------------------------ */

static void save_slot(const struct weight_table *table, uint32_t slot,
                      struct buffer *to)
{
    buffer_append_u32(to, slot);
    if (table->precision == PRECISION_SINGLE)
        buffer_append_f32_array(to, table->of_single + 2 * (size_t)slot, 2);
    else
        buffer_append_f64_array(to, table->of_double + 2 * (size_t)slot, 2);
}

void weight_table_save(const struct weight_table *table, struct buffer *to)
{
    uint32_t used = 0;

    for (uint32_t slot = 0; slot < table->slots; slot++) {
        struct weight weight = weight_table_at(table, slot, table->precision);
        used += weight.m != 0 || weight.q != 0;
    }
    buffer_append_u32(to, used);
    for (uint32_t slot = 0; slot < table->slots; slot++) {
        struct weight weight = weight_table_at(table, slot, table->precision);
        if (weight.m != 0 || weight.q != 0)
            save_slot(table, slot, to);
    }
}

void weight_table_save_changes(const struct weight_table *table,
                               struct buffer *to)
{
    buffer_append_u32(to, weight_table_changes(table));
    for (size_t w = 0; w < words_of(table); w++)
        for (uint64_t left = table->changed[w]; left; left &= left - 1)
            save_slot(table,
                      (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(left), to);
}

/* Reads a slot, which is behind *last, and its weight. */
static void read_slot(const struct weight_table *table,
                      struct bytes_reader *from, int64_t *last,
                      struct weight *out)
{
    float single[2] = {0, 0};
    uint32_t slot = bytes_read_u32(from);

    if (slot <= *last || slot >= table->slots) {
        from->failed = true;
        return;
    }
    *last = slot;
    *out = (struct weight){0, 0};
    if (table->precision == PRECISION_SINGLE) {
        bytes_read_f32_into(from, single, 2);
        *out = (struct weight){(double)single[0], (double)single[1]};
    } else {
        bytes_read_f64_into(from, &out->m, 1);
        bytes_read_f64_into(from, &out->q, 1);
    }
    if (!(out->q >= 0))
        from->failed = true;
}

static uint32_t read_count(const struct weight_table *table,
                           struct bytes_reader *from)
{
    const size_t width = table->precision == PRECISION_SINGLE ? 12 : 20;
    const uint32_t count = bytes_read_u32(from);

    if (count > from->left / width)
        from->failed = true;
    return count;
}

void weight_table_load(struct weight_table *table, struct bytes_reader *from)
{
    const uint32_t count = read_count(table, from);
    int64_t last = -1;

    for (uint32_t i = 0; i < count && !from->failed; i++) {
        struct weight weight;
        read_slot(table, from, &last, &weight);
        if (!from->failed)
            weight_table_set(table, (uint32_t)last, table->precision, weight);
    }
}

void weight_table_apply(struct weight_table *table, struct bytes_reader *from)
{
    struct bytes_reader ahead = *from;
    const uint32_t count = read_count(table, &ahead);
    int64_t last = -1;
    struct weight weight;

    for (uint32_t i = 0; i < count && !ahead.failed; i++)
        read_slot(table, &ahead, &last, &weight);
    if (ahead.failed || ahead.left > 0)
        from->failed = true;
    else
        weight_table_load(table, from);
}
