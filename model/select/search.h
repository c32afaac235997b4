/*
 * search.h - hyper-parameters tried one after the other: grid and random
 * search over the folds of one split.
 *
 * A space is text, "k=5|10|20 similarity=cosine|pearson": the values of each
 * parameter, the first parameter slowest, as the reference's GridSearchCV. In
 * a random search a value may also be a distribution: uniform(a,b),
 * loguniform(a,b), int(a,b) (both ends in).
 */
#ifndef MODEL_SEARCH_H
#define MODEL_SEARCH_H

#include "common/base/error.h"

#include "model/select/cross_validation.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEARCH_TEXT_SIZE = 512, SEARCH_COMBINATIONS_MAX = 100000 };

/* What is tried: `params` and their texts, in order. */
struct search_plan {
    const struct model_ops *ops;
    size_t count;
    struct model_params *params;     /* (count) */
    char (*texts)[SEARCH_TEXT_SIZE]; /* (count) "k=5 similarity=cosine" */
    struct measures measures;
};

/* Every combination, on top of `base`. */
int search_grid(const struct model_ops *ops, const struct model_params *base,
                const char *space, struct search_plan **out,
                struct error *err) MUST_CHECK;

/* How many combinations a random search draws, and with which random numbers.
 */
struct search_draw {
    size_t tries;
    uint64_t seed;
};

/* Draws combinations: distinct ones where all values are lists, else
 * independent ones. Unlike the reference the seed always counts. */
int search_random(const struct model_ops *ops, const struct model_params *base,
                  const char *space, const struct search_draw *draw,
                  struct search_plan **out, struct error *err) MUST_CHECK;

void search_plan_free(struct search_plan *plan);

/* One combination. Folds that were not run (cancelled) are not in `done`. */
struct search_result {
    struct fold_result *folds; /* (fold count) */
    size_t done;
};

/* How many of its folds were not calibrated, though that was asked for. */
static inline size_t search_result_raw(const struct search_result *result)
{
    size_t raw = 0;

    for (size_t f = 0; f < result->done; f++)
        raw += result->folds[f].is_raw;
    return raw;
}

struct search_results {
    struct search_result *results; /* (count) */
    size_t count;
};

/* The rows that a plan is run on, and how. All is borrowed. */
struct search_job {
    const struct dataset *dataset;
    struct scale scale; /* of the labels */
    const struct folds *folds;
    uint32_t threads; /* fits at a time; 0: one per core. The figures do not
                         depend on it */
    const atomic_bool *cancel; /* may be NULL */
    atomic_size_t *finished;   /* counts fits, for progress; may be NULL */
};

/* Fits and measures every combination on every fold. After a cancel it returns
 * 0 with the folds that are done. */
int search_run(const struct search_plan *plan, const struct search_job *job,
               struct search_results **out, struct error *err) MUST_CHECK;

void search_results_free(struct search_results *results);

#endif
