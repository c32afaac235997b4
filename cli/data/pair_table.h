/*
 * pair_table.h - the user and the ad of each row of a file.
 */
#ifndef CLI_PAIR_TABLE_H
#define CLI_PAIR_TABLE_H

#include "common/base/error.h"
#include "common/base/id.h"
#include "common/base/table.h"

#include <stdbool.h>

/* Zeroed is closed. */
struct pair_table {
    struct table *table;
    int user, ad; /* columns */
};

/* A column is named, or several with '|' between them: the first that is
 * there. */
int pair_table_open(const char *path, enum table_format format,
                    const char *user, const char *ad, struct pair_table *out,
                    struct error *err) MUST_CHECK;

/* *found is false at the end. Borrowed until the next call. An error names the
 * line. */
int pair_table_next(struct pair_table *pairs, bool *found, struct id *user,
                    struct id *ad, struct error *err) MUST_CHECK;

void pair_table_close(struct pair_table *pairs);

#endif
