/*
 * bootstrap.h - how sure the figures of several contenders are.
 *
 * Efron's bootstrap over the rows, with Poisson(1) weights in place of drawing
 * rows (Hanley and MacGibbon 2006): in each replicate every row counts 0, 1,
 * 2, ... times, for all contenders alike, so that differences between two of
 * them are paired. Percentile intervals. The same seed gives the same numbers.
 * Rows are taken as independent: a user's rows are not quite.
 */
#ifndef MODEL_BOOTSTRAP_H
#define MODEL_BOOTSTRAP_H

#include "common/error.h"

#include "model/evaluation.h"

#include <stddef.h>
#include <stdint.h>

enum figure {
    FIGURE_RMSE,
    FIGURE_MAE,
    FIGURE_LOGLOSS,
    FIGURE_ENTROPY, /* normalised */
    FIGURE_AUC,
    FIGURE_CALIBRATION,
    FIGURE_ECE,
    FIGURE_COUNT
};
#define FIGURE_WORDS "rmse|mae|logloss|normalised_entropy|auc|calibration|ece"

double evaluation_figure(const struct evaluation *evaluation,
                         enum figure figure);

struct interval {
    double low, high; /* NaN: no replicate had the figure */
};

struct bootstrap_config {
    size_t replicates; /* 0: all intervals are NaN */
    uint64_t seed;
    double level; /* 0.95: that share of the replicates lies inside */
};

struct bootstrap;

/* predictions[c] are those of contender c, (n) like the labels. */
int bootstrap_run(const double *labels, const double *const *predictions,
                  size_t contenders, size_t n,
                  const struct bootstrap_config *config, struct bootstrap **out,
                  struct error *err) MUST_CHECK;

struct interval bootstrap_interval(const struct bootstrap *bootstrap,
                                   size_t contender, enum figure figure);

/* Of the first's figure minus the second's. */
struct interval bootstrap_difference(const struct bootstrap *bootstrap,
                                     size_t first, size_t second,
                                     enum figure figure);

/* NULL is fine. */
void bootstrap_free(struct bootstrap *bootstrap);

#endif
