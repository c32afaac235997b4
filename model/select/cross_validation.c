#include "model/select/cross_validation.h"

#include "common/base/clock.h"

#include "model/rows/field_list.h"
#include "model/select/divergence.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { BATCH = 256, CALIBRATION_PART = 10 /* of the training rows */ };

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
    bool is_unclipped; /* the answers are scores, without a calibration */
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
        const struct questions ask = {.pairs = pairs,
                                      .values = wanted ? values : NULL};
        (exam->is_unclipped ? model_answer_unclipped
                            : model_answer)(model, &ask, count, out);
        for (size_t i = 0; i < count; i++)
            judged->predictions[first + i] = out[i].value;
        if (exam->pupil)
            model->ops->fields->learn(exam->pupil, values,
                                      judged->labels + first, 1);
    }
    return 0;
}

static int judged_rows_new(size_t n, struct judged_rows *out, struct error *err)
{
    *out = (struct judged_rows){
        .users = malloc((n + 1) * sizeof(*out->users)),
        .labels = malloc((n + 1) * sizeof(*out->labels)),
        .predictions = malloc((n + 1) * sizeof(*out->predictions))};
    return out->users && out->labels && out->predictions
               ? 0
               : error_no_memory(err, "the evaluation");
}

static void judged_rows_free(struct judged_rows *judged)
{
    free(judged->users);
    free(judged->labels);
    free(judged->predictions);
}

/* `ranking` may be NULL. */
static int measure_rows(const struct exam *exam,
                        const struct measures *measures, struct evaluation *out,
                        struct ranking *ranking, struct error *err)
{
    const size_t n = exam->asked.n;
    struct judged_rows judged;
    int status = -1;

    if (judged_rows_new(n, &judged, err) < 0)
        goto out;
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
    judged_rows_free(&judged);
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

/* A model, and the numbering of the rows that it was fit on. */
struct fitted {
    struct trainset *train;
    struct model *model;
};

static void fitted_free(struct fitted *fitted)
{
    model_free(fitted->model);
    trainset_free(fitted->train);
}

/* Fits on the first `count` training rows. The caller frees *out, also after a
 * failure. */
static int fit(const struct trial *trial, const struct fold *fold, size_t count,
               struct fitted *out, struct error *err)
{
    *out = (struct fitted){.model = NULL};
    return trainset_build(trial->dataset, fold->train, count, trial->scale,
                          &out->train, err) < 0
               ? -1
               : model_fit(trial->ops, out->train->ratings, trial->params,
                           trial->cancel, &out->model, err);
}

static int calibrate_by(const struct exam *exam, struct calibration *out,
                        bool *is_raw, struct error *err)
{
    const size_t n = exam->asked.n;
    struct judged_rows judged;
    int status = judged_rows_new(n, &judged, err);

    if (status == 0)
        status = predict_rows(exam, &judged, err);
    *is_raw = status == 0 && !calibration_is_worth(judged.labels, n);
    if (status == 0 && !*is_raw)
        calibration_fit(judged.predictions, judged.labels, n, out);
    judged_rows_free(&judged);
    return status;
}

/* Gives the calibration of a model of all training rows but the last tenth,
 * which that model has not seen. A fit that diverges gives none. */
static int find_calibration(const struct trial *trial, const struct fold *fold,
                            struct calibration *out, bool *is_raw,
                            struct error *err)
{
    const size_t last = fold->train_count / CALIBRATION_PART;
    const size_t first = fold->train_count - last;
    struct fitted fitted;
    bool diverged = false;

    *is_raw = true;
    if (trial->scale.low != 0 || trial->scale.high != 1)
        return error_set(err, ERROR_CONFIG,
                         "calibrate: scores become click probabilities, which "
                         "is for labels from 0 to 1: leave it out, or give "
                         "--click.min");
    int status = fit(trial, fold, first, &fitted, err);
    if (status == 0)
        status = divergence_check(fitted.model, &diverged, err);
    if (status == 0 && !diverged) {
        const struct exam exam = {
            .model = fitted.model,
            .train = fitted.train,
            .asked = {trial->dataset, fold->train + first, last},
            .is_unclipped = true};
        status = calibrate_by(&exam, out, is_raw, err);
    }
    fitted_free(&fitted);
    return status;
}

static int check_progressive(const struct trial *trial,
                             const struct model *model, struct error *err)
{
    if (!trial->measures.progressive || model_fields(model))
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "model %s does not go on learning: a progressive measure "
                     "is for the model fields, with --fields",
                     trial->ops->name);
}

/* Measures on the test rows, and on the training rows where that was asked
 * for. */
static int measure_fold(const struct trial *trial, const struct fold *fold,
                        const struct fitted *fitted, struct fold_result *result,
                        struct error *err)
{
    const struct measures *measures = &trial->measures;
    const struct exam exam = {
        .model = fitted->model,
        .pupil = measures->progressive ? fitted->model : NULL,
        .train = fitted->train,
        .asked = {trial->dataset, fold->test, fold->test_count}};
    const struct dataset_rows learned = {trial->dataset, fold->train,
                                         fold->train_count};
    int64_t started = clock_monotonic_ns();

    if (measure_rows(&exam, measures, &result->test,
                     measures->ranking_k > 0 ? &result->ranking : NULL,
                     err) < 0)
        return -1;
    result->test_seconds = seconds_since(started);
    return measures->train
               ? cross_validate_measure(fitted->model, fitted->train, &learned,
                                        &result->train, err)
               : 0;
}

int cross_validate_fold(const struct trial *trial, const struct fold *fold,
                        struct fold_result *out, struct error *err)
{
    struct calibration calibration = {0};
    struct fitted fitted;
    struct fold_result result = {0};
    int64_t started = clock_monotonic_ns();

    if (trial->measures.calibrate && model_takes_calibration(trial->ops) &&
        find_calibration(trial, fold, &calibration, &result.is_raw, err) < 0)
        return -1;
    int status = fit(trial, fold, fold->train_count, &fitted, err);
    result.fit_seconds = seconds_since(started);
    if (status == 0)
        status = divergence_check(fitted.model, &result.diverged, err);
    if (status == 0 && result.diverged) {
        forget_figures(fold->test_count, &result);
    } else if (status == 0) {
        fitted.model->calibration = calibration;
        status = check_progressive(trial, fitted.model, err);
        if (status == 0)
            status = measure_fold(trial, fold, &fitted, &result, err);
    }
    fitted_free(&fitted);
    if (status == 0)
        *out = result;
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
