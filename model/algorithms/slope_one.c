/*
 * slope_one.c - the model "slope-one" (Lemire and Maclachlan 2005, as Surprise
 * 1.1.4, with real-valued ratings).
 *
 *   r^ = mean_u + mean over j in I_u of dev(i, j),
 *   dev(i, j) = mean of r_ui - r_uj over the users that rated both
 *
 * j counts as often as u rated it, i itself with dev 0; an item never rated
 * together with i does not count. dev is computed an item at a time, when it
 * is first asked for.
 */
#include "model/model.h"

#include "model/algorithms/baseline.h"
#include "model/algorithms/row_cache.h"
#include "model/registry.h"
#include "model/rows/co_rated.h"

#include <math.h>
#include <stdlib.h>

static const struct config_key keys[] = {
    PARAM_U64("cache_bytes", cache_bytes, "268435456", 0, 1e15,
              "bytes of deviations that are kept in memory"),
    PARAM_IMPOSSIBLE, PARAM_END};

struct slope_one {
    struct model model;
    struct co_rated *lists; /* x: items, y: users */
    struct row_cache *rows;
};

struct deviation {
    double sum, n;
};

/* row (items): dev(i, j), NaN where i and j were never rated together. */
static void compute_row(const void *owner, uint32_t i, void *scratch,
                        double *row)
{
    const struct co_rated *lists = owner;
    struct deviation *sums = scratch;

    for (size_t at = lists->x_first[i]; at < lists->x_first[i + 1]; at++) {
        uint32_t u = lists->x_list[at].other;
        double r = lists->x_list[at].value;
        for (size_t e = lists->y_first[u]; e < lists->y_first[u + 1]; e++) {
            struct deviation *to = &sums[lists->y_list[e].other];
            to->sum += r - lists->y_list[e].value;
            to->n += 1;
        }
    }
    for (uint32_t j = 0; j < lists->xs; j++) {
        row[j] = sums[j].n > 0 ? sums[j].sum / sums[j].n : (double)NAN;
        sums[j] = (struct deviation){0, 0};
    }
    row[i] = 0;
}

static void slope_one_free(struct model *model)
{
    struct slope_one *self = (struct slope_one *)model;

    row_cache_free(self->rows);
    co_rated_free(self->lists);
    free(self);
}

static void estimate(const struct co_rated *lists, uint32_t u,
                     const double *row, struct prediction *out)
{
    const struct rated *list = lists->y_list + lists->y_first[u];
    size_t n = lists->y_first[u + 1] - lists->y_first[u], together = 0;
    double values = 0, sum = 0;

    for (size_t at = 0; at < n; at++) {
        values += list[at].value;
        if (isnan(row[list[at].other]))
            continue;
        sum += row[list[at].other];
        together++;
    }
    out->impossible = n == 0;
    out->value = n ? values / (double)n : 0;
    if (together > 0)
        out->value += sum / (double)together;
}

static void slope_one_predict(const struct model *model,
                              const struct pair *pairs, size_t n,
                              struct prediction *out)
{
    const struct slope_one *self = (const struct slope_one *)model;

    for (size_t i = 0; i < n; i++) {
        uint32_t user = pairs[i].user, item = pairs[i].item;
        if (user >= self->lists->ys || item >= self->lists->xs) {
            out[i].impossible = true;
            continue;
        }
        const double *row = row_cache_hold(self->rows, item);
        estimate(self->lists, user, row, &out[i]);
        row_cache_put(self->rows, item);
    }
}

/* Takes the lists. */
static int new_model(struct co_rated *lists, const struct model_params *params,
                     struct model **out, struct error *err)
{
    struct slope_one *self = calloc(1, sizeof(*self));

    if (!self) {
        co_rated_free(lists);
        return error_no_memory(err, "the slope one");
    }
    self->lists = lists;
    if (row_cache_new(
            &(struct row_source){lists->xs, compute_row, lists,
                                 lists->xs * sizeof(struct deviation)},
            params->cache_bytes, &self->rows, err) < 0) {
        slope_one_free(&self->model);
        return -1;
    }
    *out = &self->model;
    return 0;
}

static int slope_one_fit(const struct ratings *train,
                         const struct model_params *params,
                         const atomic_bool *cancel, struct model **out,
                         struct error *err)
{
    struct co_rated *lists = NULL;

    (void)cancel; /* quick: deviations are computed when asked for */
    if (co_rated_build(train, CO_RATED_ITEMS, &lists, err) < 0)
        return -1;
    return new_model(lists, params, out, err);
}

static void slope_one_save(const struct model *model, struct buffer *to)
{
    co_rated_save(((const struct slope_one *)model)->lists, to);
}

static uint64_t slope_one_bytes(const struct model_extent *extent,
                                const struct model_params *params)
{
    (void)params;
    return co_rated_bytes(extent->rows, extent->users);
}

static int slope_one_load(struct bytes_reader *from, const struct model *head,
                          struct model **out, struct error *err)
{
    struct co_rated *lists = NULL;

    if (co_rated_load(from, head->items, head->users, &lists, err) < 0)
        return -1;
    return new_model(lists, &head->params, out, err);
}

const struct model_ops slope_one_ops = {
    .name = "slope-one",
    .summary = "user's mean + mean difference of the items (Lemire 2005)",
    .format = 1,
    .keys = keys,
    .fit = slope_one_fit,
    .stand_in = baseline_stand_in,
    .predict = slope_one_predict,
    .save = slope_one_save,
    .body_bytes = slope_one_bytes,
    .load = slope_one_load,
    .free = slope_one_free,
};
