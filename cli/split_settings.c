#include "cli/split_settings.h"

int split_make(const struct split_settings *s, const struct dataset *dataset,
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
    }
    return error_set(err, ERROR_CONFIG, "split: no such kind");
}
