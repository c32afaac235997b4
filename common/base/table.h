/*
 * table.h - rows of named fields out of a file: CSV, ARFF or MovieLens, plain
 * or gzip, or standard input.
 *
 * One row at a time in bounded memory. A row that does not follow its format
 * is a result (TABLE_BAD), with line and reason; the next call goes on behind
 * it. One thread.
 */
#ifndef COMMON_TABLE_H
#define COMMON_TABLE_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct table;

enum table_format {
    TABLE_AUTO,      /* by the first bytes and the name */
    TABLE_CSV,       /* RFC 4180 with a header line */
    TABLE_ARFF,      /* as OpenML serves it: @attribute, @data, quotes */
    TABLE_MOVIELENS, /* user, item, rating, timestamp by tab (u.data), "::" */
};
#define TABLE_FORMAT_WORDS "auto|csv|arff|movielens"

enum table_result { TABLE_ROW, TABLE_BAD, TABLE_END };

struct table_field {
    const char *text; /* terminated; quotes and escapes already resolved; a
                         missing value of ARFF (?) is empty */
    size_t size;
};

enum { TABLE_COLUMNS_MAX = 256, TABLE_LINE_MAX = 1 << 20 };

/* "-" is standard input. */
int table_open(const char *path, enum table_format format, struct table **out,
               struct error *err) MUST_CHECK;

/* The position of a column; -1 and an error that lists the columns when there
 * is none of that name. */
int table_column(const struct table *table, const char *name,
                 struct error *err) MUST_CHECK;
size_t table_column_count(const struct table *table);
const char *table_column_name(const struct table *table, size_t column);

/* TABLE_ROW: fields (column_count), valid until the next call. TABLE_BAD: the
 * reason is in `why`. A read error is -1. */
int table_next(struct table *table, enum table_result *result,
               const struct table_field **fields, struct error *why,
               struct error *err) MUST_CHECK;

/* The line of the last row (1-based), and how much of the file was read (0 to
 * 1; 0 for standard input), for progress. */
uint64_t table_line(const struct table *table);
double table_progress(const struct table *table);

void table_close(struct table *table);

#endif
