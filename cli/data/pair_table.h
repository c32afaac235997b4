/*
 * pair_table.h - the user and the ad of each row of a file.
 */
#ifndef CLI_PAIR_TABLE_H
#define CLI_PAIR_TABLE_H

#include "common/base/error.h"
#include "common/base/id.h"
#include "common/base/table.h"

#include "model/rows/field_list.h"

#include <stdbool.h>

/* Zeroed is closed. */
struct pair_table {
    struct table *table;
    int user, ad;                     /* columns */
    const struct table_field *fields; /* of the newest row */
    const struct field_list *list;    /* of pair_table_want_fields() */
    int columns[FIELDS_MAX];          /* (list->values); -1: none */
};

/* A file with a user and an ad in each row. */
struct pair_file {
    const char *path;
    const struct table_options *options;
    const char *user_column, *ad_column; /* empty: the usual names */
};

int pair_table_open(const struct pair_file *file, struct pair_table *out,
                    struct error *err) MUST_CHECK;

/* *found is false at the end. Borrowed until the next call. An error names the
 * line. */
int pair_table_next(struct pair_table *pairs, bool *found, struct id *user,
                    struct id *ad, struct error *err) MUST_CHECK;

/* The rows are to give the values of these fields, too: `user` and `ad` out of
 * the two columns, others out of the columns of their names. Borrows the list.
 * Fails with ERROR_FORMAT where there is neither a column nor a default
 * (field_defaults_keys()). */
int pair_table_want_fields(struct pair_table *pairs,
                           const struct field_list *list,
                           const uint64_t *defaults,
                           struct error *err) MUST_CHECK;

/* The keys (list->values) of the newest row; FIELD_ABSENT where it has no
 * value. Fails with ERROR_FORMAT, naming the line, where a value is longer than
 * an id may be. */
int pair_table_values(const struct pair_table *pairs, uint64_t *values,
                      struct error *err) MUST_CHECK;

void pair_table_close(struct pair_table *pairs);

#endif
