/*
 * top.h - the best ads for a user: all of them ranked, the first n kept.
 *
 * Ranked by the estimate before calibration and clip (which do not reorder,
 * but would tie), falling; equal estimates by the ad's index. The estimates
 * are model_predict()'s own, bit by bit: where a model is made of factors,
 * OpenBLAS multiplies blocks of users and ads, but only to find the few ads
 * that can be among the first n; those the model then estimates itself.
 *
 * Memory: a few megabytes and the answers, for any number of users and ads.
 */
#ifndef MODEL_TOP_H
#define MODEL_TOP_H

#include "common/base/error.h"

#include "model/model.h"

#include <stddef.h>
#include <stdint.h>

enum { TOP_MAX = 100000 };

struct top_entry {
    uint32_t item;
    double estimate; /* ranked by it */
};

/* The question of one user. */
struct top_request {
    uint32_t user;        /* may be unknown */
    const uint32_t *seen; /* (seen_count) rising: items left out */
    size_t seen_count;
    struct top_entry *out; /* (n) */
    size_t found;          /* entries: n, or fewer where no more are left */
};

/* Answers `count` requests for their first n (1 to TOP_MAX). Many at a time
 * are cheaper than one by one. */
int top_rank(const struct model *model, struct top_request *requests,
             size_t count, uint32_t n, struct error *err) MUST_CHECK;

#endif
