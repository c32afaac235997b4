/*
 * bench_fields.c - what the model "fields" costs: ns to predict a row and to
 * learn one, at several sizes of its table.
 *
 *   bench_fields [rows]    default: 200,000
 *
 * Rows have ten fields whose values are spread as in a click log: the k-th
 * field has about 3 * 10^(k * 0.65) values, drawn log-uniformly, up to three
 * million. The rows go through in batches of 512, once to warm up and then five
 * times; the best of the five counts. The last column is the bare loop: the
 * same slots, prefetched, summed and put through the logistic function, without
 * a model around it. Below are learning with changes tracked, and the time of a
 * copy.
 */
#include "common/base/attributes.h"
#include "common/base/clock.h"
#include "common/base/random.h"

#include "model/algorithms/fields.h"
#include "model/maths/logistic.h"
#include "model/rows/field_list.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELDS = 10, BATCH = 512, ROUNDS = 5, AHEAD = 8 };

static const char list_text[] = "f0+f1+f2+f3+f4+f5+f6+f7+f8+f9";

struct rows {
    size_t count;
    uint64_t *values; /* (count, FIELDS) */
    double *labels;
};

static void draw(struct rows *rows, const struct field_list *list)
{
    uint64_t state = 7;

    for (size_t i = 0; i < rows->count; i++) {
        for (uint32_t f = 0; f < FIELDS; f++) {
            double most = log(3) + 0.65 * f * log(10);
            struct id id =
                id_from_number((int64_t)exp(most * random_uniform(&state)));
            rows->values[i * FIELDS + f] = field_list_key(list, f, &id);
        }
        rows->labels[i] = random_uniform(&state) < 0.1;
    }
}

static double predict(const struct model *model, const struct rows *rows,
                      double *sum)
{
    static const struct pair pairs[BATCH];
    static struct prediction out[BATCH];
    int64_t start = clock_monotonic_ns();

    for (size_t first = 0; first < rows->count; first += BATCH) {
        size_t n = rows->count - first < BATCH ? rows->count - first : BATCH;
        const struct questions ask = {.pairs = pairs,
                                      .values = rows->values + first * FIELDS};
        model_answer(model, &ask, n, out);
        *sum += out[n - 1].value;
    }
    return (double)(clock_monotonic_ns() - start) / (double)rows->count;
}

static double learn(struct model *model, const struct rows *rows)
{
    int64_t start = clock_monotonic_ns();

    model->ops->fields->learn(model, rows->values, rows->labels, rows->count);
    return (double)(clock_monotonic_ns() - start) / (double)rows->count;
}

static double bare(const float *table, uint32_t bits, const struct rows *rows,
                   double *sum)
{
    int64_t start = clock_monotonic_ns();

    for (size_t i = 0; i < rows->count; i++) {
        const uint64_t *row = rows->values + i * FIELDS;
        double logit = 0;
        if (i + AHEAD < rows->count)
            for (uint32_t f = 0; f < FIELDS; f++)
                PREFETCH(table + 2 * (row[AHEAD * FIELDS + f] >> (64 - bits)));
        for (uint32_t f = 0; f < FIELDS; f++)
            logit += (double)table[2 * (row[f] >> (64 - bits))];
        *sum += logistic(logit);
    }
    return (double)(clock_monotonic_ns() - start) / (double)rows->count;
}

/* What deltas cost: learning while the changes are kept in mind, and a copy of
 * the table, which is made for each delta that is applied. */
static int measure_deltas(struct model *model, const struct rows *rows,
                          struct error *err)
{
    const struct change_ops *changes = model->ops->changes;
    struct model *copy = NULL;
    double learn_ns = 1e9, copy_ms = 1e9;

    if (changes->track(model, err) < 0)
        return -1;
    for (int round = 0; round < ROUNDS; round++) {
        changes->forget(model);
        learn_ns = fmin(learn_ns, learn(model, rows));
        int64_t start = clock_monotonic_ns();
        if (changes->copy(model, &copy, err) < 0)
            return -1;
        copy_ms = fmin(copy_ms, (double)(clock_monotonic_ns() - start) / 1e6);
        model_free(copy);
    }
    printf("  tracked_learn_ns=%.1f copy_ms=%.2f\n", learn_ns, copy_ms);
    return 0;
}

static int measure(const struct rows *rows, uint32_t bits, struct error *err)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;
    double predict_ns = 1e9, learn_ns = 1e9, bare_ns = 1e9, sum = 0;
    char text[256];
    float *table = calloc((size_t)2 << bits, sizeof(*table));

    snprintf(text, sizeof(text), "fields=%s bits=%u start=0.1", list_text,
             bits);
    if (!table || model_find("fields", &ops, err) < 0 ||
        params_start(ops, &params, err) < 0 ||
        params_set(ops, text, &params, err) < 0 ||
        fields_start(&params, &model, err) < 0) {
        free(table);
        return -1;
    }
    learn(model, rows);
    for (size_t i = 0; i < (size_t)2 << bits; i++)
        table[i] = 1e-9F;
    for (int round = 0; round < ROUNDS; round++) {
        predict_ns = fmin(predict_ns, predict(model, rows, &sum));
        learn_ns = fmin(learn_ns, learn(model, rows));
        bare_ns = fmin(bare_ns, bare(table, bits, rows, &sum));
    }
    printf("slots=2^%u megabytes=%.0f predict_ns=%.1f learn_ns=%.1f "
           "bare_ns=%.1f (check %.6g)\n",
           bits, ldexp(8, (int)bits) / (1 << 20), predict_ns, learn_ns, bare_ns,
           sum);
    int status = measure_deltas(model, rows, err);
    model_free(model);
    free(table);
    return status;
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
    struct rows rows = {.count = n,
                        .values = calloc(n * FIELDS + 1, sizeof(uint64_t)),
                        .labels = calloc(n + 1, sizeof(double))};
    struct field_list list;
    struct error err = {0};
    int status = EXIT_FAILURE;

    if (rows.values && rows.labels &&
        field_list_parse(list_text, &list, &err) == 0) {
        draw(&rows, &list);
        status = EXIT_SUCCESS;
        for (uint32_t bits = 20; bits <= 24 && status == EXIT_SUCCESS;
             bits += 2)
            if (measure(&rows, bits, &err) < 0)
                status = EXIT_FAILURE;
    }
    if (status != EXIT_SUCCESS)
        fprintf(stderr, "bench_fields: %s\n", err.text);
    free(rows.values);
    free(rows.labels);
    return status;
}
