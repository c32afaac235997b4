#include "cli/data/split_settings.h"

static int split(const struct split_settings *s, const struct dataset *dataset,
                 const size_t *file_bounds, size_t file_pairs,
                 struct folds **out, struct error *err)
{
    const enum row_order order = s->shuffle ? ROWS_SHUFFLED : ROWS_IN_ORDER;

    switch ((enum split_kind)s->kind) {
    case SPLIT_K_FOLD:
        return split_k_fold(dataset->count, s->folds, order, s->seed, out, err);
    case SPLIT_REPEATED:
        return split_repeated_k_fold(dataset->count, s->folds, s->repeats,
                                     s->seed, out, err);
    case SPLIT_SHUFFLE:
        return split_shuffle(
            dataset->count,
            &(struct shuffle_split){.splits = s->folds,
                                    .test_size = s->test_size,
                                    .train_size = s->train_size,
                                    .order = order,
                                    .seed = s->seed},
            out, err);
    case SPLIT_LEAVE_ONE_OUT:
        return split_leave_one_out(dataset, s->folds, s->min_rows, s->seed, out,
                                   err);
    case SPLIT_TIME:
        return split_by_time(dataset, s->folds, out, err);
    case SPLIT_PREDEFINED:
        return split_predefined(file_bounds, file_pairs, out, err);
    }
    return error_set(err, ERROR_CONFIG, "split: no such kind");
}

int split_read(const struct split_settings *settings,
               const struct dataset_file *file,
               const struct invocation *invocation, struct split_rows *out,
               struct error *err)
{
    size_t bounds[COMMAND_ARGUMENTS_MAX + 1];
    size_t files = invocation->argument_count;
    struct split_rows rows = {0};

    if (settings->kind != SPLIT_PREDEFINED && files != 1)
        return error_set(err, ERROR_USAGE, "name the FILE to learn from");
    if (settings->kind == SPLIT_PREDEFINED && (files == 0 || files % 2 != 0))
        return error_set(err, ERROR_USAGE,
                         "split=predefined: name pairs of files, TRAIN TEST");
    const struct dataset_paths paths = {
        .paths = invocation->arguments,
        .count = files,
        .times = settings->kind == SPLIT_TIME ? TIMES_NEEDED : TIMES_UNUSED};
    if (dataset_file_read_all(file, &paths, bounds, &rows.data, &rows.scale,
                              err) < 0)
        return -1;
    if (split(settings, rows.data, bounds, files / 2, &rows.folds, err) < 0) {
        dataset_free(rows.data);
        return -1;
    }
    *out = rows;
    return 0;
}

void split_rows_free(struct split_rows *rows)
{
    folds_free(rows->folds);
    dataset_free(rows->data);
}
