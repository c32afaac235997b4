/*
 * fit_job.h - one fit, in a thread of its own.
 *
 * Fits on the rows of a training set that are to be fit on, and measures on the
 * held-out ones. Then it fits anew on all rows, the held-out ones and those too
 * new to measure included: what is encoded is that model, with the calibration
 * of the measured one. So the figures are those of a model that is as good, or
 * a little worse: the newest rows are worth most. Start, ask and finish from
 * one thread.
 */
#ifndef CONSUMER_FIT_JOB_H
#define CONSUMER_FIT_JOB_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include "model/measure/evaluation.h"
#include "model/model.h"
#include "model/rows/training_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fit_job;

struct fit_config {
    const struct model_ops *ops;
    struct model_params params;
    struct scale scale;
    bool calibrate;   /* What measures is calibrated on the older half of the
                         held-out rows, what is encoded on all of them; on rows
                         whose labels are final alone, and not where these say too
                         little */
    bool counts_rows; /* of each user and ad, for bias_fold.h */
};

struct fit_result {
    struct buffer bytes; /* the encoded snapshot */
    uint32_t users, ads;
    uint64_t rows;             /* fit on */
    uint64_t measured_rows;    /* that the measured model was fit on; 0: it is
                                  this one */
    bool is_one_class;         /* their labels are all clicks, or none is */
    struct evaluation holdout; /* on rows held out */
    double seconds;
    uint32_t *user_rows, *ad_rows; /* (users), (ads) fit on, of each; NULL:
                                      they are not counted */
};

/* Takes the set, also on failure. ERROR_MEMORY, or ERROR_TEMPORARY where no
 * thread can be started. */
int fit_job_start(const struct fit_config *config, struct training_set *set,
                  struct fit_job **out, struct error *err) MUST_CHECK;

/* The fit has ended, well or not: fit_job_finish() will not wait. */
bool fit_job_is_done(const struct fit_job *job);

/* The fit ends at its next look, with ERROR_TEMPORARY. */
void fit_job_cancel(struct fit_job *job);

/* Waits and frees the job. The caller frees what *out owns; after a failure
 * that is nothing. ERROR_TEMPORARY: it was cancelled. */
int fit_job_finish(struct fit_job *job, struct fit_result *out,
                   struct error *err) MUST_CHECK;

void fit_result_free(struct fit_result *result);

#endif
