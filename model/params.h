/*
 * params.h - hyper-parameters of all models, and their text form.
 *
 * The whole family has one struct, since models share most of the parameters.
 * The table of a model (model.h) says which of them it takes, and its defaults.
 * Users, the manifest and the snapshot write parameters in one text form,
 * "factors=100 epochs=20".
 */
#ifndef MODEL_PARAMS_H
#define MODEL_PARAMS_H

#include "common/base/config.h"
#include "common/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct model_ops;

enum similarity { SIM_MSD, SIM_COSINE, SIM_PEARSON, SIM_PEARSON_BASELINE };
#define SIMILARITY_WORDS "msd|cosine|pearson|pearson_baseline"

enum baseline_method { BASELINE_ALS, BASELINE_SGD };
#define BASELINE_METHOD_WORDS "als|sgd"

enum svd_solver { SOLVER_EXACT, SOLVER_FAST };
#define SVD_SOLVER_WORDS "exact|fast"

enum fields_precision { PRECISION_SINGLE, PRECISION_DOUBLE };
#define FIELDS_PRECISION_WORDS "single|double"

enum impossible_answer { IMPOSSIBLE_BASELINE, IMPOSSIBLE_MEAN };
#define IMPOSSIBLE_ANSWER_WORDS "baseline|mean"

/* A rate or damping below 0 means "as lr_all / reg_all". */
struct model_params {
    uint64_t seed;
    uint32_t threads; /* of fit; the result does not depend on it, except
                         where a model says so */

    /* factor models */
    uint32_t factors, epochs;
    bool biased;
    double init_mean, init_std, init_low, init_high;
    double lr_all, lr_bu, lr_bi, lr_pu, lr_qi, lr_yj;
    double reg_all, reg_bu, reg_bi, reg_pu, reg_qi, reg_yj;
    int solver; /* enum svd_solver */

    /* baselines (also those inside knn-baseline and pearson_baseline) */
    int bsl_method; /* enum baseline_method */
    uint32_t bsl_epochs;
    double bsl_reg_u, bsl_reg_i; /* als */
    double bsl_reg, bsl_lr;      /* sgd */

    /* neighbours */
    uint32_t k, min_k;
    int similarity; /* enum similarity */
    bool user_based;
    uint32_t min_support;
    double shrinkage;
    uint64_t cache_bytes; /* of lazily computed similarity rows */

    /* co-clustering */
    uint32_t clusters_u, clusters_i;

    int impossible; /* enum impossible_answer: where there is no estimate */

    /* popular */
    double prior_weight; /* rows that the mean is worth */

    /* fields: lists as field_list.h reads them */
    char fields[384], lambda[192], memory[192];
    uint32_t bits;
    double lambda0, memory0, start;
    int precision; /* enum fields_precision */
};

/* Rows of a model's table of parameters. */
#define PARAM_ROW(name, type, field, fallback, min, max, words, help)          \
    {                                                                          \
        GROUP_MODEL, name, type, offsetof(struct model_params, field),         \
            sizeof(((struct model_params *)0)->field), fallback, min, max,     \
            words, help                                                        \
    }
#define PARAM_U32(name, field, fallback, min, max, help)                       \
    PARAM_ROW(name, CONFIG_U32, field, fallback, min, max, NULL, help)
#define PARAM_U64(name, field, fallback, min, max, help)                       \
    PARAM_ROW(name, CONFIG_U64, field, fallback, min, max, NULL, help)
#define PARAM_F64(name, field, fallback, min, max, help)                       \
    PARAM_ROW(name, CONFIG_F64, field, fallback, min, max, NULL, help)
#define PARAM_BOOL(name, field, fallback, help)                                \
    PARAM_ROW(name, CONFIG_BOOL, field, fallback, 0, 1, NULL, help)
#define PARAM_CHOICE(name, field, fallback, words, help)                       \
    PARAM_ROW(name, CONFIG_CHOICE, field, fallback, 0, 0, words, help)
#define PARAM_TEXT(name, field, fallback, help)                                \
    PARAM_ROW(name, CONFIG_TEXT, field, fallback, 0, 0, NULL, help)
#define PARAM_IMPOSSIBLE                                                       \
    PARAM_CHOICE("impossible", impossible, "mean", IMPOSSIBLE_ANSWER_WORDS,    \
                 "who answers where there is no estimate; mean: as Surprise; " \
                 "train and replay: baseline, if nothing is said")
#define PARAM_SEED                                                             \
    PARAM_U64("seed", seed, "0", 0, 4294967295.0, "seed of the random numbers")
#define PARAM_END CONFIG_END

/* Sets the defaults of the model. Fails with ERROR_CONFIG. */
int params_start(const struct model_ops *ops, struct model_params *out,
                 struct error *err) MUST_CHECK;

/* The same for a model that is to serve: where it has no estimate, the baseline
 * answers. Whoever compares with the reference takes the defaults. */
int params_start_served(const struct model_ops *ops, struct model_params *out,
                        struct error *err) MUST_CHECK;

/* Sets the parameters that a text names, "factors=50 epochs=10", with blanks or
 * commas between. Fails with ERROR_CONFIG, and then changes none of them. */
int params_set(const struct model_ops *ops, const char *text,
               struct model_params *params, struct error *err) MUST_CHECK;

/* Prints all parameters that the model takes, in the order of its table, but
 * for texts that are empty and for impossible=mean. Always terminated. */
void params_print(const struct model_ops *ops,
                  const struct model_params *params, char *out, size_t size);

#endif
