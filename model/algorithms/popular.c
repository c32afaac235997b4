/*
 * popular.c - the model "popular": an ad's smoothed click rate, for everybody.
 *
 *   p_i = (sum r + w mean) / (|U_i| + w)
 *
 * The answer to cold start: w rows worth of the mean hold back ads with few
 * impressions; an unknown ad has the mean.
 */
#include "common/base/bytes_reader.h"
#include "model/model.h"
#include "model/registry.h"

#include <stdlib.h>

struct popular {
    struct model model;
    double *rate; /* (items) */
};

static const struct config_key popular_keys[] = {
    PARAM_F64("prior_weight", prior_weight, "20", 0, 1e9,
              "number of rows that the mean counts for"),
    PARAM_END};

static void popular_free(struct model *model)
{
    struct popular *self = (struct popular *)model;

    free(self->rate);
    free(self);
}

static int popular_fit(const struct ratings *train,
                       const struct model_params *params,
                       const atomic_bool *cancel, struct model **out,
                       struct error *err)
{
    struct popular *self = calloc(1, sizeof(*self));

    (void)cancel; /* one pass */
    if (self)
        self->rate = calloc((size_t)train->items + 1, sizeof(double));
    if (!self || !self->rate) {
        free(self);
        return error_no_memory(err, "the popular");
    }
    for (uint32_t i = 0; i < train->items; i++) {
        size_t first = train->item_first[i], last = train->item_first[i + 1];
        double weight = params->prior_weight, sum = weight * train->mean;
        for (size_t at = first; at < last; at++)
            sum += train->by_item[at].value;
        weight += (double)(last - first);
        self->rate[i] = weight > 0 ? sum / weight : train->mean;
    }
    *out = &self->model;
    return 0;
}

static void popular_predict(const struct model *model, const struct pair *pairs,
                            size_t n, struct prediction *out)
{
    const struct popular *self = (const struct popular *)model;

    for (size_t i = 0; i < n; i++)
        out[i].value = pairs[i].item < model->items ? self->rate[pairs[i].item]
                                                    : model->mean;
}

static void popular_save(const struct model *model, struct buffer *to)
{
    const struct popular *self = (const struct popular *)model;

    buffer_append_f64_array(to, self->rate, model->items);
}

static uint64_t popular_bytes(const struct model_extent *extent,
                              const struct model_params *params)
{
    (void)params;
    return sizeof(double) * (uint64_t)extent->items;
}

static int popular_load(struct bytes_reader *from, const struct model *head,
                        struct model **out, struct error *err)
{
    struct popular *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "the popular");
    self->rate = bytes_read_f64_array(from, head->items);
    if (bytes_reader_failed(from)) {
        popular_free(&self->model);
        return bytes_reader_refuse(from, "rates cut short or not finite", err);
    }
    *out = &self->model;
    return 0;
}

const struct model_ops popular_ops = {
    .name = "popular",
    .summary = "the ad's click rate, smoothed towards the mean",
    .format = 1,
    .keys = popular_keys,
    .fit = popular_fit,
    .predict = popular_predict,
    .save = popular_save,
    .body_bytes = popular_bytes,
    .load = popular_load,
    .free = popular_free,
};
