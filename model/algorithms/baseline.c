/*
 * baseline.c - the model "baseline": mean + user bias + item bias.
 *
 * An id the model does not know has bias 0. The formulas are in baseline.h.
 */
#include "model/algorithms/baseline.h"

#include "common/base/bytes_reader.h"
#include "model/model.h"
#include "model/registry.h"

#include <stdlib.h>

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
        return error_no_memory(err, "the baseline");
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
