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
    {"split",            CONFIG_CHOICE, FIELD(member.kind), "kfold", 0, 0, SPLIT_WORDS, "how rows become folds; predefined: the arguments are TRAIN TEST, twice or more for more folds"}, \
    {"split.folds",      CONFIG_U32,  FIELD(member.folds), "5", 1, 1000000, NULL, "folds, splits or slices of time"}, \
    {"split.repeats",    CONFIG_U32,  FIELD(member.repeats), "10", 1, 100000, NULL, "of split=repeated"}, \
    {"split.seed",       CONFIG_U32,  FIELD(member.seed), "0", 0, 4294967295.0, NULL, "of the shuffling; numpy's RandomState(seed)"}, \
    {"split.shuffle",    CONFIG_BOOL, FIELD(member.shuffle), "true", 0, 0, NULL, "of kfold and shuffle: false keeps the file's order"}, \
    {"split.test_size",  CONFIG_F64,  FIELD(member.test_size), "0.2", 0, 1e12, NULL, "of split=shuffle: a share below 1, else rows"}, \
    {"split.train_size", CONFIG_F64,  FIELD(member.train_size), "0", 0, 1e12, NULL, "of split=shuffle; 0: all the others"}, \
    {"split.min_rows",   CONFIG_U32,  FIELD(member.min_rows), "0", 0, 1000000, NULL, "of split=leave-one-out: only users with more rows"}
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

/* Reads the command's arguments (a file; or pairs of files, where the split is
 * predefined) and splits their rows. */
int split_read(const struct split_settings *settings,
               const struct dataset_file *file,
               const struct invocation *invocation, struct dataset **dataset,
               struct scale *scale, struct folds **folds,
               struct error *err) MUST_CHECK;

#endif
