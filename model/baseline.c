/*
 * baseline.c - the model "baseline": mean + user bias + item bias.
 *
 * An id the model does not know has bias 0. The formulas are in baseline.h.
 */
#include "model/baseline.h"

#include "model/bytes_reader.h"
#include "model/model.h"
#include "model/registry.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ALS_EPOCHS = 10, SGD_EPOCHS = 20 };

/* --- Estimating the biases ---------------------------------------------------
 */

/* One half-step of ALS for a list of entries; `other` (others) are the biases
 * of the other side, nobody's is 0. */
static double refit(const struct rated *list, size_t n, double mean,
                    const double *other, double damping)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double bias = list[i].other == INDEX_UNKNOWN ? 0 : other[list[i].other];
        sum += list[i].value - mean - bias;
    }
    return sum / (damping + (double)n);
}

static bool cancelled(const atomic_bool *cancel)
{
    return cancel && atomic_load(cancel);
}

static void als(const struct ratings *train, const struct model_params *params,
                const atomic_bool *cancel, double *user_bias, double *item_bias)
{
    uint32_t epochs = params->bsl_epochs ? params->bsl_epochs : ALS_EPOCHS;

    for (uint32_t epoch = 0; epoch < epochs && !cancelled(cancel); epoch++) {
        for (uint32_t i = 0; i < train->items; i++) {
            size_t first = train->item_first[i];
            item_bias[i] =
                refit(train->by_item + first, train->item_first[i + 1] - first,
                      train->mean, user_bias, params->bsl_reg_i);
        }
        for (uint32_t u = 0; u < train->users; u++) {
            size_t first = train->user_first[u];
            user_bias[u] =
                refit(train->by_user + first, train->user_first[u + 1] - first,
                      train->mean, item_bias, params->bsl_reg_u);
        }
    }
}

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

    for (uint32_t epoch = 0; epoch < epochs && !cancelled(cancel); epoch++) {
        for (uint32_t u = 0; u < train->users; u++)
            sgd_user(train, params, u, user_bias, item_bias);
        sgd_nobody(train, params, item_bias);
    }
}

static void estimate(const struct ratings *train,
                     const struct model_params *params,
                     const atomic_bool *cancel, double *user_bias,
                     double *item_bias)
{
    memset(user_bias, 0, train->users * sizeof(*user_bias));
    memset(item_bias, 0, train->items * sizeof(*item_bias));
    if (params->bsl_method == BASELINE_ALS)
        als(train, params, cancel, user_bias, item_bias);
    else
        sgd(train, params, cancel, user_bias, item_bias);
}

void baseline_biases(const struct ratings *train,
                     const struct model_params *params, double *user_bias,
                     double *item_bias)
{
    estimate(train, params, NULL, user_bias, item_bias);
}

/* --- The model ---------------------------------------------------------------
 */

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
        return error_set(err, ERROR_FAILED, "out of memory");
    self->user_bias = calloc((size_t)train->users + 1, sizeof(double));
    self->item_bias = calloc((size_t)train->items + 1, sizeof(double));
    if (!self->user_bias || !self->item_bias) {
        baseline_free(&self->model);
        return error_set(err, ERROR_FAILED, "out of memory");
    }
    estimate(train, params, cancel, self->user_bias, self->item_bias);
    if (cancelled(cancel)) {
        baseline_free(&self->model);
        return error_set(err, ERROR_TEMPORARY, "cancelled");
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

    for (uint32_t u = 0; u < model->users; u++)
        buffer_append_f64(to, self->user_bias[u]);
    for (uint32_t i = 0; i < model->items; i++)
        buffer_append_f64(to, self->item_bias[i]);
}

static int baseline_load(struct bytes_reader *from, const struct model *head,
                         struct model **out, struct error *err)
{
    struct baseline *self = calloc(1, sizeof(*self));

    if (!self)
        return error_set(err, ERROR_FAILED, "out of memory");
    self->user_bias = bytes_read_f64_array(from, head->users);
    self->item_bias = bytes_read_f64_array(from, head->items);
    if (bytes_reader_failed(from)) {
        baseline_free(&self->model);
        return error_set(err, ERROR_FORMAT, "biases cut short or not finite");
    }
    *out = &self->model;
    return 0;
}

const struct model_ops baseline_ops = {
    .name = "baseline",
    .summary = "mean + b_u + b_i by ALS or SGD (Koren 2010)",
    .format = 1,
    .keys = baseline_keys,
    .fit = baseline_fit,
    .predict = baseline_predict,
    .save = baseline_save,
    .load = baseline_load,
    .free = baseline_free,
};
