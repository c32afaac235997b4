/*
 * split_settings.h - how a command splits rows into folds: settings that cv
 * and tune share.
 */
#ifndef CLI_SPLIT_SETTINGS_H
#define CLI_SPLIT_SETTINGS_H

#include "cli/command.h"
#include "cli/data/dataset_file.h"

#include "common/base/config.h"
#include "common/base/error.h"

#include "model/select/splitter.h"

enum split_kind {
    SPLIT_K_FOLD,
    SPLIT_REPEATED,
    SPLIT_SHUFFLE,
    SPLIT_LEAVE_ONE_OUT,
    SPLIT_TIME,
    SPLIT_PREDEFINED,
};
#define SPLIT_WORDS "kfold|repeated|shuffle|leave-one-out|time|predefined"

struct split_settings {
    int kind; /* enum split_kind */
    uint32_t folds, repeats, seed, min_rows;
    double test_size, train_size;
    bool shuffle;
};

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): a member's name takes none */
/* Rows of a command's table; FIELD as everywhere. */
#define SPLIT_KEYS(member) \
    {GROUP_FOLDS, "split",            CONFIG_CHOICE, FIELD(member.kind), "kfold", 0, 0, SPLIT_WORDS, "how rows become folds; for predefined the arguments are TRAIN TEST, twice or more for more folds"}, \
    {GROUP_FOLDS, "split.folds",      CONFIG_U32,  FIELD(member.folds), "5", 1, 1000000, NULL, "number of folds, splits or slices of time"}, \
    {GROUP_FOLDS | RARE, "split.repeats",    CONFIG_U32,  FIELD(member.repeats), "10", 1, 100000, NULL, "repetitions of split=repeated"}, \
    {GROUP_FOLDS | RARE, "split.seed",       CONFIG_U32,  FIELD(member.seed), "0", 0, 4294967295.0, NULL, "seed of the shuffling, as numpy's RandomState(seed)"}, \
    {GROUP_FOLDS | RARE, "split.shuffle",    CONFIG_BOOL, FIELD(member.shuffle), "true", 0, 0, NULL, "shuffle the rows for kfold and shuffle; false keeps the file's order"}, \
    {GROUP_FOLDS | RARE, "split.test_size",  CONFIG_F64,  FIELD(member.test_size), "0.2", 0, 1e12, NULL, "test rows of split=shuffle: a share below 1, else a number of rows"}, \
    {GROUP_FOLDS | RARE, "split.train_size", CONFIG_F64,  FIELD(member.train_size), "0", 0, 1e12, NULL, "training rows of split=shuffle; 0: all the others"}, \
    {GROUP_FOLDS | RARE, "split.min_rows",   CONFIG_U32,  FIELD(member.min_rows), "0", 0, 1000000, NULL, "leave-one-out takes only users with more rows than this"}
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

/* The rows of a command's files, and their folds. All zero: none. */
struct split_rows {
    struct dataset *data;
    struct scale scale; /* of the labels */
    struct folds *folds;
};

/* Reads the command's arguments (a file; or pairs of files, where the split is
 * predefined) and splits their rows. After a failure `out` is untouched. */
int split_read(const struct split_settings *settings,
               const struct dataset_file *file,
               const struct invocation *invocation, struct split_rows *out,
               struct error *err) MUST_CHECK;

void split_rows_free(struct split_rows *rows);

#endif
