/*
 * fields.c - the model "fields": a logistic regression over the values of any
 * number of fields, learned in one pass with counted precision.
 *
 *   p = 1 / (1 + exp(-(m_0 + sum over the fields m_f[value])))
 *
 * Each value of a field has a weight m and a count q of the information behind
 * it; both begin at 0. A row with label y and h = p (1 - p) moves the intercept
 * and then the value of each field, in the order of the list, by
 *
 *   q = min(q + h, memory);  m = m + (y - p) / (lambda + q)
 *
 * which is Newton's step on the diagonal (assumed density filtering), so that
 * there is no learning rate. Where the label of a row that was learned turns
 * out to be another one, m moves by the difference in the same way and q stays:
 * a click after all is +1, a click that is taken back -1.
 *
 * Values are hashed to 2^bits slots; two values in one slot are learned as one.
 * A field that a row does not have adds nothing. Nobody's id is a value like
 * any other. There are no random numbers: the model depends on its rows and
 * their order alone. Labels on another scale than 0..1 are mapped to it.
 *
 * A caller that knows no fields may still ask for pairs: the keys of the users
 * and ads of the rows are kept, and the other fields then count as absent.
 */
#include "model/algorithms/fields.h"

#include "common/base/bytes_reader.h"
#include "model/algorithms/fit_rows.h"
#include "model/algorithms/pair_values.h"
#include "model/algorithms/weight_table.h"
#include "model/maths/logistic.h"
#include "model/registry.h"
#include "model/rows/field_list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BITS_MAX = 26, AHEAD = 8 /* rows, a power of two */ };
enum { CANCEL_EVERY = 4096 /* rows */ };

static const double logit_max = 35;

/* clang-format off */
static const struct config_key keys[] = {
    PARAM_TEXT("fields",    fields,    "",   "what is learned from, such as user+ad+position+user*ad; empty: user+ad"),
    PARAM_TEXT("lambda",    lambda,    "10", "rows' worth of information that holds a value at 0; for all fields, or 10+user:2"),
    PARAM_TEXT("memory",    memory,    "",   "most information that a value keeps, such as user:5; empty: all of it"),
    PARAM_U32("bits",       bits,      "22", 4, BITS_MAX, "slots are 2^bits: 4 to 6 times the distinct values"),
    PARAM_F64("lambda0",    lambda0,   "1",  1e-9, 1e9, "as lambda, of the intercept"),
    PARAM_F64("memory0",    memory0,   "2000", 1e-9, 1e15, "as memory, of the intercept"),
    PARAM_F64("start",      start,     "0",  0, 0.999999, "click rate before the first row; 0: that of the rows"),
    PARAM_CHOICE("precision", precision, "single", FIELDS_PRECISION_WORDS, "of a slot: 8 bytes, or 16"),
    PARAM_END};
/* clang-format on */

struct fields {
    struct model model;
    struct field_list list;
    double lambda[FIELDS_MAX], memory[FIELDS_MAX], lambda0, memory0;
    bool of_pairs; /* indices stand for the ids, so that the model can be asked
                      for pairs alone */
    struct weight_table table;
    double m0, q0;
    struct pair_values pairs;
};

/* --- Memory ----------------------------------------------------------- */

static void fields_free(struct model *model)
{
    struct fields *self = (struct fields *)model;

    weight_table_free(&self->table);
    pair_values_free(&self->pairs);
    free(self);
}

static int fields_new(const struct model_params *params, uint32_t users,
                      uint32_t ads, struct fields **out, struct error *err)
{
    const char *text = params->fields[0] ? params->fields : "user+ad";
    struct fields *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "the fields");
    if (field_list_parse(text, &self->list, err) < 0 ||
        field_list_numbers(&self->list, params->lambda, 10, self->lambda, err) <
            0 ||
        field_list_numbers(&self->list, params->memory, INFINITY, self->memory,
                           err) < 0 ||
        weight_table_new(params->bits, (enum fields_precision)params->precision,
                         &self->table, err) < 0 ||
        pair_values_new(&self->list, users, ads, &self->pairs, err) < 0) {
        fields_free(&self->model);
        return -1;
    }
    self->lambda0 = params->lambda0;
    self->memory0 = params->memory0;
    *out = self;
    return 0;
}

/* --- Slots ------------------------------------------------------------ */

/* fmin() of two numbers, which the C library would be called for. */
static inline double least(double a, double b)
{
    return a < b ? a : b;
}

/* Finds the slots (count) of a row. Their memory is needed AHEAD rows later. */
static inline void find_slots(const struct fields *self, const uint64_t *values,
                              uint32_t *slots)
{
    const struct field_list *list = &self->list;
    const struct weight_table table = self->table; /* stays in registers */

    for (uint32_t f = 0; f < list->count; f++) {
        uint64_t key = values[list->first[f]];
        if (list->second[f] != FIELD_PLAIN)
            key = field_cross(key, values[list->second[f]]);
        slots[f] = weight_table_slot(&table, key);
    }
}

static inline double probability(double logit)
{
    logit = logit > logit_max ? logit_max : logit;
    return logistic(logit < -logit_max ? -logit_max : logit);
}

static inline double logit_of(const struct fields *self, const uint32_t *slots,
                              enum fields_precision precision)
{
    double logit = self->m0;

    for (uint32_t f = 0; f < self->list.count; f++)
        logit += weight_table_at(&self->table, slots[f], precision)
                     .m; /* 0 of the spares */
    return logit;
}

/* Adds `h` to the information, and moves the weights by `g`. */
static inline void move(struct fields *self, const uint32_t *slots,
                        enum fields_precision precision, double h, double g)
{
    self->q0 = least(self->q0 + h, self->memory0);
    self->m0 += g / (self->lambda0 + self->q0);
    for (uint32_t f = 0; f < self->list.count; f++) {
        if (slots[f] >= self->table.slots)
            continue;
        struct weight weight =
            weight_table_at(&self->table, slots[f], precision);
        weight.q = least(weight.q + h, self->memory[f]);
        weight.m += g / (self->lambda[f] + weight.q);
        weight_table_set(&self->table, slots[f], precision, weight);
    }
}

static inline void learn_as(struct fields *self, const uint32_t *slots,
                            enum fields_precision precision, double y)
{
    double p = probability(logit_of(self, slots, precision));

    move(self, slots, precision, p * (1 - p), y - p);
}

static void learn_slots(struct fields *self, const uint32_t *slots, double y)
{
    if (self->table.precision == PRECISION_SINGLE)
        learn_as(self, slots, PRECISION_SINGLE, y);
    else
        learn_as(self, slots, PRECISION_DOUBLE, y);
}

/* --- Row by row ------------------------------------------------------- */

/* A label of the model's scale as one of 0..1, and a probability back. */
static double to_share(const struct scale *scale, double label)
{
    double width = scale->high - scale->low;

    return width > 0 ? (label - scale->low) / width : 0.5;
}

static double from_share(const struct scale *scale, double p)
{
    return scale->low + p * (scale->high - scale->low);
}

static const struct field_list *fields_list(const struct model *model)
{
    const struct fields *self = (const struct fields *)model;

    return self->of_pairs ? NULL : &self->list;
}

static void fields_learn(struct model *model, const uint64_t *values,
                         const double *labels, size_t n)
{
    struct fields *self = (struct fields *)model;
    uint32_t slots[AHEAD][FIELDS_MAX];

    for (size_t i = 0; i < n + AHEAD - 1; i++) {
        if (i < n)
            find_slots(self, values + i * self->list.values, slots[i % AHEAD]);
        if (i >= AHEAD - 1) {
            size_t done = i - (AHEAD - 1);
            learn_slots(self, slots[done % AHEAD],
                        to_share(&model->scale, labels[done]));
        }
    }
}

static void fields_correct(struct model *model, const uint64_t *values,
                           double change)
{
    struct fields *self = (struct fields *)model;
    double width = model->scale.high - model->scale.low;
    uint32_t slots[FIELDS_MAX];

    find_slots(self, values, slots);
    move(self, slots, self->table.precision, 0, width > 0 ? change / width : 0);
}

/* --- Predicting ------------------------------------------------------- */

static inline void answer_as(const struct fields *self, const uint32_t *slots,
                             enum fields_precision precision,
                             struct prediction *out)
{
    const double mean = to_share(&self->model.scale, self->model.mean);
    const double spread = mean * (1 - mean);
    uint32_t present = 0, learned = 0;
    double logit = self->m0, weakest = INFINITY;

    for (uint32_t f = 0; f < self->list.count; f++) {
        struct weight weight =
            weight_table_at(&self->table, slots[f], precision);
        bool is_present = slots[f] != self->table.slots + WEIGHT_ABSENT;
        logit += weight.m;
        present += is_present;
        learned += weight.q > 0;
        weakest = least(is_present ? weight.q : INFINITY, weakest);
    }
    out->value = from_share(&self->model.scale, probability(logit));
    out->basis = learned == 0         ? BASIS_FALLBACK
                 : learned == present ? BASIS_LEARNED
                                      : BASIS_PARTIAL;
    out->support = learned ? weakest / (spread > 1e-9 ? spread : 1e-9) : 0;
}

static void answer(const struct fields *self, const uint32_t *slots,
                   struct prediction *out)
{
    if (self->table.precision == PRECISION_SINGLE)
        answer_as(self, slots, PRECISION_SINGLE, out);
    else
        answer_as(self, slots, PRECISION_DOUBLE, out);
}

static void predict_values(const struct model *model, const struct pair *pairs,
                           const uint64_t *values, size_t n,
                           struct prediction *out)
{
    const struct fields *self = (const struct fields *)model;
    const bool of_pairs = !values || self->of_pairs;
    uint32_t slots[AHEAD][FIELDS_MAX];
    uint64_t of_pair[FIELDS_MAX];

    for (size_t i = 0; i < n + AHEAD - 1; i++) {
        if (i < n) {
            const uint64_t *row = of_pair;
            if (of_pairs)
                pair_values_of(&self->pairs, &self->list, pairs[i], of_pair);
            else
                row = values + i * self->list.values;
            find_slots(self, row, slots[i % AHEAD]);
        }
        if (i >= AHEAD - 1) {
            size_t done = i - (AHEAD - 1);
            answer(self, slots[done % AHEAD], &out[done]);
            if (of_pairs && self->pairs.assumes &&
                out[done].basis == BASIS_LEARNED)
                out[done].basis = BASIS_ASSUMED;
        }
    }
}

static void fields_assume(struct model *model, const uint64_t *values)
{
    struct fields *self = (struct fields *)model;

    pair_values_assume(&self->pairs, &self->list, values);
}

static void fields_predict(const struct model *model, const struct pair *pairs,
                           size_t n, struct prediction *out)
{
    predict_values(model, pairs, NULL, n, out);
}

/* --- Fitting ---------------------------------------------------------- */

/* The log-odds of the rate, which has to be below 1 and above 0: one half of a
 * row speaks against rows that all agree. */
static double start_logit(const struct ratings *train, double rate)
{
    double half = 0.5 / ((double)train->count + 1);

    rate = fmin(fmax(rate, half), 1 - half);
    return log(rate / (1 - rate));
}

static int learn_all(struct fields *self, struct fit_rows *rows,
                     const atomic_bool *cancel, struct error *err)
{
    const struct ratings *train = rows->train;
    uint32_t slots[AHEAD][FIELDS_MAX];
    double labels[AHEAD];
    uint64_t values[FIELDS_MAX] = {0};

    for (size_t i = 0; i < train->count + AHEAD - 1; i++) {
        if (i % CANCEL_EVERY == 0 && model_is_cancelled(cancel))
            return model_cancelled(err);
        if (i < train->count) {
            const struct fit_row row = fit_rows_read(rows, i, values);
            labels[i % AHEAD] = row.label;
            pair_values_note(&self->pairs, &row, values);
            find_slots(self, values, slots[i % AHEAD]);
        }
        if (i >= AHEAD - 1) {
            size_t done = (i - (AHEAD - 1)) % AHEAD;
            learn_slots(self, slots[done],
                        to_share(&train->scale, labels[done]));
        }
    }
    return 0;
}

static int fields_fit(const struct ratings *train,
                      const struct model_params *params,
                      const atomic_bool *cancel, struct model **out,
                      struct error *err)
{
    struct fit_rows rows;
    struct fields *self = NULL;

    if (fields_new(params, train->users, train->items, &self, err) < 0)
        return -1;
    self->m0 = start_logit(train, params->start > 0
                                      ? params->start
                                      : to_share(&train->scale, train->mean));
    self->of_pairs = !train->fields;
    if (fit_rows_over(train, &self->list, &rows, err) < 0 ||
        learn_all(self, &rows, cancel, err) < 0) {
        fields_free(&self->model);
        return -1;
    }
    *out = &self->model;
    return 0;
}

/* --- Saving and loading ----------------------------------------------- */

/* The body: u32 F, then the title of each field as u32 size and text; u32 bits,
 * u32 1 where indices stand for the ids, else 0, f64 lambda (F), f64 memory (F)
 * with 0 for none, f64 m_0, f64 q_0; the slots (weight_table.h); u64 key of
 * each user, u64 key of each ad, where the fields need them. */

static void fields_save(const struct model *model, struct buffer *to)
{
    const struct fields *self = (const struct fields *)model;
    char title[FIELD_TITLE_SIZE];

    buffer_append_u32(to, self->list.count);
    for (uint32_t f = 0; f < self->list.count; f++) {
        field_list_title(&self->list, f, title);
        buffer_append_u32(to, (uint32_t)strlen(title));
        buffer_append(to, title, strlen(title));
    }
    buffer_append_u32(to, self->table.bits);
    buffer_append_u32(to, self->of_pairs);
    buffer_append_f64_array(to, self->lambda, self->list.count);
    for (uint32_t f = 0; f < self->list.count; f++)
        buffer_append_f64(to, isinf(self->memory[f]) ? 0 : self->memory[f]);
    buffer_append_f64(to, self->m0);
    buffer_append_f64(to, self->q0);
    weight_table_save(&self->table, to);
    pair_values_save(&self->pairs, to);
}

/* The parameters have said it all already: the body has to agree. */
static bool agrees(struct fields *self, struct bytes_reader *from)
{
    bool same = bytes_read_u32(from) == self->list.count;
    char title[FIELD_TITLE_SIZE];

    for (uint32_t f = 0; same && f < self->list.count; f++) {
        size_t size = strlen(field_list_title(&self->list, f, title));
        same = bytes_read_u32(from) == size;
        const uint8_t *text = same ? bytes_read(from, size) : NULL;
        same = text && memcmp(text, title, size) == 0;
    }
    same = same && bytes_read_u32(from) == self->table.bits;
    uint32_t of_pairs = same ? bytes_read_u32(from) : 2;
    self->of_pairs = of_pairs == 1;
    same = same && of_pairs <= 1;
    for (uint32_t f = 0; same && f < self->list.count; f++)
        same = bytes_read_f64(from) == self->lambda[f];
    for (uint32_t f = 0; same && f < self->list.count; f++)
        same = bytes_read_f64(from) ==
               (isinf(self->memory[f]) ? 0 : self->memory[f]);
    return same && !bytes_reader_failed(from);
}

static int fields_load(struct bytes_reader *from, const struct model *head,
                       struct model **out, struct error *err)
{
    const uint64_t ids = (uint64_t)head->users + head->items;
    struct fields *self = NULL;

    /* Keys are 8 bytes an id. A list without user and ad has none, but then
     * the ids are there in the snapshot, which is bounded itself. */
    if (ids > UINT32_MAX)
        return error_set(err, ERROR_FORMAT, "fields: too many ids");
    if (fields_new(&head->params, head->users, head->items, &self, err) < 0) {
        if (err && err->code == ERROR_CONFIG)
            err->code = ERROR_FORMAT;
        return -1;
    }
    if (!agrees(self, from)) {
        fields_free(&self->model);
        return error_set(err, ERROR_FORMAT, "the fields' head makes no sense");
    }
    bytes_read_f64_into(from, &self->m0, 1);
    bytes_read_f64_into(from, &self->q0, 1);
    weight_table_load(&self->table, from);
    pair_values_load(&self->pairs, from);
    if (bytes_reader_failed(from) || !(self->q0 >= 0)) {
        fields_free(&self->model);
        return bytes_reader_refuse(
            from, "fields cut short, out of order or not finite", err);
    }
    *out = &self->model;
    return 0;
}

/* --- What changed ----------------------------------------------------- */

/* f64 m_0, f64 q_0, then the slots that changed (weight_table.h). Lists,
 * settings, mean and keys are those of the snapshot. */
static void save_changes(const struct model *model, struct buffer *to)
{
    const struct fields *self = (const struct fields *)model;

    buffer_append_f64(to, self->m0);
    buffer_append_f64(to, self->q0);
    weight_table_save_changes(&self->table, to);
}

static void apply_changes(struct model *model, struct bytes_reader *from)
{
    struct fields *self = (struct fields *)model;
    double intercept[2] = {0, 0};

    bytes_read_f64_into(from, intercept, 2);
    if (!(intercept[1] >= 0))
        from->failed = true;
    if (!from->failed)
        weight_table_apply(&self->table, from);
    if (from->failed)
        return;
    self->m0 = intercept[0];
    self->q0 = intercept[1];
}

static int track(struct model *model, struct error *err)
{
    return weight_table_track(&((struct fields *)model)->table, err);
}

static uint64_t count_changes(const struct model *model)
{
    return weight_table_changes(&((const struct fields *)model)->table);
}

static void forget_changes(struct model *model)
{
    weight_table_forget(&((struct fields *)model)->table);
}

static int fields_copy(const struct model *model, struct model **out,
                       struct error *err)
{
    const struct fields *self = (const struct fields *)model;
    struct fields *copy = NULL;

    if (self->pairs.users > 0 || self->pairs.ads > 0)
        return error_set(err, ERROR_FORMAT,
                         "fields: a model that was fitted has no deltas");
    if (fields_new(&model->params, 0, 0, &copy, err) < 0)
        return -1;
    struct weight_table table;
    if (weight_table_copy(&self->table, &table, err) < 0) {
        fields_free(&copy->model);
        return -1;
    }
    weight_table_free(&copy->table);
    copy->table = table;
    copy->model = *model;
    copy->m0 = self->m0;
    copy->q0 = self->q0;
    copy->of_pairs = self->of_pairs;
    pair_values_assume(&copy->pairs, &copy->list, self->pairs.assumed);
    *out = &copy->model;
    return 0;
}

static size_t fields_bytes(const struct model *model)
{
    const struct fields *self = (const struct fields *)model;

    return sizeof(*self) + weight_table_bytes(&self->table) +
           ((size_t)self->pairs.users + self->pairs.ads) * sizeof(uint64_t);
}

/* --- The model -------------------------------------------------------- */

static int start_at(const struct model_params *params, double rate,
                    struct model **out, struct error *err);

static const struct field_ops with_fields = {
    .start = start_at,
    .list = fields_list,
    .predict = predict_values,
    .assume = fields_assume,
    .learn = fields_learn,
    .correct = fields_correct,
    .bytes = fields_bytes,
};

static const struct change_ops with_changes = {
    .track = track,
    .count = count_changes,
    .forget = forget_changes,
    .save = save_changes,
    .copy = fields_copy,
    .apply = apply_changes,
};

const struct model_ops fields_ops = {
    .name = "fields",
    .summary = "logistic biases of any fields, learned row by row",
    .format = 1,
    .keys = keys,
    .fit = fields_fit,
    .predict = fields_predict,
    .save = fields_save,
    .load = fields_load,
    .free = fields_free,
    .fields = &with_fields,
    .changes = &with_changes,
};

static int start_at(const struct model_params *params, double rate,
                    struct model **out, struct error *err)
{
    struct fields *self = NULL;

    if (fields_new(params, 0, 0, &self, err) < 0)
        return -1;
    self->m0 = log(rate / (1 - rate));
    self->model = (struct model){
        .ops = &fields_ops, .mean = rate, .scale = {0, 1}, .params = *params};
    *out = &self->model;
    return 0;
}

int fields_start(const struct model_params *params, struct model **out,
                 struct error *err)
{
    if (!(params->start > 0))
        return error_set(err, ERROR_CONFIG,
                         "fields: without rows, start needs a click rate");
    return start_at(params, params->start, out, err);
}
