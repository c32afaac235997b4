#include "consumer/learn/online.h"

#include "common/base/buffer.h"
#include "common/base/bytes_reader.h"

#include "model/rows/id_map.h"
#include "model/snapshot.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows that wait for the start, in their order. */
struct waiting {
    uint64_t *values;    /* (ONLINE_START_ROWS, values of the list) */
    uint64_t *sequences; /* (ONLINE_START_ROWS) */
    double *labels;      /* (ONLINE_START_ROWS) */
    size_t count;
};

/* The newest rows with what was predicted before each was learned: a ring. */
struct recent {
    uint64_t *sequences;          /* (ONLINE_RECENT_ROWS) */
    double *labels, *predictions; /* (ONLINE_RECENT_ROWS) */
    size_t count, at;
};

struct online {
    struct fit_config fit;
    struct field_list list;
    struct model *model; /* NULL before the start */
    struct waiting waiting;
    struct recent recent;
    uint64_t rows, corrected;
    bool has_click, has_other; /* among the labels of the rows */
    bool tracks;               /* what changes in the model */
};

bool online_is_for(const struct model_ops *ops)
{
    return ops->fields != NULL;
}

/* --- Rows ------------------------------------------------------------- */

static void note(struct online *online, uint64_t sequence, double prediction,
                 double label)
{
    struct recent *recent = &online->recent;

    recent->sequences[recent->at] = sequence;
    recent->predictions[recent->at] = prediction;
    recent->labels[recent->at] = label;
    recent->at = (recent->at + 1) % ONLINE_RECENT_ROWS;
    if (recent->count < ONLINE_RECENT_ROWS)
        recent->count++;
    online->has_click = online->has_click || label > 0;
    online->has_other = online->has_other || label <= 0;
}

/* Few labels change, and most of them soon: the newest row is looked at
 * first. */
static void correct_recent(struct online *online, uint64_t sequence,
                           double label)
{
    struct recent *recent = &online->recent;

    online->has_click = online->has_click || label > 0;
    for (size_t back = 1; back <= recent->count; back++) {
        size_t at =
            (recent->at + ONLINE_RECENT_ROWS - back) % ONLINE_RECENT_ROWS;
        if (recent->sequences[at] != sequence)
            continue;
        recent->labels[at] = label;
        return;
    }
}

static void learn(struct online *online, uint64_t sequence,
                  const uint64_t *values, double label)
{
    const struct pair nobody = {INDEX_UNKNOWN, INDEX_UNKNOWN};
    const struct questions ask = {.pairs = &nobody, .values = values};
    struct prediction before;

    model_answer(online->model, &ask, 1, &before);
    note(online, sequence, before.value, label);
    online->model->ops->fields->learn(online->model, values, &label, 1);
    online->rows++;
}

/* --- Changes ---------------------------------------------------------- */

static int track(struct online *online, struct error *err)
{
    const struct change_ops *changes = online->fit.ops->changes;

    return changes ? changes->track(online->model, err) : 0;
}

int online_track(struct online *online, struct error *err)
{
    online->tracks = true;
    return online->model ? track(online, err) : 0;
}

uint64_t online_changes(const struct online *online)
{
    const struct change_ops *changes = online->fit.ops->changes;

    return online->tracks && online->model && changes
               ? changes->count(online->model)
               : 0;
}

int online_delta(const struct online *online, struct snapshot_delta *head,
                 struct buffer *out, struct error *err)
{
    head->rows = online->rows;
    return snapshot_delta_encode(head, online->model, out, err);
}

void online_forget_changes(struct online *online)
{
    if (online->tracks && online->model && online->fit.ops->changes)
        online->fit.ops->changes->forget(online->model);
}

/* --- Copies ----------------------------------------------------------- */

struct model *online_model(struct online *online)
{
    return online->model;
}

int online_copy(struct online *online, struct model **out, struct error *err)
{
    assert(online->tracks && online->model);
    if (online->fit.ops->changes->copy(online->model, out, err) < 0)
        return -1;
    online_forget_changes(online);
    return 0;
}

int online_bring(struct online *online, struct model *copy, struct error *err)
{
    const struct change_ops *changes = online->fit.ops->changes;
    struct buffer bytes = {0};

    assert(online->tracks && online->model);
    changes->save(online->model, &bytes);
    if (buffer_failed(&bytes)) {
        buffer_free(&bytes);
        return error_no_memory(err, "what a model learned");
    }
    struct bytes_reader from = {.at = bytes.bytes, .left = bytes.size};
    changes->apply(copy, &from);
    assert(!bytes_reader_failed(&from));
    buffer_free(&bytes);
    online_forget_changes(online);
    return 0;
}

/* --- The start -------------------------------------------------------- */

static void free_waiting(struct waiting *waiting)
{
    free(waiting->values);
    free(waiting->sequences);
    free(waiting->labels);
    *waiting = (struct waiting){.count = 0};
}

static int make_waiting(struct online *online, struct error *err)
{
    struct waiting *waiting = &online->waiting;

    waiting->values = malloc(ONLINE_START_ROWS * online->list.values *
                             sizeof(*waiting->values));
    waiting->sequences = malloc(ONLINE_START_ROWS * sizeof(uint64_t));
    waiting->labels = malloc(ONLINE_START_ROWS * sizeof(double));
    if (waiting->values && waiting->sequences && waiting->labels)
        return 0;
    free_waiting(waiting);
    return error_no_memory(err, "the first %d rows", (int)ONLINE_START_ROWS);
}

static void wait(struct online *online, const struct join_outcome *outcome)
{
    struct waiting *waiting = &online->waiting;
    const size_t width = online->list.values;

    memcpy(waiting->values + waiting->count * width, outcome->values,
           width * sizeof(*waiting->values));
    waiting->sequences[waiting->count] = outcome->sequence;
    waiting->labels[waiting->count++] = (double)outcome->label;
}

static void correct_waiting(struct waiting *waiting, uint64_t sequence,
                            double label)
{
    for (size_t i = 0; i < waiting->count; i++)
        if (waiting->sequences[i] == sequence)
            waiting->labels[i] = label;
}

/* Half a row speaks against rows that all agree. */
static double rate_of(const struct waiting *waiting)
{
    double half = 0.5 / ((double)waiting->count + 1), clicks = 0;

    for (size_t i = 0; i < waiting->count; i++)
        clicks += waiting->labels[i];
    return fmin(fmax(clicks / (double)waiting->count, half), 1 - half);
}

int online_start_now(struct online *online, struct error *err)
{
    struct waiting *waiting = &online->waiting;
    const struct fit_config *fit = &online->fit;

    if (online->model || waiting->count == 0)
        return 0;
    if (fit->ops->fields->start(&fit->params, rate_of(waiting), &online->model,
                                err) < 0 ||
        (online->tracks && track(online, err) < 0))
        return -1;
    for (size_t i = 0; i < waiting->count; i++)
        learn(online, waiting->sequences[i],
              waiting->values + i * online->list.values, waiting->labels[i]);
    free_waiting(waiting);
    return 0;
}

bool online_has_started(const struct online *online)
{
    return online->model != NULL;
}

/* --- Outcomes --------------------------------------------------------- */

static void correct(struct online *online, const struct join_outcome *outcome)
{
    double change = (double)outcome->label - (double)outcome->before;

    online->corrected++;
    if (!online->model) {
        correct_waiting(&online->waiting, outcome->sequence,
                        (double)outcome->label);
        return;
    }
    online->model->ops->fields->correct(online->model, outcome->values, change);
    correct_recent(online, outcome->sequence, (double)outcome->label);
}

int online_take(struct online *online, const struct join_outcome *outcome,
                struct error *err)
{
    if (isnan(outcome->label))
        return 0;
    assert(outcome->values);
    if (!isnan(outcome->before)) {
        correct(online, outcome);
    } else if (online->model) {
        learn(online, outcome->sequence, outcome->values,
              (double)outcome->label);
    } else {
        if (!online->waiting.values && make_waiting(online, err) < 0)
            return -1;
        wait(online, outcome);
        if (online->waiting.count == ONLINE_START_ROWS)
            return online_start_now(online, err);
    }
    return 0;
}

/* --- What comes out --------------------------------------------------- */

static int encode(const struct online *online, struct buffer *out,
                  struct error *err)
{
    struct snapshot snapshot = {.model = online->model, .rows = online->rows};
    int status = -1;

    if (id_map_new(&snapshot.users, err) == 0 &&
        id_map_new(&snapshot.ads, err) == 0 &&
        snapshot_encode(&snapshot, out, err) == 0 &&
        snapshot_probe(&snapshot, err) == 0)
        status = 0;
    id_map_free(snapshot.users);
    id_map_free(snapshot.ads);
    return status;
}

int online_result(const struct online *online, struct fit_result *out,
                  struct error *err)
{
    const struct recent *recent = &online->recent;
    struct fit_result result = {.rows = online->rows,
                                .is_one_class =
                                    !online->has_click || !online->has_other};

    assert(online->model);
    if (encode(online, &result.bytes, err) < 0 ||
        evaluate(recent->labels, recent->predictions, recent->count,
                 &result.holdout, err) < 0) {
        fit_result_free(&result);
        return -1;
    }
    *out = result;
    return 0;
}

struct online_counts online_counts(const struct online *online)
{
    return (struct online_counts){.rows = online->rows,
                                  .corrected = online->corrected,
                                  .waiting = online->waiting.count};
}

size_t online_bytes(const struct online *online)
{
    size_t waiting =
        online->waiting.values ? ONLINE_START_ROWS : 0; /* until the start */

    return sizeof(*online) + ONLINE_RECENT_ROWS * 3 * sizeof(uint64_t) +
           waiting * (online->list.values + 2) * sizeof(uint64_t);
}

/* --- The whole -------------------------------------------------------- */

static bool is_same_made(const struct online *online, const struct model *model)
{
    char mine[1024], its[1024];

    if (model->ops != online->fit.ops || model->scale.low != 0 ||
        model->scale.high != 1 || !model_fields(model))
        return false;
    params_print(model->ops, &online->fit.params, mine, sizeof(mine));
    params_print(model->ops, &model->params, its, sizeof(its));
    return strcmp(mine, its) == 0;
}

int online_resume(struct online *online, struct model *model, uint64_t rows,
                  struct error *err)
{
    assert(online->rows == 0 && online->waiting.count == 0);
    if (!is_same_made(online, model)) {
        model_free(model);
        return error_set(err, ERROR_CONFIG,
                         "the published model has another algorithm or other "
                         "parameters");
    }
    model_free(online->model);
    online->model = model;
    online->rows = rows;
    /* It passed the gate, which looks at this. */
    online->has_click = online->has_other = true;
    return online->tracks ? track(online, err) : 0;
}

static int find_list(struct online *online, struct error *err)
{
    const struct fit_config *fit = &online->fit;
    double rate = fit->params.start > 0 ? fit->params.start : 0.5;

    if (fit->scale.low != 0 || fit->scale.high != 1)
        return error_set(err, ERROR_CONFIG,
                         "%s learns labels from 0 to 1: leave model.low and "
                         "model.high alone",
                         fit->ops->name);
    if (fit->ops->fields->start(&fit->params, rate, &online->model, err) < 0)
        return -1;
    online->list = *model_fields(online->model);
    if (!(fit->params.start > 0)) {
        model_free(online->model);
        online->model = NULL;
    }
    return 0;
}

int online_new(const struct fit_config *fit, struct online **out,
               struct error *err)
{
    struct online *online = calloc(1, sizeof(*online));

    if (!online)
        return error_no_memory(err, "an online model");
    online->fit = *fit;
    struct recent *recent = &online->recent;
    recent->sequences = malloc(ONLINE_RECENT_ROWS * sizeof(uint64_t));
    recent->labels = malloc(ONLINE_RECENT_ROWS * sizeof(double));
    recent->predictions = malloc(ONLINE_RECENT_ROWS * sizeof(double));
    if (!recent->sequences || !recent->labels || !recent->predictions) {
        online_free(online);
        return error_no_memory(err, "the newest %d rows",
                               (int)ONLINE_RECENT_ROWS);
    }
    if (find_list(online, err) < 0) {
        online_free(online);
        return -1;
    }
    *out = online;
    return 0;
}

const struct field_list *online_fields(const struct online *online)
{
    return &online->list;
}

void online_free(struct online *online)
{
    if (!online)
        return;
    model_free(online->model);
    free_waiting(&online->waiting);
    free(online->recent.sequences);
    free(online->recent.labels);
    free(online->recent.predictions);
    free(online);
}
