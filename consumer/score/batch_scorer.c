#include "consumer/score/batch_scorer.h"

#include "common/base/id_set.h"
#include "common/event/event_avro.h"
#include "common/event/event_json.h"

#include "model/rows/field_defaults.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The impressions that could be decoded are packed to the front of the arrays
 * that id look-up and model walk; `origin` leads back to the message. */
struct batch_scorer {
    struct batch_scorer_config config;
    struct impression_reader *reader;
    struct event_scratch scratch;   /* of the impressions */
    struct id_set *nobody;          /* the users of field.anonymous */
    struct scored *scored;          /* (batch_max) by message */
    struct impression *impressions; /* (batch_max) packed, as all below */
    struct id *users, *ads;
    bool *is_nobody; /* the user is one of `nobody` */
    uint32_t *user_index, *ad_index;
    struct pair *pairs;
    uint64_t *values; /* (batch_max, values of the model's fields); NULL until
                         there is a model of fields */
    bool *is_assumed; /* a value of the row is a default */
    struct prediction *predictions;
    uint32_t *origin;
    struct buffer bytes; /* encoded predictions, one after the other */
};

static bool reserve_all(struct batch_scorer *batch)
{
    size_t n = batch->config.batch_max;

    batch->scored = calloc(n, sizeof(*batch->scored));
    batch->impressions = calloc(n, sizeof(*batch->impressions));
    batch->users = calloc(n, sizeof(*batch->users));
    batch->ads = calloc(n, sizeof(*batch->ads));
    batch->is_nobody = calloc(n, sizeof(*batch->is_nobody));
    batch->is_assumed = calloc(n, sizeof(*batch->is_assumed));
    batch->user_index = calloc(n, sizeof(*batch->user_index));
    batch->ad_index = calloc(n, sizeof(*batch->ad_index));
    batch->pairs = calloc(n, sizeof(*batch->pairs));
    batch->predictions = calloc(n, sizeof(*batch->predictions));
    batch->origin = calloc(n, sizeof(*batch->origin));
    return batch->scored && batch->impressions && batch->users && batch->ads &&
           batch->is_nobody && batch->is_assumed && batch->user_index &&
           batch->ad_index && batch->pairs && batch->predictions &&
           batch->origin;
}

int batch_scorer_new(const struct batch_scorer_config *config,
                     struct batch_scorer **out, struct error *err)
{
    assert(config->batch_max > 0 && config->batch_max <= UINT32_MAX);
    if (event_output_check(&config->fields.predictions, "format.predictions",
                           err) < 0)
        return -1;
    struct batch_scorer *batch = calloc(1, sizeof(*batch));
    if (!batch)
        return error_no_memory(err, "the scorer of batches");
    batch->config = *config;
    if (!reserve_all(batch)) {
        batch_scorer_free(batch);
        return error_no_memory(err, "batches of %zu messages",
                               config->batch_max);
    }
    if (field_defaults_keys(config->fields.defaults, NULL, NULL, err) < 0 ||
        id_set_new(config->fields.anonymous, &batch->nobody, err) < 0 ||
        impression_reader_new(&config->fields, &batch->reader, err) < 0) {
        batch_scorer_free(batch);
        return -1;
    }
    *out = batch;
    return 0;
}

/* Puts the number of impressions in *found. `list` has the fields that the
 * model wants; NULL: none. */
static int decode(struct batch_scorer *batch, const struct field_list *list,
                  const struct message *messages, size_t count, size_t *found,
                  struct error *err)
{
    size_t good = 0;

    if (list && impression_reader_want(batch->reader, list, err) < 0)
        return -1;
    event_scratch_clear(&batch->scratch);
    for (size_t i = 0; i < count; i++) {
        if (event_scratch_ready(&batch->scratch, err) < 0)
            return -1;
        struct scored *scored = &batch->scored[i];
        struct impression *impression = &batch->impressions[good];
        scored->fault =
            impression_reader_read(batch->reader, &messages[i], &batch->scratch,
                                   impression, &scored->field);
        if (impression_reader_check(batch->reader, scored->fault, err) < 0)
            return -1;
        if (scored->fault != EVENT_OK)
            continue;
        if (list)
            batch->is_assumed[good] =
                impression_reader_values(batch->reader, &batch->scratch,
                                         batch->values + good * list->values);
        scored->ts_ms = impression->ts_ms;
        batch->users[good] = impression->user;
        batch->ads[good] = impression->ad;
        batch->origin[good] = (uint32_t)i;
        good++;
    }
    *found = good;
    return 0;
}

static void predict_prior(struct batch_scorer *batch, size_t good)
{
    for (size_t i = 0; i < good; i++)
        batch->predictions[i] = (struct prediction){
            .value = batch->config.prior, .basis = BASIS_NONE};
}

/* A model of fields is asked with their values alone: nobody's id is one of
 * them, as any other. */
static void predict_fields(struct batch_scorer *batch,
                           const struct served_model *model, size_t good)
{
    const struct questions ask = {.pairs = batch->pairs,
                                  .values = batch->values};

    model_answer(model->snapshot->model, &ask, good, batch->predictions);
    for (size_t i = 0; i < good; i++)
        score_note_assumed(&batch->predictions[i], batch->is_assumed[i]);
}

static void predict(struct batch_scorer *batch,
                    const struct served_model *model, size_t good)
{
    id_map_find_batch(model->snapshot->users, batch->users, good,
                      batch->user_index);
    id_map_find_batch(model->snapshot->ads, batch->ads, good, batch->ad_index);
    for (size_t i = 0; i < good; i++) {
        batch->is_nobody[i] = id_set_has(batch->nobody, &batch->users[i]);
        batch->pairs[i].user =
            batch->is_nobody[i] ? INDEX_UNKNOWN : batch->user_index[i];
        batch->pairs[i].item = batch->ad_index[i];
    }
    model_predict(model->snapshot->model, batch->pairs, good,
                  batch->predictions);
    for (size_t i = 0; i < good; i++)
        if (batch->is_nobody[i])
            batch->predictions[i].basis = BASIS_ANONYMOUS;
}

struct prediction_event prediction_event_of(const struct impression *impression,
                                            const struct message *message,
                                            const struct prediction *answer,
                                            const struct model_state *model)
{
    struct prediction_event event = {.raw_id = impression->raw_id,
                                     .raw_ts = impression->raw_ts,
                                     .raw_user = impression->raw_user,
                                     .raw_ad = impression->raw_ad,
                                     .p = answer->value,
                                     .model_version = model->version,
                                     .basis = answer->basis,
                                     .src_partition = message->partition,
                                     .src_offset = message->offset,
                                     .has_support = answer->has_support,
                                     .support = answer->support};

    memcpy(event.model_hash, model->hash, MODEL_HASH_SIZE);
    event.delta = model->delta;
    memcpy(event.delta_hash, model->delta_hash, MODEL_HASH_SIZE);
    return event;
}

static void encode(struct batch_scorer *batch, const struct served_model *model,
                   const struct message *messages, size_t good)
{
    const struct event_output *output = &batch->config.fields.predictions;
    const struct model_state state = served_model_state(model);

    buffer_clear(&batch->bytes);
    for (size_t i = 0; i < good; i++) {
        struct scored *scored = &batch->scored[batch->origin[i]];
        const struct prediction_event event = prediction_event_of(
            &batch->impressions[i], &messages[batch->origin[i]],
            &batch->predictions[i], &state);

        scored->basis = event.basis;
        scored->at = batch->bytes.size;
        event_write_prediction(output, &event, &batch->bytes);
        scored->size = batch->bytes.size - scored->at;
    }
}

int batch_scorer_run(struct batch_scorer *batch,
                     const struct served_model *model,
                     const struct message *messages, size_t count,
                     const struct scored **scored, struct error *err)
{
    const struct field_list *list =
        model ? model_fields(model->snapshot->model) : NULL;
    size_t good = 0;

    assert(count <= batch->config.batch_max);
    if (list && !batch->values) {
        batch->values = calloc(batch->config.batch_max,
                               FIELD_VALUES_MAX * sizeof(*batch->values));
        if (!batch->values)
            return error_no_memory(err, "the fields of a batch");
    }
    if (decode(batch, list, messages, count, &good, err) < 0)
        return -1;

    if (list)
        predict_fields(batch, model, good);
    else if (model)
        predict(batch, model, good);
    else
        predict_prior(batch, good);
    encode(batch, model, messages, good);
    if (buffer_failed(&batch->bytes))
        return error_no_memory(err, "%zu predictions", good);
    *scored = batch->scored;
    return 0;
}

uint64_t batch_scorer_guessed_times(const struct batch_scorer *batch)
{
    return batch->scratch.guessed_times;
}

const uint8_t *batch_scorer_bytes(const struct batch_scorer *batch)
{
    return batch->bytes.bytes;
}

void batch_scorer_free(struct batch_scorer *batch)
{
    if (!batch)
        return;
    free(batch->scored);
    free(batch->impressions);
    free(batch->users);
    free(batch->ads);
    free(batch->is_nobody);
    free(batch->is_assumed);
    id_set_free(batch->nobody);
    free(batch->user_index);
    free(batch->ad_index);
    free(batch->pairs);
    free(batch->values);
    free(batch->predictions);
    free(batch->origin);
    buffer_free(&batch->bytes);
    impression_reader_free(batch->reader);
    event_scratch_free(&batch->scratch);
    free(batch);
}
