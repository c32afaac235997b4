/*
 * training_set.h - rows to fit on, rows to measure on, and their ids.
 *
 * The rows stand in the order of time: those to fit on, then those held out,
 * then those that are too new for either. A model that is to be measured is fit
 * on the first ones alone; what has been measured may be fit again on all.
 * Users and ads are numbered in order of first appearance, so that the ids of
 * the rows to fit on are the first ones, and a model of these takes others for
 * unknown. Owns all it points to, so it may go to another thread as a whole.
 */
#ifndef MODEL_TRAINING_SET_H
#define MODEL_TRAINING_SET_H

#include "common/base/error.h"

#include "model/rows/id_map.h"
#include "model/rows/ratings.h"

#include <stddef.h>
#include <stdint.h>

struct training_set {
    struct rating *rows; /* (all_count); user is INDEX_UNKNOWN for nobody */
    size_t count;        /* of them to fit on */
    size_t all_count;
    struct pair *held; /* (held_count) */
    double *labels;    /* (held_count) */
    size_t held_count;
    size_t held_final; /* of them, the first ones, whose labels can not change
                          any more */
    struct id_map *users,
        *ads; /* of all rows; NULL once the caller took them */
    uint32_t users_fit, ads_fit; /* of them in the rows to fit on */
    int64_t first_ms, last_ms;   /* times of all rows, held ones included */

    /* Beyond a bound of ids (id_bound.h): */
    uint32_t users_unknown, ads_unknown;
    size_t rows_left_out; /* of all rows */
};

/* Room for the rows; the ids are empty maps. */
int training_set_new(size_t count, size_t held_count, size_t all_count,
                     struct training_set **out, struct error *err) MUST_CHECK;

enum training_part {
    TRAINING_FIT, /* the rows to fit on */
    TRAINING_ALL,
};

/* Rows with all their views. The caller frees *out. */
int training_set_ratings(const struct training_set *set,
                         enum training_part part, struct scale scale,
                         struct ratings **out, struct error *err) MUST_CHECK;

/* NULL is fine. */
void training_set_free(struct training_set *set);

#endif
