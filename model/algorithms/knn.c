/*
 * knn.c - the models "knn", "knn-means", "knn-zscore" and "knn-baseline"
 * (as Surprise 1.1.4: KNNBasic, KNNWithMeans, KNNWithZScore, KNNBaseline).
 *
 * Of all rows of y, the k most similar x' are kept (earlier rows win ties),
 * then those with a similarity s above 0, S = sum s:
 *
 *   knn           sum s r / S
 *   knn-means     mean_x + sum s (r - mean_x') / S
 *   knn-zscore    mean_x + sd_x sum s (r - mean_x') / sd_x' / S
 *   knn-baseline  b_xy + sum s (r - b_x'y) / S,   b_xy = mean + b_x + b_y
 *
 * x itself is a neighbour where it has rated y. With fewer than min_k of them
 * knn has no answer, the others no correction. Of an id that is not known
 * knn-baseline has its biases, the others nothing: their stand-in answers. sd
 * is the population's; where it is 0 that of all rows counts, and 1 where that
 * is 0 too.
 */
#include "model/algorithms/knn.h"

#include "common/base/bytes_reader.h"
#include "model/algorithms/baseline.h"
#include "model/algorithms/nearest.h"
#include "model/algorithms/row_cache.h"
#include "model/algorithms/similarity.h"
#include "model/registry.h"
#include "model/rows/co_rated.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define KNN_KEYS                                                                                                        \
    PARAM_U32("k",                k,           "40",  1, NEAREST_MAX, "greatest number of neighbours"),                  \
    PARAM_U32("min_k",            min_k,       "1",   0, NEAREST_MAX, "with fewer neighbours there is no estimate"),     \
    PARAM_CHOICE("similarity",    similarity,  "msd", SIMILARITY_WORDS, "how likeness is measured"),                     \
    PARAM_BOOL("user_based",      user_based,  "true", "compare users; false compares items"),                           \
    PARAM_U32("min_support",      min_support, "1",   0, 1000000000, "with fewer ratings in common two are not alike"),  \
    PARAM_F64("shrinkage",        shrinkage,   "100", 0, 1e9,        "pearson_baseline: damping of few common ratings"), \
    PARAM_U64("cache_bytes",      cache_bytes, "268435456", 0, 1e15, "bytes of similarities in memory"),                 \
    BASELINE_KEYS
/* clang-format on */

static const struct config_key keys[] = {KNN_KEYS, PARAM_IMPOSSIBLE, PARAM_END};
static const struct config_key baseline_keys[] = {KNN_KEYS, PARAM_END};

enum knn_kind { KNN_PLAIN, KNN_MEANS, KNN_ZSCORE, KNN_BASELINE };

struct knn {
    struct model model;
    enum knn_kind kind;
    struct co_rated *lists;
    struct similarities similarity;
    struct row_cache *rows;
    bool user_based;
    uint32_t k, min_k;
    double mean;             /* of all rows */
    double *x_mean, *x_sd;   /* (xs) */
    double *x_bias, *y_bias; /* (xs), (ys) */
};

static void knn_free(struct model *model)
{
    struct knn *self = (struct knn *)model;

    row_cache_free(self->rows);
    co_rated_free(self->lists);
    free(self->x_mean);
    free(self->x_sd);
    free(self->x_bias);
    free(self->y_bias);
    free(self);
}

/* --- Predicting ------------------------------------------------------- */

/* Returns the share of a neighbour's rating, before its weight. */
static double deviation(const struct knn *self, const struct rated *from,
                        uint32_t y)
{
    if (self->kind == KNN_PLAIN)
        return from->value;
    if (self->kind == KNN_BASELINE)
        return from->value -
               (self->mean + self->x_bias[from->other] + self->y_bias[y]);
    return from->value - self->x_mean[from->other];
}

/* Returns the estimate without neighbours. */
static double start_of(const struct knn *self, uint32_t x, uint32_t y)
{
    if (self->kind == KNN_PLAIN)
        return 0;
    if (self->kind == KNN_BASELINE) {
        double bx = x < self->lists->xs ? self->x_bias[x] : 0;
        double by = y < self->lists->ys ? self->y_bias[y] : 0;
        return self->mean + bx + by;
    }
    return self->x_mean[x];
}

static void estimate(const struct knn *self, const double *row, uint32_t x,
                     uint32_t y, struct prediction *out)
{
    struct nearest best;
    uint32_t used = 0;
    bool scaled = self->kind == KNN_ZSCORE;
    double sum = 0, weights = 0;

    nearest_select(&best, self->k, row,
                   self->lists->y_list + self->lists->y_first[y],
                   self->lists->y_first[y + 1] - self->lists->y_first[y]);
    while (used < best.n) {
        const struct rated *from = best.entry[used];
        double part = best.similarity[used] * deviation(self, from, y);
        weights += best.similarity[used++];
        sum += scaled ? part / self->x_sd[from->other] : part;
    }
    out->neighbours = used;
    out->value = start_of(self, x, y);
    if (used >= self->min_k && used > 0)
        out->value += sum / weights * (scaled ? self->x_sd[x] : 1);
    else
        out->impossible = self->kind == KNN_PLAIN;
}

static void knn_predict(const struct model *model, const struct pair *pairs,
                        size_t n, struct prediction *out)
{
    const struct knn *self = (const struct knn *)model;
    const double *row = NULL;
    uint32_t held = INDEX_UNKNOWN;

    for (size_t i = 0; i < n; i++) {
        uint32_t x = self->user_based ? pairs[i].user : pairs[i].item;
        uint32_t y = self->user_based ? pairs[i].item : pairs[i].user;
        if (x >= self->lists->xs || y >= self->lists->ys) {
            out[i].impossible = self->kind != KNN_BASELINE;
            if (!out[i].impossible)
                out[i].value = start_of(self, x, y);
            continue;
        }
        if (x != held) {
            if (row)
                row_cache_put(self->rows, held);
            row = row_cache_hold(self->rows, x);
            held = x;
        }
        estimate(self, row, x, y, &out[i]);
    }
    if (row)
        row_cache_put(self->rows, held);
}

bool knn_is(const struct model *model)
{
    return model->ops->predict == knn_predict;
}

uint32_t knn_neighbours(const struct model *model, uint32_t x, uint32_t k,
                        struct neighbour *out)
{
    const struct knn *self = (const struct knn *)model;
    const double *row = row_cache_hold(self->rows, x);
    uint32_t n = 0;

    for (uint32_t other = 0; other < self->lists->xs && k > 0; other++) {
        if (other == x || (n == k && !(row[other] > out[n - 1].similarity)))
            continue;
        uint32_t at = n < k ? n++ : k - 1;
        for (; at > 0 && out[at - 1].similarity < row[other]; at--)
            out[at] = out[at - 1];
        out[at] = (struct neighbour){other, row[other]};
    }
    row_cache_put(self->rows, x);
    return n;
}

/* --- Learning --------------------------------------------------------- */

static bool with_baseline(const struct knn *self)
{
    return self->kind == KNN_BASELINE ||
           self->similarity.measure == SIM_PEARSON_BASELINE;
}

static void compute_row(const void *owner, uint32_t x, void *scratch,
                        double *row)
{
    similarity_row(owner, x, scratch, row);
}

/* Takes users, items, mean and params from the head. */
static int new_model(enum knn_kind kind, const struct model *head,
                     struct knn **out, struct error *err)
{
    const struct model_params *params = &head->params;
    struct knn *self = calloc(1, sizeof(*self));
    size_t xs = (size_t)(params->user_based ? head->users : head->items) + 1;
    size_t ys = (size_t)(params->user_based ? head->items : head->users) + 1;

    if (!self)
        return error_no_memory(err, "the knn");
    self->kind = kind;
    self->user_based = params->user_based;
    self->k = params->k;
    self->min_k = params->min_k;
    self->mean = head->mean;
    self->similarity.measure = (enum similarity)params->similarity;
    self->x_mean = calloc(xs, sizeof(double));
    self->x_sd = calloc(xs, sizeof(double));
    self->x_bias = calloc(xs, sizeof(double));
    self->y_bias = calloc(ys, sizeof(double));
    if (!self->x_mean || !self->x_sd || !self->x_bias || !self->y_bias) {
        knn_free(&self->model);
        return error_no_memory(err, "the knn");
    }
    *out = self;
    return 0;
}

/* Needs the lists and the biases. */
static int prepare(struct knn *self, const struct model_params *params,
                   struct error *err)
{
    self->similarity = similarity_over(self->lists, params, self->mean,
                                       self->x_bias, self->y_bias);
    return row_cache_new(
        &(struct row_source){self->lists->xs, compute_row, &self->similarity,
                             similarity_scratch_bytes(&self->similarity)},
        params->cache_bytes, &self->rows, err);
}

static double spread(const struct rated *list, size_t n, double mean)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (list[i].value - mean) * (list[i].value - mean);
    return n > 0 ? sqrt(sum / (double)n) : 0;
}

static double mean_of(const struct rated *list, size_t n, double fallback)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += list[i].value;
    return n > 0 ? sum / (double)n : fallback;
}

/* Takes mean and deviation of each x over its rows. Rows of nobody count where
 * x is an item. */
static void take_statistics(struct knn *self, const struct ratings *train)
{
    const size_t *first =
        self->user_based ? train->user_first : train->item_first;
    const struct rated *list =
        self->user_based ? train->by_user : train->by_item;
    /* nobody's rows lie right behind the users' */
    double all = spread(train->by_user, train->count, train->mean);

    for (uint32_t x = 0; x < self->lists->xs; x++) {
        size_t n = first[x + 1] - first[x];
        self->x_mean[x] = mean_of(list + first[x], n, train->mean);
        double sd = spread(list + first[x], n, self->x_mean[x]);
        self->x_sd[x] = sd > 0 ? sd : all > 0 ? all : 1;
    }
}

static int fit_as(enum knn_kind kind, const struct ratings *train,
                  const struct model_params *params, struct model **out,
                  struct error *err)
{
    const struct model head = {.users = train->users,
                               .items = train->items,
                               .mean = train->mean,
                               .params = *params};
    struct knn *self = NULL;

    if (new_model(kind, &head, &self, err) < 0)
        return -1;
    if (co_rated_build(train,
                       self->user_based ? CO_RATED_USERS : CO_RATED_ITEMS,
                       &self->lists, err) < 0)
        goto failed;
    take_statistics(self, train);
    if (with_baseline(self) &&
        baseline_biases(
            train, params, NULL, self->user_based ? self->x_bias : self->y_bias,
            self->user_based ? self->y_bias : self->x_bias, err) < 0)
        goto failed;
    if (prepare(self, params, err) < 0)
        goto failed;
    *out = &self->model;
    return 0;

failed:
    knn_free(&self->model);
    return -1;
}

/* --- Saving and loading ----------------------------------------------- */

static void knn_save(const struct model *model, struct buffer *to)
{
    const struct knn *self = (const struct knn *)model;

    co_rated_save(self->lists, to);
    buffer_append_f64_array(to, self->x_mean, self->lists->xs);
    buffer_append_f64_array(to, self->x_sd, self->lists->xs);
    if (with_baseline(self)) {
        buffer_append_f64_array(to, self->x_bias, self->lists->xs);
        buffer_append_f64_array(to, self->y_bias, self->lists->ys);
    }
}

static uint64_t knn_bytes(const struct model_extent *extent,
                          const struct model_params *params)
{
    uint64_t others = params->user_based ? extent->items : extent->users;
    uint64_t compared = params->user_based ? extent->users : extent->items;

    return co_rated_bytes(extent->rows, others) + 2 * sizeof(double) * compared;
}

static int load_body(struct knn *self, struct bytes_reader *from,
                     const struct model *head, struct error *err)
{
    uint32_t xs = self->user_based ? head->users : head->items;
    uint32_t ys = self->user_based ? head->items : head->users;

    if (co_rated_load(from, xs, ys, &self->lists, err) < 0)
        return -1;
    bytes_read_f64_into(from, self->x_mean, xs);
    bytes_read_f64_into(from, self->x_sd, xs);
    if (with_baseline(self)) {
        bytes_read_f64_into(from, self->x_bias, xs);
        bytes_read_f64_into(from, self->y_bias, ys);
    }
    if (bytes_reader_failed(from))
        return bytes_reader_refuse(from, "statistics cut short or not finite",
                                   err);
    return prepare(self, &head->params, err);
}

static int load_as(enum knn_kind kind, struct bytes_reader *from,
                   const struct model *head, struct model **out,
                   struct error *err)
{
    struct knn *self = NULL;

    if (((uint64_t)head->users + head->items) * 4 > from->left)
        return error_set(err, ERROR_FORMAT, "rows cut short");
    if (new_model(kind, head, &self, err) < 0)
        return -1;
    if (load_body(self, from, head, err) < 0) {
        knn_free(&self->model);
        return -1;
    }
    *out = &self->model;
    return 0;
}

/* --- The four --------------------------------------------------------- */

#define KNN_MODEL(stem, kind, its_keys, its_stand_in, model_name, text)        \
    static int stem##_fit(                                                     \
        const struct ratings *train, const struct model_params *params,        \
        const atomic_bool *cancel, struct model **out, struct error *err)      \
    {                                                                          \
        (void)cancel; /* quick: similarities are computed when asked for */    \
        return fit_as(kind, train, params, out, err);                          \
    }                                                                          \
                                                                               \
    static int stem##_load(struct bytes_reader *from,                          \
                           const struct model *head, struct model **out,       \
                           struct error *err)                                  \
    {                                                                          \
        return load_as(kind, from, head, out, err);                            \
    }                                                                          \
                                                                               \
    const struct model_ops stem##_ops = {                                      \
        .name = (model_name),                                                  \
        .summary = (text),                                                     \
        .format = 1,                                                           \
        .keys = (its_keys),                                                    \
        .fit = stem##_fit,                                                     \
        .stand_in = (its_stand_in),                                            \
        .predict = knn_predict,                                                \
        .save = knn_save,                                                      \
        .body_bytes = knn_bytes,                                               \
        .load = stem##_load,                                                   \
        .free = knn_free,                                                      \
    }

KNN_MODEL(knn, KNN_PLAIN, keys, baseline_stand_in, "knn",
          "mean of the k most similar, weighted");
KNN_MODEL(knn_means, KNN_MEANS, keys, baseline_stand_in, "knn-means",
          "own mean + the neighbours' differences");
KNN_MODEL(knn_zscore, KNN_ZSCORE, keys, baseline_stand_in, "knn-zscore",
          "own mean + the neighbours' z-scores");
KNN_MODEL(knn_baseline, KNN_BASELINE, baseline_keys, NULL, "knn-baseline",
          "baseline + the neighbours' differences from theirs");
