#include "consumer/learn/fit_job.h"

#include "common/base/clock.h"

#include "model/snapshot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct fit_job {
    struct fit_config config;
    struct training_set *set;
    pthread_t thread;
    atomic_bool cancel, done;
    struct fit_result result;
    struct error err;
    int status;
};

/* --- In the thread ---------------------------------------------------- */

/* Measures on the held-out rows from `first` on. */
static int measure(const struct model *model, const struct training_set *set,
                   size_t first, struct evaluation *out, struct error *err)
{
    size_t count = set->held_count - first;
    struct prediction *predictions = calloc(count + 1, sizeof(*predictions));
    double *values = calloc(count + 1, sizeof(*values));
    int status = -1;

    if (!predictions || !values) {
        error_no_memory(err, "measuring on %zu rows", count);
    } else {
        model_predict(model, set->held + first, count, predictions);
        for (size_t i = 0; i < count; i++)
            values[i] = predictions[i].value;
        status = evaluate(set->labels + first, values, count, out, err);
    }
    free(predictions);
    free(values);
    return status;
}

/* Rows that calibrate do not measure. Afterwards the model has the calibration
 * that is to be published. */
static int judge(const struct fit_job *job, struct model *model,
                 struct evaluation *out, struct error *err)
{
    const struct training_set *set = job->set;
    const size_t half = set->held_count / 2;

    if (!job->config.calibrate || !model_takes_calibration(job->config.ops) ||
        !calibration_is_worth(set->labels, set->held_final))
        return measure(model, set, 0, out, err);
    size_t older = set->held_final < half ? set->held_final : half;
    if (model_calibrate(model, set->held, set->labels, older, err) < 0 ||
        measure(model, set, older, out, err) < 0)
        return -1;
    return model_calibrate(model, set->held, set->labels, set->held_final, err);
}

/* The snapshot borrows the ids of the set. */
static int encode(struct model *model, struct training_set *set,
                  struct buffer *out, struct error *err)
{
    struct snapshot snapshot = {.users = set->users,
                                .ads = set->ads,
                                .model = model,
                                .rows = set->all_count};

    if (snapshot_encode(&snapshot, out, err) < 0)
        return -1;
    return snapshot_probe(&snapshot, err);
}

static bool has_one_class(const struct training_set *set)
{
    for (size_t i = 1; i < set->all_count; i++)
        if ((set->rows[i].value > 0) != (set->rows[0].value > 0))
            return false;
    return true;
}

static int fit_part(struct fit_job *job, enum training_part part,
                    struct model **out, struct error *err)
{
    const struct fit_config *config = &job->config;
    struct ratings *ratings = NULL;

    if (training_set_ratings(job->set, part, config->scale, &ratings, err) < 0)
        return -1;
    int status = model_fit(config->ops, ratings, &config->params, &job->cancel,
                           out, err);
    ratings_free(ratings);
    return status;
}

/* The measured model goes before the other one comes, so that there is room for
 * one alone. */
static int fit_again(struct fit_job *job, struct model **model,
                     struct error *err)
{
    const struct calibration calibration = (*model)->calibration;

    if (job->set->all_count == job->set->count)
        return 0;
    model_free(*model);
    *model = NULL;
    if (fit_part(job, TRAINING_ALL, model, err) < 0)
        return -1;
    (*model)->calibration = calibration;
    job->result.measured_rows = job->set->count;
    return 0;
}

static int count_rows(struct fit_job *job, struct error *err)
{
    const struct training_set *set = job->set;
    struct fit_result *result = &job->result;

    result->user_rows = calloc((size_t)result->users + 1, sizeof(uint32_t));
    result->ad_rows = calloc((size_t)result->ads + 1, sizeof(uint32_t));
    if (!result->user_rows || !result->ad_rows)
        return error_no_memory(err, "the rows of each user and ad");
    for (size_t i = 0; i < set->all_count; i++) {
        if (set->rows[i].user != INDEX_UNKNOWN)
            result->user_rows[set->rows[i].user]++;
        result->ad_rows[set->rows[i].item]++;
    }
    return 0;
}

static int fit(struct fit_job *job, struct error *err)
{
    struct training_set *set = job->set;
    struct model *model = NULL;
    int status = -1;

    job->result.rows = set->all_count;
    job->result.is_one_class = has_one_class(set);
    job->result.users = id_map_count(set->users);
    job->result.ads = id_map_count(set->ads);
    if ((!job->config.counts_rows || count_rows(job, err) == 0) &&
        fit_part(job, TRAINING_FIT, &model, err) == 0 &&
        judge(job, model, &job->result.holdout, err) == 0 &&
        fit_again(job, &model, err) == 0 &&
        encode(model, set, &job->result.bytes, err) == 0)
        status = 0;
    model_free(model);
    return status;
}

static void *run(void *context)
{
    struct fit_job *job = context;
    int64_t start_ns = clock_monotonic_ns();

    job->status = fit(job, &job->err);
    job->result.seconds = (double)(clock_monotonic_ns() - start_ns) / 1e9;
    atomic_store(&job->done, true);
    return NULL;
}

/* --- Outside ---------------------------------------------------------- */

static void job_free(struct fit_job *job)
{
    training_set_free(job->set);
    fit_result_free(&job->result);
    free(job);
}

int fit_job_start(const struct fit_config *config, struct training_set *set,
                  struct fit_job **out, struct error *err)
{
    struct fit_job *job = calloc(1, sizeof(*job));

    if (!job) {
        training_set_free(set);
        return error_no_memory(err, "a fit");
    }
    job->config = *config;
    job->set = set;
    int error = pthread_create(&job->thread, NULL, run, job);
    if (error) {
        job_free(job);
        return error_set(err, ERROR_TEMPORARY, "start the fit: %s",
                         strerror(error));
    }
    *out = job;
    return 0;
}

bool fit_job_is_done(const struct fit_job *job)
{
    return atomic_load(&job->done);
}

void fit_job_cancel(struct fit_job *job)
{
    atomic_store(&job->cancel, true);
}

int fit_job_finish(struct fit_job *job, struct fit_result *out,
                   struct error *err)
{
    static const struct fit_result nothing;

    pthread_join(job->thread, NULL);
    int status = job->status;
    if (status == 0) {
        *out = job->result;
        job->result = nothing; /* it is the caller's now */
    } else {
        *err = job->err;
    }
    job_free(job);
    return status;
}

void fit_result_free(struct fit_result *result)
{
    buffer_free(&result->bytes);
    free(result->user_rows);
    free(result->ad_rows);
    result->user_rows = result->ad_rows = NULL;
}
