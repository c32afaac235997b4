/*
 * oracle.h - what the reference implementation answers, number by number.
 *
 * tests/golden/oracle.json was written by scikit-surprise 1.1.4 for two small
 * data sets: click (0/1 labels, pairs occur several times) and star (1 to 5).
 * Per configuration ("BaselineOnly/als") it has every unclipped prediction,
 * known and unknown ids alike, and the errors on the training rows. A missing
 * file or name fails the running test.
 */
#ifndef SUPPORT_ORACLE_H
#define SUPPORT_ORACLE_H

#include "model/model.h"
#include "model/rows/dataset.h"
#include "model/rows/id_map.h"
#include "model/rows/ratings.h"

#include <stdbool.h>
#include <stddef.h>

struct oracle {
    struct ratings *ratings;      /* the rows in the order of the file */
    struct id_map *users, *items; /* inner indices */
    struct json_t *root, *set;    /* of jansson */
};

/* "click" or "star". */
struct oracle *oracle_open(const char *data_set);
void oracle_close(struct oracle *oracle);

/* The same rows as a data set, in the order of the file. The caller frees. */
struct dataset *oracle_dataset(const char *data_set);

enum { ORACLE_PAIRS_MAX = 256 };

/* Every pair the reference was asked, as inner indices, and its unclipped
 * answers; returns how many. Both arrays hold ORACLE_PAIRS_MAX. */
size_t oracle_predictions(const struct oracle *oracle,
                          const char *configuration, struct pair *pairs,
                          double *values);

/* "train_rmse", "train_mae", "train_mse", "train_fcp", "n_impossible". */
double oracle_number(const struct oracle *oracle, const char *configuration,
                     const char *name);

/* Did the reference raise an error when it was to fit this? */
bool oracle_refuses(const struct oracle *oracle, const char *configuration);

/* user (ratings->users) and item (ratings->items), by inner index. */
void oracle_biases(const struct oracle *oracle, const char *configuration,
                   double *user, double *item);

/* One entry of the similarity matrix of a KNNBasic configuration. */
double oracle_similarity(const struct oracle *oracle, const char *configuration,
                         size_t a, size_t b);

/* Fits `model` ("baseline") with the parameters ("bsl_method=sgd") on the
 * oracle's rows. The caller frees. */
struct model *oracle_fit(const struct oracle *oracle, const char *model,
                         const char *params);

/* ORACLE_KNOWN_PAIRS leaves out pairs with an unknown id. */
enum oracle_pairs { ORACLE_ALL_PAIRS, ORACLE_KNOWN_PAIRS };

/* The fitted model answers the pairs as the reference did, and is as far off
 * on the training rows. */
void oracle_compare(const struct oracle *oracle, const char *configuration,
                    const struct model *model, enum oracle_pairs which,
                    double tolerance);

/* oracle_fit() and oracle_compare() of everything. */
void oracle_check(const struct oracle *oracle, const char *configuration,
                  const char *model, const char *params, double tolerance);

#endif
