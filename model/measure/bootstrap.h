/*
 * bootstrap.h - how sure the figures of several contenders are.
 *
 * Efron's bootstrap over units, with Poisson(1) weights in place of drawing
 * them (Hanley and MacGibbon 2006): in each replicate every unit counts 0, 1,
 * 2, ... times, for all contenders alike, so that differences between two of
 * them are paired. A unit is a set of rows that depend on one another, such as
 * the rows of a user; the units are taken as independent. How often a unit
 * counts depends on seed, unit and replicate alone, so that rows may come in
 * the order of each contender's predictions and none is kept. The intervals are
 * percentiles of the replicates.
 */
#ifndef MODEL_BOOTSTRAP_H
#define MODEL_BOOTSTRAP_H

#include "common/base/error.h"

#include "model/measure/evaluation.h"

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

int bootstrap_new(const struct bootstrap_config *config, size_t contenders,
                  struct bootstrap **out, struct error *err) MUST_CHECK;

/* All rows of a contender, in the order of prediction, then label, then their
 * end; then those of the next one. `unit` names the unit of the row, the same
 * for all contenders. */
void bootstrap_add(struct bootstrap *bootstrap, uint64_t unit,
                   const struct evaluation_terms *row);
void bootstrap_end(struct bootstrap *bootstrap, size_t contender);

/* How often a unit counts in `count` replicates from the first on; a multiple
 * of four. */
void bootstrap_weights(uint64_t seed, uint64_t unit, int16_t *weights,
                       size_t count);

struct interval bootstrap_interval(const struct bootstrap *bootstrap,
                                   size_t contender, enum figure figure);

/* Of the first's figure minus the second's. */
struct interval bootstrap_difference(const struct bootstrap *bootstrap,
                                     size_t first, size_t second,
                                     enum figure figure);

/* NULL is fine. */
void bootstrap_free(struct bootstrap *bootstrap);

#endif
