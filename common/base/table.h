/*
 * table.h - rows of named fields out of a file: text with separators, ARFF or
 * MovieLens, plain or gzip, or standard input.
 *
 * One row at a time in bounded memory. A row that does not follow its format
 * is a result (TABLE_BAD), with line and reason; the next call goes on behind
 * it. One thread.
 */
#ifndef COMMON_TABLE_H
#define COMMON_TABLE_H

#include "common/base/error.h"
#include "common/base/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

enum table_format {
    TABLE_AUTO,      /* by the first line */
    TABLE_CSV,       /* RFC 4180, with any separator */
    TABLE_ARFF,      /* as liac-arff reads it, dense rows only */
    TABLE_MOVIELENS, /* user, item, rating and perhaps a timestamp, no header */
};
#define TABLE_FORMAT_WORDS "auto|csv|arff|movielens"

enum table_header {
    HEADER_AUTO, /* a header; a first line of numbers is refused */
    HEADER_YES,
    HEADER_NO, /* columns are called 1, 2, 3, ... */
};
#define TABLE_HEADER_WORDS "auto|yes|no"

enum { TABLE_SEPARATOR_SIZE = 8 };

/* Zeroed, everything is found out from the file. */
struct table_options {
    int format;                           /* enum table_format */
    int header;                           /* enum table_header */
    char separator[TABLE_SEPARATOR_SIZE]; /* ";", "tab"; empty: the one that
                                             the first line holds most of */
};

enum table_result { TABLE_ROW, TABLE_BAD, TABLE_END };

struct table_field {
    const char *text; /* terminated; quotes and escapes already resolved; a
                         missing value of ARFF (?) is empty */
    size_t size;
};

enum { TABLE_COLUMNS_MAX = 256, TABLE_LINE_MAX = 1 << 20 };

/* "-" is standard input; NULL options are zeroed ones. A file that is packed
 * in another way than gzip, or not UTF-8 but UTF-16, is refused by its name
 * (ERROR_FORMAT). */
int table_open(const char *path, const struct table_options *options,
               struct table **out, struct error *err) MUST_CHECK;

/* The position of a column; "#3" is the third one. -1 and an error that lists
 * the columns when there is none of that name, and one that says so when there
 * are two. */
int table_column(const struct table *table, const char *name,
                 struct error *err) MUST_CHECK;

/* The names under which a column is known, in lower case without blanks,
 * underscores and hyphens. */
#define TABLE_USUAL_USER "user|userid|uid"
#define TABLE_USUAL_AD "ad|adid|item|itemid|movieid"
#define TABLE_USUAL_CLICK "click|clicked|rating|label"
#define TABLE_USUAL_TIME "ts|timestamp"

/* The first of the usual names that is there; -1 where none is. */
int table_usual_column(const struct table *table, const char *usual);

/* The named column or, without a name, the first of the usual ones. -1 and an
 * error (ERROR_CONFIG) that names the setting where there is none. */
int table_choose_column(const struct table *table, const char *setting,
                        const char *name, const char *usual,
                        struct error *err) MUST_CHECK;

size_t table_column_count(const struct table *table);
const char *table_column_name(const struct table *table, size_t column);

/* Whether the file declares the column's values as numbers, as ARFF does: there
 * 1.0 and 1 are the same value. */
bool table_column_is_numeric(const struct table *table, size_t column);

/* The id in a field of the column. In a column of numbers 1.0 is the id 1; in
 * one of text it is another id. */
struct id table_id(const struct table *table, size_t column,
                   const struct table_field *field);

/* TABLE_ROW: fields (column_count), valid until the next call. TABLE_BAD: the
 * reason is in `why`. A read error is -1. */
int table_next(struct table *table, enum table_result *result,
               const struct table_field **fields, struct error *why,
               struct error *err) MUST_CHECK;

/* The line where the last row begins (1-based), and how much of the file was
 * read (0 to 1; 0 for standard input), for progress. */
uint64_t table_line(const struct table *table);
double table_progress(const struct table *table);

void table_close(struct table *table);

#endif
