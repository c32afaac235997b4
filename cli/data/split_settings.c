#include "cli/data/split_settings.h"

static int split(const struct split_settings *s, const struct dataset *dataset,
                 const size_t *file_bounds, size_t file_pairs,
                 struct folds **out, struct error *err)
{
    switch ((enum split_kind)s->kind) {
    case SPLIT_K_FOLD:
        return split_k_fold(dataset->count, s->folds, s->shuffle, s->seed, out,
                            err);
    case SPLIT_REPEATED:
        return split_repeated_k_fold(dataset->count, s->folds, s->repeats,
                                     s->seed, out, err);
    case SPLIT_SHUFFLE:
        return split_shuffle(dataset->count, s->folds, s->test_size,
                             s->train_size, s->shuffle, s->seed, out, err);
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
               const struct invocation *invocation, struct dataset **dataset,
               struct scale *scale, struct folds **folds, struct error *err)
{
    size_t bounds[COMMAND_ARGUMENTS_MAX + 1];
    size_t files = invocation->argument_count;
    struct dataset *data = NULL;

    if (settings->kind != SPLIT_PREDEFINED && files != 1)
        return error_set(err, ERROR_USAGE, "name the FILE to learn from");
    if (settings->kind == SPLIT_PREDEFINED && (files == 0 || files % 2 != 0))
        return error_set(err, ERROR_USAGE,
                         "split=predefined: name pairs of files, TRAIN TEST");
    enum dataset_times times =
        settings->kind == SPLIT_TIME ? TIMES_NEEDED : TIMES_UNUSED;
    if (dataset_file_read_all(file, times, invocation->arguments, files, bounds,
                              &data, scale, err) < 0)
        return -1;
    if (split(settings, data, bounds, files / 2, folds, err) < 0) {
        dataset_free(data);
        return -1;
    }
    *dataset = data;
    return 0;
}
