/*
 * table_columns.c - columns of a table, found by their names.
 */
#include "common/base/table.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_SIZE = 256 };

/* Writes "a, b, c" of the columns, as many as there is room for. */
static void list_columns(const struct table *table, char out[LIST_SIZE])
{
    size_t used = 0;

    *out = '\0';
    for (size_t i = 0; i < table_column_count(table); i++) {
        int length = snprintf(out + used, LIST_SIZE - used, "%s%s",
                              i ? ", " : "", table_column_name(table, i));
        if (length < 0 || (size_t)length >= LIST_SIZE - used) {
            out[used] = '\0';
            return;
        }
        used += (size_t)length;
    }
}

int table_column(const struct table *table, const char *name, struct error *err)
{
    char known[LIST_SIZE];
    int found = -1;

    if (name[0] == '#') {
        char *end;
        unsigned long number = strtoul(name + 1, &end, 10);
        if (name[1] && *end == '\0' && number >= 1 &&
            number <= table_column_count(table))
            return (int)number - 1;
    }
    for (size_t i = 0; i < table_column_count(table); i++) {
        if (strcmp(table_column_name(table, i), name) == 0) {
            if (found >= 0)
                return error_set(err, ERROR_CONFIG,
                                 "there are two columns '%s': say which one by "
                                 "its number, as #%d or #%zu",
                                 name, found + 1, i + 1);
            found = (int)i;
        }
    }
    if (found >= 0)
        return found;
    list_columns(table, known);
    return error_set(err, ERROR_CONFIG, "no column '%s': there are %s", name,
                     known);
}

/* "User-ID", "user_id" and "userId" are one name. */
static bool is_same_name(const char *name, const char *usual, size_t size)
{
    size_t at = 0;

    for (; *name; name++) {
        if (*name == '_' || *name == '-' || *name == ' ' || *name == '.')
            continue;
        if (at == size || tolower((unsigned char)*name) != usual[at])
            return false;
        at++;
    }
    return at == size;
}

int table_usual_column(const struct table *table, const char *usual)
{
    while (*usual) {
        size_t size = strcspn(usual, "|");
        for (size_t c = 0; c < table_column_count(table); c++)
            if (is_same_name(table_column_name(table, c), usual, size))
                return (int)c;
        usual += size + (usual[size] == '|');
    }
    return -1;
}

int table_choose_column(const struct table *table, const char *setting,
                        const char *name, const char *usual, struct error *err)
{
    char known[LIST_SIZE];
    int column = *name ? table_column(table, name, err)
                       : table_usual_column(table, usual);

    if (column < 0 && *name)
        return error_wrap(err, "%s", setting);
    if (column < 0) {
        list_columns(table, known);
        return error_set(err, ERROR_CONFIG,
                         "which column? give --%s: there are %s (of a file "
                         "without a header give --header=no)",
                         setting, known);
    }
    /* A name that stands there twice is ambiguous, however it was found. */
    return *name ? column
                 : table_column(table, table_column_name(table, (size_t)column),
                                err);
}

struct id table_id(const struct table *table, size_t column,
                   const struct table_field *field)
{
    char *end = NULL;

    if (table_column_is_numeric(table, column)) {
        double number = strtod(field->text, &end);
        if (end != field->text && *end == '\0' &&
            fabs(number) <= 9007199254740992.0 && number == floor(number))
            return id_from_number((int64_t)number);
    }
    return id_from_text(field->text, field->size);
}
