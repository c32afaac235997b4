/*
 * splitter.h - which rows train and which test: the reference's splitters,
 * row for row, and a split by time.
 *
 * Folds are arrays of row positions, made once and shared by every model that
 * is compared. Source: algorithms of Surprise's model_selection.split.
 */
#ifndef MODEL_SPLITTER_H
#define MODEL_SPLITTER_H

#include "common/base/error.h"

#include "model/rows/dataset.h"

#include <stddef.h>
#include <stdint.h>

struct fold {
    size_t *train, *test; /* positions of rows; owned by the folds */
    size_t train_count, test_count;
};

struct folds {
    struct fold *folds;
    size_t count;
};

/* The order in which rows are cut. ROWS_IN_ORDER ignores the seed. */
enum row_order { ROWS_IN_ORDER, ROWS_SHUFFLED };

/* k consecutive blocks of the rows in this order; block f is fold f's test. The
 * first rows % k blocks are one longer. */
int split_k_fold(size_t rows, uint32_t k, enum row_order order, uint32_t seed,
                 struct folds **out, struct error *err) MUST_CHECK;

/* k-fold `repeats` times, one generator for all. */
int split_repeated_k_fold(size_t rows, uint32_t k, uint32_t repeats,
                          uint32_t seed, struct folds **out,
                          struct error *err) MUST_CHECK;

/* Sizes below 1 are shares (test rounded up, train down), from 1 on counts. */
struct shuffle_split {
    uint32_t splits;
    double test_size;
    double train_size; /* 0: all rows that are not tested */
    enum row_order order;
    uint32_t seed;
};

/* `splits` fresh permutations: the first train rows, then the test rows. */
int split_shuffle(size_t rows, const struct shuffle_split *split,
                  struct folds **out, struct error *err) MUST_CHECK;

/* One random row of each user with more than min_rows rows is tested; other
 * users are in neither set. */
int split_leave_one_out(const struct dataset *dataset, uint32_t splits,
                        uint32_t min_rows, uint32_t seed, struct folds **out,
                        struct error *err) MUST_CHECK;

/* What the reference lacks: rows in order of time (stable), k test slices one
 * after the other, each predicted from everything before it. The first slice
 * is only trained on. */
int split_by_time(const struct dataset *dataset, uint32_t k, struct folds **out,
                  struct error *err) MUST_CHECK;

/* Folds made elsewhere: fold f trains on rows bounds[2 f] up to bounds[2 f + 1]
 * and tests those from there up to bounds[2 f + 2]. */
int split_predefined(const size_t *bounds, size_t count, struct folds **out,
                     struct error *err) MUST_CHECK;

void folds_free(struct folds *folds);

#endif
