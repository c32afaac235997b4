#include "consumer/verify/reproduction.h"

#include "common/event/event_json.h"
#include "common/event/event_schemas.h"

#include "consumer/score/batch_scorer.h"
#include "consumer/verify/record_fetch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One prediction of the block. */
struct item {
    int32_t partition;
    int64_t offset;
    size_t at, size;               /* of its value */
    struct prediction_event event; /* set when the block is full */
    uint32_t slot;                 /* of its input */
};

/* The input and the model of an item: items are sorted by them. */
struct place {
    uint32_t item;
    int32_t partition; /* of the input */
    int64_t offset;
    struct model_state model;
};

/* A finding of the block. */
struct found {
    uint32_t item;
    enum reproduction_outcome outcome;
    unsigned fields;
    const char *text;
    size_t is, is_size; /* the bytes of the prediction in r->again; SIZE_MAX:
                           it was not made again */
};

struct reproduction {
    struct reproduction_config config;
    struct record_fetch *inputs;
    struct snapshot_cache *models;
    struct batch_scorer *batch;
    struct event_reader *predictions;
    struct event_scratch scratch; /* of the predictions of the block */
    struct reproduction_counts counts;

    struct item *items; /* (block_max) */
    size_t count;
    struct buffer values;      /* of the predictions */
    struct buffer as_json;     /* one prediction that was made again */
    struct place *order;       /* (block_max) items by input, then by model */
    struct record_slot *slots; /* (block_max) */
    struct buffer inputs_read;
    struct message *messages; /* (block_max) inputs for one model, */
    uint32_t *origins;        /* (block_max) and the items they belong to */

    bool is_verified;    /* the block: findings are pulled, then it is empty */
    struct found *found; /* (block_max) */
    size_t found_count, told;
    struct buffer again;        /* predictions of the findings */
    struct prediction_event is; /* of the finding that was pulled last */
};

/* --- Words ------------------------------------------------------------ */

const char *reproduction_outcome_name(enum reproduction_outcome outcome)
{
    static const char *const names[REPRODUCTION_OUTCOMES] = {
        "verified",        "differs",       "input_unreadable",
        "model_different", "input_expired", "input_missing",
        "model_gone",      "model_damaged", "unreadable"};

    return names[outcome];
}

bool reproduction_is_mismatch(enum reproduction_outcome outcome)
{
    return outcome == REPRODUCTION_DIFFERS ||
           outcome == REPRODUCTION_INPUT_UNREADABLE ||
           outcome == REPRODUCTION_MODEL_DIFFERENT;
}

bool reproduction_is_damage(enum reproduction_outcome outcome)
{
    return outcome == REPRODUCTION_MODEL_DAMAGED ||
           outcome == REPRODUCTION_UNREADABLE;
}

/* --- Opening ---------------------------------------------------------- */

/* Inputs are fetched again without their headers. */
static int refuse_headers(const struct event_fields *fields, struct error *err)
{
    const char *const paths[] = {fields->id, fields->ts, fields->user,
                                 fields->ad, fields->impressions_filter};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (strncmp(paths[i], "header:", strlen("header:")) == 0)
            return error_set(err, ERROR_CONFIG,
                             "verify cannot take a field from a header: '%s'",
                             paths[i]);
    return 0;
}

int reproduction_open(const struct reproduction_config *config,
                      struct reproduction **out, struct error *err)
{
    struct batch_scorer_config batch = {.fields = config->fields,
                                        .batch_max = config->block_max,
                                        .prior = config->prior};
    struct reproduction *r = calloc(1, sizeof(*r));

    if (!r)
        return error_no_memory(err, "the reproduction");
    if (refuse_headers(&config->fields, err) < 0) {
        free(r);
        return -1;
    }
    assert(config->block_max > 0 && config->block_max < UINT32_MAX);
    r->config = *config;
    const size_t n = config->block_max;
    r->items = calloc(n, sizeof(*r->items));
    r->order = calloc(n, sizeof(*r->order));
    r->slots = calloc(n, sizeof(*r->slots));
    r->messages = calloc(n, sizeof(*r->messages));
    r->origins = calloc(n, sizeof(*r->origins));
    r->found = calloc(n, sizeof(*r->found));
    int status = 0;
    if (!r->items || !r->order || !r->slots || !r->messages || !r->origins ||
        !r->found)
        status = error_no_memory(err, "blocks of %zu predictions", n);
    if (status < 0 ||
        record_fetch_open(&config->kafka, config->impressions,
                          config->timeout_ms, &r->inputs, err) < 0 ||
        snapshot_cache_open(&config->models, &r->models, err) < 0 ||
        batch_scorer_new(&batch, &r->batch, err) < 0 ||
        event_reader_new(&config->fields, EVENT_PREDICTIONS, &r->predictions,
                         err) < 0) {
        reproduction_close(r);
        return -1;
    }
    *out = r;
    return 0;
}

void reproduction_close(struct reproduction *r)
{
    if (!r)
        return;
    record_fetch_close(r->inputs);
    snapshot_cache_close(r->models);
    batch_scorer_free(r->batch);
    event_reader_free(r->predictions);
    event_scratch_free(&r->scratch);
    buffer_free(&r->as_json);
    buffer_free(&r->values);
    buffer_free(&r->inputs_read);
    free(r->items);
    free(r->order);
    free(r->slots);
    free(r->messages);
    free(r->origins);
    free(r->found);
    buffer_free(&r->again);
    free(r);
}

struct reproduction_counts reproduction_counts(const struct reproduction *r)
{
    struct reproduction_counts counts = r->counts;

    counts.models = snapshot_cache_counts(r->models);
    return counts;
}

/* --- Comparing -------------------------------------------------------- */

static bool is_same_span(struct span a, struct span b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

unsigned reproduction_differences(const struct prediction_event *a,
                                  const struct prediction_event *b)
{
    const struct model_state a_model = prediction_model(a),
                             b_model = prediction_model(b);
    const bool differs[REPRODUCTION_FIELDS] = {
        [REPRODUCTION_ID] = !is_same_span(a->raw_id, b->raw_id),
        [REPRODUCTION_TS] = !is_same_span(a->raw_ts, b->raw_ts),
        [REPRODUCTION_USER] = !is_same_span(a->raw_user, b->raw_user),
        [REPRODUCTION_AD] = !is_same_span(a->raw_ad, b->raw_ad),
        [REPRODUCTION_P] = memcmp(&a->p, &b->p, sizeof(a->p)) != 0,
        [REPRODUCTION_MODEL] = model_state_order(&a_model, &b_model) != 0,
        [REPRODUCTION_BASIS] = a->basis != b->basis,
        [REPRODUCTION_SRC] = a->src_partition != b->src_partition ||
                             a->src_offset != b->src_offset,
        [REPRODUCTION_SUPPORT] =
            a->has_support &&
            (!b->has_support ||
             memcmp(&a->support, &b->support, sizeof(a->support)) != 0),
    };
    unsigned fields = 0;

    for (unsigned i = 0; i < REPRODUCTION_FIELDS; i++)
        fields |= (unsigned)differs[i] << i;
    return fields;
}

static void note(struct reproduction *r, const struct item *item,
                 enum reproduction_outcome outcome, const char *text)
{
    struct found *found = &r->found[r->found_count++];

    r->counts.outcomes[outcome]++;
    *found = (struct found){.item = (uint32_t)(item - r->items),
                            .outcome = outcome,
                            .text = text,
                            .is = SIZE_MAX};
}

/* Reads a prediction that was made here. */
static int read_again(struct reproduction *r, const uint8_t *bytes, size_t size,
                      struct prediction_event *out, struct error *err)
{
    if (event_scratch_ready(&r->scratch, err) < 0)
        return -1;
    const enum event_fault fault = event_reader_prediction(
        r->predictions, bytes, size, &r->scratch, out, NULL);
    assert(fault == EVENT_OK);
    (void)fault;
    return 0;
}

/* A prediction is made again as msgpack. Where the record of the topic is JSON
 * it is put into JSON too, before they are compared. So it is where the record
 * is Avro: of ids and times both forms keep the same, and the schema of the
 * record may be an older one, so that the fields are compared and not the
 * bytes. */
static int put_into_format(struct reproduction *r, const struct item *item,
                           const uint8_t **bytes, size_t *size,
                           struct error *err)
{
    const uint8_t *value = r->values.bytes + item->at;
    struct prediction_event again;

    if (!event_find_is_json(value, item->size) &&
        !event_schema_has_head(value, item->size))
        return 0;
    if (read_again(r, *bytes, *size, &again, err) < 0)
        return -1;
    buffer_clear(&r->as_json);
    event_json_prediction(&again, &r->as_json);
    if (buffer_failed(&r->as_json))
        return error_no_memory(err, "a prediction");
    *bytes = r->as_json.bytes;
    *size = r->as_json.size;
    return 0;
}

/* Nearly always the bytes are the same. Else the record may have fields that
 * this version does not know, or another program wrote it: it is compared by
 * the fields that this version knows. */
static int compare(struct reproduction *r, const struct item *item,
                   const uint8_t *bytes, size_t size, struct error *err)
{
    struct prediction_event again;
    unsigned fields = 0;

    if (put_into_format(r, item, &bytes, &size, err) < 0)
        return -1;
    if (size != item->size ||
        memcmp(bytes, r->values.bytes + item->at, size) != 0) {
        if (read_again(r, bytes, size, &again, err) < 0)
            return -1;
        fields = reproduction_differences(&item->event, &again);
    }
    if (fields == 0) {
        r->counts.outcomes[REPRODUCTION_VERIFIED]++;
        return 0;
    }
    note(r, item, REPRODUCTION_DIFFERS, NULL);
    struct found *found = &r->found[r->found_count - 1];
    found->fields = fields;
    found->is = r->again.size;
    found->is_size = size;
    buffer_append(&r->again, bytes, size);
    for (unsigned i = 0; i < REPRODUCTION_FIELDS; i++)
        r->counts.fields[i] += fields >> i & 1;
    return 0;
}

/* --- Scoring again ---------------------------------------------------- */

/* Scores the first `count` of r->messages, all by one model. */
static int score_again(struct reproduction *r, const struct served_model *model,
                       size_t count, struct error *err)
{
    const struct scored *scored;

    if (batch_scorer_run(r->batch, model, r->messages, count, &scored, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const struct item *item = &r->items[r->origins[i]];
        if (scored[i].fault != EVENT_OK)
            note(r, item, REPRODUCTION_INPUT_UNREADABLE,
                 event_fault_name(scored[i].fault));
        else if (compare(r, item, batch_scorer_bytes(r->batch) + scored[i].at,
                         scored[i].size, err) < 0)
            return -1;
    }
    return 0;
}

/* Gathers the inputs of order[first..next-1] in r->messages, and notes a
 * finding for each input that is not there. Returns how many are. */
static size_t gather(struct reproduction *r, size_t first, size_t next)
{
    size_t count = 0;

    for (size_t i = first; i < next; i++) {
        const struct item *item = &r->items[r->order[i].item];
        const struct record_slot *slot = &r->slots[item->slot];
        if (slot->result != FETCH_FOUND) {
            note(r, item,
                 slot->result == FETCH_EXPIRED ? REPRODUCTION_INPUT_EXPIRED
                                               : REPRODUCTION_INPUT_MISSING,
                 NULL);
            continue;
        }
        r->origins[count] = r->order[i].item;
        r->messages[count++] = (struct message){
            .value = r->inputs_read.bytes + slot->at,
            .value_size = slot->size,
            .key = slot->has_key ? r->inputs_read.bytes + slot->key_at : NULL,
            .key_size = slot->key_size,
            .partition = slot->partition,
            .offset = slot->offset,
            .timestamp_ms = slot->timestamp_ms};
    }
    return count;
}

static int score_group(struct reproduction *r, size_t first, size_t next,
                       struct error *err)
{
    static const enum reproduction_outcome outcomes[] = {
        [CACHE_GONE] = REPRODUCTION_MODEL_GONE,
        [CACHE_DIFFERENT] = REPRODUCTION_MODEL_DIFFERENT,
        [CACHE_DAMAGED] = REPRODUCTION_MODEL_DAMAGED,
    };
    const struct place *place = &r->order[first];
    struct cached_model found = {.result = CACHE_FOUND};

    if (place->model.version > 0 &&
        snapshot_cache_get(r->models, &place->model, &found, err) < 0)
        return -1;
    size_t count = gather(r, first, next);
    if (found.result == CACHE_FOUND)
        return score_again(r, found.model, count, err);
    for (size_t i = 0; i < count; i++)
        note(r, &r->items[r->origins[i]], outcomes[found.result], found.why);
    return 0;
}

/* --- A block ---------------------------------------------------------- */

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_inputs(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = by_number(x->partition, y->partition);

    return order ? order : by_number(x->offset, y->offset);
}

static bool is_same_model(const struct place *a, const struct place *b)
{
    return model_state_order(&a->model, &b->model) == 0;
}

/* Predictions of one model keep the order of the topic, and so do their
 * findings. */
static int compare_models(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = model_state_order(&x->model, &y->model);

    return order ? order : by_number(x->item, y->item);
}

/* Decodes the predictions of the block and puts those that are readable into
 * r->order; *count is how many there are. */
static int decode(struct reproduction *r, size_t *count, struct error *err)
{
    size_t good = 0;

    for (size_t i = 0; i < r->count; i++) {
        struct item *item = &r->items[i];
        const struct prediction_event *event = &item->event;
        if (event_scratch_ready(&r->scratch, err) < 0)
            return -1;
        const enum event_fault fault = event_reader_prediction(
            r->predictions, r->values.bytes + item->at, item->size, &r->scratch,
            &item->event, NULL);
        if (event_reader_check(&r->config.fields, fault, err) < 0)
            return -1;
        if (fault != EVENT_OK) {
            note(r, item, REPRODUCTION_UNREADABLE, event_fault_name(fault));
            continue;
        }
        struct place *place = &r->order[good++];
        *place = (struct place){.item = (uint32_t)i,
                                .partition = event->src_partition,
                                .offset = event->src_offset,
                                .model = prediction_model(event)};
    }
    *count = good;
    return 0;
}

static void empty(struct reproduction *r)
{
    r->count = r->found_count = r->told = 0;
    r->is_verified = false;
    buffer_clear(&r->values);
    buffer_clear(&r->again);
    event_scratch_clear(&r->scratch);
}

int reproduction_finish(struct reproduction *r, struct error *err)
{
    if (r->is_verified)
        empty(r);
    size_t count = 0;
    if (decode(r, &count, err) < 0)
        return -1;

    qsort(r->order, count, sizeof(*r->order), compare_inputs);
    for (size_t i = 0; i < count; i++) {
        const struct place *place = &r->order[i];
        r->items[place->item].slot = (uint32_t)i;
        r->slots[i] = (struct record_slot){.partition = place->partition,
                                           .offset = place->offset};
    }
    buffer_clear(&r->inputs_read);
    buffer_append(&r->inputs_read, "", 0); /* has an address */
    if (record_fetch_run(r->inputs, r->slots, count, &r->inputs_read, err) < 0)
        return -1;

    qsort(r->order, count, sizeof(*r->order), compare_models);
    for (size_t first = 0, next; first < count; first = next) {
        next = first + 1;
        while (next < count && is_same_model(&r->order[first], &r->order[next]))
            next++;
        if (score_group(r, first, next, err) < 0)
            return -1;
    }
    r->is_verified = true;
    return buffer_failed(&r->again) ? error_no_memory(err, "findings") : 0;
}

bool reproduction_next(struct reproduction *r, struct reproduction_finding *out)
{
    if (!r->is_verified || r->told == r->found_count)
        return false;
    const struct found *found = &r->found[r->told++];
    const struct item *item = &r->items[found->item];

    *out = (struct reproduction_finding){.outcome = found->outcome,
                                         .partition = item->partition,
                                         .offset = item->offset,
                                         .fields = found->fields,
                                         .text = found->text};
    if (found->outcome != REPRODUCTION_UNREADABLE)
        out->was = &item->event;
    struct error none;
    if (found->is != SIZE_MAX && read_again(r, r->again.bytes + found->is,
                                            found->is_size, &r->is, &none) == 0)
        out->is = &r->is;
    return true;
}

int reproduction_take(struct reproduction *r, const struct message *prediction,
                      struct error *err)
{
    if (r->is_verified)
        empty(r);
    struct item *item = &r->items[r->count];
    *item = (struct item){.partition = prediction->partition,
                          .offset = prediction->offset,
                          .at = r->values.size,
                          .size = prediction->value_size};
    buffer_append(&r->values, prediction->value, prediction->value_size);
    if (buffer_failed(&r->values))
        return error_no_memory(err, "predictions");
    r->count++;
    return r->count < r->config.block_max ? 0 : reproduction_finish(r, err);
}
