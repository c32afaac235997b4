/*
 * random_model.c - the models "random" and "normal": what a guess is worth.
 *
 *   random  1 with the probability of the training mean, else 0 (of the scale)
 *   normal  mean + sigma g, g standard normal (Surprise's NormalPredictor;
 *           sigma is the population standard deviation)
 *
 * The reference draws from one global stream, so that a value depends on the
 * questions before it. Here the draw is a hash of seed, user and item: the same
 * question has the same answer, in any thread and after a restart.
 */
#include "common/base/random.h"

#include "common/base/bytes_reader.h"
#include "model/model.h"
#include "model/registry.h"

#include <math.h>
#include <stdlib.h>

struct random_model {
    struct model model;
    double sigma;
    uint64_t seed;
};

static const struct config_key random_keys[] = {PARAM_SEED, PARAM_END};

static uint64_t start(const struct random_model *self, struct pair pair)
{
    uint64_t state = self->seed;

    state = random_next(&state) ^ ((uint64_t)pair.user << 32 | pair.item);
    return random_next(&state);
}

static void random_free(struct model *model)
{
    free(model);
}

static int random_fit(const struct ratings *train,
                      const struct model_params *params,
                      const atomic_bool *cancel, struct model **out,
                      struct error *err)
{
    struct random_model *self = calloc(1, sizeof(*self));
    double squares = 0;

    (void)cancel; /* one pass */
    if (!self)
        return error_no_memory(err, "the random model");
    for (size_t i = 0; i < train->count; i++) {
        double d = train->by_item[i].value - train->mean;
        squares += d * d;
    }
    self->sigma = sqrt(squares / (double)train->count);
    self->seed = params->seed;
    *out = &self->model;
    return 0;
}

static void random_predict(const struct model *model, const struct pair *pairs,
                           size_t n, struct prediction *out)
{
    const struct random_model *self = (const struct random_model *)model;
    double low = model->scale.low, high = model->scale.high;
    double share = high > low ? (model->mean - low) / (high - low) : 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t state = start(self, pairs[i]);
        out[i].value = random_uniform(&state) < share ? high : low;
    }
}

static void normal_predict(const struct model *model, const struct pair *pairs,
                           size_t n, struct prediction *out)
{
    const struct random_model *self = (const struct random_model *)model;

    for (size_t i = 0; i < n; i++) {
        uint64_t state = start(self, pairs[i]);
        out[i].value = model->mean + self->sigma * random_normal(&state);
    }
}

static void random_save(const struct model *model, struct buffer *to)
{
    const struct random_model *self = (const struct random_model *)model;

    buffer_append_f64(to, self->sigma);
    buffer_append_u64(to, self->seed);
}

static int random_load(struct bytes_reader *from, const struct model *head,
                       struct model **out, struct error *err)
{
    struct random_model *self = calloc(1, sizeof(*self));

    (void)head;
    if (!self)
        return error_no_memory(err, "the random model");
    self->sigma = bytes_read_f64(from);
    self->seed = bytes_read_u64(from);
    if (bytes_reader_failed(from) || !isfinite(self->sigma)) {
        free(self);
        return error_set(err, ERROR_FORMAT, "cut short or not finite");
    }
    *out = &self->model;
    return 0;
}

const struct model_ops random_ops = {
    .name = "random",
    .summary = "a click with the probability of the mean: the bar to beat",
    .format = 1,
    .keys = random_keys,
    .fit = random_fit,
    .predict = random_predict,
    .save = random_save,
    .load = random_load,
    .free = random_free,
};

const struct model_ops normal_ops = {
    .name = "normal",
    .summary = "a draw from the normal distribution of the training values",
    .format = 1,
    .keys = random_keys,
    .fit = random_fit,
    .predict = normal_predict,
    .save = random_save,
    .load = random_load,
    .free = random_free,
};
