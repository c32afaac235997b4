/*
 * co_clustering.c - the model "co-clustering" (George and Merugu 2005, as
 * Surprise 1.1.4, with real-valued ratings).
 *
 *   r^ = C[g(u),h(i)] + (mean_u - C_u[g(u)]) + (mean_i - C_i[h(i)])
 *
 * Clusters start at random. Each epoch takes the averages C, C_u and C_i (of
 * all rows where a cluster is empty), then moves every user, and after that
 * every item, to the cluster with the least sum (r - r^)^2 over its list, with
 * the same averages; the lowest cluster wins a tie. One known id alone gives
 * its mean. Rows of nobody count in mean_i and C_i.
 */
#include "model/model.h"

#include "common/base/bytes_reader.h"
#include "model/maths/numpy_random.h"
#include "model/registry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct config_key keys[] = {
    PARAM_U32("clusters_u", clusters_u, "3",  1, 1024,   "clusters of users"),
    PARAM_U32("clusters_i", clusters_i, "3",  1, 1024,   "clusters of items"),
    PARAM_U32("epochs",     epochs,     "20", 0, 100000, "rounds of moving users and items"),
    PARAM_SEED,
    PARAM_END};
/* clang-format on */

struct co_clustering {
    struct model model;
    uint32_t users, items, clusters_u, clusters_i;
    uint32_t *cluster_u, *cluster_i; /* (users), (items) */
    double *mean_u, *mean_i;         /* (users), (items) */
    double *both;                    /* (clusters_u, clusters_i) */
    double *of_u, *of_i;             /* (clusters_u), (clusters_i) */
};

static void co_clustering_free(struct model *model)
{
    struct co_clustering *self = (struct co_clustering *)model;

    free(self->cluster_u);
    free(self->cluster_i);
    free(self->mean_u);
    free(self->mean_i);
    free(self->both);
    free(self->of_u);
    free(self->of_i);
    free(self);
}

static int new_model(uint32_t users, uint32_t items,
                     const struct model_params *params,
                     struct co_clustering **out, struct error *err)
{
    struct co_clustering *self = calloc(1, sizeof(*self));
    size_t cells = (size_t)params->clusters_u * params->clusters_i;

    if (!self)
        return error_no_memory(err, "the co clustering");
    self->users = users;
    self->items = items;
    self->clusters_u = params->clusters_u;
    self->clusters_i = params->clusters_i;
    self->cluster_u = calloc((size_t)users + 1, sizeof(uint32_t));
    self->cluster_i = calloc((size_t)items + 1, sizeof(uint32_t));
    self->mean_u = calloc((size_t)users + 1, sizeof(double));
    self->mean_i = calloc((size_t)items + 1, sizeof(double));
    self->both = calloc(cells, sizeof(double));
    self->of_u = calloc(self->clusters_u, sizeof(double));
    self->of_i = calloc(self->clusters_i, sizeof(double));
    if (!self->cluster_u || !self->cluster_i || !self->mean_u ||
        !self->mean_i || !self->both || !self->of_u || !self->of_i) {
        co_clustering_free(&self->model);
        return error_no_memory(err, "the co clustering");
    }
    *out = self;
    return 0;
}

/* --- Learning --------------------------------------------------------- */

static double mean_of(const struct rated *list, size_t n, double fallback)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += list[i].value;
    return n > 0 ? sum / (double)n : fallback;
}

static void take_means(struct co_clustering *self, const struct ratings *train)
{
    for (uint32_t u = 0; u < self->users; u++) {
        size_t first = train->user_first[u];
        self->mean_u[u] =
            mean_of(train->by_user + first, train->user_first[u + 1] - first,
                    train->mean);
    }
    for (uint32_t i = 0; i < self->items; i++) {
        size_t first = train->item_first[i];
        self->mean_i[i] =
            mean_of(train->by_item + first, train->item_first[i + 1] - first,
                    train->mean);
    }
}

struct counts {
    size_t *both, *of_u, *of_i;
};

static void sum_rows(struct co_clustering *self, const struct ratings *train,
                     const struct counts *counts)
{
    for (uint32_t u = 0; u < self->users; u++) {
        uint32_t g = self->cluster_u[u];
        for (size_t at = train->user_first[u]; at < train->user_first[u + 1];
             at++) {
            uint32_t h = self->cluster_i[train->by_user[at].other];
            size_t cell = (size_t)g * self->clusters_i + h;
            double r = train->by_user[at].value;
            self->both[cell] += r;
            self->of_u[g] += r;
            self->of_i[h] += r;
            counts->both[cell]++;
            counts->of_u[g]++;
            counts->of_i[h]++;
        }
    }
    for (size_t at = 0; at < train->nobody_count; at++) {
        uint32_t h = self->cluster_i[train->nobody[at].other];
        self->of_i[h] += train->nobody[at].value;
        counts->of_i[h]++;
    }
}

static void divide(double *sums, const size_t *counts, size_t n,
                   double fallback)
{
    for (size_t i = 0; i < n; i++)
        sums[i] = counts[i] ? sums[i] / (double)counts[i] : fallback;
}

/* `counts->both` is the start of all the counts. */
static void take_averages(struct co_clustering *self,
                          const struct ratings *train,
                          const struct counts *counts)
{
    size_t cells = (size_t)self->clusters_u * self->clusters_i;

    memset(counts->both, 0,
           (cells + self->clusters_u + self->clusters_i) * sizeof(size_t));
    memset(self->both, 0, cells * sizeof(double));
    memset(self->of_u, 0, self->clusters_u * sizeof(double));
    memset(self->of_i, 0, self->clusters_i * sizeof(double));
    sum_rows(self, train, counts);
    divide(self->both, counts->both, cells, train->mean);
    divide(self->of_u, counts->of_u, self->clusters_u, train->mean);
    divide(self->of_i, counts->of_i, self->clusters_i, train->mean);
}

static double estimate(const struct co_clustering *self, uint32_t u, uint32_t i,
                       uint32_t g, uint32_t h)
{
    return self->both[(size_t)g * self->clusters_i + h] + self->mean_u[u] -
           self->of_u[g] + self->mean_i[i] - self->of_i[h];
}

static void move_user(struct co_clustering *self, const struct ratings *train,
                      uint32_t u)
{
    double least = INFINITY;

    for (uint32_t g = 0; g < self->clusters_u; g++) {
        double error = 0;
        for (size_t at = train->user_first[u]; at < train->user_first[u + 1];
             at++) {
            uint32_t i = train->by_user[at].other;
            double e = train->by_user[at].value -
                       estimate(self, u, i, g, self->cluster_i[i]);
            error += e * e;
        }
        if (error < least) {
            least = error;
            self->cluster_u[u] = g;
        }
    }
}

static void move_item(struct co_clustering *self, const struct ratings *train,
                      uint32_t i)
{
    double least = INFINITY;

    for (uint32_t h = 0; h < self->clusters_i; h++) {
        double error = 0;
        for (size_t at = train->item_first[i]; at < train->item_first[i + 1];
             at++) {
            uint32_t u = train->by_item[at].other;
            if (u == INDEX_UNKNOWN)
                continue;
            double e = train->by_item[at].value -
                       estimate(self, u, i, self->cluster_u[u], h);
            error += e * e;
        }
        if (error < least) {
            least = error;
            self->cluster_i[i] = h;
        }
    }
}

static int learn(struct co_clustering *self, const struct ratings *train,
                 const struct model_params *params, const atomic_bool *cancel,
                 struct error *err)
{
    size_t cells = (size_t)self->clusters_u * self->clusters_i;
    size_t *all =
        calloc(cells + self->clusters_u + self->clusters_i, sizeof(*all));
    struct numpy_random random;

    if (!all)
        return error_no_memory(err, "the co clustering");
    struct counts counts = {all, all + cells, all + cells + self->clusters_u};
    numpy_random_seed(&random, (uint32_t)params->seed);
    for (uint32_t u = 0; u < self->users; u++)
        self->cluster_u[u] = numpy_random_below(&random, self->clusters_u);
    for (uint32_t i = 0; i < self->items; i++)
        self->cluster_i[i] = numpy_random_below(&random, self->clusters_i);
    take_means(self, train);
    for (uint32_t epoch = 0; epoch < params->epochs; epoch++) {
        if (model_is_cancelled(cancel)) {
            free(all);
            return model_cancelled(err);
        }
        take_averages(self, train, &counts);
        for (uint32_t u = 0; u < self->users; u++)
            move_user(self, train, u);
        for (uint32_t i = 0; i < self->items; i++)
            move_item(self, train, i);
    }
    take_averages(self, train, &counts);
    free(all);
    return 0;
}

static int co_clustering_fit(const struct ratings *train,
                             const struct model_params *params,
                             const atomic_bool *cancel, struct model **out,
                             struct error *err)
{
    struct co_clustering *self = NULL;

    if (new_model(train->users, train->items, params, &self, err) < 0)
        return -1;
    if (learn(self, train, params, cancel, err) < 0) {
        co_clustering_free(&self->model);
        return -1;
    }
    *out = &self->model;
    return 0;
}

/* --- The model -------------------------------------------------------- */

static void co_clustering_predict(const struct model *model,
                                  const struct pair *pairs, size_t n,
                                  struct prediction *out)
{
    const struct co_clustering *self = (const struct co_clustering *)model;

    for (size_t k = 0; k < n; k++) {
        uint32_t u = pairs[k].user, i = pairs[k].item;
        if (u < self->users && i < self->items)
            out[k].value =
                estimate(self, u, i, self->cluster_u[u], self->cluster_i[i]);
        else if (u < self->users)
            out[k].value = self->mean_u[u];
        else
            out[k].value = i < self->items ? self->mean_i[i] : model->mean;
    }
}

static void co_clustering_save(const struct model *model, struct buffer *to)
{
    const struct co_clustering *self = (const struct co_clustering *)model;

    buffer_append_u32_array(to, self->cluster_u, self->users);
    buffer_append_u32_array(to, self->cluster_i, self->items);
    buffer_append_f64_array(to, self->mean_u, self->users);
    buffer_append_f64_array(to, self->mean_i, self->items);
    buffer_append_f64_array(to, self->both,
                            (size_t)self->clusters_u * self->clusters_i);
    buffer_append_f64_array(to, self->of_u, self->clusters_u);
    buffer_append_f64_array(to, self->of_i, self->clusters_i);
}

static uint64_t co_clustering_bytes(const struct model_extent *extent,
                                    const struct model_params *params)
{
    uint64_t of_ids = sizeof(uint32_t) + sizeof(double);

    return of_ids * ((uint64_t)extent->users + extent->items) +
           sizeof(double) * (uint64_t)params->clusters_u * params->clusters_i;
}

static int co_clustering_load(struct bytes_reader *from,
                              const struct model *head, struct model **out,
                              struct error *err)
{
    const struct model_params *params = &head->params;
    size_t cells = (size_t)params->clusters_u * params->clusters_i;
    uint64_t bytes = 12 * ((uint64_t)head->users + head->items) + 8 * cells;
    struct co_clustering *self = NULL;

    if (bytes > from->left)
        return error_set(err, ERROR_FORMAT, "clusters cut short");
    if (new_model(head->users, head->items, params, &self, err) < 0)
        return -1;
    bytes_read_u32_into(from, self->cluster_u, self->users, self->clusters_u);
    bytes_read_u32_into(from, self->cluster_i, self->items, self->clusters_i);
    bytes_read_f64_into(from, self->mean_u, self->users);
    bytes_read_f64_into(from, self->mean_i, self->items);
    bytes_read_f64_into(from, self->both, cells);
    bytes_read_f64_into(from, self->of_u, self->clusters_u);
    bytes_read_f64_into(from, self->of_i, self->clusters_i);
    if (bytes_reader_failed(from)) {
        co_clustering_free(&self->model);
        return error_set(err, ERROR_FORMAT,
                         "clusters cut short, out of range or not finite");
    }
    *out = &self->model;
    return 0;
}

const struct model_ops co_clustering_ops = {
    .name = "co-clustering",
    .summary = "means of user, item and joint clusters (George, Merugu 2005)",
    .format = 1,
    .keys = keys,
    .fit = co_clustering_fit,
    .predict = co_clustering_predict,
    .save = co_clustering_save,
    .body_bytes = co_clustering_bytes,
    .load = co_clustering_load,
    .free = co_clustering_free,
};
