#include "model/select/splitter.h"

#include "model/maths/numpy_random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct error *err)
{
    return error_no_memory(err, "the folds");
}

/* --- Folds under construction ----------------------------------------- */

static int folds_new(size_t count, struct folds **out, struct error *err)
{
    struct folds *folds = calloc(1, sizeof(*folds));

    if (folds)
        folds->folds = calloc(count ? count : 1, sizeof(*folds->folds));
    if (!folds || !folds->folds) {
        free(folds);
        return no_memory(err);
    }
    folds->count = count;
    *out = folds;
    return 0;
}

static int fold_open(struct fold *fold, size_t train_max, size_t test_max,
                     struct error *err)
{
    fold->train = malloc((train_max + 1) * sizeof(*fold->train));
    fold->test = malloc((test_max + 1) * sizeof(*fold->test));
    return fold->train && fold->test ? 0 : no_memory(err);
}

void folds_free(struct folds *folds)
{
    if (!folds)
        return;
    for (size_t i = 0; i < folds->count; i++) {
        free(folds->folds[i].train);
        free(folds->folds[i].test);
    }
    free(folds->folds);
    free(folds);
}

/* Hands the folds over where all of them were cut, and frees them else. */
static int hand_over(struct folds *folds, int status, struct folds **out)
{
    if (status < 0) {
        folds_free(folds);
        return -1;
    }
    *out = folds;
    return 0;
}

static size_t *positions_new(size_t rows, struct error *err)
{
    size_t *order = malloc((rows + 1) * sizeof(*order));

    if (!order) {
        no_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < rows; i++)
        order[i] = i;
    return order;
}

/* `shuffle` NULL keeps the rows in order. */
static size_t *positions_shuffled(size_t rows, struct numpy_random *shuffle,
                                  struct error *err)
{
    size_t *order = positions_new(rows, err);

    if (order && shuffle)
        numpy_random_shuffle(shuffle, order, rows);
    return order;
}

/* The rows of `order` from `first` up to `last` test, the others train. */
static int cut_block(const size_t *order, size_t rows, size_t first,
                     size_t last, struct fold *fold, struct error *err)
{
    fold->test_count = last - first;
    fold->train_count = rows - fold->test_count;
    if (fold_open(fold, fold->train_count, fold->test_count, err) < 0)
        return -1;
    memcpy(fold->test, order + first, fold->test_count * sizeof(*order));
    memcpy(fold->train, order, first * sizeof(*order));
    memcpy(fold->train + first, order + last, (rows - last) * sizeof(*order));
    return 0;
}

/* --- k-fold ----------------------------------------------------------- */

static int check_k(size_t rows, uint32_t k, struct error *err)
{
    if (k >= 2 && k <= rows)
        return 0;
    if (rows < 2)
        return error_set(err, ERROR_FORMAT,
                         "%zu rows: folds take two rows at least", rows);
    return error_set(err, ERROR_CONFIG,
                     "%u folds of %zu rows: give 2 to %zu folds", k, rows,
                     rows);
}

static int cut_k_fold(const size_t *order, size_t rows, uint32_t k,
                      struct fold *folds, struct error *err)
{
    size_t first = 0;

    for (uint32_t f = 0; f < k; f++) {
        size_t last = first + rows / k + (f < rows % k);
        if (cut_block(order, rows, first, last, &folds[f], err) < 0)
            return -1;
        first = last;
    }
    return 0;
}

/* k-fold `repeats` times. `shuffle` NULL: the rows stay in order. */
static int repeat_k_fold(size_t rows, uint32_t k, uint32_t repeats,
                         struct numpy_random *shuffle, struct folds **out,
                         struct error *err)
{
    struct folds *folds = NULL;
    int status = 0;

    if (check_k(rows, k, err) < 0 ||
        folds_new((size_t)k * repeats, &folds, err) < 0)
        return -1;
    for (uint32_t r = 0; status == 0 && r < repeats; r++) {
        size_t *order = positions_shuffled(rows, shuffle, err);
        status = order ? cut_k_fold(order, rows, k,
                                    &folds->folds[(size_t)r * k], err)
                       : -1;
        free(order);
    }
    return hand_over(folds, status, out);
}

int split_k_fold(size_t rows, uint32_t k, enum row_order order, uint32_t seed,
                 struct folds **out, struct error *err)
{
    struct numpy_random random;

    numpy_random_seed(&random, seed);
    return repeat_k_fold(rows, k, 1, order == ROWS_SHUFFLED ? &random : NULL,
                         out, err);
}

int split_repeated_k_fold(size_t rows, uint32_t k, uint32_t repeats,
                          uint32_t seed, struct folds **out, struct error *err)
{
    struct numpy_random random;

    if (repeats < 1)
        return error_set(err, ERROR_CONFIG, "0 repeats: give at least 1");
    numpy_random_seed(&random, seed);
    return repeat_k_fold(rows, k, repeats, &random, out, err);
}

/* --- Shuffle split ---------------------------------------------------- */

/* Shares of the rows become counts; the reference rounds test up, train down.
 */
static int shuffle_sizes(size_t rows, const struct shuffle_split *split,
                         size_t *test, size_t *train, struct error *err)
{
    const double test_size = split->test_size, train_size = split->train_size;
    double all = (double)rows;
    double tested = test_size < 1 ? ceil(test_size * all) : floor(test_size);
    double trained =
        train_size < 1 ? floor(train_size * all) : floor(train_size);

    if (train_size <= 0)
        trained = all - tested;
    if (!(tested > 0 && trained > 0 && tested + trained <= all))
        return error_set(err, ERROR_CONFIG,
                         "test size %g and train size %g do not fit %zu rows",
                         test_size, train_size, rows);
    *test = (size_t)tested;
    *train = (size_t)trained;
    return 0;
}

static int cut_shuffled(const size_t *order, size_t train, size_t test,
                        struct fold *fold, struct error *err)
{
    if (fold_open(fold, train, test, err) < 0)
        return -1;
    fold->train_count = train;
    fold->test_count = test;
    memcpy(fold->train, order, train * sizeof(*order));
    memcpy(fold->test, order + train, test * sizeof(*order));
    return 0;
}

int split_shuffle(size_t rows, const struct shuffle_split *split,
                  struct folds **out, struct error *err)
{
    struct numpy_random random;
    struct folds *folds = NULL;
    size_t test = 0, train = 0;
    int status = 0;

    if (split->splits < 1)
        return error_set(err, ERROR_CONFIG, "0 splits: give at least 1");
    if (shuffle_sizes(rows, split, &test, &train, err) < 0 ||
        folds_new(split->splits, &folds, err) < 0)
        return -1;
    numpy_random_seed(&random, split->seed);
    for (uint32_t s = 0; status == 0 && s < split->splits; s++) {
        size_t *order = positions_shuffled(
            rows, split->order == ROWS_SHUFFLED ? &random : NULL, err);
        status = order ? cut_shuffled(order, train, test, &folds->folds[s], err)
                       : -1;
        free(order);
    }
    return hand_over(folds, status, out);
}

/* --- Leave one out ---------------------------------------------------- */

/* Rows grouped by user: `first` (users + 1) into `rows` (count). */
struct by_user {
    size_t *first, *rows;
};

static int group_by_user(const struct dataset *dataset, struct by_user *out,
                         struct error *err)
{
    uint32_t users = id_map_count(dataset->users);

    out->first = calloc((size_t)users + 2, sizeof(*out->first));
    out->rows = malloc((dataset->count + 1) * sizeof(*out->rows));
    if (!out->first || !out->rows)
        return no_memory(err);
    for (size_t i = 0; i < dataset->count; i++)
        if (dataset->rows[i].user != INDEX_UNKNOWN)
            out->first[dataset->rows[i].user + 2]++;
    for (uint32_t u = 0; u < users; u++)
        out->first[u + 2] += out->first[u + 1];
    for (size_t i = 0; i < dataset->count; i++)
        if (dataset->rows[i].user != INDEX_UNKNOWN)
            out->rows[out->first[dataset->rows[i].user + 1]++] = i;
    return 0;
}

static int leave_one_out(const struct dataset *dataset,
                         const struct by_user *by_user, uint32_t min_rows,
                         struct numpy_random *random, struct fold *fold,
                         struct error *err)
{
    uint32_t users = id_map_count(dataset->users);

    if (fold_open(fold, dataset->count, users, err) < 0)
        return -1;
    for (uint32_t u = 0; u < users; u++) {
        const size_t *own = by_user->rows + by_user->first[u];
        size_t n = by_user->first[u + 1] - by_user->first[u];
        if (n == 0 || n <= min_rows)
            continue;
        size_t left_out = numpy_random_below(random, (uint32_t)n);
        for (size_t i = 0; i < n; i++) {
            if (i == left_out)
                fold->test[fold->test_count++] = own[i];
            else
                fold->train[fold->train_count++] = own[i];
        }
    }
    if (fold->train_count == 0)
        return error_set(err, ERROR_CONFIG,
                         "no user has more than %u rows and one to spare: "
                         "nothing is left to train on",
                         min_rows);
    return 0;
}

int split_leave_one_out(const struct dataset *dataset, uint32_t splits,
                        uint32_t min_rows, uint32_t seed, struct folds **out,
                        struct error *err)
{
    struct numpy_random random;
    struct by_user by_user = {NULL, NULL};
    struct folds *folds = NULL;
    int status = -1;

    if (splits < 1)
        return error_set(err, ERROR_CONFIG, "0 splits: give at least 1");
    if (folds_new(splits, &folds, err) < 0)
        return -1;
    numpy_random_seed(&random, seed);
    if (group_by_user(dataset, &by_user, err) < 0)
        goto out;
    for (uint32_t s = 0; s < splits; s++)
        if (leave_one_out(dataset, &by_user, min_rows, &random,
                          &folds->folds[s], err) < 0)
            goto out;
    *out = folds;
    folds = NULL;
    status = 0;

out:
    free(by_user.first);
    free(by_user.rows);
    folds_free(folds);
    return status;
}

/* --- By time ---------------------------------------------------------- */

struct timed {
    int64_t time_ms;
    size_t row;
};

static int earlier(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;

    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static size_t *positions_by_time(const struct dataset *dataset,
                                 struct error *err)
{
    size_t n = dataset->count;
    struct timed *timed = malloc((n + 1) * sizeof(*timed));
    size_t *order = positions_new(n, err);

    if (!timed || !order) {
        free(timed);
        free(order);
        no_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        timed[i] = (struct timed){dataset->times_ms[i], i};
    qsort(timed, n, sizeof(*timed), earlier);
    for (size_t i = 0; i < n; i++)
        order[i] = timed[i].row;
    free(timed);
    return order;
}

int split_by_time(const struct dataset *dataset, uint32_t k, struct folds **out,
                  struct error *err)
{
    size_t rows = dataset->count;
    struct folds *folds = NULL;

    if (k < 1 || k >= rows)
        return error_set(err, ERROR_CONFIG,
                         "%u slices of time of %zu rows: each is tested after "
                         "a row at least, so give fewer slices than rows",
                         k, rows);
    size_t *order = positions_by_time(dataset, err);
    int status = order ? folds_new(k, &folds, err) : -1;
    for (uint32_t f = 0; status == 0 && f < k; f++) {
        size_t first = rows * (f + 1) / (k + 1);
        size_t last = rows * (f + 2) / (k + 1);
        status =
            cut_shuffled(order, first, last - first, &folds->folds[f], err);
    }
    free(order);
    return hand_over(folds, status, out);
}

/* --- Predefined ------------------------------------------------------- */

int split_predefined(const size_t *bounds, size_t count, struct folds **out,
                     struct error *err)
{
    struct folds *folds = NULL;

    if (folds_new(count, &folds, err) < 0)
        return -1;
    for (size_t f = 0; f < count; f++) {
        struct fold *fold = &folds->folds[f];
        size_t first = bounds[2 * f], middle = bounds[2 * f + 1];
        size_t last = bounds[2 * f + 2];
        if (fold_open(fold, middle - first, last - middle, err) < 0) {
            folds_free(folds);
            return -1;
        }
        for (size_t row = first; row < middle; row++)
            fold->train[fold->train_count++] = row;
        for (size_t row = middle; row < last; row++)
            fold->test[fold->test_count++] = row;
    }
    *out = folds;
    return 0;
}
