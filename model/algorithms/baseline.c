/*
 * baseline.c - biases of users and items, and the model "baseline": mean +
 * user bias + item bias.
 *
 * An id that the model does not know has bias 0. The formulas are in
 * baseline.h.
 */
#include "model/algorithms/baseline.h"

#include "common/base/bytes_reader.h"
#include "model/model.h"
#include "model/registry.h"

#include <stdlib.h>
#include <string.h>

enum { ALS_EPOCHS = 10, SGD_EPOCHS = 20 };

/* --- ALS -------------------------------------------------------------- */

/* The part of the rows that stays the same over the epochs: without the
 * values there is a quarter of the memory to walk through. */
struct als {
    const struct ratings *train;
    struct als_side {
        uint32_t count;
        const size_t *first; /* (count + 1) of each list */
        uint32_t *others;    /* as in by_user; or as in by_item, where
                                train->users is nobody */
        double *rest;        /* (count) sums of value - mean */
        double *bias;        /* (count); of users one more: nobody's is 0 */
    } users, items;
};

static double list_rest(const struct rated *list, size_t n, double mean)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += list[i].value - mean;
    return sum;
}

static void prepare(struct als *als)
{
    const struct ratings *train = als->train;
    const size_t known = train->count - train->nobody_count;

    for (size_t at = 0; at < known; at++)
        als->users.others[at] = train->by_user[at].other;
    for (size_t at = 0; at < train->count; at++) {
        uint32_t user = train->by_item[at].other;
        als->items.others[at] = user == INDEX_UNKNOWN ? train->users : user;
    }
    for (uint32_t u = 0; u < train->users; u++)
        als->users.rest[u] = list_rest(
            train->by_user + train->user_first[u],
            train->user_first[u + 1] - train->user_first[u], train->mean);
    for (uint32_t i = 0; i < train->items; i++)
        als->items.rest[i] = list_rest(
            train->by_item + train->item_first[i],
            train->item_first[i + 1] - train->item_first[i], train->mean);
}

/* Keeps four sums, since each addition to a single one would wait for the
 * addition before it. */
static double sum_of(const double *bias, const uint32_t *list, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (size_t lane = 0; lane < 4; lane++)
            sum[lane] += bias[list[i + lane]];
    for (; i < n; i++)
        sum[0] += bias[list[i]];
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/* One half-step: the biases of one side from those of the other. */
static void refit(const struct als_side *side, const double *other_bias,
                  double damping)
{
    for (uint32_t i = 0; i < side->count; i++) {
        size_t first = side->first[i], n = side->first[i + 1] - first;
        double explained = sum_of(other_bias, side->others + first, n);
        side->bias[i] = (side->rest[i] - explained) / (damping + (double)n);
    }
}

static void als_run(struct als *als, const struct model_params *params,
                    const atomic_bool *cancel)
{
    uint32_t epochs = params->bsl_epochs ? params->bsl_epochs : ALS_EPOCHS;

    for (uint32_t epoch = 0; epoch < epochs && !model_is_cancelled(cancel);
         epoch++) {
        refit(&als->items, als->users.bias, params->bsl_reg_i);
        refit(&als->users, als->items.bias, params->bsl_reg_u);
    }
}

static int als(const struct ratings *train, const struct model_params *params,
               const atomic_bool *cancel, double *user_bias, double *item_bias,
               struct error *err)
{
    const size_t users = train->users, items = train->items;
    const size_t known = train->count - train->nobody_count;
    uint32_t *others = malloc((known + train->count + 1) * sizeof(*others));
    double *sums = calloc(2 * users + items + 1, sizeof(*sums));
    int status = 0;

    if (others && sums) {
        struct als als = {.train = train,
                          .users = {.count = train->users,
                                    .first = train->user_first,
                                    .others = others,
                                    .rest = sums,
                                    .bias = sums + users},
                          .items = {.count = train->items,
                                    .first = train->item_first,
                                    .others = others + known,
                                    .rest = sums + 2 * users + 1,
                                    .bias = item_bias}};
        prepare(&als);
        als_run(&als, params, cancel);
        memcpy(user_bias, als.users.bias, users * sizeof(*user_bias));
    } else {
        status = error_no_memory(err, "the baseline biases");
    }
    free(others);
    free(sums);
    return status;
}

/* --- SGD -------------------------------------------------------------- */

static void sgd_user(const struct ratings *train,
                     const struct model_params *params, uint32_t u,
                     double *user_bias, double *item_bias)
{
    double lr = params->bsl_lr, reg = params->bsl_reg, bu = user_bias[u];

    for (size_t at = train->user_first[u]; at < train->user_first[u + 1];
         at++) {
        double *bi = &item_bias[train->by_user[at].other];
        double e = train->by_user[at].value - (train->mean + bu + *bi);
        bu += lr * (e - reg * bu);
        *bi += lr * (e - reg * *bi);
    }
    user_bias[u] = bu;
}

static void sgd_nobody(const struct ratings *train,
                       const struct model_params *params, double *item_bias)
{
    for (size_t i = 0; i < train->nobody_count; i++) {
        double *bi = &item_bias[train->nobody[i].other];
        double e = train->nobody[i].value - (train->mean + *bi);
        *bi += params->bsl_lr * (e - params->bsl_reg * *bi);
    }
}

static void sgd(const struct ratings *train, const struct model_params *params,
                const atomic_bool *cancel, double *user_bias, double *item_bias)
{
    uint32_t epochs = params->bsl_epochs ? params->bsl_epochs : SGD_EPOCHS;

    for (uint32_t epoch = 0; epoch < epochs && !model_is_cancelled(cancel);
         epoch++) {
        for (uint32_t u = 0; u < train->users; u++)
            sgd_user(train, params, u, user_bias, item_bias);
        sgd_nobody(train, params, item_bias);
    }
}

/* --- Biases by either method ------------------------------------------ */

int baseline_biases(const struct ratings *train,
                    const struct model_params *params,
                    const atomic_bool *cancel, double *user_bias,
                    double *item_bias, struct error *err)
{
    memset(user_bias, 0, train->users * sizeof(*user_bias));
    memset(item_bias, 0, train->items * sizeof(*item_bias));
    if (params->bsl_method == BASELINE_SGD)
        sgd(train, params, cancel, user_bias, item_bias);
    else if (als(train, params, cancel, user_bias, item_bias, err) < 0)
        return -1;
    return model_is_cancelled(cancel) ? model_cancelled(err) : 0;
}

/* --- More ids --------------------------------------------------------- */

/* Room goes up in steps, so that one more id seldom moves what is there. */
enum { GROWTH = 4096 };

int baseline_grow(double **biases, uint32_t from, uint32_t to,
                  struct error *err)
{
    const size_t room = ((size_t)to / GROWTH + 1) * GROWTH;
    double *grown = realloc(*biases, room * sizeof(*grown));

    if (!grown)
        return error_no_memory(err, "the biases of %u ids", to);
    for (size_t at = from; at < to; at++)
        grown[at] = 0;
    *biases = grown;
    return 0;
}

double *baseline_copy_biases(const double *biases, uint32_t count)
{
    double *copy = malloc(((size_t)count + 1) * sizeof(*copy));

    if (copy)
        memcpy(copy, biases, count * sizeof(*copy));
    return copy;
}

/* --- The model -------------------------------------------------------- */

struct baseline {
    struct model model;
    double *user_bias; /* (users) */
    double *item_bias; /* (items) */
};

static const struct config_key baseline_keys[] = {BASELINE_KEYS, PARAM_END};

static void baseline_free(struct model *model)
{
    struct baseline *self = (struct baseline *)model;

    free(self->user_bias);
    free(self->item_bias);
    free(self);
}

static int baseline_fit(const struct ratings *train,
                        const struct model_params *params,
                        const atomic_bool *cancel, struct model **out,
                        struct error *err)
{
    struct baseline *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "the baseline");
    self->user_bias = calloc((size_t)train->users + 1, sizeof(double));
    self->item_bias = calloc((size_t)train->items + 1, sizeof(double));
    if (!self->user_bias || !self->item_bias) {
        baseline_free(&self->model);
        return error_no_memory(err, "the baseline");
    }
    if (baseline_biases(train, params, cancel, self->user_bias, self->item_bias,
                        err) < 0) {
        baseline_free(&self->model);
        return -1;
    }
    *out = &self->model;
    return 0;
}

static void baseline_predict(const struct model *model,
                             const struct pair *pairs, size_t n,
                             struct prediction *out)
{
    const struct baseline *self = (const struct baseline *)model;

    for (size_t i = 0; i < n; i++) {
        double value = model->mean;
        if (pairs[i].user < model->users)
            value += self->user_bias[pairs[i].user];
        if (pairs[i].item < model->items)
            value += self->item_bias[pairs[i].item];
        out[i].value = value;
    }
}

static void baseline_save(const struct model *model, struct buffer *to)
{
    const struct baseline *self = (const struct baseline *)model;

    buffer_append_f64_array(to, self->user_bias, model->users);
    buffer_append_f64_array(to, self->item_bias, model->items);
}

static uint64_t baseline_bytes(const struct model_extent *extent,
                               const struct model_params *params)
{
    (void)params;
    return sizeof(double) * ((uint64_t)extent->users + extent->items);
}

static int baseline_load(struct bytes_reader *from, const struct model *head,
                         struct model **out, struct error *err)
{
    struct baseline *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "the baseline");
    self->user_bias = bytes_read_f64_array(from, head->users);
    self->item_bias = bytes_read_f64_array(from, head->items);
    if (bytes_reader_failed(from)) {
        baseline_free(&self->model);
        return bytes_reader_refuse(from, "biases cut short or not finite", err);
    }
    *out = &self->model;
    return 0;
}

/* --- Between fits ----------------------------------------------------- */

static bool find_biases(const struct model *model, struct model_biases *out)
{
    const struct baseline *self = (const struct baseline *)model;
    const struct model_params *params = &model->params;
    const bool is_sgd = params->bsl_method == BASELINE_SGD;
    const uint32_t epochs =
        params->bsl_epochs ? params->bsl_epochs : SGD_EPOCHS;
    const double walked = params->bsl_lr * epochs;

    *out = (struct model_biases){
        .users = self->user_bias,
        .items = self->item_bias,
        .damping_users = is_sgd ? 1 / walked : params->bsl_reg_u,
        .damping_items = is_sgd ? 1 / walked : params->bsl_reg_i};
    return !is_sgd || walked > 0;
}

static int grow(struct model *model, uint32_t users, uint32_t items,
                struct error *err)
{
    struct baseline *self = (struct baseline *)model;

    if (baseline_grow(&self->user_bias, model->users, users, err) < 0 ||
        baseline_grow(&self->item_bias, model->items, items, err) < 0)
        return -1;
    model->users = users;
    model->items = items;
    return 0;
}

static int copy(const struct model *model, struct model **out,
                struct error *err)
{
    const struct baseline *self = (const struct baseline *)model;
    struct baseline *other = calloc(1, sizeof(*other));

    if (!other)
        return error_no_memory(err, "a copy of the baseline");
    other->model = *model;
    other->user_bias = baseline_copy_biases(self->user_bias, model->users);
    other->item_bias = baseline_copy_biases(self->item_bias, model->items);
    if (!other->user_bias || !other->item_bias) {
        baseline_free(&other->model);
        return error_no_memory(err, "a copy of the baseline");
    }
    *out = &other->model;
    return 0;
}

static const struct bias_ops with_biases = {
    .find = find_biases, .grow = grow, .copy = copy};

int baseline_stand_in(const struct ratings *train, const atomic_bool *cancel,
                      double *user_bias, double *item_bias, struct error *err)
{
    struct model_params params;

    if (params_start(&baseline_ops, &params, err) < 0)
        return -1;
    return baseline_biases(train, &params, cancel, user_bias, item_bias, err);
}

const struct model_ops baseline_ops = {
    .name = "baseline",
    .summary = "mean + b_u + b_i by ALS or SGD (Koren 2010)",
    .format = 1,
    .keys = baseline_keys,
    .fit = baseline_fit,
    .predict = baseline_predict,
    .save = baseline_save,
    .body_bytes = baseline_bytes,
    .load = baseline_load,
    .free = baseline_free,
    .biases = &with_biases,
};
