/*
 * dataset_file.h - a file of users, ads and labels into a data set, for the
 * commands that work without Kafka.
 */
#ifndef CLI_DATASET_FILE_H
#define CLI_DATASET_FILE_H

#include "common/base/config.h"
#include "common/base/error.h"

#include "model/rows/dataset.h"

struct dataset_file {
    int format;                               /* enum table_format */
    char user[64], ad[64], click[64], ts[64]; /* columns; empty: the usual */
    char anonymous[256];                      /* user ids that mean nobody */
    char scale[64]; /* "0..1"; empty: lowest and highest of the file */
};

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): a member's name takes none */
/* Rows of a command's table; FIELD as everywhere. */
#define DATASET_FILE_KEYS(member) \
    {"format",          CONFIG_CHOICE, FIELD(member.format), "auto", 0, 0, "auto|csv|arff|movielens", "of FILE"}, \
    {"column.user",     CONFIG_TEXT, FIELD(member.user),  "", 0, 0, NULL, "column of the user; empty: user, user_id or userId"}, \
    {"column.ad",       CONFIG_TEXT, FIELD(member.ad),    "", 0, 0, NULL, "column of the ad; empty: ad, ad_id, item, item_id or movieId"}, \
    {"column.click",    CONFIG_TEXT, FIELD(member.click), "", 0, 0, NULL, "column of the label; empty: click, rating or label"}, \
    {"column.ts",       CONFIG_TEXT, FIELD(member.ts),    "", 0, 0, NULL, "column of the time; empty: ts, timestamp or none"}, \
    {"field.anonymous", CONFIG_TEXT, FIELD(member.anonymous), "", 0, 0, NULL, "user ids that mean nobody, comma separated"}, \
    {"scale",           CONFIG_TEXT, FIELD(member.scale), "", 0, 0, NULL, "lowest..highest label, such as 0..1; empty: as in the file"}
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

/* Several files, one behind the other: file i has the rows first[i] up to
 * first[i + 1]; first (count + 1). */
int dataset_file_read_all(const struct dataset_file *settings,
                          const char *const *paths, size_t count, size_t *first,
                          struct dataset **out, struct scale *scale,
                          struct error *err) MUST_CHECK;

/* A row that cannot be read is an error with its line: half a data set would
 * give figures of something else. */
int dataset_file_read(const struct dataset_file *settings, const char *path,
                      struct dataset **out, struct scale *scale,
                      struct error *err) MUST_CHECK;

#endif
