#include "model/select/cross_validation.h"

#include "common/base/clock.h"

#include <math.h>
#include <stdlib.h>

enum { BATCH = 512 };

/* An id that the model does not know keeps a number of its own beyond those of
 * the model: the draws of the random models differ from id to id. */
static uint32_t inner_of(const uint32_t *inner, uint32_t outer, uint32_t known)
{
    if (outer == INDEX_UNKNOWN)
        return INDEX_UNKNOWN;
    return inner[outer] == INDEX_UNKNOWN ? known + outer : inner[outer];
}

/* Rows with what the model says of them; each array is (n). */
struct judged_rows {
    uint32_t *users; /* outer */
    double *labels, *predictions;
};

static void predict_rows(const struct model *model,
                         const struct trainset *train,
                         const struct dataset *dataset, const size_t *rows,
                         size_t n, struct judged_rows *judged)
{
    struct pair pairs[BATCH];
    struct prediction out[BATCH];

    for (size_t first = 0; first < n; first += BATCH) {
        size_t count = n - first < BATCH ? n - first : BATCH;
        for (size_t i = 0; i < count; i++) {
            size_t at = rows ? rows[first + i] : first + i;
            const struct rating *row = &dataset->rows[at];
            pairs[i] = (struct pair){
                inner_of(train->users.inner, row->user, model->users),
                inner_of(train->items.inner, row->item, model->items)};
            judged->users[first + i] = row->user;
            judged->labels[first + i] = row->value;
        }
        model_predict(model, pairs, count, out);
        for (size_t i = 0; i < count; i++)
            judged->predictions[first + i] = out[i].value;
    }
}

/* `ranking` may be NULL. */
static int measure_rows(const struct model *model, const struct trainset *train,
                        const struct dataset *dataset, const size_t *rows,
                        size_t n, const struct measures *measures,
                        struct evaluation *out, struct ranking *ranking,
                        struct error *err)
{
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
    predict_rows(model, train, dataset, rows, n, &judged);
    if (evaluate(judged.labels, judged.predictions, n, out, err) < 0 ||
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
                           const struct dataset *dataset, const size_t *rows,
                           size_t n, struct evaluation *out, struct error *err)
{
    struct evaluation result;

    if (measure_rows(model, train, dataset, rows, n, NULL, &result, NULL, err) <
        0)
        return -1;
    *out = result;
    return 0;
}

static double seconds_since(int64_t started_ns)
{
    return (double)(clock_monotonic_ns() - started_ns) / 1e9;
}

int cross_validate_fold(const struct dataset *dataset, const struct fold *fold,
                        const struct model_ops *ops,
                        const struct model_params *params, struct scale scale,
                        const struct measures *measures,
                        const atomic_bool *cancel, struct fold_result *out,
                        struct error *err)
{
    struct trainset *train = NULL;
    struct model *model = NULL;
    struct fold_result result = {0};
    int status = -1;

    if (trainset_build(dataset, fold->train, fold->train_count, scale, &train,
                       err) < 0)
        return -1;
    int64_t started = clock_monotonic_ns();
    if (model_fit(ops, train->ratings, params, cancel, &model, err) < 0)
        goto out;
    result.fit_seconds = seconds_since(started);

    started = clock_monotonic_ns();
    if (measure_rows(model, train, dataset, fold->test, fold->test_count,
                     measures, &result.test,
                     measures->ranking_k > 0 ? &result.ranking : NULL, err) < 0)
        goto out;
    result.test_seconds = seconds_since(started);
    if (measures->train &&
        cross_validate_measure(model, train, dataset, fold->train,
                               fold->train_count, &result.train, err) < 0)
        goto out;
    *out = result;
    status = 0;

out:
    model_free(model);
    trainset_free(train);
    return status;
}

void mean_and_deviation(const double *figures, size_t n, double *mean,
                        double *deviation)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++)
        sum += figures[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (figures[i] - *mean) * (figures[i] - *mean);
    *deviation = sqrt(squares / (double)n);
}
