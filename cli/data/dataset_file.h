/*
 * dataset_file.h - a file of users, ads and labels into a data set, for the
 * commands that work without Kafka.
 */
#ifndef CLI_DATASET_FILE_H
#define CLI_DATASET_FILE_H

#include "cli/data/table_settings.h"

#include "common/base/config.h"
#include "common/base/error.h"

#include "model/model.h"
#include "model/rows/dataset.h"

struct dataset_file {
    struct table_options table;
    char user[64], ad[64], click[64], ts[64]; /* columns; empty: the usual */
    char anonymous[256];                      /* user ids that mean nobody */
    double click_min; /* a label from here on is a click; 0: as it is */
    char scale[64];   /* "0..1"; empty: lowest and highest of the file */
    char fields[384]; /* of the model `fields`; empty: none */
};

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): a member's name takes none */
/* Rows of a command's table; FIELD as everywhere. */
#define DATASET_FILE_KEYS(member) \
    TABLE_KEYS(member.table), \
    PAIR_COLUMN_KEYS(member.user, member.ad), \
    CLICK_COLUMN_KEYS(member.click, member.click_min), \
    {GROUP_COLUMNS, "column.ts",       CONFIG_TEXT, FIELD(member.ts),    "", 0, 0, NULL, "column with the time, read where the split needs one; empty: ts or timestamp"}, \
    {GROUP_COLUMNS, "field.anonymous", CONFIG_TEXT, FIELD(member.anonymous), "", 0, 0, NULL, "user ids that stand for an unknown person, comma separated"}, \
    {GROUP_COLUMNS, "fields",          CONFIG_TEXT, FIELD(member.fields), "", 0, 0, NULL, "columns that the model fields learns from, as user,ad,position,user*ad; user and ad are the columns above, a*b is a cross; each value is a word, numbers too, and an empty one is absent"}, \
    {GROUP_COLUMNS, "scale",           CONFIG_TEXT, FIELD(member.scale), "", 0, 0, NULL, "lowest..highest label, as 0..1; empty: as in the file"}
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

/* Gives the fields of the file to a model that learns from fields, unless its
 * parameters name their own. Fails with ERROR_CONFIG where they are too long.
 */
int dataset_file_params(const struct dataset_file *settings,
                        const struct model_ops *ops,
                        struct model_params *params,
                        struct error *err) MUST_CHECK;

/* Times of rows are read only where somebody needs them, or named a column. */
enum dataset_times { TIMES_UNUSED, TIMES_NEEDED };

/* Files that are read one behind the other. */
struct dataset_paths {
    const char *const *paths; /* (count) */
    size_t count;
    enum dataset_times times;
};

/* File i has the rows first[i] up to first[i + 1]; first (count + 1). */
int dataset_file_read_all(const struct dataset_file *settings,
                          const struct dataset_paths *from, size_t *first,
                          struct dataset **out, struct scale *scale,
                          struct error *err) MUST_CHECK;

/* A row that cannot be read is an error with its line: half a data set would
 * give figures of something else. */
int dataset_file_read(const struct dataset_file *settings, const char *path,
                      struct dataset **out, struct scale *scale,
                      struct error *err) MUST_CHECK;

#endif
