/*
 * fold_world.h - a fitted model whose biases go on: its snapshot, the fold, and
 * what may be learned. There is one; a failure ends the test.
 */
#ifndef SUPPORT_FOLD_WORLD_H
#define SUPPORT_FOLD_WORLD_H

#include "model/bias_fold.h"
#include "model/rows/ratings.h"

#include <stdint.h>

enum {
    FOLD_USERS = 9, /* that the fit knows, */
    FOLD_ADS = 6,
    FOLD_ALL_USERS = 15, /* and that there are */
    FOLD_ALL_ADS = 10,
    FOLD_ROWS = 80,
    FOLD_NOBODY = -1,
    FOLD_MODELS = 5,
};

/* Names and parameters of models that have biases. */
extern const char *const fold_models[FOLD_MODELS][2];

struct fold_world {
    struct snapshot *fitted; /* as it was */
    struct bias_fold *fold;
    struct rating rows[FOLD_ROWS];                     /* of the fit, */
    uint32_t user_rows[FOLD_USERS], ad_rows[FOLD_ADS]; /* and how many each */
};

extern struct fold_world folded;

struct id fold_world_user(int user);
struct id fold_world_ad(int ad);

/* The ids of the fit; the caller frees, as the model below. */
struct id_map *fold_world_ids(int count, struct id (*of)(int));
struct model *fold_world_fit(const char *name, const char *params);

/* ids_max as in bias_fold_new(). */
void fold_world_start(const char *name, const char *params, uint64_t ids_max);
void fold_world_stop(void);

struct snapshot *fold_world_decode(const struct buffer *whole);

/* The user may be FOLD_NOBODY. */
void fold_world_learn(int user, int ad, double label);
void fold_world_correct(int user, int ad, double change);

/* The label of that number in a row of labels, in which users and ads repeat,
 * and some users are nobody. */
struct fold_label {
    int user, ad;
    double label;
};
struct fold_label fold_world_label(int number);

#endif
