/*
 * id_set.h - a few ids that a setting lists, such as the users that mean
 * nobody.
 *
 * A list is parsed once, and then asked for every record. The set keeps its own
 * copy of the text. It does not change after id_set_new(), so any number of
 * threads may ask it.
 */
#ifndef COMMON_ID_SET_H
#define COMMON_ID_SET_H

#include "common/base/attributes.h"
#include "common/base/error.h"
#include "common/base/id.h"

#include <stdbool.h>

struct id_set;

/* Parses a comma-separated list ("0,unknown"). Empty parts, and parts longer
 * than ID_TEXT_MAX, are no ids and are left out. Fails only with
 * ERROR_MEMORY. */
int id_set_new(const char *list, struct id_set **out,
               struct error *err) MUST_CHECK;

/* NULL is the empty set. */
bool id_set_has(const struct id_set *set, const struct id *id);

/* NULL is fine. */
void id_set_free(struct id_set *set);

#endif
