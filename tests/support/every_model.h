/*
 * every_model.h - each model of the registry, fit on the same few rows.
 *
 * What fails ends the running test.
 */
#ifndef SUPPORT_EVERY_MODEL_H
#define SUPPORT_EVERY_MODEL_H

#include "model/model.h"
#include "model/rows/ratings.h"

#include <stddef.h>
#include <stdint.h>

enum {
    FEW_ROWS = 12,
    FEW_USERS = 4,
    FEW_ITEMS = 4,
    FEW_PAIRS = (FEW_USERS + 1) * (FEW_ITEMS + 1),
};

/* Clicks. Users with one row and with many, pairs that occur several times,
 * and two rows of nobody, one of them the only one of its ad. */
extern const struct rating few_rows[FEW_ROWS];
extern const struct scale clicks; /* 0..1 */
extern const struct numbered_rows few_numbered;

/* How many there are. */
int every_model_count(void);

struct ratings *every_model_ratings(const struct numbered_rows *rows);

/* model_registry[which], with its defaults. The caller frees. */
struct model *every_model_fit(int which, const struct numbered_rows *rows);
struct model *every_model_fit_few(int which);
/* The same with few factors where it has any: few bytes. */
struct model *every_model_fit_small(int which);

/* Saved, both are the same bytes. */
void every_model_check_same_bytes(const struct model *a, const struct model *b);

/* Every pair, with the unknown user and ad. */
void every_model_pairs(struct pair pairs[FEW_PAIRS]);

/* Answers all those pairs with finite numbers on its scale. */
void every_model_check_sane(const struct model *model);

#endif
