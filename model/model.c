#include "model/model.h"

#include "common/base/bytes_reader.h"
#include "model/registry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64, PARAMS_MAX_BYTES = 2048 };

/* --- The registry ----------------------------------------------------- */

const struct model_ops *const model_registry[] = {
    &random_ops,    &normal_ops,        &popular_ops,
    &baseline_ops,  &svd_ops,           &svdpp_ops,
    &nmf_ops,       &co_clustering_ops, &knn_ops,
    &knn_means_ops, &knn_zscore_ops,    &knn_baseline_ops,
    &slope_one_ops, &fields_ops,        NULL,
};

int model_find(const char *name, const struct model_ops **out,
               struct error *err)
{
    char known[512] = "";
    size_t used = 0;

    for (size_t i = 0; model_registry[i]; i++) {
        if (strcmp(model_registry[i]->name, name) == 0) {
            *out = model_registry[i];
            return 0;
        }
        int length = snprintf(known + used, sizeof(known) - used, "%s%s",
                              i ? ", " : "", model_registry[i]->name);
        if (length > 0 && (size_t)length < sizeof(known) - used)
            used += (size_t)length;
    }
    return error_set(err, ERROR_CONFIG, "no model '%s': there are %s", name,
                     known);
}

/* A model with biases has an estimate of every pair. */
static bool has_stand_in(const struct model *model)
{
    return model->ops->stand_in && !model->params.biased &&
           model->params.impossible == IMPOSSIBLE_BASELINE;
}

int model_fit(const struct model_ops *ops, const struct ratings *train,
              const struct model_params *params, const atomic_bool *cancel,
              struct model **out, struct error *err)
{
    struct model *model = NULL;

    if (model_is_cancelled(cancel)) {
        model_cancelled(err);
        return error_wrap(err, "fit %s", ops->name);
    }
    if (ops->fit(train, params, cancel, &model, err) < 0)
        return error_wrap(err, "fit %s", ops->name);
    model->ops = ops;
    model->users = train->users;
    model->items = train->items;
    model->mean = train->mean;
    model->scale = train->scale;
    model->params = *params;
    if (has_stand_in(model) &&
        stand_in_fit(ops->stand_in, train, cancel, &model->stand_in, err) < 0) {
        model_free(model);
        return error_wrap(err, "fit %s", ops->name);
    }
    *out = model;
    return 0;
}

int model_cancelled(struct error *err)
{
    return error_set(err, ERROR_TEMPORARY, "the fit was cancelled");
}

/* --- Predicting ------------------------------------------------------- */

static enum basis basis_of(const struct model *model, struct pair pair)
{
    bool user = pair.user < model->users, item = pair.item < model->items;

    if (user && item)
        return BASIS_LEARNED;
    return user || item ? BASIS_PARTIAL : BASIS_FALLBACK;
}

static void predict_raw(const struct model *model, const struct questions *ask,
                        size_t n, struct prediction *out)
{
    const struct field_ops *fields = model->ops->fields;

    memset(out, 0, n * sizeof(*out));
    if (fields)
        fields->predict(model, ask->pairs, ask->values, n, out);
    else
        model->ops->predict(model, ask->pairs, n, out);
    for (size_t i = 0; i < n; i++) {
        /* A value that is no number is no estimate (the reference reports it
         * as the top of the scale). */
        if (!isfinite(out[i].value))
            out[i].impossible = true;
        if (out[i].impossible)
            out[i].value =
                model->mean + stand_in_biases(&model->stand_in, ask->pairs[i],
                                              model->users, model->items);
        out[i].has_support = fields != NULL;
        if (!fields)
            out[i].basis = basis_of(model, ask->pairs[i]);
    }
}

void model_answer_unclipped(const struct model *model,
                            const struct questions *ask, size_t n,
                            struct prediction *out)
{
    predict_raw(model, ask, n, out);
}

void model_predict_unclipped(const struct model *model,
                             const struct pair *pairs, size_t n,
                             struct prediction *out)
{
    predict_raw(model, &(struct questions){.pairs = pairs}, n, out);
}

void model_predict(const struct model *model, const struct pair *pairs,
                   size_t n, struct prediction *out)
{
    model_answer(model, &(struct questions){.pairs = pairs}, n, out);
}

const struct field_list *model_fields(const struct model *model)
{
    return model->ops->fields ? model->ops->fields->list(model) : NULL;
}

void model_answer(const struct model *model, const struct questions *ask,
                  size_t n, struct prediction *out)
{
    predict_raw(model, ask, n, out);
    if (calibration_is_set(&model->calibration))
        for (size_t i = 0; i < n; i++)
            out[i].value = calibration_apply(&model->calibration, out[i].value);
    for (size_t i = 0; i < n; i++)
        out[i].value =
            fmax(model->scale.low, fmin(model->scale.high, out[i].value));
}

int model_calibrate(struct model *model, const struct pair *pairs,
                    const double *labels, size_t n, struct error *err)
{
    struct prediction *predictions = calloc(n + 1, sizeof(*predictions));
    double *scores = calloc(n + 1, sizeof(*scores));
    int status = -1;

    if (predictions && scores) {
        model_predict_unclipped(model, pairs, n, predictions);
        for (size_t i = 0; i < n; i++)
            scores[i] = predictions[i].value;
        calibration_fit(scores, labels, n, &model->calibration);
        status = 0;
    } else {
        error_no_memory(err, "calibrate on %zu rows", n);
    }
    free(predictions);
    free(scores);
    return status;
}

/* --- Saving and loading ----------------------------------------------- */

static void append_text(struct buffer *to, const char *text)
{
    size_t size = strlen(text);

    buffer_append_u32(to, (uint32_t)size);
    buffer_append(to, text, size);
}

void model_save(const struct model *model, struct buffer *to)
{
    char params[PARAMS_MAX_BYTES];

    params_print(model->ops, &model->params, params, sizeof(params));
    append_text(to, model->ops->name);
    append_text(to, params);
    buffer_append_u32(to, model->ops->format);
    buffer_append_u32(to, model->users);
    buffer_append_u32(to, model->items);
    buffer_append_f64(to, model->mean);
    buffer_append_f64(to, model->scale.low);
    buffer_append_f64(to, model->scale.high);
    buffer_append_f64(to, model->calibration.slope);
    buffer_append_f64(to, model->calibration.offset);
    model->ops->save(model, to);
    stand_in_save(&model->stand_in, model->users, model->items, to);
}

/* Reads a length and that many bytes as a terminated text; "" where they do not
 * fit. */
static void read_text(struct bytes_reader *from, char *out, size_t size)
{
    uint32_t length = bytes_read_u32(from);
    const uint8_t *bytes = length < size ? bytes_read(from, length) : NULL;

    out[0] = '\0';
    if (!bytes) {
        from->failed = true;
        return;
    }
    memcpy(out, bytes, length);
    out[length] = '\0';
}

static int check_head(const struct model *head, uint32_t format,
                      struct error *err)
{
    if (format != head->ops->format)
        return error_set(err, ERROR_FORMAT,
                         "model %s has format %u, this program reads %u: %s",
                         head->ops->name, format, head->ops->format,
                         format > head->ops->format ? "upgrade pctr"
                                                    : "fit it again");
    if (!isfinite(head->mean) || !isfinite(head->scale.low) ||
        !isfinite(head->scale.high) || !isfinite(head->calibration.slope) ||
        !isfinite(head->calibration.offset) ||
        !(head->scale.low <= head->scale.high))
        return error_set(err, ERROR_FORMAT, "model %s: its head makes no sense",
                         head->ops->name);
    return 0;
}

static int read_head(struct bytes_reader *from, struct model *head,
                     struct error *err)
{
    char name[NAME_MAX_BYTES], params[PARAMS_MAX_BYTES];

    read_text(from, name, sizeof(name));
    read_text(from, params, sizeof(params));
    uint32_t format = bytes_read_u32(from);
    head->users = bytes_read_u32(from);
    head->items = bytes_read_u32(from);
    head->mean = bytes_read_f64(from);
    head->scale.low = bytes_read_f64(from);
    head->scale.high = bytes_read_f64(from);
    head->calibration.slope = bytes_read_f64(from);
    head->calibration.offset = bytes_read_f64(from);
    if (bytes_reader_failed(from))
        return error_set(err, ERROR_FORMAT, "the model is cut short");
    if (model_find(name, &head->ops, err) < 0 ||
        check_head(head, format, err) < 0)
        return -1;
    if (params_start(head->ops, &head->params, err) < 0 ||
        params_set(head->ops, params, &head->params, err) < 0) {
        if (err)
            err->code = ERROR_FORMAT;
        return -1;
    }
    return 0;
}

int model_load(struct bytes_reader *from, uint32_t users, uint32_t items,
               struct model **out, struct error *err)
{
    struct model head = {0};
    struct model *model = NULL;

    if (read_head(from, &head, err) < 0)
        return -1;
    if (head.users != users || head.items != items)
        return error_set(err, ERROR_FORMAT,
                         "model %s: it has %u users and %u items, the ids are "
                         "of %u and %u",
                         head.ops->name, head.users, head.items, users, items);
    if (head.ops->load(from, &head, &model, err) < 0)
        return error_wrap(err, "load %s", head.ops->name);
    *model = head;
    if (has_stand_in(model) &&
        stand_in_load(from, users, items, &model->stand_in, err) < 0) {
        model_free(model);
        return error_wrap(err, "load %s", head.ops->name);
    }
    *out = model;
    return 0;
}

void model_free(struct model *model)
{
    if (!model)
        return;
    stand_in_free(&model->stand_in);
    model->ops->free(model);
}
