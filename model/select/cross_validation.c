#include "model/select/cross_validation.h"

#include "common/base/clock.h"

#include "model/rows/field_list.h"
#include "model/select/divergence.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { BATCH = 256 };

/* An id that the model does not know gets a number of its own above the
 * model's, because the random models draw another answer for each id. */
static uint32_t inner_of(const uint32_t *inner, uint32_t outer, uint32_t known)
{
    if (outer == INDEX_UNKNOWN)
        return INDEX_UNKNOWN;
    return inner[outer] == INDEX_UNKNOWN ? known + outer : inner[outer];
}

/* Rows, and the model's predictions for them; each array is (n). */
struct judged_rows {
    uint32_t *users; /* outer */
    double *labels, *predictions;
};

/* A model, and the rows of a data set that it is asked about. */
struct exam {
    const struct model *model;
    struct model *pupil; /* the same model, where it learns each row that it was
                            asked about; else NULL */
    const struct trainset *train;
    struct dataset_rows asked;
};

/* Copies the keys that the model wants out of a row of the data set. */
static void copy_values(const struct dataset *dataset, size_t row,
                        const struct field_list *wanted, const uint8_t *columns,
                        uint64_t *values)
{
    const uint64_t *keys = dataset->keys + row * dataset->fields.values;

    for (uint32_t v = 0; v < wanted->values; v++)
        values[v] = keys[columns[v]];
}

static int predict_rows(const struct exam *exam, struct judged_rows *judged,
                        struct error *err)
{
    const struct dataset_rows *asked = &exam->asked;
    const struct dataset *dataset = asked->dataset;
    const struct model *model = exam->model;
    const struct field_list *wanted = model_fields(model);
    const size_t step = exam->pupil ? 1 : BATCH;
    uint8_t columns[FIELDS_MAX];
    uint64_t values[BATCH * FIELDS_MAX];
    struct pair pairs[BATCH];
    struct prediction out[BATCH];

    assert(model && exam->train);
    if (wanted && field_list_match(wanted, &dataset->fields, columns, err) < 0)
        return -1;
    for (size_t first = 0; first < asked->n; first += step) {
        size_t count = asked->n - first < step ? asked->n - first : step;
        for (size_t i = 0; i < count; i++) {
            size_t at = asked->rows ? asked->rows[first + i] : first + i;
            const struct rating *row = &dataset->rows[at];
            pairs[i] = (struct pair){
                inner_of(exam->train->users.inner, row->user, model->users),
                inner_of(exam->train->items.inner, row->item, model->items)};
            if (wanted)
                copy_values(dataset, at, wanted, columns,
                            values + i * wanted->values);
            judged->users[first + i] = row->user;
            judged->labels[first + i] = row->value;
        }
        model_answer(model,
                     &(struct questions){.pairs = pairs,
                                         .values = wanted ? values : NULL},
                     count, out);
        for (size_t i = 0; i < count; i++)
            judged->predictions[first + i] = out[i].value;
        if (exam->pupil)
            model->ops->fields->learn(exam->pupil, values,
                                      judged->labels + first, 1);
    }
    return 0;
}

/* `ranking` may be NULL. */
static int measure_rows(const struct exam *exam,
                        const struct measures *measures, struct evaluation *out,
                        struct ranking *ranking, struct error *err)
{
    const size_t n = exam->asked.n;
    struct judged_rows judged = {
        .users = malloc((n + 1) * sizeof(*judged.users)),
        .labels = malloc((n + 1) * sizeof(*judged.labels)),
        .predictions = malloc((n + 1) * sizeof(*judged.predictions)),
    };
    int status = -1;

    if (!judged.users || !judged.labels || !judged.predictions) {
        error_no_memory(err, "the evaluation");
        goto out;
    }
    if (predict_rows(exam, &judged, err) < 0 ||
        evaluate(judged.labels, judged.predictions, n, out, err) < 0 ||
        evaluate_fcp(judged.users, judged.labels, judged.predictions, n,
                     &out->fcp, err) < 0)
        goto out;
    if (ranking &&
        evaluate_ranking(&(struct ranking_rows){judged.users, judged.labels,
                                                judged.predictions, n},
                         &(struct ranking_rule){measures->ranking_k,
                                                measures->ranking_threshold},
                         ranking, err) < 0)
        goto out;
    status = 0;

out:
    free(judged.users);
    free(judged.labels);
    free(judged.predictions);
    return status;
}

int cross_validate_measure(const struct model *model,
                           const struct trainset *train,
                           const struct dataset_rows *rows,
                           struct evaluation *out, struct error *err)
{
    const struct exam exam = {.model = model, .train = train, .asked = *rows};
    struct evaluation result;

    if (measure_rows(&exam, NULL, &result, NULL, err) < 0)
        return -1;
    *out = result;
    return 0;
}

static double seconds_since(int64_t started_ns)
{
    return (double)(clock_monotonic_ns() - started_ns) / 1e9;
}

/* Every figure is NaN where there are no rows. */
static void forget_figures(size_t rows, struct fold_result *result)
{
    const struct evaluation_sums none = {0};

    result->test = evaluation_of(&none);
    result->test.fcp = NAN;
    result->test.rows = rows;
    result->train = result->test;
    result->ranking =
        (struct ranking){.precision = NAN, .recall = NAN, .ndcg = NAN};
}

int cross_validate_fold(const struct trial *trial, const struct fold *fold,
                        struct fold_result *out, struct error *err)
{
    const struct measures *measures = &trial->measures;
    struct trainset *train = NULL;
    struct model *model = NULL;
    struct fold_result result = {0};
    int status = -1;

    if (trainset_build(trial->dataset, fold->train, fold->train_count,
                       trial->scale, &train, err) < 0)
        return -1;
    int64_t started = clock_monotonic_ns();
    if (model_fit(trial->ops, train->ratings, trial->params, trial->cancel,
                  &model, err) < 0)
        goto out;
    result.fit_seconds = seconds_since(started);
    if (divergence_check(model, &result.diverged, err) < 0)
        goto out;
    if (result.diverged) {
        forget_figures(fold->test_count, &result);
        *out = result;
        status = 0;
        goto out;
    }
    if (measures->progressive && !model_fields(model)) {
        error_set(err, ERROR_CONFIG,
                  "model %s does not go on learning: a progressive measure "
                  "is for the model fields, with --fields",
                  trial->ops->name);
        goto out;
    }

    const struct exam exam = {
        .model = model,
        .pupil = measures->progressive ? model : NULL,
        .train = train,
        .asked = {trial->dataset, fold->test, fold->test_count}};
    started = clock_monotonic_ns();
    if (measure_rows(&exam, measures, &result.test,
                     measures->ranking_k > 0 ? &result.ranking : NULL, err) < 0)
        goto out;
    result.test_seconds = seconds_since(started);
    if (measures->train &&
        cross_validate_measure(model, train,
                               &(struct dataset_rows){trial->dataset,
                                                      fold->train,
                                                      fold->train_count},
                               &result.train, err) < 0)
        goto out;
    *out = result;
    status = 0;

out:
    model_free(model);
    trainset_free(train);
    return status;
}

size_t mean_and_deviation(const double *figures, size_t n, double *mean,
                          double *deviation)
{
    double sum = 0, squares = 0;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(figures[i]))
            continue;
        sum += figures[i];
        count++;
    }
    *mean = count > 0 ? sum / (double)count : NAN;
    for (size_t i = 0; i < n; i++)
        if (!isnan(figures[i]))
            squares += (figures[i] - *mean) * (figures[i] - *mean);
    *deviation = count > 0 ? sqrt(squares / (double)count) : NAN;
    return count;
}
