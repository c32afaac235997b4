/*
 * id_bound.h - a fit knows at most so many users and ads.
 *
 * Whoever writes impressions chooses their ids, and each id is room in the
 * model. Beyond the bound the ids with the fewest rows of all become unknown:
 * of ids with equally few rows the ads stay before the users, and those with
 * newer rows before those with older ones. So the choice depends on the rows
 * and their order alone. The rows of such a user become rows of nobody, which
 * still count in the mean and for their ads. No model can count a row without
 * its ad, so the rows of such an ad are left out of the fits; the mean is then
 * that of the rows that stay. Held-out rows all stay and are judged as what the
 * model knows of them.
 */
#ifndef MODEL_ID_BOUND_H
#define MODEL_ID_BOUND_H

#include "common/base/error.h"

#include "model/rows/training_set.h"

#include <stdint.h>

/* Users and ads together are at most ids_max afterwards; a set of no more ids
 * than that stays as it is, bit for bit. The set counts the ids and rows that
 * went. ERROR_MEMORY alone; the set can then only be freed. */
int id_bound_apply(struct training_set *set, uint64_t ids_max,
                   struct error *err) MUST_CHECK;

#endif
