#include "consumer/verify/reproduction.h"

#include "consumer/score/score_batch.h"
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

/* What items are sorted by. */
struct place {
    uint32_t item;
    int32_t partition; /* of the input */
    int64_t offset;
    uint64_t version;
    uint8_t hash[MODEL_HASH_SIZE];
};

struct reproduction {
    struct reproduction_config config;
    struct record_fetch *inputs;
    struct snapshot_cache *models;
    struct score_batch *batch;
    struct reproduction_counts counts;

    struct item *items; /* (block_max) */
    size_t count;
    struct buffer values;      /* of the predictions */
    struct place *order;       /* (block_max) items by input, then by model */
    struct record_slot *slots; /* (block_max) */
    struct buffer inputs_read;
    struct message *messages; /* (block_max) inputs for one model, */
    uint32_t *origins;        /* (block_max) and the items they belong to */
};

/* --- Words ------------------------------------------------------------ */

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[OUTCOME_COUNT] = {
        "verified",        "differs",       "input_unreadable",
        "model_different", "input_expired", "input_missing",
        "model_gone",      "model_damaged", "unreadable"};

    return names[outcome];
}

bool outcome_is_mismatch(enum outcome outcome)
{
    return outcome == OUTCOME_DIFFERS || outcome == OUTCOME_INPUT_UNREADABLE ||
           outcome == OUTCOME_MODEL_DIFFERENT;
}

bool outcome_is_damage(enum outcome outcome)
{
    return outcome == OUTCOME_MODEL_DAMAGED || outcome == OUTCOME_UNREADABLE;
}

/* --- Opening ---------------------------------------------------------- */

static int reserve(struct reproduction *r, struct error *err)
{
    size_t n = r->config.block_max;

    r->items = calloc(n, sizeof(*r->items));
    r->order = calloc(n, sizeof(*r->order));
    r->slots = calloc(n, sizeof(*r->slots));
    r->messages = calloc(n, sizeof(*r->messages));
    r->origins = calloc(n, sizeof(*r->origins));
    if (!r->items || !r->order || !r->slots || !r->messages || !r->origins)
        return error_no_memory(err, "blocks of %zu predictions", n);
    return 0;
}

int reproduction_open(const struct reproduction_config *config,
                      struct reproduction **out, struct error *err)
{
    struct score_batch_config batch = {.fields = config->fields,
                                       .batch_max = config->block_max,
                                       .prior = config->prior};
    struct reproduction *r = calloc(1, sizeof(*r));

    if (!r)
        return error_no_memory(err, "the reproduction");
    assert(config->block_max > 0 && config->block_max < UINT32_MAX);
    r->config = *config;
    if (reserve(r, err) < 0 ||
        record_fetch_open(&config->kafka, config->impressions,
                          config->timeout_ms, &r->inputs, err) < 0 ||
        snapshot_cache_open(&config->models, &r->models, err) < 0 ||
        score_batch_new(&batch, &r->batch, err) < 0) {
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
    score_batch_free(r->batch);
    buffer_free(&r->values);
    buffer_free(&r->inputs_read);
    free(r->items);
    free(r->order);
    free(r->slots);
    free(r->messages);
    free(r->origins);
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

unsigned prediction_differences(const struct prediction_event *a,
                                const struct prediction_event *b)
{
    const bool differs[PREDICTION_FIELDS] = {
        [PREDICTION_ID] = !is_same_span(a->raw_id, b->raw_id),
        [PREDICTION_TS] = !is_same_span(a->raw_ts, b->raw_ts),
        [PREDICTION_USER] = !is_same_span(a->raw_user, b->raw_user),
        [PREDICTION_AD] = !is_same_span(a->raw_ad, b->raw_ad),
        [PREDICTION_P] = memcmp(&a->p, &b->p, sizeof(a->p)) != 0,
        [PREDICTION_MODEL] =
            a->model_version != b->model_version ||
            memcmp(a->model_hash, b->model_hash, MODEL_HASH_SIZE) != 0,
        [PREDICTION_BASIS] = a->basis != b->basis,
        [PREDICTION_SRC] = a->src_partition != b->src_partition ||
                           a->src_offset != b->src_offset,
    };
    unsigned fields = 0;

    for (unsigned i = 0; i < PREDICTION_FIELDS; i++)
        fields |= (unsigned)differs[i] << i;
    return fields;
}

static void tell(struct reproduction *r, const struct item *item,
                 struct finding finding)
{
    r->counts.outcomes[finding.outcome]++;
    for (unsigned i = 0; i < PREDICTION_FIELDS; i++)
        r->counts.fields[i] += finding.fields >> i & 1;
    if (finding.outcome == OUTCOME_VERIFIED)
        return;
    finding.partition = item->partition;
    finding.offset = item->offset;
    r->config.on_finding(r->config.context, &finding);
}

/* The same bytes nearly always; a record with fields that we do not know yet
 * is compared by those that we do. */
static void compare(struct reproduction *r, const struct item *item,
                    const uint8_t *bytes, size_t size)
{
    struct finding finding = {.outcome = OUTCOME_VERIFIED, .was = &item->event};
    struct prediction_event again;

    if (size != item->size ||
        memcmp(bytes, r->values.bytes + item->at, size) != 0) {
        enum event_fault fault =
            event_decode_prediction(bytes, size, &again, NULL);
        assert(fault == EVENT_OK);
        (void)fault;
        finding.is = &again;
        finding.fields = prediction_differences(&item->event, &again);
        if (finding.fields != 0)
            finding.outcome = OUTCOME_DIFFERS;
    }
    tell(r, item, finding);
}

/* --- Scoring again ---------------------------------------------------- */

/* `count` messages in front of r->messages, all by one model. */
static int score_again(struct reproduction *r, const struct served_model *model,
                       size_t count, struct error *err)
{
    const struct scored *scored;

    if (score_batch_run(r->batch, model, r->messages, count, &scored, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const struct item *item = &r->items[r->origins[i]];
        if (scored[i].fault == EVENT_OK)
            compare(r, item, score_batch_bytes(r->batch) + scored[i].at,
                    scored[i].size);
        else
            tell(r, item,
                 (struct finding){.outcome = OUTCOME_INPUT_UNREADABLE,
                                  .was = &item->event,
                                  .text = event_fault_name(scored[i].fault)});
    }
    return 0;
}

/* Those of order[first..next-1] whose input was found. */
static size_t gather(struct reproduction *r, size_t first, size_t next)
{
    size_t count = 0;

    for (size_t i = first; i < next; i++) {
        const struct item *item = &r->items[r->order[i].item];
        const struct record_slot *slot = &r->slots[item->slot];
        if (slot->result != FETCH_FOUND) {
            enum outcome outcome = slot->result == FETCH_EXPIRED
                                       ? OUTCOME_INPUT_EXPIRED
                                       : OUTCOME_INPUT_MISSING;
            tell(r, item,
                 (struct finding){.outcome = outcome, .was = &item->event});
            continue;
        }
        r->origins[count] = r->order[i].item;
        r->messages[count++] =
            (struct message){.value = r->inputs_read.bytes + slot->at,
                             .value_size = slot->size,
                             .partition = slot->partition,
                             .offset = slot->offset,
                             .timestamp_ms = slot->timestamp_ms};
    }
    return count;
}

static int score_group(struct reproduction *r, size_t first, size_t next,
                       struct error *err)
{
    static const enum outcome outcomes[] = {
        [CACHE_GONE] = OUTCOME_MODEL_GONE,
        [CACHE_DIFFERENT] = OUTCOME_MODEL_DIFFERENT,
        [CACHE_DAMAGED] = OUTCOME_MODEL_DAMAGED,
    };
    const struct place *place = &r->order[first];
    struct cached_model found = {.result = CACHE_FOUND};

    if (place->version > 0 && snapshot_cache_get(r->models, place->version,
                                                 place->hash, &found, err) < 0)
        return -1;
    size_t count = gather(r, first, next);
    if (found.result == CACHE_FOUND)
        return score_again(r, found.model, count, err);
    for (size_t i = 0; i < count; i++) {
        const struct item *item = &r->items[r->origins[i]];
        tell(r, item,
             (struct finding){.outcome = outcomes[found.result],
                              .was = &item->event,
                              .text = found.why});
    }
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
    return a->version == b->version &&
           memcmp(a->hash, b->hash, MODEL_HASH_SIZE) == 0;
}

/* Of one model as taken, so that findings come in the order of the topic. */
static int compare_models(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->version != y->version)
        return x->version < y->version ? -1 : 1;
    int order = memcmp(x->hash, y->hash, MODEL_HASH_SIZE);
    return order ? order : by_number(x->item, y->item);
}

static struct place place_of(const struct item *item, size_t index)
{
    struct place place = {.item = (uint32_t)index,
                          .partition = item->event.src_partition,
                          .offset = item->event.src_offset,
                          .version = item->event.model_version};

    memcpy(place.hash, item->event.model_hash, MODEL_HASH_SIZE);
    return place;
}

/* Returns how many are predictions: they are in r->order. */
static size_t decode(struct reproduction *r)
{
    size_t good = 0;

    for (size_t i = 0; i < r->count; i++) {
        struct item *item = &r->items[i];
        enum event_fault fault = event_decode_prediction(
            r->values.bytes + item->at, item->size, &item->event, NULL);
        if (fault == EVENT_OK)
            r->order[good++] = place_of(item, i);
        else
            tell(r, item,
                 (struct finding){.outcome = OUTCOME_UNREADABLE,
                                  .text = event_fault_name(fault)});
    }
    return good;
}

static int fetch_inputs(struct reproduction *r, size_t count, struct error *err)
{
    qsort(r->order, count, sizeof(*r->order), compare_inputs);
    for (size_t i = 0; i < count; i++) {
        const struct place *place = &r->order[i];
        r->items[place->item].slot = (uint32_t)i;
        r->slots[i] = (struct record_slot){.partition = place->partition,
                                           .offset = place->offset};
    }
    buffer_clear(&r->inputs_read);
    buffer_append(&r->inputs_read, "", 0); /* has an address */
    return record_fetch_run(r->inputs, r->slots, count, &r->inputs_read, err);
}

static int score_groups(struct reproduction *r, size_t count, struct error *err)
{
    qsort(r->order, count, sizeof(*r->order), compare_models);
    for (size_t first = 0, next; first < count; first = next) {
        next = first + 1;
        while (next < count && is_same_model(&r->order[first], &r->order[next]))
            next++;
        if (score_group(r, first, next, err) < 0)
            return -1;
    }
    return 0;
}

int reproduction_finish(struct reproduction *r, struct error *err)
{
    size_t count = decode(r);

    if (fetch_inputs(r, count, err) < 0 || score_groups(r, count, err) < 0)
        return -1;
    r->count = 0;
    buffer_clear(&r->values);
    return 0;
}

int reproduction_take(struct reproduction *r, const struct message *prediction,
                      struct error *err)
{
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
