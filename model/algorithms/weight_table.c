#include "model/algorithms/weight_table.h"

#include <stdlib.h>

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
    *table = (struct weight_table){.bits = 0};
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
        if (weight.m == 0 && weight.q == 0)
            continue;
        buffer_append_u32(to, slot);
        if (table->precision == PRECISION_SINGLE)
            buffer_append_f32_array(to, table->of_single + 2 * (size_t)slot, 2);
        else
            buffer_append_f64_array(to, table->of_double + 2 * (size_t)slot, 2);
    }
}

void weight_table_load(struct weight_table *table, struct bytes_reader *from)
{
    const uint32_t used = bytes_read_u32(from);
    const size_t width = table->precision == PRECISION_SINGLE ? 12 : 20;
    int64_t last = -1;

    if (used > from->left / width)
        from->failed = true;
    for (uint32_t i = 0; i < used && !from->failed; i++) {
        uint32_t slot = bytes_read_u32(from);
        if (slot <= last || slot >= table->slots) {
            from->failed = true;
            break;
        }
        last = slot;
        if (table->precision == PRECISION_SINGLE)
            bytes_read_f32_into(from, table->of_single + 2 * (size_t)slot, 2);
        else
            bytes_read_f64_into(from, table->of_double + 2 * (size_t)slot, 2);
        if (!(weight_table_at(table, slot, table->precision).q >= 0))
            from->failed = true;
    }
}
