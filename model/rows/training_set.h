/*
 * training_set.h - rows to fit on, rows to measure on, and their ids.
 *
 * Users and ads are numbered in order of first appearance in the rows to fit
 * on; a held-out row knows INDEX_UNKNOWN for others. Owns all it points to,
 * so it may go to another thread as a whole.
 */
#ifndef MODEL_TRAINING_SET_H
#define MODEL_TRAINING_SET_H

#include "common/base/error.h"

#include "model/rows/id_map.h"
#include "model/rows/ratings.h"

#include <stddef.h>
#include <stdint.h>

struct training_set {
    struct rating *rows; /* (count); user is INDEX_UNKNOWN for nobody */
    size_t count;
    struct pair *held; /* (held_count) */
    double *labels;    /* (held_count) */
    size_t held_count;
    struct id_map *users,
        *ads;                  /* of the rows; NULL once the caller took them */
    int64_t first_ms, last_ms; /* times of all rows, held ones included */

    /* Beyond a bound of ids (id_bound.h): */
    uint32_t users_unknown, ads_unknown;
    size_t rows_left_out; /* of the rows to fit on */
};

/* Room for the rows; the ids are empty maps. */
int training_set_new(size_t count, size_t held_count, struct training_set **out,
                     struct error *err) MUST_CHECK;

/* The rows to fit on, with all their views. The caller frees *out. */
int training_set_ratings(const struct training_set *set, struct scale scale,
                         struct ratings **out, struct error *err) MUST_CHECK;

/* NULL is fine. */
void training_set_free(struct training_set *set);

#endif
