#include "cli/data/pair_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int pair_table_open(const struct pair_file *file, struct pair_table *out,
                    struct error *err)
{
    struct pair_table pairs = {0};

    if (table_open(file->path, file->options, &pairs.table, err) < 0)
        return -1;
    pairs.user = table_choose_column(pairs.table, "column.user",
                                     file->user_column, TABLE_USUAL_USER, err);
    pairs.ad = pairs.user < 0
                   ? -1
                   : table_choose_column(pairs.table, "column.ad",
                                         file->ad_column, TABLE_USUAL_AD, err);
    if (pairs.ad < 0) {
        pair_table_close(&pairs);
        return error_wrap(err, "'%s'", file->path);
    }
    *out = pairs;
    return 0;
}

static int read_id(const struct pair_table *pairs, int column, struct id *out,
                   struct error *why)
{
    const struct table_field *field = &pairs->fields[column];

    if (field->size == 0 || field->size > ID_TEXT_MAX)
        return error_set(why, ERROR_FORMAT,
                         "an id of %zu bytes, 1 to %d are fine", field->size,
                         ID_TEXT_MAX);
    *out = table_id(pairs->table, (size_t)column, field);
    return 0;
}

int pair_table_next(struct pair_table *pairs, bool *found, struct id *user,
                    struct id *ad, struct error *err)
{
    enum table_result result;
    const struct table_field *fields = NULL;
    struct error why = {0};

    if (table_next(pairs->table, &result, &fields, &why, err) < 0)
        return -1;
    pairs->fields = fields;
    *found = result != TABLE_END;
    if (result == TABLE_END)
        return 0;
    if (result == TABLE_BAD || read_id(pairs, pairs->user, user, &why) < 0 ||
        read_id(pairs, pairs->ad, ad, &why) < 0)
        return error_set(err, ERROR_FORMAT, "line %" PRIu64 ": %s",
                         table_line(pairs->table), why.text);
    return 0;
}

int pair_table_want_fields(struct pair_table *pairs,
                           const struct field_list *list,
                           const uint64_t *defaults, struct error *err)
{
    for (uint32_t v = 0; v < list->values; v++) {
        const char *name = list->names[v];
        int column = strcmp(name, "user") == 0 ? pairs->user
                     : strcmp(name, "ad") == 0
                         ? pairs->ad
                         : table_column(pairs->table, name, err);
        if (column < 0 && defaults[v] == FIELD_ABSENT)
            return error_wrap(err, "a field of the model");
        pairs->columns[v] = column;
    }
    pairs->list = list;
    return 0;
}

int pair_table_values(const struct pair_table *pairs, uint64_t *values,
                      struct error *err)
{
    static const struct table_field none = {.size = 0};

    for (uint32_t v = 0; v < pairs->list->values; v++) {
        const struct table_field *field =
            pairs->columns[v] < 0 ? &none : &pairs->fields[pairs->columns[v]];
        if (field->size > ID_TEXT_MAX)
            return error_set(err, ERROR_FORMAT,
                             "line %" PRIu64 ": %s: %zu bytes, at most %d are "
                             "fine",
                             table_line(pairs->table), pairs->list->names[v],
                             field->size, ID_TEXT_MAX);
        struct id id = id_from_text(field->text, field->size);
        values[v] = field->size == 0 ? FIELD_ABSENT
                                     : field_list_key(pairs->list, v, &id);
    }
    return 0;
}

void pair_table_close(struct pair_table *pairs)
{
    table_close(pairs->table);
    pairs->table = NULL;
}
